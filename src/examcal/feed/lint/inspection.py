"""The whole lint: octets in, findings out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from examcal.feed.lint.alarms import broken_alarm
from examcal.feed.lint.colours import COLOURS
from examcal.feed.lint.content import Component, Reader, broken_octets
from examcal.feed.lint.events import MOMENTS, broken_event
from examcal.feed.lint.finding import Broken, Finding
from examcal.feed.lint.texts import broken_text
from examcal.feed.lint.values import is_utc, read_duration, read_moment
from examcal.feed.lint.zones import Use, broken_zone, broken_zones, use_of

MOST_OCTETS = 900_000
_HEX_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?", re.ASCII)


def lint(octets: bytes) -> tuple[Finding, ...]:
    """Return everything in a feed that breaks a rule, in the order of its lines; nothing for a good feed."""
    return examine(octets)[0]


def examine(octets: bytes, elsewhere: Sequence[Use] = ()) -> tuple[tuple[Finding, ...], Sequence[Component]]:
    """Return the findings and the components; ``elsewhere`` are uses of zones by events that were left out."""
    reader = Reader()
    reader.read(octets)
    broken = [*broken_octets(octets), *reader.broken]
    if octets.strip():
        broken += _broken_stream(reader.roots, elsewhere)
    if len(octets) > MOST_OCTETS:
        broken.append(Broken("C16", 0, {"octets": len(octets)}))
    findings = tuple(one.finding() for one in sorted(broken, key=lambda one: (one.line, one.rule)))
    return findings, reader.roots


def _broken_stream(roots: list[Component], elsewhere: Sequence[Use]) -> Iterator[Broken]:
    calendars = [root for root in roots if root.name == "VCALENDAR"]
    yield from (Broken("B15", root.line) for root in roots if root.name != "VCALENDAR")
    if not calendars:
        yield Broken("C01", 0)
    for extra in calendars[1:]:
        yield Broken("C02", extra.line)
    for calendar in calendars[:1]:
        yield from _broken_calendar(calendar)
        yield from _broken_parts(calendar, elsewhere)


def _broken_parts(calendar: Component, elsewhere: Sequence[Use]) -> Iterator[Broken]:
    uses: list[Use] = [*elsewhere]
    identities: Counter[tuple[str, str]] = Counter()
    for part in calendar.parts:
        for found in (*part.properties, *(found for below in part.parts for found in below.properties)):
            yield from broken_text(found)
        if part.name == "VTIMEZONE":
            yield from broken_zone(part)
        elif part.name == "VEVENT":
            yield from broken_event(part)
            yield from _repeated(part, identities)
            for alarm in part.named("VALARM"):
                yield from broken_alarm(alarm, part)
        if part.name != "VTIMEZONE":
            uses += uses_of(part)
    yield from broken_zones(calendar, uses)


def uses_of(part: Component) -> Iterator[Use]:
    """Yield each time of a component that names a zone."""
    for found in part.properties:
        if found.name in MOMENTS and (use := use_of(found, read_moment(found))):
            yield use


def identity_of(event: Component) -> tuple[str, str]:
    """Return what no two events of a feed may share: UID and RECURRENCE-ID."""
    uid, instance = event.first("UID"), event.first("RECURRENCE-ID")
    return uid.value if uid else "", instance.value if instance else ""


def _repeated(event: Component, identities: Counter[tuple[str, str]]) -> Iterator[Broken]:
    uid, key = event.first("UID"), identity_of(event)
    if uid is None:
        return
    identities[key] += 1
    if identities[key] > 1:
        yield Broken("E05", uid.line)


def _broken_calendar(calendar: Component) -> Iterator[Broken]:
    for name in ("PRODID", "VERSION"):
        if len(calendar.all(name)) != 1:
            yield Broken("C03", calendar.line, {"name": name})
    version = calendar.first("VERSION")
    if version and (version.value != "2.0" or calendar.properties[0] is not version):
        yield Broken("C04", version.line)
    if not calendar.parts:
        yield Broken("C05", calendar.line)
    for found in calendar.all("UID"):
        yield Broken("C06", found.line)
    method = calendar.first("METHOD")
    if method and any(event.first("ORGANIZER") is None for event in calendar.named("VEVENT")):
        yield Broken("C07", method.line)
    scales = calendar.all("CALSCALE")
    if scales and (len(scales) > 1 or scales[0].value.upper() != "GREGORIAN"):
        yield Broken("C13", scales[-1].line)
    for found in calendar.properties:
        yield from broken_text(found)
    yield from _broken_refresh(calendar)
    yield from _broken_look(calendar)


def _broken_refresh(calendar: Component) -> Iterator[Broken]:
    refresh, lifetime = calendar.first("REFRESH-INTERVAL"), calendar.first("X-PUBLISHED-TTL")
    interval = read_duration(refresh.value) if refresh else None
    if refresh and refresh.parameters.get("VALUE", "").upper() != "DURATION":
        yield Broken("C08", refresh.line)
    if refresh and (interval is None or interval <= timedelta(0)):
        yield Broken("C09", refresh.line)
    if lifetime:
        length = read_duration(lifetime.value)
        if length is None or (interval is not None and length != interval):
            yield Broken("C10", lifetime.line)


def _broken_look(calendar: Component) -> Iterator[Broken]:
    for first, second in (("NAME", "X-WR-CALNAME"), ("DESCRIPTION", "X-WR-CALDESC")):
        one, other = calendar.first(first), calendar.first(second)
        if one and other and one.value != other.value:
            yield Broken("C11", other.line, {"first": first, "second": second})
    for found in calendar.properties:
        match found.name:
            case "COLOR" if found.value.lower() not in COLOURS:
                yield Broken("C12", found.line, {"name": found.name})
            case "X-APPLE-CALENDAR-COLOR" if not _HEX_COLOUR.fullmatch(found.value):
                yield Broken("C12", found.line, {"name": found.name})
            case "SOURCE" if found.parameters.get("VALUE", "").upper() != "URI":
                yield Broken("C14", found.line)
            case "LAST-MODIFIED" if not is_utc(found.value):
                yield Broken("C15", found.line)
            case _:
                continue
