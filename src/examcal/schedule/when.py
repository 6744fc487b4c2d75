"""Date phrases: from the words of an announcement to edges. ``docs/reference/dates.md`` states the grammar.

Whatever has two readings is refused with both; damaged digits are refused with all the readings that they
allow and never guessed, also where there is only one. Pure: no clock, no file; time linear in the phrase.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.grouping import hours_of
from examcal.schedule.model import Edge, Hours, OpenDays, Shape, Status
from examcal.schedule.moments import Point
from examcal.schedule.one_edge import edge_of, refuse_words, single_stops
from examcal.schedule.outline import Element, Outline, outline
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import LONGEST_PHRASE, Mark, Token, folded
from examcal.schedule.plain import plain_edge, plain_window
from examcal.schedule.reading import WindowReading, as_json, edge_text, hours_text
from examcal.schedule.twelve_hours import in_chinese
from examcal.schedule.unread import (
    asides_that_count,
    readings_without,
    refuse_english,
    refuse_leftovers,
    refuse_other_zone,
    unread_word,
    weekly_refusal,
    without_desk,
)
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

    ``year`` is taken where the phrase has none; where it has another one, both readings are offered. ``is_workday``
    decides 节假日除外 and 工作日; without it these are Monday to Friday. Opening days and hours narrow the window to
    its first and last open moment.

    Raises:
        PhraseError: the phrase is not understood, ambiguous, damaged, impossible or contradicts itself.

    """
    plain = plain_window(text, zone)
    if plain is not None:
        return plain
    _refuse_text(text)
    parts = outline(text)
    years = dict.fromkeys((*parts.years, *([year] if year else [])))
    frame = _frame(parts, zone, is_workday)
    try:
        return _read(parts, [replace(frame, year=one) for one in years or (None,)])
    except PhraseError as refused:
        chinese = in_chinese(text)
        if chinese:
            raise _with_readings(refused, lambda: read_window(chinese, zone=zone, year=year).text) from None
        raise _of_opening_days(text, refused) from None


def _with_readings(refused: PhraseError, read: Callable[[], str]) -> PhraseError:
    """Return a refusal with what the same phrase means once it is written in Chinese."""
    try:
        return refused.with_readings([read()])
    except PhraseError as ambiguous:
        return refused.with_readings(ambiguous.readings)


def read_edge(
    text: str,
    *,
    zone: ZoneInfo,
    closing: bool,
    year: int | None = None,
    near: Edge | None = None,
    same_day: bool = False,
) -> Edge:
    """Read one date or date-time as an edge; a date alone opens at its start and closes at its end.

    Year and month that are left out come from ``near`` (the other edge), else the year from ``year``. The whole day
    comes from ``near`` only if ``same_day`` says so: else a day that got lost would go unnoticed.

    Raises:
        PhraseError: as for ``read_window``, and for anything beside the one date.

    """
    plain = plain_edge(text, zone, closing=closing)
    if plain is not None:
        return plain
    _refuse_text(text)
    parts = outline(text)
    chinese = in_chinese(text)
    try:
        refuse_english(parts)
    except PhraseError as refused:
        if chinese is None:
            raise
        raise _with_readings(
            refused, lambda: edge_text(read_edge(chinese, zone=zone, closing=closing, year=year, near=near))
        ) from None
    refuse_other_zone(parts, zone)
    unread = unread_word(parts)
    if unread is not None:
        raise unread
    refuse_words(parts, closing=closing)
    year = parts.years[-1] if parts.years else year
    edges = {}
    failures: list[PhraseError] = []
    for stop in single_stops(parts):
        try:
            edge = edge_of(stop, zone, closing=closing, year=year, near=near, same_day=same_day)
            edges[edge_text(edge)] = edge
        except PhraseError as refused:
            failures.append(refused)
    return only(parts, edges, failures)


_WEEKDAYS = re.compile(
    r"(?:周|星期|礼拜)[一二三四五六] ?(?:至|到|-+) ?(?:周|星期|礼拜)?[一二三四五六日天]"
    r"|(?:周|星期|礼拜)[一二三四五六日天](?=[^,;。()]{0,3}(?:办|受理|休|开|审|接|除外|均|都))"
)


def _of_opening_days(text: str, refused: PhraseError) -> PhraseError:
    """Return the refusal of ``周一至周六`` and ``周三不办理`` as such: they are not the weekdays of the dates."""
    weekdays = _WEEKDAYS.search(folded(text))
    if weekdays is None or "weekday" not in refused.sentence.msgid.lower():
        return refused
    return weekly_refusal(weekdays.group(), weekdays.start())


