"""Whether words mention a date: intact, damaged, without its month or its day; or nothing but opening hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from examcal.schedule.moments import Day, Point
from examcal.schedule.phrases import Mark, Token, folded, tokens
from examcal.schedule.points import elements

_NUMBERS = re.compile(r"[\d〇零○一二三四五六七八九十]")


@lru_cache(maxsize=64)
def elements_of(piece: str) -> tuple[Token | Point, ...]:
    """Return a piece taken apart; every question about it asks for that, and it is what takes the time."""
    return tuple(elements(tokens(piece)))


def _with_number(piece: str) -> tuple[Token | Point, ...]:
    """Return a piece taken apart if it can name a day or a time at all; most of a notice cannot."""
    return elements_of(piece) if _NUMBERS.search(folded(piece)) else ()


def has_date(piece: str, *, goes_on: bool = False) -> bool:
    """Return whether a piece names a day, or as much of one as must not be passed over.

    ``goes_on``: it stands after a comma and a date, so that a day without its month (``5月10日,17日考试``) is one.
    """
    found = _with_number(piece)
    return any(
        _is_date(element)
        or (_is_bare(element) and _is_asked_for(piece, found, position))
        or _is_month(element, piece)
        or _is_day_of_a_month(piece, found, position, goes_on=goes_on)
        for position, element in enumerate(found)
    )


def _day(element: Token | Point) -> Day | None:
    return element.candidates[0][0] if isinstance(element, Point) and element.candidates else None


_PROMISES = re.compile("预计|公布|公告|发布|举行|开考|开始|启动|进行|安排|组织|打印|截止")
_PART_OF_A_MONTH = re.compile("[上中下]旬|月?[底初末]")


def _is_month(element: Token | Point, piece: str) -> bool:
    """Return whether an element is a month without a day for which something is promised."""
    day = _day(element)
    if not isinstance(element, Point) or day is None or day.month is None or day.day is not None or element.damaged:
        return False
    return _PART_OF_A_MONTH.match(piece, element.end) is not None or _PROMISES.search(piece) is not None


def _is_date(element: Token | Point) -> bool:
    """Return whether an element names a day, intact or damaged, beyond doubt."""
    if not isinstance(element, Point) or element.is_year:
        return False
    if element.failure:
        return not element.text.isdecimal()
    day = _day(element)
    if day is None:
        return element.damaged and not element.text.isdecimal()
    return day.month is not None and day.day is not None and (not element.damaged or not element.text.isdecimal())


# A run of bare digits is a damaged date only where a word asks for a date; else it is a number like any other.
_ASKS_FOR_A_DATE = re.compile(r"(?:[于在自从至到]|时间[为是]?[:：]?|日期[为是]?[:：]?)\s*$")
_LONGEST_QUESTION = 8


def _is_bare(element: Token | Point) -> bool:
    return isinstance(element, Point) and element.text.isdecimal() and len(element.text) >= 2  # noqa: PLR2004 -- month and day


def _is_asked_for(piece: str, found: Sequence[Token | Point], position: int) -> bool:
    if _is_asked_before(piece, found[position].start):
        return True
    following = found[position + 1 : position + 3]
    return (
        len(following) == 2  # noqa: PLR2004 -- a connecting word and a date
        and isinstance(following[0], Token)
        and following[0].mark is Mark.CONNECT
        and _is_date(following[1])
    )


def _is_asked_before(piece: str, start: int) -> bool:
    return _ASKS_FOR_A_DATE.search(piece[max(0, start - _LONGEST_QUESTION) : start]) is not None


_AROUND_A_DAY = frozenset({Mark.START, Mark.END, Mark.CONNECT, Mark.LIST, Mark.WEEKDAY})
_ENDS_A_CELL = re.compile(r"\s|$|[(（]")


def _is_day_of_a_month(piece: str, found: Sequence[Token | Point], position: int, *, goes_on: bool) -> bool:
    """Return whether an element is a day whose month stands elsewhere: ``15日24时截止``, ``至12日``, ``11日 缴费``."""
    element, day = found[position], _day(found[position])
    if not isinstance(element, Point) or day is None or day.day is None or day.month is not None or not day.closed:
        return False
    around = {e.mark for e in found[max(0, position - 1) : position + 2] if isinstance(e, Token)}
    return (
        element.has_clock
        or bool(around & _AROUND_A_DAY)
        or _is_asked_before(piece, element.start)
        or (position == 0 and (goes_on or _ENDS_A_CELL.match(piece, element.end) is not None))
    )


def is_dates_alone(piece: str) -> bool:
    """Return whether a piece is a date, a window or a list of days, with no other word; 前 and 起 may follow 至."""
    found = _with_number(piece)
    marks = _marks(piece)
    goes_on = bool(found) and isinstance(found[0], Token) and found[0].mark is Mark.CONNECT
    words = _WORDS if goes_on else _WORDS | {Mark.START, Mark.END}
    return any(isinstance(e, Point) and e.has_day for e in found) and not marks & words


_WORDS = frozenset({Mark.TEXT, Mark.TBA, Mark.RELATIVE, Mark.EXPECTED, Mark.DESK})


def is_end_alone(piece: str) -> bool:
    """Return whether a piece is the end of a window, with no other word: ``7月2日12:00截止``."""
    marks = _marks(piece)
    return has_date(piece) and Mark.END in marks and not marks & (_WORDS | {Mark.START})


def is_start(piece: str) -> bool:
    """Return whether a piece states a start and no end: ``报名于6月12日开始``."""
    points = [e for e in _with_number(piece) if isinstance(e, Point) and e.has_day]
    return len(points) == 1 and Mark.START in _marks(piece) and not _marks(piece) & {Mark.END, Mark.CONNECT}


def _marks(piece: str) -> set[Mark]:
    return {e.mark for e in _with_number(piece) if isinstance(e, Token)}


_ASIDE = re.compile(r"[(（]([^()（）]*)[)）]")


def asides(piece: str) -> list[str]:
    """Return what stands in brackets."""
    return _ASIDE.findall(piece)


def without_asides(piece: str) -> str:
    """Return a piece without its brackets."""
    return _ASIDE.sub("", piece)


def is_hours_alone(piece: str) -> bool:
    """Return whether a piece is nothing but opening hours (and 每日), whatever its brackets say."""
    found = _with_number(without_asides(piece))
    clocks = [e for e in found if isinstance(e, Point)]
    words = [e for e in found if isinstance(e, Token) and e.mark is Mark.TEXT]
    return bool(clocks) and all(e.has_clock and not e.has_day for e in clocks) and not words


_DESK = re.compile(r"\d{7}|电话|咨询|热线|拨打|接听|客服|(?:办公|工作|上班|服务|联系)时间")


def has_hours(piece: str) -> bool:
    """Return whether a piece tells of hours (``上午9:00—11:30 第一单元``) that are not those of a telephone."""
    found = _with_number(piece)
    first = next((e for e in found if not isinstance(e, Token) or e.mark not in {Mark.BREAK, Mark.LEFT}), None)
    if first is not None and _is_clock(first):
        return not _DESK.search(piece)
    spans = zip(found, found[1:], found[2:], strict=False)
    return not _DESK.search(piece) and any(
        _is_clock(since) and isinstance(link, Token) and link.mark is Mark.CONNECT and _is_clock(until)
        for since, link, until in spans
    )


def _is_clock(element: Token | Point) -> bool:
    return isinstance(element, Point) and element.has_clock and not element.has_day


_BETWEEN_CELLS = re.compile(r"[ ,|]+")


def as_window(piece: str) -> str | None:
    """Return a piece that names two days side by side, as in two cells, with 至 between them."""
    points = [e for e in _with_number(piece) if isinstance(e, Point) and e.has_day and not e.is_year]
    if len(points) != 2 or not _BETWEEN_CELLS.fullmatch(folded(piece[points[0].end : points[1].start])):  # noqa: PLR2004 -- start and end
        return None
    return f"{piece[: points[0].end]}至{piece[points[1].start :]}"
