"""Lines that break inside a date or a window, put together again: ``…10时`` and ``至2月11日24时`` are one window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from examcal.schedule.lines import Line
from examcal.schedule.phrases import LONGEST_PHRASE, Mark, folded, tokens

_REACH = 100
"""Characters on both sides of a break that are looked at."""


def unwrapped(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with those joined that are one; a joined line has the number of its first."""
    found: list[Line] = []
    for line in lines:
        last = found[-1] if found else None
        if last is None or last.is_hidden or line.is_hidden or not _may_go_on(last.text, line.text):
            found.append(line)
            continue
        before, after = folded(last.text[-_REACH:]), folded(line.text[:_REACH])
        if _is_one(before, after, is_row=bool(line.cells)):
            found[-1] = _joined(last, line)
        else:
            found.append(replace(line, torn=_torn_digits(before, after)))
    return found


def _joined(first: Line, second: Line) -> Line:
    is_open = _ENDS_IN_WORD.search(first.text) and _CLOCK_FIRST.match(folded(second.text))
    glue = " " if is_open else ""  # 3月11日 9:00
    cells = first.cells or (first.text,)
    following = second.cells or (second.text,)
    is_row = bool(first.cells or second.cells)
    joint = (*cells[:-1], f"{cells[-1]}{glue}{following[0]}", *following[1:])
    return replace(first, text=f"{first.text}{glue}{second.text}", cells=joint if is_row else ())


_NEAR = 12
_SIGNS = re.compile(r"[^\d\s]")
_FIRST = re.compile(
    r"[^\w\s]*[\d至到止起前后截开年月日号时点分時點號後開二一三四五六七八九十次翌当同本上下中早晚每工周星午期之以为(（]|[^\w\s]"
)


def _may_go_on(first: str, second: str) -> bool:
    """Return, quickly, whether it is worth looking closer: few lines begin with what can be the rest of a date."""
    if len(first) > LONGEST_PHRASE or not _SIGNS.search(first[-_NEAR:] + second[:_NEAR]):
        return False
    return _FIRST.match(second) is not None or _is_open(first[-_REACH:])


def _is_open(text: str) -> bool:
    """Return whether a text ends inside brackets."""
    return max(map(text.rfind, "(（")) > max(map(text.rfind, ")）"))


def _is_one(before: str, after: str, *, is_row: bool) -> bool:
    """Return whether two lines are one. A row of a table only goes on with the end of a window."""
    if _ENDS_IN_DATE.search(before) and _UNTIL.match(after):
        return not (before.startswith("-") and after.startswith("-"))  # else items of a list
    if is_row:
        return False
    return (
        any(end.search(before) and start.match(after) for end, start in _CUTS)
        or _is_within_number(before, after)
        or _is_within_word(before, after)
        or (len(after) < _REACH and _has_hours_alone(before, after))
    )


