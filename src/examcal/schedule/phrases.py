"""Words and numbers of a date phrase, as announcements write them: the lexical half of ``when``.

A phrase is folded character by character (so positions stay those of the text), then cut by one
alternation without nested repetition: the time is linear in the length of the phrase.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import cache

LONGEST_PHRASE = 500
"""Characters; an announcement's longest real window has about 80."""

# Each of these is one character for one, so that an offset in the folded text is an offset in the original.
_FOLDED = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys("：∶︰﹕˸", ":"),
        **dict.fromkeys("－—–―‐‑‒−﹣~～〜∼⁓", "-"),
        **dict.fromkeys("（﹙〔［[【", "("),
        **dict.fromkeys("）﹚〕］]】", ")"),
        **dict.fromkeys("，﹐､", ","),
        **dict.fromkeys("；﹔", ";"),
        **dict.fromkeys("／∕", "/"),
        **dict.fromkeys("．", "."),
        **dict.fromkeys("＋", "+"),
        **dict.fromkeys("\u00a0\u3000\u2002\u2003\u2009\u200b\ufeff\t", " "),
        "時": "时",
        "點": "点",
        "號": "号",
        "後": "后",
        "從": "从",
        "開": "开",
        "結": "结",
        "週": "周",
        "禮": "礼",
        "間": "间",
        "個": "个",
        "為": "为",
        "準": "准",
        "內": "内",
        "暫": "暂",
        "預": "预",
        "計": "计",
        "Ｔ": "T",
    }
)


