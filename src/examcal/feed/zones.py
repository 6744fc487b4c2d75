"""VTIMEZONE for any IANA zone: minimal, and right at every transition between the years it covers.

Each change of offset is one sub-component with its own DTSTART, without RRULE or RDATE: readers that know only the
first RDATE, or none of a rule's parts, still read it right. The first one is the zone's last change before the
covered years, so that its onset lies before every event (RFC 5545 section 3.6.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a zone's clock at ``at`` (UTC): offsets before and after, the new name, whether it saves daylight."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool


@lru_cache(maxsize=512)
def transitions(zone: str, first_year: int, last_year: int) -> tuple[Transition, ...]:
    """Return the last change before ``first_year`` and every one until the end of ``last_year`` (UTC years)."""
    rules = ZoneInfo(zone)
    begin = datetime(first_year, 1, 1, tzinfo=UTC)
    inside = tuple(_between(rules, begin, datetime(last_year + 1, 1, 1, tzinfo=UTC)))
    return (_last_before(rules, begin), *inside)


@lru_cache(maxsize=512)
def timezone_octets(zone: str, first_year: int, last_year: int) -> bytes:
    """Return the VTIMEZONE of ``zone`` for events in these years, as octets with CRLF."""
    component = Timezone()
    component.add("tzid", zone)
    for transition in transitions(zone, first_year, last_year):
        component.add_component(_observance(transition))
    octets: bytes = component.to_ical()
    return octets


def _observance(transition: Transition) -> TimezoneDaylight | TimezoneStandard:
    observance = TimezoneDaylight() if transition.is_daylight else TimezoneStandard()
    onset = (transition.at + transition.before).replace(tzinfo=None)  # by the clock that it ends (section 3.6.5)
    observance.add("dtstart", onset)
    observance.add("tzoffsetfrom", transition.before)
    observance.add("tzoffsetto", transition.after)
    observance.add("tzname", transition.name)
    return observance


def _between(rules: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Transition]:
    """Find changes by looking once a day, then halving: no zone changes its clock twice within a day."""
    day = begin
    while day < end:
        following = min(day + _DAY, end)
        if _clock(rules, day) != _clock(rules, following):
            yield _change(rules, day, following)
        day = following


def _last_before(rules: ZoneInfo, moment: datetime) -> Transition:
    day = moment
    while day > _EPOCH:
        if _clock(rules, day - _DAY) != _clock(rules, day):
            return _change(rules, day - _DAY, day)
        day -= _DAY
    return _transition(rules, _EPOCH, _EPOCH)


def _change(rules: ZoneInfo, before: datetime, after: datetime) -> Transition:
    """Return the change in ``(before, after]`` to the second."""
    while after - before > _SECOND:
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _clock(rules, middle) == _clock(rules, before):
            before = middle
        else:
            after = middle
    return _transition(rules, before, after)


def _transition(rules: ZoneInfo, before: datetime, after: datetime) -> Transition:
    old, _, _ = _clock(rules, before)
    new, saving, name = _clock(rules, after)
    return Transition(after, old, new, name, saving)


def _clock(rules: ZoneInfo, moment: datetime) -> tuple[timedelta, bool, str]:
    local = moment.astimezone(rules)
    offset, saving = local.utcoffset(), local.dst()
    return offset or timedelta(0), bool(saving), local.tzname() or ""
