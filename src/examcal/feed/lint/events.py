"""Events: what must, may and must not stand in one (RFC 5545 sections 3.6.1, 3.8; RFC 7986; RFC 9073)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from examcal.feed.lint.content import Component, Property
from examcal.feed.lint.finding import Broken
from examcal.feed.lint.values import is_utc, read_date, read_duration, read_moment, read_time

_ONCE = (
    "DTSTART",
    "DTEND",
    "DURATION",
    "CLASS",
    "CREATED",
    "DESCRIPTION",
    "GEO",
    "LAST-MODIFIED",
    "LOCATION",
    "ORGANIZER",
    "PRIORITY",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TRANSP",
    "URL",
    "RECURRENCE-ID",
    "COLOR",
)
_INSTANTS = ("DTSTAMP", "CREATED", "LAST-MODIFIED")
MOMENTS = ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE")
_STATUSES = frozenset({"TENTATIVE", "CONFIRMED", "CANCELLED"})
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_PRIORITY = re.compile(r"[0-9]", re.ASCII)
_HOST = re.compile(r"@|://|(?:^|[^A-Za-z0-9])(?:\d{1,3}\.){3}\d{1,3}")
_LONGEST_UID = 255


def broken_event(event: Component) -> Iterator[Broken]:
    """Yield what is wrong with one VEVENT, its alarms apart."""
    yield from _broken_counts(event)
    for found in event.properties:
        if found.name in MOMENTS:
            yield from broken_moment(found)
        elif found.name in _INSTANTS and (read_time(found.value) is None or not is_utc(found.value)):
            yield Broken("E04", found.line, {"name": found.name})
    yield from _broken_length(event)
    yield from _broken_words(event)
    yield from _broken_rule(event)
    yield from _broken_extras(event)


def _broken_counts(event: Component) -> Iterator[Broken]:
    for name in ("UID", "DTSTAMP"):
        if len(event.all(name)) != 1:
            yield Broken("E01", event.line, {"name": name})
    for name in _ONCE:
        for extra in event.all(name)[1:]:
            yield Broken("E02", extra.line, {"name": name})
    if event.first("DTSTART") is None:
        yield Broken("E03", event.line)


def broken_moment(found: Property) -> Iterator[Broken]:
    """Yield what is wrong with a date or time, or a list of them."""
    params = {"name": found.name}
    kind = found.parameters.get("VALUE", "DATE-TIME").upper()
    for value in found.value.split(","):
        if kind == "PERIOD":
            continue
        is_date = read_date(value) is not None
        if (read_date(value) or read_time(value)) is None:
            yield Broken("E07", found.line, {"value": value[:40]})
            continue
        if is_date != (kind == "DATE"):
            yield Broken("E08", found.line, params)
        if is_date and "TZID" in found.parameters:
            yield Broken("E10", found.line, params)
        if not is_date and is_utc(value) and "TZID" in found.parameters:
            yield Broken("E09", found.line, params)
        if not is_date and not is_utc(value) and "TZID" not in found.parameters:
            yield Broken("E11", found.line, params)


def _broken_length(event: Component) -> Iterator[Broken]:
    start, end, duration = event.first("DTSTART"), event.first("DTEND"), event.first("DURATION")
    if end and duration:
        yield Broken("E12", duration.line)
    starts = read_moment(start) if start else None
    if end and starts is not None:
        yield from _broken_end(start, starts, end)
    if duration:
        length = read_duration(duration.value)
        if length is None or length <= timedelta(0):
            yield Broken("E15", duration.line)
        elif starts is not None and not isinstance(starts, datetime) and "T" in duration.value:
            yield Broken("E16", duration.line)


def _broken_end(start: Property | None, starts: date, end: Property) -> Iterator[Broken]:
    ends = read_moment(end)
    if ends is None or start is None:
        return
    if isinstance(ends, datetime) != isinstance(starts, datetime):
        yield Broken("E13", end.line)
    elif is_utc(end.value) != is_utc(start.value) or end.parameters.get("TZID") != start.parameters.get("TZID"):
        return  # different clocks; only a reader that knows both zones can compare them
    elif ends <= starts:
        yield Broken("E14", end.line)


def _broken_words(event: Component) -> Iterator[Broken]:
    for found in event.properties:
        value = found.value
        match found.name:
            case "STATUS" if value not in _STATUSES:
                yield Broken("E17", found.line, {"value": value[:40]})
            case "TRANSP" if value not in {"OPAQUE", "TRANSPARENT"}:
                yield Broken("E18", found.line)
            case "SEQUENCE" if not _NUMBER.fullmatch(value):
                yield Broken("E19", found.line)
            case "PRIORITY" if not _PRIORITY.fullmatch(value):
                yield Broken("E25", found.line)
            case "UID" if _HOST.search(value) or not value.isascii() or not 0 < len(value) <= _LONGEST_UID:
                yield Broken("E06", found.line)
            case "URL" if not is_address(value):
                yield Broken("E23", found.line)
            case _:
                continue


def is_address(value: str) -> bool:
    """Return whether a URI is absolute and written without the escapes of a text."""
    if "\\" in value or any(letter.isspace() for letter in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


def _broken_rule(event: Component) -> Iterator[Broken]:
    start = event.first("DTSTART")
    for found in event.all("RRULE"):
        parts = dict(part.partition("=")[::2] for part in found.value.upper().split(";"))
        until = parts.get("UNTIL")
        if until and "COUNT" in parts:
            yield Broken("E21", found.line)
        if until and start and not _until_fits(until, start):
            yield Broken("E20", found.line)


def _until_fits(until: str, start: Property) -> bool:
    if read_date(start.value):
        return read_date(until) is not None
    zoned = is_utc(start.value) or "TZID" in start.parameters
    return read_time(until) is not None and is_utc(until) == zoned


def _broken_extras(event: Component) -> Iterator[Broken]:
    for name in ("IMAGE", "CONFERENCE"):
        for found in event.all(name):
            if "VALUE" not in found.parameters:
                yield Broken("E22", found.line, {"name": name})
    for styled in event.all("STYLED-DESCRIPTION"):
        if "VALUE" not in styled.parameters or event.first("DESCRIPTION") is None:
            yield Broken("E24", styled.line)
