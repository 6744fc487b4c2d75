"""From civil days and times of day to edges: aware instants that keep their named day.

Rules: 24:00 is the start of the next day and keeps the day before as its named day; a day alone opens at its
first instant and closes at its last; a wall time that a daylight-saving change skips does not exist, one that
it repeats needs its offset.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.model import Edge
from examcal.schedule.moments import Clock
from examcal.schedule.phrase_error import PhraseError


def opening_edge(day: date, clock: Clock | None, zone: ZoneInfo) -> Edge:
    """Return the edge at ``clock`` on ``day``, or at the start of the day."""
    if clock is None:
        return Edge(_first_instant(day, zone), day, None)
    return Edge(_instant(day, clock, zone), day, clock.text)


def closing_edge(day: date, clock: Clock | None, zone: ZoneInfo) -> Edge:
    """Return the edge at ``clock`` on ``day``, or at the end of the day."""
    if clock is None:
        return Edge(_first_instant(day + timedelta(days=1), zone), day, None)
    return Edge(_instant(day, clock, zone), day, clock.text)


def day_edge(day: date, clock: str | None, zone: str, *, closing: bool) -> Edge:
    """Return the edge on a named day. Without a clock a closing one is the end of the day, an opening one its start."""
    hour, minute = (int(part) for part in clock.split(":")) if clock else (24 if closing else 0, 0)
    moment = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), ZoneInfo(zone))
    # A wall time that daylight saving leaves out moves forward, as clocks do.
    real = moment.astimezone(UTC).astimezone(ZoneInfo(zone))
    return Edge(real, day, clock)


def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day; later than 00:00 where clocks are set forward at midnight."""
    midnight = datetime.combine(day, datetime.min.time(), zone)
    return midnight.astimezone(UTC).astimezone(zone)


def _instant(day: date, clock: Clock, zone: ZoneInfo) -> datetime:
    naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=clock.minutes)
    folds = [naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    real = [at for at in folds if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive]
    if not real:
        raise PhraseError(
            "{clock} does not exist on {day} in {zone}: clocks are set forward then",
            clock=clock.text,
            day=day.isoformat(),
            zone=zone.key,
        )
    if clock.offset:
        return _with_offset(real, clock.offset, zone)
    if folds[0].utcoffset() != folds[1].utcoffset():
        raise PhraseError(
            "{clock} happens twice on {day} in {zone}: clocks are set back then",
            hint=Sentence("Write the offset too, as in {example}", {"example": _with_offset_text(folds[0])}),
            readings=[_with_offset_text(at) for at in folds],
            clock=clock.text,
            day=day.isoformat(),
            zone=zone.key,
        )
    return folds[0]


def _with_offset_text(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _with_offset(real: list[datetime], offset: str, zone: ZoneInfo) -> datetime:
    digits = offset.replace(":", "")
    minutes = 0 if offset == "Z" else int(digits[1:3]) * 60 + int(digits[3:5])
    wanted = timedelta(minutes=-minutes if offset.startswith("-") else minutes)
    for at in real:
        if at.utcoffset() == wanted:
            return at
    raise PhraseError(
        "The offset {written} does not match {zone} ({actual})",
        written=offset,
        zone=zone.key,
        actual=_with_offset_text(real[0])[16:],
    )


def is_repeated(at: datetime) -> bool:
    """Return whether the wall time of ``at`` happens twice, so that only its offset tells which one is meant."""
    return at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
