"""From an outline in one reading to the window that it states, or the reason why it states none."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.edges import closing_edge, opening_edge
from examcal.schedule.model import Hours, OpenDays, Shape, Status
from examcal.schedule.moments import MIDNIGHT, Clock, Half
from examcal.schedule.narrowing import first_open_day, last_open_day
from examcal.schedule.outline import Piece, Stop
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token
from examcal.schedule.reading import WindowReading
from examcal.schedule.years import resolve_list, resolve_one, resolve_span

_HALF_A_DAY = MIDNIGHT // 2


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


@dataclass(frozen=True, slots=True)
class Group:
    """Stops that belong together: one, two joined by 至, or several joined by 、."""

    stops: tuple[Stop, ...]
    link: Mark | None = None
    starts: bool = False
    ends: bool = False

    @property
    def start(self) -> int:
        """Where it begins in the phrase."""
        return self.stops[0].start


def read_line(line: Sequence[Piece], frame: Frame) -> WindowReading | None:
    """Return the one window that a line states, or None where it names no day.

    Raises:
        PhraseError: there are several, or the line is bounded by an event, or its parts contradict each other.

    """
    pieces, hours = _without_hours(_joined(line))
    frame = replace(frame, hours=frame.hours + hours)
    groups = _groups(pieces)
    _refuse_events(pieces, has_day=bool(groups))
    _refuse_strays(pieces, has_day=bool(groups))
    if not groups:
        return None
    _refuse_relatives(pieces)
    _refuse_after(pieces, groups, frame)
    if len(groups) == 2 and {(g.link, g.starts, g.ends) for g in groups} == {  # noqa: PLR2004 -- a start and an end
        (None, True, False),
        (None, False, True),
    }:
        first, last = sorted(groups, key=lambda group: group.ends)
        return _span(first.stops[0], last.stops[0], frame)
    if len(groups) > 1:
        raise PhraseError(
            "More than one window in one phrase",
            hint=Sentence("Write one milestone for each"),
            readings=_each(groups, frame),
            offset=groups[1].start,
        )
    return _window(groups[0], frame)


def _each(groups: Sequence[Group], frame: Frame) -> list[str]:
    texts: list[str] = []
    year = frame.year
    for group in groups:
        year = next((stop.day.year for stop in group.stops if stop.day and stop.day.year), year)
        try:
            texts.append(_window(group, replace(frame, hours=(), year=year)).text)
        except PhraseError as refused:
            texts.extend(refused.readings)
    return texts


# --- joining what belongs together -------------------------------------------------------------------------


def _joined(line: Sequence[Piece]) -> list[Piece]:
    """Attach weekdays to their days, and a time to the day directly before it."""
    joined: list[Piece] = []
    for piece in line:
        if isinstance(piece, Token) and piece.mark is Mark.WEEKDAY:
            _attach_weekday(joined, piece)
            continue
        last = joined[-1] if joined else None
        if isinstance(piece, Stop) and piece.day is None and isinstance(last, Stop) and last.clock is None:
            joined[-1] = replace(last, clock=piece.clock, end=piece.end, half_only=piece.half_only)
        else:
            joined.append(piece)
    return _with_weekday_runs(joined)


def _attach_weekday(joined: list[Piece], weekday: Token) -> None:
    last = joined[-1] if joined else None
    if isinstance(last, Stop) and last.day is not None and last.weekday is None:
        joined[-1] = replace(last, weekday=weekday)
    else:
        joined.append(weekday)


def _with_weekday_runs(joined: list[Piece]) -> list[Piece]:
    """Spread ``4月11、12日(星期六、星期日)``: as many weekdays as days before them belong to those, in order."""
    for position, piece in enumerate(joined):
        if not (isinstance(piece, Stop) and piece.weekday and position + 1 < len(joined)):
            continue
        run = [piece.weekday]
        while position + 1 < len(joined) and _is(joined[position + 1], Mark.WEEKDAY):
            run.append(joined.pop(position + 1))  # type: ignore[arg-type] # the test above says that it is a token
        days = [i for i in range(position + 1) if isinstance(joined[i], Stop)][-len(run) :]
        for index, weekday in zip(days, run, strict=False):
            joined[index] = replace(joined[index], weekday=weekday)  # type: ignore[type-var] # only stops are listed
    return joined


def _is(piece: Piece | None, *marks: Mark) -> bool:
    return isinstance(piece, Token) and piece.mark in marks


# --- opening hours -----------------------------------------------------------------------------------------


def _without_hours(line: list[Piece]) -> tuple[list[Piece], tuple[Hours, ...]]:
    """Take out every "TIME — TIME" whose second time has no day of its own."""
    rest: list[Piece] = []
    hours: list[Hours] = []
    position = 0
    while position < len(line):
        span = _hours_at(line, position)
        if span is None:
            rest.append(line[position])
            position += 1
            continue
        since = line[position]
        hours.append(span)
        if isinstance(since, Stop) and since.day is not None:
            rest.append(replace(since, clock=None))
        position += 3
    return rest, tuple(hours)


def hours_of(line: Sequence[Piece]) -> tuple[Hours, ...]:
    """Return the opening hours that an aside states."""
    return _without_hours(_joined(line))[1]


def _hours_at(line: Sequence[Piece], position: int) -> Hours | None:
    window = line[position : position + 3]
    if len(window) < 3:  # noqa: PLR2004 -- time, 至, time
        return None
    since, link, until = window
    if not (isinstance(since, Stop) and _is(link, Mark.CONNECT) and isinstance(until, Stop)):
        return None
    if since.clock is None or until.clock is None or until.day is not None:
        return None
    return _hours(since.clock, until)


def _hours(since: Clock, until: Stop) -> Hours:
    """Return a span of hours; the second time shares the 下午 of the first (``下午2:00—4:30``)."""
    end = until.clock.minutes if until.clock else 0
    shares = until.clock is not None and until.clock.half is None and since.half in {Half.AFTERNOON, Half.EVENING}
    if shares and end <= since.minutes and end + _HALF_A_DAY <= MIDNIGHT:
        end += _HALF_A_DAY
    if end <= since.minutes:
        raise PhraseError(
            "{end} is not after {start}",
            hint=Sentence("Write the day of both times, or times of 24 hours"),
            offset=until.start,
            start=since.text,
            end=Clock(end).text,
        )
    return Hours(since.minutes, end)


# --- groups of days ----------------------------------------------------------------------------------------

_STRONG = {"开始", "起始", "截止", "截至", "结束", "关闭"}
_BEFORE_ONLY = {"自", "从"}
_AFTER_ONLY = {"前", "之前", "以前", "止", "为止", "起"}


def _groups(line: Sequence[Piece]) -> list[Group]:
    groups: list[Group] = []
    position = 0
    while position < len(line):
        piece = line[position]
        if not (isinstance(piece, Stop) and piece.day is not None):
            position += 1
            continue
        stops, link, end = _chain(line, position)
        starts, ends = _edge_words(line, position, end) if link is None else (False, False)
        groups.append(Group(tuple(stops), link, starts, ends))
        position = end
    return groups


def _chain(line: Sequence[Piece], position: int) -> tuple[list[Stop], Mark | None, int]:
    """Return the stops that hang together from ``position`` on, the word between them, and where they end."""
    first = line[position]
    stops = [first] if isinstance(first, Stop) else []
    link: Mark | None = None
    position += 1
    while True:
        skipped = _past_openings(line, position)
        joint, following = ([*line[skipped : skipped + 2], None, None])[:2]  # type: ignore[operator] # a list at run time
        mark = joint.mark if isinstance(joint, Token) else None
        if mark not in {Mark.CONNECT, Mark.LIST} or not isinstance(following, Stop) or following.day is None:
            return stops, link, position
        if link is Mark.CONNECT or (link is not None and mark is not link):
            raise PhraseError("Ranges and lists of days are mixed", offset=following.start)
        stops.append(following)
        link, position = mark, skipped + 2


def _past_openings(line: Sequence[Piece], position: int) -> int:
    """Return the position after 起 and a comma, as in ``9月22日起,至9月28日止``."""
    while position < len(line) and (_is(line[position], Mark.START) or _is_comma(line[position])):
        position += 1
    return position


def _is_comma(piece: Piece) -> bool:
    return isinstance(piece, Token) and piece.text == ","


def _edge_words(line: Sequence[Piece], first: int, end: int) -> tuple[bool, bool]:
    """Return whether the words around a single stop make it a start or an end; the nearest word decides."""
    after = line[end] if end < len(line) else None
    before = line[first - 1] if first else None
    for word, wrong_side in (
        (after, _BEFORE_ONLY),
        (before, _AFTER_ONLY),
        (_across_text(line[end:]), _BEFORE_ONLY),
        (_across_text(line[:first][::-1]), _AFTER_ONLY),
    ):
        if _is(word, Mark.START, Mark.END) and isinstance(word, Token) and word.text not in wrong_side:
            return word.mark is Mark.START, word.mark is Mark.END
    return False, False


def _across_text(line: Sequence[Piece]) -> Piece | None:
    """Return the first word that is not plain text, if it says clearly that something starts or ends."""
    word = next((piece for piece in line if not _is(piece, Mark.TEXT)), None)
    clear = isinstance(word, Token) and any(word.text.startswith(strong) for strong in _STRONG)
    return word if clear else None


# --- refusals ----------------------------------------------------------------------------------------------


def _refuse_events(line: Sequence[Piece], *, has_day: bool) -> None:
    """Refuse 至 with a day on one side and words on the other: the edge is an event, not a date."""
    for position, piece in enumerate(line):
        if not (has_day and isinstance(piece, Token) and piece.mark is Mark.CONNECT):
            continue
        before = _neighbour(line[:position][::-1])
        after = _neighbour(line[position + 1 :])
        if isinstance(before, Stop) is isinstance(after, Stop):
            continue
        known = before if isinstance(before, Stop) else after
        raise PhraseError(
            "The window ends at an event, not at a date"
            if known is before
            else "The window starts at an event, not at a date",
            hint=Sentence("Write the known edge alone as `opens:`, and the event in `notes:`")
            if known is before
            else Sentence("Write the known edge alone as `closes:`, and the event in `notes:`"),
            offset=piece.start,
        )


def _neighbour(line: Sequence[Piece]) -> Piece | None:
    return next((piece for piece in line if not (_is(piece, Mark.START) or _is_comma(piece))), None)


def _refuse_strays(line: Sequence[Piece], *, has_day: bool) -> None:
    for piece in line:
        if isinstance(piece, Stop) and piece.day is None and piece.clock is not None:
            raise PhraseError(
                "{clock} stands apart from any day" if has_day else "There is a time of day ({clock}) but no day",
                offset=piece.start,
                clock=piece.clock.text,
            )


def _refuse_relatives(line: Sequence[Piece]) -> None:
    """Refuse a duration in the same clause as a day; in a clause of its own it is a remark."""
    clause: list[Piece] = []
    for piece in [*line, None]:
        if piece is not None and not _is(piece, Mark.BREAK):
            clause.append(piece)
            continue
        relative = next((p for p in clause if isinstance(p, Token) and p.mark is Mark.RELATIVE), None)
        if relative and any(isinstance(p, Stop) for p in clause):
            raise PhraseError("{written} counts from something else", offset=relative.start, written=relative.text)
        clause = []


def _refuse_after(line: Sequence[Piece], groups: Sequence[Group], frame: Frame) -> None:
    """Refuse ``3月5日后``: it may or may not include the day itself."""
    for before, piece in itertools.pairwise(line):
        if not (isinstance(before, Stop) and before.day is not None and _is(piece, Mark.AFTER)):
            continue
        day = resolve_one(before.day, frame.year, before) if len(groups) == 1 else None
        clock = f" {before.clock.text}" if before.clock else ""
        first_days = [day, day + timedelta(days=1)] if day and not clock else [day] if day else []
        raise PhraseError(
            "{word} does not say whether the day itself is included",
            hint=Sentence("Write 起 with the first day"),
            readings=[f"{first}{clock} 起" for first in first_days],
            offset=before.end,
            word=piece.text if isinstance(piece, Token) else "",
        )


# --- windows -----------------------------------------------------------------------------------------------


def _window(group: Group, frame: Frame) -> WindowReading:
    if group.link is Mark.CONNECT:
        return _span(group.stops[0], group.stops[1], frame)
    if group.link is Mark.LIST:
        return _list(group.stops, frame)
    return _single(group, frame)


def _single(group: Group, frame: Frame) -> WindowReading:
    stop = group.stops[0]
    day = resolve_one(stop.day, frame.year, stop)
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
    _refuse_half_only(stop)
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
        _refuse_half_only(stop)
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


def _refuse_half_only(stop: Stop) -> None:
    if stop.half_only:
        raise PhraseError("A part of the day without a time of day", hint=Sentence("Write the time"), offset=stop.start)


def _refuse_shared_half(first: Stop, last: Stop, opens_on: date, closes_on: date) -> None:
    """Refuse ``4月7日下午2:00至4月30日4:30``: the end may be 4:30 or 16:30."""
    if first.clock is None or last.clock is None or first.clock.half not in {Half.AFTERNOON, Half.EVENING}:
        return
    hour = last.clock.minutes // 60
    if last.clock.half is not None or not 1 <= hour < 12:  # noqa: PLR2004 -- hours that 上午 and 下午 share
        return
    ends = [last.clock.text, Clock(last.clock.minutes + _HALF_A_DAY).text]
    raise PhraseError(
        "{clock} has two readings: {first} and {second}",
        readings=[f"{opens_on} {first.clock.text} 至 {closes_on} {end}" for end in ends],
        offset=last.start,
        clock=f"{hour}:{last.clock.minutes % 60:02d}",
        first=ends[0],
        second=ends[1],
    )
