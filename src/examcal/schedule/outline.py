"""The outline of a phrase: its brackets, its points with all their readings, and the words between them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from examcal.schedule.clocks import agrees
from examcal.schedule.damage import damaged_readings
from examcal.schedule.moments import Clock, Day, Point
from examcal.schedule.phrases import Mark, Token, tokens
from examcal.schedule.points import elements

MOST_CHOICES = 64
"""Combinations of readings that are tried; a phrase with more is not a phrase."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A point in one reading: a day, a time of day or both, and the weekday printed beside it."""

    day: Day | None
    clock: Clock | None
    start: int
    end: int
    half_only: bool = False
    weekday: Token | None = None


Piece = Token | Stop
Element = Token | Point

_CHAIN = {Mark.CONNECT, Mark.LIST}
_WEEKDAY_WORDS = {Mark.WEEKDAY, Mark.LIST, Mark.CONNECT, Mark.BREAK}
_BESIDE_WEEKDAYS = frozenset("即为是均都本系")
_LONGEST_CLOCK = 4
"""Digits of a time of day that lost its colon."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The main line of a phrase and its asides (what stands in brackets); years that stand alone are in ``years``."""

    line: tuple[Element, ...]
    asides: tuple[tuple[Element, ...], ...] = ()
    years: tuple[int, ...] = ()
    damaged: tuple[Point, ...] = field(default=())

    @property
    def points(self) -> list[Point]:
        """The points of the main line."""
        return [element for element in self.line if isinstance(element, Point)]

    def choices(self) -> Iterator[list[Piece]]:
        """Yield the main line once for every combination of its points' readings."""
        variants = [self._stops(element) if isinstance(element, Point) else [element] for element in self.line]
        for choice in itertools.islice(itertools.product(*variants), MOST_CHOICES):
            yield list(choice)

    @staticmethod
    def _stops(point: Point) -> list[Piece]:
        return [Stop(day, clock, point.start, point.end, point.half_only) for day, clock in point.candidates]


def outline(phrase: str) -> Outline:
    """Take a phrase apart."""
    line, asides = _without_brackets(elements(tokens(phrase)))
    if not any(isinstance(element, Point) and not element.is_year for element in line):
        line, asides = line + [element for aside in asides for element in aside], []
    years = [e.candidates[0][0].year for e in line if isinstance(e, Point) and e.is_year and e.candidates[0][0]]
    settled = _settled([e for e in line if not (isinstance(e, Point) and e.is_year)])
    damaged = tuple(e for e in settled if isinstance(e, Point) and e.damaged)
    return Outline(tuple(settled), tuple(map(tuple, asides)), tuple(dict.fromkeys(filter(None, years))), damaged)


def _without_brackets(found: Sequence[Element]) -> tuple[list[Element], list[list[Element]]]:
    """Split a phrase into its main line and its asides; weekdays in brackets stay on the line."""
    line: list[Element] = []
    asides: list[list[Element]] = []
    stack: list[list[Element]] = []
    for element in found:
        mark = element.mark if isinstance(element, Token) else None
        if mark is Mark.LEFT:
            stack.append([])
        elif mark is Mark.RIGHT:
            if stack:
                _put_aside(stack.pop(), stack[-1] if stack else line, asides)
        else:
            (stack[-1] if stack else line).append(element)
    for unclosed in stack:
        line.extend(unclosed)
    return line, asides


def _put_aside(content: list[Element], outer: list[Element], asides: list[list[Element]]) -> None:
    if len(content) == 1 and outer and _only_repeats(content[0], outer[-1]):
        return
    marks = {element.mark if isinstance(element, Token) else None for element in content if not _is_filler(element)}
    if Mark.WEEKDAY in marks and marks <= _WEEKDAY_WORDS:
        outer.extend(e for e in content if isinstance(e, Token) and e.mark is Mark.WEEKDAY)
    elif all(_is_weekday_or_time(element) for element in content) and None in marks and not _ends_a_span(outer):
        outer.extend(content)
    else:
        asides.append(content)


def _only_repeats(aside: Element, before: Element) -> bool:
    """Return whether brackets say again which time stands before them: ``12:00(中午)``."""
    if not (isinstance(aside, Point) and aside.half_only and not aside.has_day and isinstance(before, Point)):
        return False
    clocks = [clock for _, clock in before.candidates]
    return bool(clocks) and all(clock is not None and agrees(aside.text, clock) for clock in clocks)


def _ends_a_span(outer: Sequence[Element]) -> bool:
    """Return whether brackets follow ``3月5日至11日``: a time there may be that of the end, the start or each day."""
    if len(outer) < 3:  # noqa: PLR2004 -- day, 至, day
        return False
    first, link, last = outer[-3:]
    is_span = isinstance(link, Token) and link.mark is Mark.CONNECT
    return is_span and all(isinstance(e, Point) and e.has_day and not e.has_clock for e in (first, last))


def _is_filler(element: Element) -> bool:
    """Return whether it is a word that says nothing beside a weekday: ``(即周四)``."""
    return isinstance(element, Token) and element.text in _BESIDE_WEEKDAYS


def _is_weekday_or_time(element: Element) -> bool:
    if isinstance(element, Token):
        return element.mark is Mark.WEEKDAY
    return (element.has_clock or element.half_only) and not element.has_day


def _settled(line: list[Element]) -> list[Element]:
    """Decide on points that need a neighbour: a day without 日 in a chain, a month and day after a numeric date."""
    settled: list[Element] = []
    for position, element in enumerate(line):
        if not isinstance(element, Point):
            settled.append(element)
        elif _is_no_date(element):
            lost = len(element.text) <= _LONGEST_CLOCK and bool(settled) and isinstance(settled[-1], Point)
            number = Token(Mark.TEXT, element.text, element.start)
            settled.append(replace(element, damaged=True, failure=None) if lost else number)
        elif _follows_numeric(settled):
            settled.append(replace(element, damaged=False, numeric=True) if _completes(element) else element)
        elif element.is_open and not _is_chained(line, position):
            settled.append(replace(element, candidates=tuple(damaged_readings(element.text)), damaged=True))
        else:
            settled.append(element)
    return settled


def _is_no_date(point: Point) -> bool:
    """Return whether it is a bare number that no lost unit turns into a date: a telephone number, an amount."""
    if not point.text.isdecimal() or not (point.damaged or point.failure):
        return False
    return not any(damaged_readings(point.text))


def _follows_numeric(settled: Sequence[Element]) -> bool:
    if len(settled) < 2:  # noqa: PLR2004 -- a point and a connecting word
        return False
    before, link = settled[-2:]
    return isinstance(link, Token) and link.mark in _CHAIN and isinstance(before, Point) and before.numeric


def _completes(point: Point) -> bool:
    """Return whether a point can stand after "2026-01-29 -": ``02-11``, ``2.11`` or a bare day."""
    day = point.candidates[0][0] if point.candidates else None
    return day is not None and day.year is None and (point.numeric or not day.closed)


def _is_chained(line: Sequence[Element], position: int) -> bool:
    """Return whether the days from here on end in one with 日, as in ``3月13—17日`` and ``4月11、12日``."""
    for step in range(position, len(line) - 2, 2):
        link, following = line[step + 1 : step + 3]
        if not (isinstance(link, Token) and link.mark in _CHAIN and isinstance(following, Point)):
            return False
        day = following.candidates[0][0] if following.candidates and not following.damaged else None
        if day is None or day.month is not None or day.year is not None or day.day is None:
            return False
        if day.closed:
            return True
    return False
