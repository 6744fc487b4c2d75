"""Values of content lines: dates, times, durations, offsets (RFC 5545 section 3.3)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from examcal.feed.lint.content import Property

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d+)W|(?=\d|T\d)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d)([0-5]\d)([0-5]\d)?", re.ASCII)


def read_date(text: str) -> date | None:
    """Return a DATE, or None if it is written wrongly or does not exist."""
    match = _DATE.fullmatch(text)
    return _real(*map(int, match.groups())) if match else None


def read_time(text: str) -> datetime | None:
    """Return a DATE-TIME as wall time without zone, or None. A leap second counts as the second before."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    moment = _real(year, month, day)
    if moment is None or hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004 - the last of each
        return None
    return datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - wall time on purpose


def is_utc(text: str) -> bool:
    """Return whether a DATE-TIME ends in Z."""
    return text.endswith("Z")


def read_moment(found: Property) -> date | None:
    """Return a property's DATE or DATE-TIME, or None."""
    return read_time(found.value) if "T" in found.value else read_date(found.value)


def read_duration(text: str) -> timedelta | None:
    """Return a DURATION, or None if it is written wrongly."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if match[1] == "-" else length


def read_offset(text: str) -> timedelta | None:
    """Return a UTC-OFFSET, or None if it is written wrongly."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    length = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -length if match[1] == "-" else length


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