_CLOCK = r"\d{1,2} ?(?::\d\d|[时点](?![间击])(?:\d{1,2}分?|半)?)"
_HALF = r"(?:[上下中]午|早上?|晚上?|凌晨)"
_WEEKDAY = r"(?:周|星期)[一二三四五六日天]"
_DAY = rf"(?:\d{{1,2}} ?[日号]|\d{{4}}([-./])\d{{1,2}}\1\d{{1,2}})(?: ?\(?{_WEEKDAY}\)?| ?\([一二三四五六日天]\))?"
_TO = "(?:至|到|-+)"
_ENDS_IN_WORD = re.compile(r"[日号)）\d]$")
_CLOCK_FIRST = re.compile(rf"{_HALF}? ?{_CLOCK}", re.ASCII)
_ENDS_IN_DATE = re.compile(r"[\d年月日号时点分整起)午]$")
_UNTIL = re.compile(
    r"[\"'(]?(?:起?(?:至|到|止于?)|-+) ?(?!\d+号[楼院室厅线门])"
    rf"(?:\d|[次翌当同本]|{_HALF}|[一二三四五六七八九十]{{1,3}}[月日])"
)
_DATE_FIRST = r"\d|[二一][〇零○]|[上下]午|次[日年]|翌[日年]"
# What may stand on both sides of a break inside a date or a window: the end of a line, the beginning of the next.
_CUTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(before, re.ASCII), re.compile(after, re.ASCII))
    for before, after in (
        (r".", r"[,、;。):!?]"),  # no line of Chinese begins with these
        (r"\([^()]{0,40}$", r"[^()]{0,40}\)"),
        # between the parts of a window
        (rf"[\d年月日号时点分整起午)] ?{_TO}$|[\d月日号)] ?[、和及与]$|[自从为于]$", _DATE_FIRST),
        (r"(?:截止|截至|不[迟晚]于|最[迟晚])(?:时间|日期)?(?:为|:)?$", _DATE_FIRST),
        (rf"{_DAY}$", rf"{_HALF}? ?{_CLOCK} ?起? ?{_TO} ?(?:\d{{4}} ?[-年./]|\d{{1,2}} ?[月日]|次)"),
        (rf"{_TO} ?(?:\d{{4}}年)?(?:\d{{1,2}}月)?{_DAY}$", rf"{_HALF}? ?{_CLOCK}(?! ?(?:-|至|到))"),
        (rf"{_DAY}$", rf"{_HALF}? ?{_CLOCK} ?(?:[起止前。,;)]|$)"),
        (rf"{_DAY}$", rf"\({_WEEKDAY}\)"),
        (rf"{_HALF}$", r"\d{1,2} ?[:时点](?!间)"),
        (rf"(?:{_DAY}|{_CLOCK})[^。;]{{0,20}}[,、]$", rf"{_HALF}? ?{_CLOCK}"),
        (rf"{_CLOCK}$", rf"(?:下午|晚上?) ?{_CLOCK}"),
        (
            rf"(?:{_DAY}|{_CLOCK})$",
            r"(?:起(?![止草])|止|前(?![往言期台])|后(?![续台])|截止(?![时日])|[之以][前后]|开始(?![时日])|为止)",
        ),
        # inside a date
        (r"(?<!\d)(?:19|20)\d\d$", r"年(?![满度级])"),
        (r"(?<!\d)2$", r"0\d\d(?: ?年|[-./]\d)"),
        (r"(?<!\d)20$", r"\d\d(?: ?年|[-./]\d)"),
        (r"(?<!\d)20\d$", r"\d(?: ?年|[-./]\d)"),
        (r"\d ?年$", r"\d{1,2} ?月"),
        (r"\d ?月$", r"\d{1,2} ?[日号]"),
        (r"(?<![\d.:])\d{1,2}$", r"月(?=\d|[上中下])"),
        (
            r"(?:[年月日至到自从于为-]|\d{4}[-./]) ?\d{1,2}$",
            r"(?:月(?=\d|$)|日(?![期常程照语本])|号(?![码楼])|时(?![间候段])|点(?!击)|分(?![为别配数钟]))",
        ),
        (r"\d{4}([-./])(?:\d{1,2}\1)?$", r"\d{1,2}(?!\d)"),
        (r"\d{4}([-./])\d{1,2}$", r"[-./]\d{1,2}(?!\d)"),
        (r"\d{4}([-./])\d{1,2}\1\d$", r"\d(?= ?\d{1,2}:\d\d|[公至到起止前日,;。)])"),
        (r"\d:$", r"\d\d(?![\d年月日号])"),
        (r"\d:\d$", r"\d(?!\d)"),
        (r"(?<!\d)\d{1,2}$", r":\d\d(?!\d)"),
    )
)
_LAST_DIGIT = re.compile(r"([年月日至到自从于为-]) ?(\d)$", re.ASCII)
_FIRST_DIGIT = re.compile(r"(\d) ?([月日号时点])(?![间击期])", re.ASCII)
_AFTER = {"年": "月", "月": "日号", "日": "时点"}
_MOST = {"月": 12, "日": 31, "号": 31, "时": 24, "点": 24}


def _is_within_number(before: str, after: str) -> bool:
    """Return whether the break stands between two digits of a date: ``1月2`` and ``9日``."""
    last, first = _LAST_DIGIT.search(before), _FIRST_DIGIT.match(after)
    if last is None or first is None or first[2] not in _AFTER.get(last[1], first[2]):
        return False
    return int(last[2] + first[1]) <= _MOST[first[2]]


_DIGIT_LAST = re.compile(r"[^\d.第] ?(\d)$", re.ASCII)
_MONTH_FIRST = re.compile(r"[0-2] ?月 ?\d", re.ASCII)


def _torn_digits(before: str, after: str) -> str:
    """Return the digit before a break that may belong to the number after it: ``报名:1`` and ``2月9日``."""
    last = _DIGIT_LAST.search(before)
    return last[1] if last and last[1] == "1" and _MONTH_FIRST.match(after) else ""


_WORD_REACH = 4
_WORDS = frozenset(
    {Mark.HALF_DAY, Mark.WEEKDAY, Mark.START, Mark.END, Mark.OPEN_DAYS, Mark.EXPECTED, Mark.CONNECT, Mark.NEXT_DAY}
)


def _is_within_word(before: str, after: str) -> bool:
    """Return whether the break stands inside a word that a date phrase has: ``上`` and ``午``, ``截`` and ``止``."""
    last, first = before[-_WORD_REACH:], after[:_WORD_REACH]
    if last[-1:].isdigit():
        return False
    return any(t.start < len(last) < t.end and t.mark in _WORDS for t in tokens(last + first))


_NAMES_A_DAY = re.compile(r"\d ?[日号]|\d{4}[-./]\d", re.ASCII)
_DAY_AT_END = re.compile(rf"(?:{_DAY}|[)六日一二三四五天]|\d:\d\d|[时点])[,;。]?$", re.ASCII)
_HOURS_ALONE = re.compile(
    rf"\(?(?:每[日天]|{_HALF}|工作日|{_WEEKDAY}|[\d:时点分整 至到,;、()-])+[)。;,.]*",
    re.ASCII,
)
_REST_ALONE = re.compile(r"\([^()\d]{0,20}(?:周末|节假日|双休日|休息日|工作日)[^()\d]{0,20}\)[,;。]?")
_HAS_CLOCK = re.compile(r"\d ?[:时点]", re.ASCII)


def _has_hours_alone(before: str, after: str) -> bool:
    """Return whether a line is nothing but the opening hours, or days off, of the dates before it."""
    if not (_NAMES_A_DAY.search(before) and _DAY_AT_END.search(before)):
        return False
    return bool(_REST_ALONE.fullmatch(after)) or (
        _HOURS_ALONE.fullmatch(after) is not None and _HAS_CLOCK.search(after) is not None
    )
