"""Alarms: one bad TRIGGER makes Google drop the event and Thunderbird the alarm (RFC 5545 section 3.6.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from examcal.feed.lint.content import Component, Property
from examcal.feed.lint.finding import Broken
from examcal.feed.lint.values import is_utc, read_duration, read_moment, read_time


def broken_alarm(alarm: Component, event: Component) -> Iterator[Broken]:
    """Yield what is wrong with one VALARM of ``event``."""
    for name, rule in (("TRIGGER", "A01"), ("ACTION", "A02")):
        if len(alarm.all(name)) != 1:
            yield Broken(rule, alarm.line)
    action = alarm.first("ACTION")
    if action and action.value.upper() == "DISPLAY" and alarm.first("DESCRIPTION") is None:
        yield Broken("A03", alarm.line)
    if (alarm.first("DURATION") is None) != (alarm.first("REPEAT") is None):
        yield Broken("A04", alarm.line)
    for found in alarm.all("UID"):
        yield Broken("A07", found.line)
    for trigger in alarm.all("TRIGGER"):
        yield from _broken_trigger(trigger, event)
    status = event.first("STATUS")
    if status and status.value == "CANCELLED":
        yield Broken("A11", alarm.line)


def _broken_trigger(trigger: Property, event: Component) -> Iterator[Broken]:
    if trigger.value[:1].isdigit():
        yield from _broken_instant(trigger, event)
        return
    length = read_duration(trigger.value)
    if length is None:
        yield Broken("A08", trigger.line, {"value": trigger.value[:40]})
    related = trigger.parameters.get("RELATED", "START").upper()
    if related == "END" and event.first("DTEND") is None and event.first("DURATION") is None:
        yield Broken("A09", trigger.line)
    if trigger.parameters.get("VALUE", "DURATION").upper() != "DURATION":
        yield Broken("A05", trigger.line)
    if length is not None and length > timedelta(0) and related == "START":
        yield Broken("A10", trigger.line)


def _broken_instant(trigger: Property, event: Component) -> Iterator[Broken]:
    moment = read_time(trigger.value)
    typed = trigger.parameters.get("VALUE", "").upper() == "DATE-TIME"
    if moment is None or not typed or not is_utc(trigger.value) or "TZID" in trigger.parameters:
        yield Broken("A05", trigger.line)
    if "RELATED" in trigger.parameters:
        yield Broken("A06", trigger.line)
    start = event.first("DTSTART")
    begins = _utc_start(start) if start else None
    if moment is not None and begins is not None and moment > begins:
        yield Broken("A10", trigger.line)


def _utc_start(start: Property) -> datetime | None:
    """Return the start as wall time in UTC, or None where only a reader's own zone decides."""
    moment = read_moment(start)
    if not isinstance(moment, datetime):
        return None
    if is_utc(start.value):
        return moment
    try:
        offset = moment.replace(tzinfo=ZoneInfo(start.parameters.get("TZID", ""))).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return moment - offset if offset is not None else None
