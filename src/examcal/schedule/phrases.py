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
        **dict.fromkeys("\u00a0\u3000\u2002\u2003\u2009\u200b\ufeff\t\r\n", " "),
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
        "準": "准",
        "內": "内",
        "暫": "暂",
        "預": "预",
        "遲": "迟",
        "長": "长",
        "調": "调",
        "為": "为",
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
    EXCLUDED = "excluded"  # 不含当日, 10月1日除外, 休息
    WEEKLY = "weekly"  # 每周二, 逢双日
    VAGUE = "vague"  # 中旬, 月底
    MOVED = "moved"  # 延期至, 改为, 原定
    ENGLISH = "english"  # PM, March
    ZONE = "zone"  # UTC+8, 东京时间
    OFFICE = "office"  # 下班前
    MOON = "moon"  # 农历
    AMOUNT = "amount"  # 3天, 共7个工作日
    BETWEEN = "between"  # 之间
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
_FULL_YEAR = r"(?:\d+|[一二][〇零○一二三四五六七八九]{3}|[〇零○一二三][〇零○一二三四五六七八九])"


def _from_numerals(text: str) -> str:
    """Return the digits of ``二〇二六年`` or ``二十九日``."""
    numerals = [character for character in text if character in _NUMERALS or character == "十"]
    if "十" not in numerals:
        return "".join(_NUMERALS[character] for character in numerals)
    tens, _, ones = "".join(numerals).partition("十")
    return (_NUMERALS[tens] if tens else "1") + (_NUMERALS[ones] if ones else "0")


_AMOUNT = r"(?:\d{1,4}|[一二两三四五六七八九十半]{1,3})"
_WHOLE_SPAN = r"个?(?:小时|工作日|分钟|天|周(?![一二三四五六日天末])|星期(?![一二三四五六日天]))|个月"
_SPAN = rf"(?:{_WHOLE_SPAN}|月(?=[内前后左之以]))"
_SATURDAY_AND_SUNDAY = r"(?:星期|周|礼拜)六[、和及,至到-]?(?:星期|周|礼拜)?[日天]"
_REST = rf"(?:周末|双休日|{_SATURDAY_AND_SUNDAY}|节?假日|休息日|公休日?)"
_CLOSED = r"(?:除外|不(?:办公|办理|受理|接待|接收|开放|上班|审核|安排|在内)|休息|放假)"
_NOT_OF_THE_MOON = "(?![一二三四五六七八九十])"  # 正月初一
_MONTH_AND_DAY = r"(?:\d{1,2} ?月 ?)?(?:\d{1,2} ?[日号])?(?:当[日天])?"
_FEAST = "(?:元旦|春节|清明|五一|劳动节|端午|中秋|国庆|假期|寒假|暑假)"
_MONTH_NAME = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?)"
)
_SECONDS = r"(?: ?\d{1,2} ?秒)?"
_ENGLISH_WEEKDAY = r"(?:Mon|Tue|Tues|Wed|Wednes|Thu|Thur|Thurs|Fri|Sat|Satur|Sun)(?:day)?(?![A-Za-z])"
_ZONE = (
    r"(?:(?<![A-Za-z])(?:(?:UTC|GMT)(?: ?[+-] ?\d{1,2}(?::?\d\d)?)?|[ECMPHJKIB]ST|[ECMP]DT|CES?T|EET|AE[SD]T|HKT|SGT)"
    "(?![A-Za-z])"
    "|(?:北京|中国|东部|西部|美东|美西|美国|纽约|英国|伦敦|格林[威尼]治|巴黎|欧洲|德国|日本|东京|韩国|首尔|澳洲|悉尼)(?:标准)?时间|时区)"
)
_UNIT_SPACE = r" {0,2}"

# A list number, where no date can begin with it: 1.网上报名, 2、2026年…, 3)…, but not 1.29, 1、29日, 37举行.
_DATE_IN_FULL = r"\d{4} ?[-年./]|\d{1,2} ?月 ?[\d上中下底初]"
_HAS_NO_UNIT = r"(?![年月日号时点分秒半整至到起止前后之以旬周星礼天个工小])[\u4e00-\u9fff]"
_NUMBERING = (
    rf"\A *(?:\(\d{{1,2}}\)|\d{{1,2}} +(?=\d{{4}} ?[-年./])|\d{{1,2}} ?(?:\)|[.、](?= ?(?:[^\d .、]|{_DATE_IN_FULL})))"
    rf"|(?:\d|[1-3]0)(?= ?{_HAS_NO_UNIT}))"
)

