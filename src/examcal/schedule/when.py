"""Date phrases: from the words of an announcement to edges. ``docs/reference/dates.md`` states the grammar.

Whatever has two readings is refused with both; damaged digits are refused with all the readings that they
allow and never guessed, also where there is only one. Pure: no clock, no file; time linear in the phrase.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.grouping import hours_of
from examcal.schedule.model import Edge, Hours, OpenDays, Shape, Status
from examcal.schedule.moments import Point
from examcal.schedule.one_edge import edge_of, iso_edge, refuse_words, single_stops
from examcal.schedule.outline import Element, Outline, outline
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import LONGEST_PHRASE, Mark, Token
from examcal.schedule.reading import WindowReading, as_json, edge_text, hours_text
from examcal.schedule.verdict import ANY_LEAP_YEAR, damage_of, only, possible, refuse_failures, without_year
from examcal.schedule.windows import Frame, read_line

__all__ = ["LONGEST_PHRASE", "PhraseError", "WindowReading", "as_json", "edge_text", "read_edge", "read_window"]


def read_window(
    text: str,
    *,
    zone: ZoneInfo,
    year: int | None = None,
    is_workday: Callable[[date], bool] | None = None,
) -> WindowReading:
    """Read a phrase such as ``2026年1月29日10时至2月11日24时`` in wall time of ``zone``.

    ``year`` is taken where the phrase has none. ``is_workday`` decides 节假日除外 and 工作日; without it these
    are Monday to Friday. Opening days and hours narrow the window to its first and last open moment.

    Raises:
        PhraseError: the phrase is not understood, ambiguous, damaged, impossible or contradicts itself.

    """
    _refuse_length(text)
    parts = outline(text)
    frame = _frame(parts, zone, year or parts.year, is_workday)
    return _read(parts, frame)


def read_edge(
    text: str,
    *,
    zone: ZoneInfo,
    closing: bool,
    year: int | None = None,
    near: Edge | None = None,
) -> Edge:
    """Read one date or date-time as an edge; a date alone opens at its start and closes at its end.

    Year and month that are left out come from ``near`` (the other edge), else the year from ``year``.

    Raises:
        PhraseError: as for ``read_window``, and for anything beside the one date.

    """
    plain = iso_edge(text, zone, closing=closing)
    if plain is not None:
        return plain
    _refuse_length(text)
    parts = outline(text)
    refuse_words(parts, closing=closing)
    edges = {}
    failures: list[PhraseError] = []
    for stop in single_stops(parts):
        try:
            edge = edge_of(stop, zone, closing=closing, year=year or parts.year, near=near)
            edges[edge_text(edge)] = edge
        except PhraseError as refused:
            failures.append(refused)
    return only(parts, edges, failures)


def _refuse_length(text: str) -> None:
    if len(text) > LONGEST_PHRASE:
        raise PhraseError(
            "A date phrase has at most {limit} characters, this one has {count}", limit=LONGEST_PHRASE, count=len(text)
        )
    if not text.strip():
        raise PhraseError(
            "The date is empty", hint=Sentence("Write a date such as {example}", {"example": "2026-01-29 10:00"})
        )


def _frame(parts: Outline, zone: ZoneInfo, year: int | None, is_workday: Callable[[date], bool] | None) -> Frame:
    """Gather what the words beside the dates say: opening days and hours, and how sure the date is."""
    frame = Frame(zone, year, is_workday, open_days=_open_days(parts.line))
    for aside in parts.asides:
        marks = _marks(aside)
        if Mark.DESK in marks or any(isinstance(e, Point) and e.has_day for e in aside):
            continue
        hours = _hours_aside(aside)
        open_days = _open_days(aside)
        frame = replace(
            frame,
            hours=frame.hours + hours,
            open_days=open_days if open_days is not OpenDays.ALL else frame.open_days,
        )
    words = [e for line in (parts.line, *parts.asides) for e in line if isinstance(e, Token)]
    return replace(
        frame,
        daily=any(word.mark is Mark.DAILY for word in words),
        status=Status.EXPECTED if any(map(_is_unsure, words)) else Status.CONFIRMED,
    )


def _hours_aside(aside: tuple[Element, ...]) -> tuple[Hours, ...]:
    """Return the opening hours in brackets. Raises PhraseError for such as do not exist or have two readings."""
    for element in aside:
        if isinstance(element, Point) and element.failure and _TIME_SIGNS.search(element.text):
            raise element.failure
    found: dict[tuple[Hours, ...], None] = {}
    failures: list[PhraseError] = []
    for choice in Outline(aside).choices():
        try:
            found[hours_of(choice)] = None
        except PhraseError as refused:
            failures.append(refused)
    if failures and not found:
        raise failures[0]
    if len(found) > 1:
        raise PhraseError(
            "The opening hours have more than one reading: {choices}",
            offset=aside[0].start,
            choices="; ".join(hours_text(hours).strip() for hours in found),
        )
    return next(iter(found), ())


_TIME_SIGNS = re.compile("[:时点]")


def _is_unsure(word: Token) -> bool:
    """Return whether a word makes a date beside it no more than expected; 以…为准 only says who decides."""
    return word.mark is Mark.EXPECTED or (word.mark is Mark.TBA and word.text in {"待定", "未定"})


def _marks(line: tuple[Element, ...]) -> set[Mark]:
    return {element.mark for element in line if isinstance(element, Token)}


_HOLIDAYS = re.compile("节假日|休息日|公休日|工作日")


def _open_days(line: tuple[Element, ...]) -> OpenDays:
    """Return the opening days that a line names; holidays include weekends."""
    words = [element.text for element in line if isinstance(element, Token) and element.mark is Mark.OPEN_DAYS]
    if not words:
        return OpenDays.ALL
    return OpenDays.WORKDAYS if any(_HOLIDAYS.search(word) for word in words) else OpenDays.WEEKDAYS


def _read(parts: Outline, frame: Frame) -> WindowReading:
    refuse_failures(parts.points)
    _refuse_excluded(parts)
    if parts.damaged and frame.year is None:
        unknown_year, failures = _readings(parts, replace(frame, year=ANY_LEAP_YEAR))
        raise damage_of(parts, [without_year(text) for text in possible(unknown_year, failures)])
    readings, failures = _readings(parts, frame)
    if not (readings or failures or parts.damaged):
        return _undated(parts)
    return only(parts, readings, failures)


def _refuse_excluded(parts: Outline) -> None:
    """Refuse ``3月5日前(不含当日)``: the last day is another one than the day that stands there."""
    words = [element for line in (parts.line, *parts.asides) for element in line if isinstance(element, Token)]
    excluded = next((word for word in words if word.mark is Mark.EXCLUDED), None)
    if excluded is not None and any(point.has_day for point in parts.points):
        raise PhraseError(
            "{written} leaves out the day that is named",
            hint=Sentence("Write the last day that counts"),
            offset=excluded.start,
            written=excluded.text,
        )


def _readings(parts: Outline, frame: Frame) -> tuple[dict[str, WindowReading], list[PhraseError]]:
    """Read every choice; return the windows by their canonical text, and the refusals."""
    readings: dict[str, WindowReading] = {}
    failures: list[PhraseError] = []
    for line in parts.choices():
        try:
            reading = read_line(line, frame)
        except PhraseError as refused:
            failures.append(refused)
            continue
        if reading is not None:
            readings[reading.text] = reading
    return readings, failures


def _undated(parts: Outline) -> WindowReading:
    """Return ``tba`` for words that put the date off, else say what is missing."""
    elements = [*parts.line, *(element for aside in parts.asides for element in aside)]
    if Mark.TBA in _marks(tuple(elements)):
        return WindowReading(status=Status.TBA, shape=Shape.TBA)
    relative = next((e for e in elements if isinstance(e, Token) and e.mark is Mark.RELATIVE), None)
    if relative is not None:
        raise PhraseError(
            "{written} counts from something else",
            hint=Sentence("Write `opens: ID.opens -10d` to count from another milestone, or `when: tba`"),
            offset=relative.start,
            written=relative.text,
        )
    raise PhraseError(
        "There is no date",
        hint=Sentence("Write a date such as {example}, or `when: tba`", {"example": "2026-01-29 10:00"}),
    )
