"""One date or date-time: an edge, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.edges import closing_edge, opening_edge
from examcal.schedule.model import Edge
from examcal.schedule.moments import Day
from examcal.schedule.outline import Element, Outline, Stop
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token
from examcal.schedule.refusals import refuse_half_only
from examcal.schedule.verdict import refuse_failures
from examcal.schedule.years import resolve_one, resolve_span

_EDGE_WORDS = {
    True: {Mark.END, Mark.BREAK, Mark.WEEKDAY},
    False: {Mark.START, Mark.BREAK, Mark.WEEKDAY},
}


def refuse_words(parts: Outline, *, closing: bool) -> None:
    """Raise PhraseError for anything beside the one date."""
    for element in parts.line:
        if isinstance(element, Token) and element.mark in {Mark.TBA, Mark.RELATIVE}:
            raise PhraseError(
                "{written} is not a date",
                hint=Sentence("Write `when: tba`"),
                offset=element.start,
                written=element.text,
            )
    strays: list[Element] = [e for e in parts.line if isinstance(e, Token) and e.mark not in _EDGE_WORDS[closing]]
    strays += [element for aside in parts.asides for element in aside]
    if strays:
        raise PhraseError(
            "One date is expected here, not {written}",
            hint=Sentence("A window in words belongs into `window:`"),
            offset=strays[0].start,
            written=strays[0].text,
        )


def single_stops(parts: Outline) -> list[Stop]:
    """Return the readings of a phrase that is one point. Raises PhraseError where it is none or several."""
    points = parts.points
    if not points:
        raise PhraseError(
            "There is no date", hint=Sentence("Write a date such as {example}", {"example": "2026-01-29 10:00"})
        )
    refuse_failures(points)
    stops = []
    weekdays = [e for e in parts.line if isinstance(e, Token) and e.mark is Mark.WEEKDAY]
    if len(weekdays) > 1:
        raise PhraseError("{written} belongs to no day", offset=weekdays[1].start, written=weekdays[1].text)
    weekday = weekdays[0] if weekdays else None
    for choice in parts.choices():
        found = [piece for piece in choice if isinstance(piece, Stop)]
        if len(found) == 2 and found[1].day is None and found[0].clock is None:  # noqa: PLR2004 -- day (weekday) time
            found = [replace(found[0], clock=found[1].clock, half_only=found[0].half_only or found[1].half_only)]
        if len(found) != 1:
            raise PhraseError(
                "One date is expected here, not {written}",
                hint=Sentence("A window in words belongs into `window:`"),
                offset=points[1].start,
                written=points[1].text,
            )
        stops.append(replace(found[0], weekday=weekday))
    return stops


def edge_of(stop: Stop, zone: ZoneInfo, *, closing: bool, year: int | None, near: Edge | None, same_day: bool) -> Edge:
    """Return the edge of one reading. Raises PhraseError where it has no day or no real time.

    A time of day alone is on the day of ``near`` if ``same_day`` allows it.
    """
    refuse_half_only(stop)
    if stop.day is None and (near is None or not same_day):
        raise PhraseError(
            "There is a time of day ({clock}) but no day",
            hint=Sentence("Write the day too, such as {example}", {"example": _example(stop, near)}) if near else None,
            offset=stop.start,
            clock=stop.clock.text if stop.clock else "",
        )
    if near is not None and closing:
        start = Stop(Day(near.named_on.year, near.named_on.month, near.named_on.day), None, 0, 0)
        day = resolve_span(start, replace(stop, day=stop.day or Day(day_shift=0)), None)[1]
    else:
        day = resolve_one(stop.day, near.named_on.year if near and year is None else year, stop)
    return closing_edge(day, stop.clock, zone) if closing else opening_edge(day, stop.clock, zone)


def _example(stop: Stop, near: Edge) -> str:
    return f"{near.named_on} {stop.clock.text if stop.clock else ''}".strip()
