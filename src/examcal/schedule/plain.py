"""Dates in their commonest intact forms, read without the grammar: nearly all that a file has, and 20 times faster.

Whatever is not exactly one of these forms, or is wrong, is for the grammar to say.
"""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from examcal.schedule.edges import closing_edge, opening_edge
from examcal.schedule.model import Edge
from examcal.schedule.moments import MIDNIGHT, YEARS, Clock
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.reading import WindowReading

_HOUR = r"(?:\d{1,2}[时点]|\d{1,2}[:：]\d\d)"
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d))?", re.ASCII)
_WRITTEN = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?:(\d{1,2})(?:[时点]|[:：](\d\d)))?", re.ASCII)
_SPAN = re.compile(
    rf"(?P<first>\d{{4}}年\d{{1,2}}月\d{{1,2}}日{_HOUR}?)(?: ?至 ?|到|起至|-|—|——|～)"
    rf"(?P<last>(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日{_HOUR}?)"
    r"|(?P<iso_first>\d{4}-\d\d-\d\d(?: \d\d:\d\d)?) 至 (?P<iso_last>\d{4}-\d\d-\d\d(?: \d\d:\d\d)?)",
    re.ASCII,
)
_LAST_MINUTE = 59


def plain_edge(text: str, zone: ZoneInfo, *, closing: bool) -> Edge | None:
    """Return the edge of a date such as ``2026-01-29 10:00`` or ``2026年1月29日10时``; None for any other form."""
    return _edge(text, zone, None, closing=closing)


def plain_window(text: str, zone: ZoneInfo) -> WindowReading | None:
    """Return the window of a phrase such as ``2026年1月29日10时至2月11日24时``; None for any other form."""
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    opens = _edge(found["first"] or found["iso_first"], zone, None, closing=False)
    closes = opens and _edge(found["last"] or found["iso_last"], zone, opens.named_on.year, closing=True)
    return WindowReading(opens, closes) if opens and closes and opens.at < closes.at else None


def _edge(text: str, zone: ZoneInfo, year: int | None, *, closing: bool) -> Edge | None:
    match = _ISO.fullmatch(text) or _WRITTEN.fullmatch(text)
    if match is None:
        return None
    *written, hour, minute = match.groups()
    if written[0] is None and year is None:
        return None
    minutes = int(hour or 0) * 60 + int(minute or 0)
    try:
        day = date(int(written[0] or year or 0), int(written[1]), int(written[2]))
        if day.year not in YEARS or minutes > MIDNIGHT or int(minute or 0) > _LAST_MINUTE:
            return None
        clock = Clock(minutes) if hour else None
        return closing_edge(day, clock, zone) if closing else opening_edge(day, clock, zone)
    except (ValueError, PhraseError):
        return None
