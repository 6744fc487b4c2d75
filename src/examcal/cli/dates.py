"""Dates and durations as the terminal shows them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from examcal.cli.words import language, say
from examcal.schedule.model import Edge, Occurrence, OpenDays, Shape, Status
from examcal.schedule.spoken import weekday


def edge_text(edge: Edge | None) -> str:
    """Return an edge by its named day, with the weekday and the time as written (24:00 stays 24:00)."""
    if edge is None:
        return ""
    return f"{edge.named_on} {weekday(edge.named_on, language())}" + (f" {edge.clock}" if edge.clock else "")


def moment_text(moment: datetime, zone: str) -> str:
    """Return an instant as wall time in ``zone``."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d} {weekday(local, language())} {local:%H:%M}"


def closes_text(occurrence: Occurrence) -> str:
    """Return when an occurrence ends; nothing for a single day or moment."""
    if occurrence.shape in {Shape.DAY, Shape.INSTANT}:
        return ""
    if occurrence.shape is Shape.DAYS:
        return _days_text(occurrence.days)
    return edge_text(occurrence.closes)


def _days_text(days: tuple[date, ...]) -> str:
    """Return the last of neighbouring days, or the days one by one where some lie between that are not meant."""
    if (days[-1] - days[0]).days == len(days) - 1:
        return f"{days[-1]} {weekday(days[-1], language())}"
    return ", ".join(f"{day:%m-%d} {weekday(day, language())}" for day in days)


def opens_text(occurrence: Occurrence) -> str:
    """Return when an occurrence begins, or in words that nobody knows yet."""
    if occurrence.is_dated:
        return edge_text(occurrence.opens)
    return say("to be announced") + (f" ({occurrence.expected.in_(language())})" if occurrence.expected else "")


def status_text(status: Status) -> str:
    """Return a status in words."""
    words = {
        Status.CONFIRMED: "confirmed",
        Status.EXPECTED: "expected",
        Status.TBA: "to be announced",
        Status.POSTPONED: "postponed",
        Status.CANCELLED: "cancelled",
    }
    return say(words[status])


def window_text(occurrence: Occurrence) -> str:
    """Return all of an occurrence's dates on one line; in words where there are none yet."""
    if not occurrence.is_dated:
        return say("to be announced")
    opens, closes = edge_text(occurrence.opens), closes_text(occurrence)
    if opens and closes:
        return say("{opens} to {closes}", opens=opens, closes=closes)
    return opens or say("until {closes}", closes=closes)


def open_days_text(days: OpenDays) -> str:
    """Return on which days of a window it is open, in words."""
    words = {OpenDays.ALL: "every day", OpenDays.WEEKDAYS: "Monday to Friday", OpenDays.WORKDAYS: "working days"}
    return say(words[days])


def time_left(until: datetime, now: datetime) -> str:
    """Return how long it is until an instant, in its two largest sensible units."""
    left = until - now
    if left < timedelta(0):
        return say("over")
    hours, minutes = left.seconds // 3600, left.seconds % 3600 // 60
    if left >= timedelta(days=3):
        return say("{days} days", days=left.days)
    if left >= timedelta(days=1):
        return say("{days} days {hours} hours", days=left.days, hours=hours)
    return say("{hours} h {minutes} min", hours=hours, minutes=minutes)
