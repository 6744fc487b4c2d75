"""What a date phrase means, as a value, as canonical text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from examcal.schedule.edges import is_repeated
from examcal.schedule.model import Edge, Hours, OpenDays, Shape, Status
from examcal.schedule.phrase_error import PhraseError
from examcal.texts import DEFAULT_LANGUAGE

_OPEN_DAYS_TEXT = {OpenDays.ALL: "", OpenDays.WEEKDAYS: " (不含周末)", OpenDays.WORKDAYS: " (节假日除外)"}


@dataclass(frozen=True, slots=True)
class WindowReading:
    """The meaning of a phrase: the edges (narrowed by opening days and hours), its status and its shape.

    ``days`` is set for a list of days, ``hours`` for daily opening hours. A phrase without a date
    ("另行通知") has the status ``tba`` and no edge.
    """

    opens: Edge | None = None
    closes: Edge | None = None
    status: Status = Status.CONFIRMED
    shape: Shape = Shape.WINDOW
    days: tuple[date, ...] = ()
    open_days: OpenDays = OpenDays.ALL
    hours: tuple[Hours, ...] = ()

    @property
    def precision(self) -> str:
        """``"minute"`` where a time of day was given, else ``"day"``."""
        return "minute" if any(edge and edge.clock for edge in (self.opens, self.closes)) else "day"

    @property
    def text(self) -> str:
        """The canonical phrase, which reads as the same again."""
        if self.shape is Shape.TBA:
            return "待定"
        expected = "预计 " if self.status is Status.EXPECTED else ""
        return expected + self._span() + _OPEN_DAYS_TEXT[self.open_days] + hours_text(self.hours)

    def _span(self) -> str:
        if self.shape is Shape.DAYS:
            return "、".join(day.isoformat() for day in self.days)
        opens, closes = (self._edge_text(edge) for edge in (self.opens, self.closes))
        if self.shape is not Shape.WINDOW or self._is_one_day():
            return opens
        if opens and closes:
            return f"{opens} 至 {closes}"
        return f"{opens} 起" if opens else f"{closes} 止"

    def _is_one_day(self) -> bool:
        """Return whether hours on one day say it all."""
        return bool(self.hours and self.opens and self.closes and self.opens.named_on == self.closes.named_on) and (
            self._edge_text(self.opens) == self._edge_text(self.closes)
        )

    def _edge_text(self, edge: Edge | None) -> str:
        """Return the edge as written, without the time of day that the opening hours supply."""
        if edge is None:
            return ""
        if self.hours and edge.clock == clock_text(self.hours[0].since if edge is self.opens else self.hours[-1].until):
            return edge.named_on.isoformat()
        return edge_text(edge)


def edge_text(edge: Edge) -> str:
    """Return an edge as canonical text: ``2026-02-11 24:00``, ``2026-02-11``, with offset where it needs one."""
    if edge.clock and is_repeated(edge.at):
        return edge.at.isoformat(timespec="minutes")
    return f"{edge.named_on} {edge.clock}" if edge.clock else edge.named_on.isoformat()


def clock_text(minutes: int) -> str:
    """Return minutes since midnight as ``HH:MM``; 1440 is ``24:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def hours_text(hours: tuple[Hours, ...]) -> str:
    """Return opening hours as canonical text, `` 每日09:00-11:00,14:00-16:30``, or nothing."""
    spans = ",".join(f"{clock_text(span.since)}-{clock_text(span.until)}" for span in hours)
    return f" 每日{spans}" if spans else ""


def as_json(outcome: WindowReading | PhraseError, language: str = DEFAULT_LANGUAGE) -> dict[str, object]:
    """Return what ``examcal parse --format json`` prints: instants in RFC 3339, or the error with its readings."""
    if isinstance(outcome, PhraseError):
        return {"error": outcome.text(language), "readings": list(outcome.readings)}
    opens, closes = outcome.opens, outcome.closes
    return {
        "opens": opens.at.isoformat() if opens else None,
        "closes": closes.at.isoformat() if closes else None,
        "named_opens": opens.named_on.isoformat() if opens else None,
        "named_closes": closes.named_on.isoformat() if closes else None,
        "precision": outcome.precision,
        "status": outcome.status.value,
    }
