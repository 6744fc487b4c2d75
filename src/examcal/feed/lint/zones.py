"""VTIMEZONEs: complete, used, early enough, and true (RFC 5545 section 3.6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from examcal.feed.lint.content import Component, Property
from examcal.feed.lint.finding import Broken
from examcal.feed.lint.values import read_offset, read_time

_OBSERVANCES = frozenset({"STANDARD", "DAYLIGHT"})
_TOP_LEVEL = frozenset({"TZID", "LAST-MODIFIED", "TZURL", "TZUNTIL", "TZID-ALIAS-OF"})


@dataclass(frozen=True, slots=True)
class Use:
    """One property that names a zone."""

    zone: str
    wall: datetime | None
    line: int


def broken_zone(zone: Component) -> Iterator[Broken]:
    """Yield what is wrong with one VTIMEZONE by itself."""
    if len(zone.all("TZID")) != 1:
        yield Broken("Z01", zone.line)
    if not any(part.name in _OBSERVANCES for part in zone.parts):
        yield Broken("Z02", zone.line)
    for found in zone.properties:
        if found.name not in _TOP_LEVEL and not found.name.startswith("X-"):
            yield Broken("Z06", found.line, {"name": found.name})
    for part in zone.parts:
        yield from _broken_observance(part)


def _broken_observance(part: Component) -> Iterator[Broken]:
    for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
        if len(part.all(name)) != 1:
            yield Broken("Z03", part.line, {"name": name})
    for onset in part.all("DTSTART"):
        if read_time(onset.value) is None or onset.value.endswith("Z") or "TZID" in onset.parameters:
            yield Broken("Z04", onset.line)
    for name in ("TZOFFSETFROM", "TZOFFSETTO"):
        for offset in part.all(name):
            if read_offset(offset.value) is None:
                yield Broken("Z03", offset.line, {"name": name})
    for extra in part.all("RDATE"):
        if "," in extra.value:
            yield Broken("Z05", extra.line)


def broken_zones(calendar: Component, uses: list[Use]) -> Iterator[Broken]:
    """Yield what is wrong between VTIMEZONEs and the times that use them."""
    zones: dict[str, Component] = {}
    for zone in calendar.named("VTIMEZONE"):
        tzid = zone.first("TZID")
        if tzid is None:
            continue
        if tzid.value in zones:
            yield Broken("Z12", zone.line, {"zone": tzid.value})
        zones[tzid.value] = zone
    used = {use.zone for use in uses}
    has_others = any(part.name != "VTIMEZONE" for part in calendar.parts)
    for name, zone in zones.items():
        if name not in used and has_others:
            yield Broken("Z08", zone.line, {"zone": name})
    late = set()
    for use in uses:
        zone_of_use = zones.get(use.zone)
        if zone_of_use is None:
            yield Broken("Z07", use.line, {"zone": use.zone})
        elif zone_of_use.line > use.line and use.zone not in late:
            late.add(use.zone)
            yield Broken("Z09", zone_of_use.line, {"zone": use.zone})
    for name in sorted(used & zones.keys()):
        yield from _untrue(name, zones[name], [use for use in uses if use.zone == name])


def _untrue(name: str, zone: Component, uses: list[Use]) -> Iterator[Broken]:
    """Compare a VTIMEZONE without recurrence with the IANA zone at every time that uses it."""
    onsets = sorted(_onsets(zone), key=lambda onset: onset[0])
    earliest = min((use.wall for use in uses if use.wall), default=None)
    if not onsets or earliest is None:
        return
    if onsets[0][0] > earliest:
        yield Broken("Z10", zone.line, {"zone": name})
        return
    if any(part.first("RRULE") or part.first("RDATE") for part in zone.parts):
        return
    try:
        truth = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return
    for use in uses:
        if use.wall is None:
            continue
        offset = next(after for onset, after in reversed(onsets) if onset <= use.wall)
        # Around a change a wall time has two offsets, and either may be meant.
        if offset not in {use.wall.replace(tzinfo=truth, fold=fold).utcoffset() for fold in (0, 1)}:
            yield Broken("Z11", use.line, {"zone": name})
            return


def _onsets(zone: Component) -> Iterator[tuple[datetime, timedelta]]:
    for part in zone.parts:
        start, after = part.first("DTSTART"), part.first("TZOFFSETTO")
        onset = read_time(start.value) if start else None
        offset = read_offset(after.value) if after else None
        if onset is not None and offset is not None:
            yield onset, offset


def use_of(found: Property, moment: date | None) -> Use | None:
    """Return how a property uses a zone, or None where it names none."""
    zone = found.parameters.get("TZID")
    return Use(zone, moment if isinstance(moment, datetime) else None, found.line) if zone else None
