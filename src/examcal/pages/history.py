"""What changed between two published schedules, kept in a form that outlives both of them.

A published change is flat and made of plain values, so that the publication can store it as JSON beside its manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from examcal.identity import content_digest, occurrence_id
from examcal.schedule.model import Edge, Occurrence, Session, Shape, Source, Status, Text


@dataclass(frozen=True, slots=True)
class Statement:
    """When and where a milestone was, as one edition said it."""

    shape: Shape
    status: Status
    zone: str
    opens: Edge | None = None
    closes: Edge | None = None
    days: tuple[date, ...] = ()
    sessions: tuple[Session, ...] = ()
    location: Text | None = None
    expected: Text | None = None

    @classmethod
    def of(cls, occurrence: Occurrence) -> Statement:
        """Return what ``occurrence`` states."""
        return cls(
            occurrence.shape,
            occurrence.status,
            occurrence.zone,
            occurrence.opens,
            occurrence.closes,
            occurrence.days,
            occurrence.sessions,
            occurrence.location,
            occurrence.expected,
        )


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """One change that people must hear of. ``published_at`` is aware; ``kind`` is a change's word, e.g. ``later``.

    ``old`` is None for a milestone that had not been published before, ``new`` for one that is gone.
    """

    kind: str
    exam: str
    milestone: str
    name: Text
    published_at: datetime
    site: str | None = None
    old: Statement | None = None
    new: Statement | None = None
    source: Source | None = None

    @classmethod
    def of(
        cls, kind: str, before: Occurrence | None, after: Occurrence | None, published_at: datetime
    ) -> PublishedChange:
        """Return the change from ``before`` to ``after``; at least one of them is not None."""
        known = after or before
        if known is None:
            raise ValueError("a change needs an occurrence before or after it")
        return cls(
            kind,
            known.exam,
            known.milestone,
            known.name,
            published_at,
            known.site,
            Statement.of(before) if before else None,
            Statement.of(after) if after else None,
            known.sources[0] if known.sources else None,
        )

    @property
    def occurrence_id(self) -> str:
        """The id of the milestone (at its site) that changed."""
        return occurrence_id(self.exam, self.milestone, self.site)

    @property
    def published_there(self) -> datetime:
        """``published_at`` by the clock of the exam's place; editions know it in UTC."""
        stated = self.new or self.old
        return self.published_at.astimezone(ZoneInfo(stated.zone)) if stated else self.published_at

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits that name this change on every machine."""
        return content_digest("change-v1", self.occurrence_id, self.kind, self.published_at.isoformat())[:16]

    def as_json(self) -> dict[str, Any]:
        """Return the change as JSON values; ``from_json`` is the inverse."""
        return {
            "kind": self.kind,
            "exam": self.exam,
            "milestone": self.milestone,
            "site": self.site,
            "name": dict(self.name.values),
            "published_at": self.published_at.isoformat(),
            "old": _statement_json(self.old),
            "new": _statement_json(self.new),
            "source": _source_json(self.source),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PublishedChange:
        """Return the change that ``as_json`` wrote; KeyError or ValueError for anything else."""
        return cls(
            values["kind"],
            values["exam"],
            values["milestone"],
            Text(tuple(values["name"].items())),
            datetime.fromisoformat(values["published_at"]),
            values["site"],
            _statement(values["old"]),
            _statement(values["new"]),
            _source(values["source"]),
        )


def _statement_json(statement: Statement | None) -> dict[str, Any] | None:
    return (
        None
        if statement is None
        else {
            "shape": statement.shape.value,
            "status": statement.status.value,
            "zone": statement.zone,
            "opens": _edge_json(statement.opens),
            "closes": _edge_json(statement.closes),
            "days": [day.isoformat() for day in statement.days],
            "sessions": [_session_json(session) for session in statement.sessions],
            "location": _text_json(statement.location),
            "expected": _text_json(statement.expected),
        }
    )


def _session_json(session: Session) -> dict[str, Any]:
    return {
        "number": session.number,
        "name": dict(session.name.values),
        "opens": _edge_json(session.opens),
        "closes": _edge_json(session.closes),
    }


def _edge_json(edge: Edge | None) -> dict[str, Any] | None:
    return (
        None
        if edge is None
        else {"at": edge.at.isoformat(), "named_on": edge.named_on.isoformat(), "clock": edge.clock}
    )


def _source_json(source: Source | None) -> dict[str, Any] | None:
    return (
        None
        if source is None
        else {
            "title": _text_json(source.title),
            "url": source.url,
            "quote": source.quote,
            "published": source.published.isoformat() if source.published else None,
            "checked": source.checked.isoformat() if source.checked else None,
        }
    )


def _text_json(text: Text | None) -> dict[str, str] | None:
    return dict(text.values) if text else None


def _statement(values: Mapping[str, Any] | None) -> Statement | None:
    return (
        None
        if values is None
        else Statement(
            Shape(values["shape"]),
            Status(values["status"]),
            values["zone"],
            _edge(values["opens"], values["zone"]),
            _edge(values["closes"], values["zone"]),
            tuple(date.fromisoformat(day) for day in values["days"]),
            tuple(_session(session, values["zone"]) for session in values["sessions"]),
            _text(values["location"]),
            _text(values["expected"]),
        )
    )


def _session(values: Mapping[str, Any], zone: str) -> Session:
    opens = _edge(values["opens"], zone)
    if opens is None:
        raise ValueError("a paper of an exam begins at some time")
    return Session(values["number"], Text(tuple(values["name"].items())), opens, _edge(values["closes"], zone))


def _edge(values: Mapping[str, Any] | None, zone: str) -> Edge | None:
    return (
        None
        if values is None
        else Edge(
            datetime.fromisoformat(values["at"]).astimezone(ZoneInfo(zone)),
            date.fromisoformat(values["named_on"]),
            values["clock"],
        )
    )


def _source(values: Mapping[str, Any] | None) -> Source | None:
    return (
        None
        if values is None
        else Source(
            _text(values["title"]), values["url"], values["quote"], _day(values["published"]), _day(values["checked"])
        )
    )


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _text(values: Mapping[str, str] | None) -> Text | None:
    return Text(tuple(values.items())) if values else None
