"""Lines that break inside a date or a window, put together again: ``…10时`` and ``至2月11日24时`` are one window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from examcal.schedule.lines import Line
from examcal.schedule.phrases import LONGEST_PHRASE, folded

_REACH = 100
"""Characters on both sides of a break that are looked at."""


def unwrapped(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with those joined that are one; a joined line has the number of its first."""
    found: list[Line] = []
    for line in lines:
        last = found[-1] if found else None
        glue = None if last is None or last.is_hidden or line.is_hidden else _glue(last, line)
        if last is None or glue is None:
            found.append(line)
        else:
            found[-1] = _joined(last, glue, line)
    return found


def _joined(first: Line, glue: str, second: Line) -> Line:
    cells = first.cells or (first.text,)
    following = second.cells or (second.text,)
    is_row = bool(first.cells or second.cells)
    joint = (*cells[:-1], f"{cells[-1]}{glue}{following[0]}", *following[1:])
    return replace(first, text=f"{first.text}{glue}{second.text}", cells=joint if is_row else ())


def _glue(first: Line, second: Line) -> str | None:
    """Return what stands between two lines that are one, or None where they are two."""
    may_go_on = _MAY_GO_ON.match(second.text) or _is_open(first.text[-_REACH:])
    if len(first.text) > LONGEST_PHRASE or not may_go_on:
        return None
    before, after = folded(first.text[-_REACH:]), folded(second.text[:_REACH])
    if _goes_on(before, after) and not (before.startswith("-") and after.startswith("-")):
        return ""
    if second.cells:
        return None
    if _breaks_inside(before, after):
        return ""
    if len(second.text) <= _REACH and _has_hours_alone(before, after):
        return " "
    return None


_MAY_GO_ON = re.compile(
    r"[^\w\s]*[\d至到止起年月日号时点分時點號分二一三四五六七八九十次翌当同本上下中早晚每工周星午期(（]|[^\w\s]"
)


def _is_open(text: str) -> bool:
    """Return whether a text ends inside brackets."""
    return max(map(text.rfind, "(（")) > max(map(text.rfind, ")）"))


_ENDS_IN_DATE = re.compile(r"[\d年月日号时点分整起)午]$")
_UNTIL = re.compile(
    r"[\"'(]?(?:起?(?:至|到|止于?)|-+) ?(?!\d+号[楼院室厅线门])"
    r"(?:\d|[次翌当同本]|[上下]午|晚|[一二三四五六七八九十]{1,3}[月日])"
)


def _goes_on(before: str, after: str) -> bool:
    """Return whether a line begins with the end of a window."""
    return _ENDS_IN_DATE.search(before) is not None and _UNTIL.match(after) is not None


_ENDS_OPEN = re.compile(r"[\d年月日号时点分整起午)] ?(?:至|到|-+)$|[\d月日号)] ?[、和及与]$|[自从为于]$")
_DATE_BEGINS = re.compile(r"\d|[二一][〇零○]|[上下]午|次[日年]|翌[日年]")
# What may stand on both sides of a break inside a date: the rest before, the rest after.
_CUTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(before, re.ASCII), re.compile(after, re.ASCII))
    for before, after in (
        (r"(?<!\d)2$", r"0\d\d ?年"),
        (r"(?<!\d)20$", r"\d\d ?年"),
        (r"(?<!\d)20\d$", r"\d ?年"),
        (r"\d ?年$", r"\d{1,2} ?月"),
        (r"\d ?月$", r"\d{1,2} ?[日号]"),
        (
            r"[至到-] ?(?:\d{1,2}月)?\d{1,2}[日号]$|\d年\d{1,2}月\d{1,2}[日号]$",
            r"\d{1,2} ?(?:[时点](?![间击])|:\d\d)(?! ?分?(?:-|至|到| ?[^\d前止起。,;)]))",
        ),
        (
            r"(?:[年月日至到自从于为-]|\d{4}[-./]|^) ?\d{1,4}$",
            r"(?:年(?=\d|$)|月(?=\d|$|[上中下])|日(?![期常程照语本])|[号](?![码楼])|时(?![间候段])|点(?!击)|分(?![为别配数钟]))",
        ),
        (r"\d{4}([-./])(?:\d{1,2}\1)?$", r"\d{1,2}(?!\d)"),
        (r"\d{4}([-./])\d{1,2}$", r"[-./]\d{1,2}(?!\d)"),
        (r"[上下中]$", r"午"),
        (r"星$", r"期[一二三四五六日天]"),
        (r"(?:周|星期)$", r"[一二三四五六日天](?:[)、,至到-]|\d|上午|下午|$)"),
        (r"\d ?(?::\d\d|[时点](?:\d{1,2}分?|半)?)[,;、]$", r"(?:[上下中]午|晚上?)? ?\d{1,2} ?[:时点](?!间)"),
        (r"\d ?(?::\d\d|[时点](?:\d{1,2}分?|半)?)$", r"(?:下午|晚上?) ?\d{1,2} ?[:时点](?!间)"),
        (r"\([^()]{0,40}$", r"[^()]{0,40}\)"),
        (r"\d:$", r"\d\d(?![\d年月日号])"),
        (r"(?<!\d)\d{1,2}$", r":\d\d(?!\d)"),
    )
)
_LAST_DIGIT = re.compile(r"([年月日至到自从于为-]) ?(\d)$", re.ASCII)
_FIRST_DIGIT = re.compile(r"(\d) ?([月日号时点])(?![间击期])", re.ASCII)
_AFTER = {"年": "月", "月": "日号", "日": "时点"}
_MOST = {"月": 12, "日": 31, "号": 31, "时": 24, "点": 24}


def _breaks_inside(before: str, after: str) -> bool:
    """Return whether a date stands on both sides of a break."""
    if _ENDS_OPEN.search(before) and _DATE_BEGINS.match(after):
        return True
    if any(cut.search(before) and rest.match(after) for cut, rest in _CUTS):
        return True
    last, first = _LAST_DIGIT.search(before), _FIRST_DIGIT.match(after)
    if last is None or first is None or first[2] not in _AFTER.get(last[1], first[2]):
        return False
    return int(last[2] + first[1]) <= _MOST[first[2]]


_NAMES_A_DAY = re.compile(r"\d ?[日号]|\d{4}[-./]\d", re.ASCII)
_DAY_AT_END = re.compile(
    r"(?:\d ?[日号]|\d{4}([-./])\d{1,2}\1\d{1,2}|[)六日一二三四五天]|\d:\d\d|[时点])[,;。]?$", re.ASCII
)
_HOURS_ALONE = re.compile(
    r"\(?(?:每[日天]|[上下中]午|早上?|晚上?|工作日|(?:周|星期)[一二三四五六日天]|[\d:时点分整 至到,;、()-])+[)。;,.]*",
    re.ASCII,
)
_REST_ALONE = re.compile(r"\([^()\d]{0,20}(?:周末|节假日|双休日|休息日|工作日)[^()\d]{0,20}\)[,;。]?")
_CLOCK = re.compile(r"\d ?[:时点]", re.ASCII)


def _has_hours_alone(before: str, after: str) -> bool:
    """Return whether a line is nothing but the opening hours, or days off, of the dates before it."""
    if not (_NAMES_A_DAY.search(before) and _DAY_AT_END.search(before)):
        return False
    return bool(_REST_ALONE.fullmatch(after)) or (
        _HOURS_ALONE.fullmatch(after) is not None and _CLOCK.search(after) is not None
    )
