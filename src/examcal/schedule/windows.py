"""From an outline in one reading to the window that it states, or the reason why it states none."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.edges import closing_edge, opening_edge
from examcal.schedule.grouping import HALF_A_DAY, Group, groups_of, joined_pieces, without_hours
from examcal.schedule.model import Hours, OpenDays, Shape, Status
from examcal.schedule.moments import MIDNIGHT, Clock, Half
from examcal.schedule.narrowing import first_open_day, last_open_day
from examcal.schedule.outline import Piece, Stop
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark
from examcal.schedule.reading import WindowReading
from examcal.schedule.refusals import (
    is_one_subject,
    refuse_after,
    refuse_events,
    refuse_half_only,
    refuse_relatives,
    refuse_strays,
)
from examcal.schedule.years import resolve_list, resolve_one, resolve_span


@dataclass(frozen=True, slots=True)
class Frame:
    """What a phrase is read against: its zone, the year it takes for granted, and which days are workdays."""

    zone: ZoneInfo
    year: int | None = None
    is_workday: Callable[[date], bool] | None = None
    open_days: OpenDays = OpenDays.ALL
    hours: tuple[Hours, ...] = ()
    daily: bool = False
    status: Status = Status.CONFIRMED


def read_line(line: Sequence[Piece], frame: Frame) -> WindowReading | None:
    """Return the one window that a line states, or None where it names no day.

    Raises:
        PhraseError: there are several, or the line is bounded by an event, or its parts contradict each other.

    """
    joined = joined_pieces(line)
    pieces, hours = without_hours(joined)
    frame = replace(frame, hours=frame.hours + hours)
    groups = groups_of(pieces)
    refuse_events(pieces, has_day=bool(groups))
    refuse_strays(pieces, has_day=bool(groups))
    if not groups:
        return None
    refuse_relatives(pieces)
    refuse_after(pieces, groups, frame.year)
    if _are_edges(groups) and is_one_subject(pieces, *(group.stops[0] for group in groups)):
        return _span(groups[0].stops[0], groups[1].stops[0], frame)
    if len(groups) > 1:
        raise PhraseError(
            "More than one window in one phrase",
            hint=Sentence("Write one milestone for each"),
            readings=_each(groups, joined, frame),
            offset=groups[1].start,
        )
    return _window(groups[0], frame)


def _are_edges(groups: Sequence[Group]) -> bool:
    """Return whether a line has a start and then an end; after an end, a start is that of something else."""
    edges = [(group.link, group.starts, group.ends) for group in groups]
    return edges == [(None, True, False), (None, False, True)]


def _each(groups: Sequence[Group], joined: Sequence[Piece], frame: Frame) -> list[str]:
    """Return the windows of a line one by one; year and month that one leaves out are those of the one before."""
    texts: list[str] = []
    year, month = frame.year, None
    borders = [*(group.start for group in groups[1:]), joined[-1].start + 1]
    for group, border in zip(groups, borders, strict=True):
        hours = without_hours([piece for piece in joined if group.start <= piece.start < border])[1]
        year = next((stop.day.year for stop in group.stops if stop.day and stop.day.year), year)
        first = group.stops[0]
        if first.day and first.day.month is None:
            first = replace(first, day=replace(first.day, month=month))
        month = next((stop.day.month for stop in (*group.stops[::-1], first) if stop.day and stop.day.month), month)
        try:
            texts.append(
                _window(replace(group, stops=(first, *group.stops[1:])), replace(frame, hours=hours, year=year)).text
            )
        except PhraseError as refused:
            texts.extend(refused.readings)
    return texts


def _window(group: Group, frame: Frame) -> WindowReading:
    if group.link is Mark.CONNECT:
        return _span(group.stops[0], group.stops[1], frame)
    if group.link is Mark.LIST:
        return _list(group.stops, frame)
    return _single(group, frame)


def _single(group: Group, frame: Frame) -> WindowReading:
    stop = group.stops[0]
    day = resolve_one(stop.day, frame.year, stop)
    refuse_half_only(stop, None if group.starts or group.ends else day)
    reading = WindowReading(status=frame.status, open_days=frame.open_days)
    if group.starts or group.ends:
        return _one_edge(stop, day, frame, reading, closing=group.ends)
    if stop.clock is not None:
        if frame.hours:
            raise PhraseError("A time of day and opening hours contradict each other", offset=stop.start)
        if stop.clock.minutes == MIDNIGHT:  # a day begins at 0:00; 24:00 is only ever the end of something
            return replace(reading, closes=closing_edge(day, stop.clock, frame.zone))
        return replace(reading, opens=opening_edge(day, stop.clock, frame.zone), shape=Shape.INSTANT)
    since, until = _day_hours(frame.hours)
    several = frame.hours if frame.daily or len(frame.hours) > 1 else ()
    return replace(
        reading,
        opens=opening_edge(day, since, frame.zone),
        closes=closing_edge(day, until, frame.zone),
        shape=Shape.WINDOW if frame.hours else Shape.DAY,
        open_days=OpenDays.ALL,
        hours=several,
    )


def _one_edge(stop: Stop, day: date, frame: Frame, reading: WindowReading, *, closing: bool) -> WindowReading:
    since, until = _day_hours(frame.hours)
    if closing:
        clock = _within(stop, frame.hours) or until
        if clock is None or stop.clock is None:
            day = last_open_day(day, frame.open_days, frame.is_workday)
        return replace(reading, closes=closing_edge(day, clock, frame.zone), hours=frame.hours)
    clock = _within(stop, frame.hours) or since
    if clock is None or stop.clock is None:
        day = first_open_day(day, frame.open_days, frame.is_workday)
    return replace(reading, opens=opening_edge(day, clock, frame.zone), hours=frame.hours)


def _span(first: Stop, last: Stop, frame: Frame) -> WindowReading:
    opens_on, closes_on = resolve_span(first, last, frame.year)
    for stop in (first, last):
        refuse_half_only(stop)
    _refuse_shared_half(first, last, opens_on, closes_on)
    since, until = _day_hours(frame.hours)
    if first.clock is None:
        opens_on = first_open_day(opens_on, frame.open_days, frame.is_workday)
    if last.clock is None:
        closes_on = last_open_day(closes_on, frame.open_days, frame.is_workday)
    opens = opening_edge(opens_on, _within(first, frame.hours) or since, frame.zone)
    closes = closing_edge(closes_on, _within(last, frame.hours) or until, frame.zone)
    if opens.at >= closes.at:
        raise PhraseError(
            "The end ({end}) is not after the start ({start})", offset=last.start, start=opens.wall, end=closes.wall
        )
    return WindowReading(opens, closes, frame.status, Shape.WINDOW, (), frame.open_days, frame.hours)


def _list(stops: Sequence[Stop], frame: Frame) -> WindowReading:
    for stop in stops:
        refuse_half_only(stop)
    if any(stop.clock for stop in stops):
        raise PhraseError(
            "A list of days cannot have a time for each day",
            hint=Sentence("Write one milestone for each"),
            offset=stops[0].start,
        )
    days = resolve_list(stops, frame.year)
    since, until = _day_hours(frame.hours)
    return WindowReading(
        opening_edge(days[0], since, frame.zone),
        closing_edge(days[-1], until, frame.zone),
        frame.status,
        Shape.DAYS,
        days,
        OpenDays.ALL,
        frame.hours,
    )


def _day_hours(hours: Sequence[Hours]) -> tuple[Clock | None, Clock | None]:
    """Return the first and the last time of day that opening hours allow."""
    if not hours:
        return None, None
    for earlier, later in itertools.pairwise(hours):
        if later.since < earlier.until:
            raise PhraseError(
                "The opening hours overlap or are out of order",
                hint=Sentence("Write them in order, each after the one before"),
            )
    return Clock(hours[0].since), Clock(hours[-1].until)


def _within(stop: Stop, hours: Sequence[Hours]) -> Clock | None:
    """Return the stop's own time; it must lie inside the opening hours, if there are any."""
    if stop.clock and hours and not hours[0].since <= stop.clock.minutes <= hours[-1].until:
        raise PhraseError("{clock} lies outside the opening hours", offset=stop.start, clock=stop.clock.text)
    return stop.clock


_SHARED_HOURS = {Half.MORNING: range(1, 7), Half.AFTERNOON: range(1, 12), Half.EVENING: range(1, 12)}
"""Hours that mean one time in the morning and another one after noon, where the start names a part of the day."""


def _refuse_shared_half(first: Stop, last: Stop, opens_on: date, closes_on: date) -> None:
    """Refuse ``4月7日下午2:00至4月30日4:30``, and ``上午9:00`` there: the end may be 4:30 or 16:30."""
    if first.clock is None or last.clock is None or last.clock.half is not None:
        return
    shared = _SHARED_HOURS.get(first.clock.half) if first.clock.half else None
    if shared is None or last.clock.minutes // 60 not in shared:
        return
    hour = last.clock.minutes // 60
    ends = [last.clock.text, Clock(last.clock.minutes + HALF_A_DAY).text]
    raise PhraseError(
        "{clock} has two readings: {first} and {second}",
        readings=[f"{opens_on} {first.clock.text} 至 {closes_on} {end}" for end in ends],
        offset=last.start,
        clock=f"{hour}:{last.clock.minutes % 60:02d}",
        first=ends[0],
        second=ends[1],
    )