def _refuse_text(text: str) -> None:
    if len(text) > LONGEST_PHRASE:
        raise PhraseError(
            "A date phrase has at most {limit} characters, this one has {count}", limit=LONGEST_PHRASE, count=len(text)
        )
    if not text.strip():
        raise PhraseError(
            "The date is empty", hint=Sentence("Write a date such as {example}", {"example": "2026-01-29 10:00"})
        )
    serial = _SERIAL.fullmatch(text.strip())
    if serial:
        meant = _SERIAL_ZERO + timedelta(days=int(serial[1]))
        raise PhraseError(
            "{written} is the number of a day in a spreadsheet",
            readings=[meant.isoformat()],
            written=text.strip(),
        )


_SERIAL = re.compile(r"([34]\d{4}|5[0-4]\d{3})(?:\.\d+)?", re.ASCII)
"""Days from 1982 to 2050 as spreadsheets number them."""
_SERIAL_ZERO = date(1899, 12, 30)


def _frame(parts: Outline, zone: ZoneInfo, is_workday: Callable[[date], bool] | None) -> Frame:
    """Gather what the words beside the dates say: opening days and hours, and how sure the date is."""
    frame = Frame(zone, None, is_workday, open_days=_open_days(parts.line))
    for aside in asides_that_count(parts):
        if any(isinstance(e, Point) and e.has_day for e in aside):
            continue
        hours = _hours_aside(aside)
        if hours:
            _refuse_hours_of_one_day(parts, aside)
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


def _refuse_hours_of_one_day(parts: Outline, aside: tuple[Element, ...]) -> None:
    """Refuse ``4月8日(9:00-11:30)、4月9日(13:30-16:30)``: the hours belong to one day of the list each."""
    is_list = Mark.LIST in _marks(parts.line)
    if is_list and any(point.has_day and point.start > aside[0].start for point in parts.points):
        raise PhraseError(
            "A list of days cannot have a time for each day",
            hint=Sentence("Write one milestone for each"),
            offset=aside[0].start,
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


_HOLIDAYS = re.compile("假日|休息日|公休|工作日")


def _open_days(line: tuple[Element, ...]) -> OpenDays:
    """Return the opening days that a line names; holidays include weekends."""
    words = [element.text for element in line if isinstance(element, Token) and element.mark is Mark.OPEN_DAYS]
    if not words:
        return OpenDays.ALL
    return OpenDays.WORKDAYS if any(_HOLIDAYS.search(word) for word in words) else OpenDays.WEEKDAYS


def _read(parts: Outline, frames: Sequence[Frame]) -> WindowReading:
    """Read a phrase against each year that it can be about."""
    refuse_english(parts)
    refuse_other_zone(parts, frames[0].zone)
    refuse_failures(parts.points)
    unread = unread_word(parts) if any(point.has_day for point in parts.points) else None
    if parts.damaged and frames[0].year is None and unread is None:
        unknown_year, failures = _readings(parts, [replace(frames[0], year=ANY_LEAP_YEAR)])
        raise damage_of(parts, [without_year(text) for text in possible(unknown_year, failures)])
    readings, failures = _readings(parts, frames)
    if unread is not None:
        raise unread.with_readings(readings_without(parts, unread, readings.values()))
    if not (readings or failures or parts.damaged):
        return _undated(parts)
    reading = only(parts, readings, failures)
    _refuse_desk(parts, frames, reading)
    refuse_leftovers(parts, reading)
    return reading


def _refuse_desk(parts: Outline, frames: Sequence[Frame], reading: WindowReading) -> None:
    """Refuse opening hours that may be those of the window or only those of the office that answers questions."""
    shorter = without_desk(parts)
    if shorter is None:
        return
    open_days = _open_days(shorter.line)
    apart, _ = _readings(shorter, [replace(frame, open_days=open_days) for frame in frames])
    if reading.text not in apart:
        raise PhraseError("The phrase has more than one reading", readings=[reading.text, *apart])


def _readings(parts: Outline, frames: Sequence[Frame]) -> tuple[dict[str, WindowReading], list[PhraseError]]:
    """Read every choice; return the windows by their canonical text, and the refusals."""
    readings: dict[str, WindowReading] = {}
    failures: list[PhraseError] = []
    for line, frame in itertools.product(parts.choices(), frames):
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