class Mark(enum.Enum):
    """What a token is."""

    NUMBER = "number"  # digits without a unit
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    HALF = "half"
    DATE = "date"  # 2026-01-29, 2026/1/29, 2026.1.29
    MONTH_DAY = "month_day"  # 2.11 or 02-11, only on the right of a DATE
    CLOCK = "clock"  # 10:00, 10:00:00+08:00
    HALF_DAY = "half_day"  # 上午, 下午 …
    NEXT_YEAR = "next_year"
    NEXT_DAY = "next_day"
    SAME = "same"  # 当日, 当年
    WEEKDAY = "weekday"
    OPEN_DAYS = "open_days"
    DAILY = "daily"
    CONNECT = "connect"  # 至
    LIST = "list"  # 、
    START = "start"  # 起
    END = "end"  # 止
    BREAK = "break"
    LEFT = "left"
    RIGHT = "right"
    EXCLUDED = "excluded"  # 不含当日
    TBA = "tba"
    EXPECTED = "expected"
    RELATIVE = "relative"  # 考试前10天, 24小时之内
    AFTER = "after"  # 后
    DESK = "desk"  # words that make hours the hours of an office, not of the window
    TEXT = "text"

    __hash__ = object.__hash__  # members are single; the hash of Enum is written in Python and called often


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a phrase: its meaning, its folded text and where it starts in the original."""

    mark: Mark
    text: str
    start: int

    @property
    def end(self) -> int:
        """The position after its last character."""
        return self.start + len(self.text)

    @property
    def digits(self) -> str:
        """Its leading number in digits, also where it is written in Chinese numerals."""
        match = _LEADING_DIGITS.match(self.text)
        return (match.group() if match else "") or _from_numerals(self.text)


_LEADING_DIGITS = re.compile(r"\d*", re.ASCII)
_NUMERALS = {character: str(value) for value, character in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_SMALL = r"(?:\d+|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
"""A number up to 39 in digits or in Chinese numerals."""
_FULL_YEAR = r"(?:\d+|[一二][〇零○一二三四五六七八九]{3})"


def _from_numerals(text: str) -> str:
    """Return the digits of ``二〇二六年`` or ``二十九日``."""
    numerals = [character for character in text if character in _NUMERALS or character == "十"]
    if "十" not in numerals:
        return "".join(_NUMERALS[character] for character in numerals)
    tens, _, ones = "".join(numerals).partition("十")
    return (_NUMERALS[tens] if tens else "1") + (_NUMERALS[ones] if ones else "0")


_AMOUNT = r"(?:\d{1,4}|[一二两三四五六七八九十半]{1,3})"
_SPAN = r"个?(?:小时|工作日|分钟|天|周(?![一二三四五六日天])|星期(?![一二三四五六日天])|月(?=[内前后左之以]))"
_SATURDAY_AND_SUNDAY = r"(?:星期|周|礼拜)六[、和及,至到-]?(?:星期|周|礼拜)?[日天]"
_REST = rf"(?:周末|双休日|{_SATURDAY_AND_SUNDAY}|节假日|休息日|公休日)"
_CLOSED = r"(?:除外|不(?:办公|办理|受理|接待|接收|开放|上班|审核|安排|在内)|休息|放假)"
_SECONDS = r"(?: ?\d{1,2} ?秒)?"
_ENGLISH_WEEKDAY = r"(?:Mon|Tue|Tues|Wed|Wednes|Thu|Thur|Thurs|Fri|Sat|Satur|Sun)(?:day)?(?![A-Za-z])"
_UNIT_SPACE = r" {0,2}"

# Order matters: the first alternative that fits wins.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("space", r"[ \r]+"),
    ("date", r"\d{4}(?P<sep>[-./])\d{1,2}(?P=sep)\d{1,2}(?!\d)"),
    ("date_last_year", r"\d{1,2}[-./]\d{1,2}[-./]\d{4}(?!\d)"),  # 5/6/2026: day and month in either order
    ("clock", r"T\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?!\d)(?:Z|[+-]\d{2}:?\d{2}(?!\d))?"),
    ("clock_apart", r"\d{1,2} ?: ?\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?!\d)(?:Z|\+\d{2}:?\d{2}(?!\d))?"),
    ("english_weekday", _ENGLISH_WEEKDAY),
    ("text_link", r"(?:https?:|www\.)[!-~]+|[A-Za-z_][A-Za-z0-9_.@+]*"),
    ("month_day", r"\d{1,2}[./]\d{1,2}(?![\d:年月日号时点./])|\d{2}-\d{2}(?![-\d:年月日号时点./])"),
    ("text_count", r"第 ?\d+|\d+ ?(?:年度|版|届|级)|\d+(?=号[楼院室厅线门])"),
    ("relative_before", rf"(?:考试?|开考|面试|笔试)前 ?{_AMOUNT} ?{_SPAN}"),
    ("relative_moon", r"农历|阴历|旧历"),
    ("relative_office", r"(?:下班|闭馆)(?:时间)?(?:之前|以前|前|时|为止|止)"),
    ("relative", rf"{_AMOUNT} ?(?:{_SPAN}|日(?=[之以]?内))(?:之内|以内|内|之前|以前|前|之后|以后|后|左右)"),
    (
        "text_amount",
        r"\d+ ?(?:个|天|周(?![一二三四五六日天])|小时|分钟|位|元|名|楼|室|份|次|批|轮|门|科|人|页|款|条|项|km|kb|%)",
    ),
    ("hour_before_dash", r"(?<![\d月.])\d{1,2}(?= ?(?:-+|至|到) ?\d{1,2} ?[时点](?!间))"),  # 9-17时
    ("year", rf"{_FULL_YEAR}{_UNIT_SPACE}年"),
    ("month", rf"{_SMALL}{_UNIT_SPACE}月份?"),
    ("day", rf"{_SMALL}{_UNIT_SPACE}[日号](?![楼院室厅线门])"),
    ("hour", rf"(?:{_SMALL}|[零〇○]){_UNIT_SPACE}(?:时(?!间)|点钟?)整?"),
    ("minute", rf"(?:{_SMALL}|[零〇○][一二三四五六七八九]){_UNIT_SPACE}分(?!钟){_SECONDS}"),
    ("number", r"\d+"),
    ("text_hour", r"时间|时期|时段|届时"),
    ("hour_after_clock", r"(?<=\d)时"),  # 17:00时
    ("half", r"半(?![天年日])"),
    (
        "open_days",
        (
            rf"不[含包]括?(?:法定)?{_REST}|(?:法定)?{_REST}(?:[、及和,/]{{0,1}}(?:国家)?(?:法定)?{_REST})?(?:均|都|全天|期间)?{_CLOSED}"
            rf"|除(?:法定)?{_REST}外|(?:每?周|星期)一[至到-](?:周|星期)?五|工作日"
        ),
    ),
    ("half_day", r"上午|下午|早上|早晨|清晨|凌晨|中午|正午|傍晚|晚上|晚间|夜间|午夜|当晚|[早晚](?= ?\d)"),
    ("next_year", r"次年|翌年|(?:[明来去]|上一?)年(?= ?(?:\d{1,2}|[一二三四五六七八九十]{1,2}) ?月)"),
    ("next_day", r"次日|翌日"),
    ("same", r"(?:当日|当天|同日|当年|同年)(?= ?\d|[上下早晚中])"),
    (
        "weekday",
        r"(?:星期|周|礼拜)[一二三四五六日天]|(?<=[日号]\()[一二三四五六日](?=\))|(?<=[周期拜][一二三四五六][、至])[二三四五六日天](?![月日号年\d])",
    ),
    ("excluded", r"不[含包]括?(?:当[日天]|本[日数]|该日|此日)?(?= ?(?:[),]|之?前|以前|$))"),
    ("daily", r"每[日天]"),
    ("desk", r"咨询|电话|联系|办公时间"),
    (
        "tba",
        (
            r"待定|未定|另行(?:通知|公告|公布|告知)|另行[^,;。\d]{0,6}(?:通知|公告|公布)|另通知|以[^,;。\d]{0,40}为准|请?关注[^,;。\d]{0,40}"
            r"|如?有变[动化]|(?:暂未|尚未|未)(?:公布|确定|发布)|待(?:公布|通知|确定|发布)|(?<![A-Za-z])[Tt][Bb][Aa](?![A-Za-z])"
        ),
    ),
    ("expected", r"预计|暂定|拟定?于|左右|前后|大约|约"),
    (
        "text_word",
        r"提前|预约|节约|约定|一起|目前|此前|考前|起止|自主|自动|自行|自己|自愿|从事|至少|至多|到达|到场|到位|开始日期为?",
    ),
    ("connect", r"(?:起|开始)?(?:至|到)|-+|(?<=[\d日号时点分]) ?一 ?(?=[\d])"),
    ("start", r"起始|开始|起|自|从"),
    ("after", r"之后|以后|后(?![续台方])"),
    ("end", r"不[迟晚]于|截止 ?[到至]?|截至|为止|止|之前|以前|前|结束|关闭"),
    ("list", r"[、&]|和|及|与"),
    ("break", r"[,;。/|!?\n…]+"),
    ("left", r"\("),
    ("right", r"\)"),
    ("text", r"."),
)
_MARK_OF = {
    **{mark.value: mark for mark in Mark},
    "relative_before": Mark.RELATIVE,
    "clock_apart": Mark.CLOCK,
    "date_last_year": Mark.DATE,
    "hour_before_dash": Mark.HOUR,
    "relative_moon": Mark.RELATIVE,
    "relative_office": Mark.RELATIVE,
    "english_weekday": Mark.WEEKDAY,
}


@cache
def _token() -> re.Pattern[str]:
    """Return the alternation of all patterns; compiling it takes as long as half of a start, and few files need it."""
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS), re.ASCII | re.DOTALL)


def folded(text: str) -> str:
    """Return ``text`` with full-width, traditional and look-alike characters folded, one for one."""
    return text.translate(_FOLDED)


def tokens(text: str) -> list[Token]:
    """Cut ``text`` into tokens; spaces are dropped."""
    found: list[Token] = []
    for match in _token().finditer(folded(text)):
        name = match.lastgroup or "text"
        if name == "sep":  # the named group inside "date" closes before its parent does
            name = "date"
        if name not in {"space", "hour_after_clock"}:
            found.append(Token(_MARK_OF.get(name, Mark.TEXT), match.group(), match.start()))
    return found