# A number that only names: 注2, 步骤1:10月8日, but not 附件1.29 or 单元1:30.
_LABEL = (
    r"(?:[附备]?注|附?[件表图]|步骤|阶段|科目|单元|考场|试?卷) ?\d{1,2}(?!\d| ?[年月日号时点分./-]|:\d\d(?!\d| ?月))"
)

_NUMBER_OF_A_LETTER = r"\(\d{4}\) ?(?:第 ?)?\d+ ?号"
_ADDRESS = r"(?:[路街巷弄]|胡同|大道)甲? ?\d+ ?号|\d{5,} ?号"
_NO_DATE = r"\d+\.\d+ ?[万亿元%倍折]|\d{1,3} ?周?岁"
_EXTENSION = r"(?:转|分机) ?\d{1,6}(?! ?[\d年月日号时点])"
_YEARS = r"(?<!\d)\d ?年(?! ?\d)|(?<=满)\d\d ?年|(?<!\d)\d\d ?年(?:以[上下内]|制|期)"

# Order matters: the first alternative that fits wins.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("text_numbering", _NUMBERING),
    ("space", r"[ \r]+"),
    ("date", r"\d{4}(?P<sep>[-./])\d{1,2}(?P=sep)\d{1,2}(?!\d)"),
    ("date_last_year", r"\d{1,2}[-./]\d{1,2}[-./]\d{4}(?!\d)"),  # 5/6/2026: day and month in either order
    (
        "date_cut",
        (
            r"(?<![\d年月日.:/-])(?:\d\d-\d{1,2}-\d{1,2}|\d\d/\d{1,2}/\d{1,2}|\d\d\.\d{1,2}\.\d{1,2})"
            r"(?! ?[\d年月日号时点:./-])"
        ),
    ),
    ("clock", r"T\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?!\d)(?:Z|[+-]\d{2}:?\d{2}(?!\d))?"),
    ("clock_apart", r"\d{1,2} ?: ?\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?!\d| ?月)(?:Z|\+\d{2}:?\d{2}(?!\d))?"),
    ("english_weekday", _ENGLISH_WEEKDAY),
    ("zone", _ZONE),
    ("english", rf"(?i:(?:[ap]\.?m\b\.?|{_MONTH_NAME}\b\.?)|(?:[ap]m)(?=\d))"),
    ("text_link", r"(?:https?:|www\.)[!-~]+|[A-Za-z_][A-Za-z0-9_.@+]*"),
    ("text_label", f"{_NUMBER_OF_A_LETTER}|{_ADDRESS}|{_YEARS}|{_NO_DATE}|{_EXTENSION}|{_LABEL}"),
    (
        "month_day",
        (
            r"\d{1,2}[./]\d{1,2}(?![\d:年月日号时点./])"
            r"|(?:\d{2}-\d{2}|(?:(?<=[至到-])|(?<=[至到-] ))\d{1,2}-\d{1,2})(?![-\d:年月日号时点./])"
        ),
    ),
    ("text_count", r"第 ?\d+|\d+ ?(?:年度|版|届|级)|\d+(?=号[楼院室厅线门])"),
    ("relative_before", rf"(?:考试?|开考|面试|笔试)?[前后] ?{_AMOUNT} ?{_SPAN}|前夕|前不久"),
    ("relative_sum", r"(?:(?<=[\d日时点分])|(?<=[\d日时点分] ))\+ ?\d{1,3}(?!\d)"),
    ("relative_workday", r"(?:[首下上次末前后]一?|最后一|第[一二三])个?工作日"),
    ("relative_year", r"(?:[后前隔]|下一?)年(?= ?\d{1,2} ?月)"),
    ("text_moon", r"(?:农历|阴历|旧历)(?=[正冬腊闰甲乙丙丁戊己庚辛壬癸]|[一二三四五六七八九十]{1,2}月)"),
    ("moon", r"农历|阴历|旧历"),
    (
        "office",
        (
            r"(?<!上)(?:下班|闭馆|关门)(?:时间)?(?:之前|以前|前|时|为止|止)?"
            r"|(?:工作|上班)时间(?![为是:]? ?[\d上下早中(])"
        ),
    ),
    ("relative", rf"{_AMOUNT} ?(?:{_SPAN}|日(?=[之以]?内))(?:之内|以内|内|之前|以前|前|之后|以后|后|左右)"),
    ("text_in_advance", rf"提前 ?(?:至少)?{_AMOUNT} ?{_SPAN}(?=[^,;。()]{{0,3}}[预申入到进准登提报候检抵])"),
    ("moved_by", rf"提前 ?(?:至少)?{_AMOUNT} ?{_SPAN}"),
    (
        "amount",
        (
            rf"(?:共计?|为期|历时|持续|连续) ?{_AMOUNT} ?(?:{_WHOLE_SPAN}|日)"
            rf"|{_AMOUNT} ?(?:{_WHOLE_SPAN})"
        ),
    ),
    ("text_amount", r"\d+ ?(?:个|位|元|名|楼|层|室|份|次|批|轮|门|科|人|页|款|条|项|km|kb|%)"),
    ("hour_before_dash", r"(?<![\d月.])\d{1,2}(?= ?(?:-+|至|到) ?\d{1,2} ?[时点](?!间))"),  # 9-17时
    ("year", rf"{_FULL_YEAR}{_UNIT_SPACE}年"),
    ("month", rf"{_SMALL}{_UNIT_SPACE}月份?"),
    ("day", rf"{_SMALL}{_UNIT_SPACE}[日号](?![楼院室厅线门])"),
    ("hour", rf"(?:{_SMALL}|[零〇○]){_UNIT_SPACE}(?:时(?!间)|点钟?)整?"),
    ("minute", rf"(?:{_SMALL}|[零〇○][一二三四五六七八九]){_UNIT_SPACE}分(?!钟){_SECONDS}"),
    ("quarter", r"(?<=[点时钟])[一三13]刻钟?"),
    ("number", r"\d+"),
    ("text_hour", r"时间|时期|时段|届时"),
    ("hour_after_clock", r"(?<=\d)时"),  # 17:00时
    ("half", r"半(?![天年日夜])"),
    ("open_days_only", rf"非工作日(?:均|都|全天|期间)?{_CLOSED}"),
    ("excluded_workdays", rf"非工作日|工作日(?:均|都|全天|期间)?{_CLOSED}"),
    (
        "open_days",
        (
            rf"不[含包]括?(?:法定)?{_REST}|(?:法定)?{_REST}(?:[、及和,/]{{0,1}}(?:国家)?(?:法定)?{_REST})?(?:均|都|全天|期间)?{_CLOSED}"
            rf"|除(?:法定)?{_REST}(?:之|以)?外"
            r"|(?:每?周|每?星期|礼拜)一 ?(?:至|到|-+) ?(?:周|星期|礼拜)?五|每个工作日|(?<!个)工作日"
        ),
    ),
    ("text_no_break", "(?:中午|午间)(?:不|无)(?:休息|午休|间断|关)"),
    (
        "half_day",
        (
            "上午|下午|早上|早晨|清晨|凌晨|中午|正午|傍晚|晚上|晚间|夜间|午夜|当晚|午前|午后|午间|夜里|深夜|半夜"
            r"|[早晚夜](?= ?(?:\d|[一二三四五六七八九十]{1,2} ?[点时]))"
            r"|(?<![最及尽更很])[早晚夜](?= ?(?:[之以]?前|截|止|起|至|到|-|[(),;。]|$))"
        ),
    ),
    ("next_year", r"(?:次年|翌年)的?|(?:[明来去]|上一?)年的?(?= ?(?:\d{1,2}|[一二三四五六七八九十]{1,2}) ?月)"),
    ("next_day", r"(?:次日|翌日|第二天)的?"),
    ("same", r"(?:当日|当天|同日|当年|同年)(?= ?\d|[上下早晚中])"),
    (
        "weekly",
        (
            r"(?:每|逢)逢?个?(?:周|星期|礼拜)[一二三四五六日天]?|逢(?=[\d单双])|隔[天日周]|每[年月]"
            r"|(?<![订名清菜])[单双][日号]|(?:仅|只)(?:限|在|于)?(?:周末|双休日|节假日)"
            r"|(?:周末|双休日|节假日)(?:办理|受理|审核|开放|接待|进行)"
        ),
    ),
    (
        "weekday",
        r"(?:星期|周|礼拜)[一二三四五六日天]|(?<=[日号]\()[一二三四五六日](?=\))|(?<=[周期拜][一二三四五六][、至])[二三四五六日天](?![月日号年\d])",
    ),
    (
        "excluded",
        (
            rf"不(?:含|包[括含])(?:当[日天]|本[日数]|该日|此日|{_MONTH_AND_DAY})|除外|不算|不计|不在内"
            rf"|(?<![免扣删清解消开拆])除[了去]?[^,;。()]{{1,12}}外|除(?= ?\d)|(?<![不无免])(?:休息|放假|停办|停止办公)"
            r"|(?<=[\d时点分半间段日号午天])不(?:办公|办理|受理|接待|接收|开放|上班|审核|安排)"
            rf"|{_FEAST}[^,;。()]{{0,8}}?{_CLOSED}|不是|并非|而非|维护|检修|停机|停服"
            r"|首日|末日|首[尾末]|最后[一半][天日]|第[一三四五][天日]|截止当[天日]"
        ),
    ),
    (
        "vague",
        (
            rf"[上中下]旬|(?:(?<=月)|(?<=月份))(?:[初末底]{_NOT_OF_THE_MOON}|中(?=[,;。()至到-]|$))"
            rf"|年[初底末](?!级)|月[初末底]{_NOT_OF_THE_MOON}"
        ),
    ),
    (
        "moved",
        (
            r"(?<![不得予再])(?:延[期长迟后]|推[迟后]|顺延|改期|暂缓|暂停|原定|原计划)(?:为|至|到)?"
            r"|(?:改|调整?|变更|更改|提前)(?:为|至|到)|改[在于]|取消(?![^,;。()]{0,8}资格)|更正|应为|原为|有误|(?<![过逾]期)作废"
        ),
    ),
    ("between", r"之间"),
    ("daily", r"每[日天]"),
    ("desk", r"咨询|电话|联系|办公时间"),
    (
        "tba",
        (
            r"待定|未定|另行(?:通知|公告|公布|告知)|另行[^,;。\d]{0,6}(?:通知|公告|公布)|另通知|以[^,;。\d]{0,40}为准|请?关注[^,;。\d]{0,40}"
            r"|如?有变[动化]|(?:暂未|尚未|未)(?:公布|确定|发布)|待(?:公布|通知|确定|发布)|(?<![A-Za-z])[Tt][Bb][Aa](?![A-Za-z])"
        ),
    ),
    (
        "expected",
        r"预[计估期测]|[待未]确认|网传|非官方|仅供参考|[去往上历]年|同期|暂定|初步?定|拟(?:定?于|定|在)|计划(?=[于在\d])|估计|大概|可能|有望|左右|前后|上下|附近|大约|约",
    ),
    (
        "end_latest",
        r"最[晚迟]于?|至迟于?|不[得可应]?[迟晚]于|不[得可应]?超过|[及和或]其?[以之]前|[以之]内|(?<=[\d时点分])内",
    ),
    ("start_earliest", r"不[得可应]?早于|最早于?|[及和或]其?[以之]后"),
    ("excluded_limit", r"[早晚迟]于|超过|非(?=\d)"),
    (
        "text_word",
        r"提前|预约|节约|约定|一起|目前|此前|考前|起止|自主|自动|自行|自己|自愿|从事|至少|至多|到达|到场|到位|开始日期为?",
    ),
    ("filler", r"(?:之日|当[日天])(?=起|开始|[以之]?前|截?止|为止)"),
    ("connect", r"(?:起|开始)?(?:至|到)|-+|(?<=[\d日号时点分]) ?一 ?(?=[\d])"),
    ("start", r"起始|开始|起|自|从"),
    ("after", r"过后|之后|以后|后(?![续台方])"),
    ("end", r"截止 ?[到至]?|截至|停止|终止|为止|止|之前|以前|前(?![往来去台期面方述列])|结束|关闭"),
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
    "date_cut": Mark.DATE,
    "moved_by": Mark.MOVED,
    "hour_before_dash": Mark.HOUR,
    "relative_sum": Mark.RELATIVE,
    "relative_workday": Mark.RELATIVE,
    "relative_year": Mark.RELATIVE,
    "open_days_only": Mark.OPEN_DAYS,
    "excluded_workdays": Mark.EXCLUDED,
    "excluded_limit": Mark.EXCLUDED,
    "quarter": Mark.MINUTE,
    "end_latest": Mark.END,
    "start_earliest": Mark.START,
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
        if name not in {"space", "hour_after_clock", "filler"}:
            found.append(Token(_MARK_OF.get(name, Mark.TEXT), match.group(), match.start()))
    return found
