"""An event as a calendar will show it: pure values, before any octets. Its digest is what makes a change real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from typing_extensions import override

from examcal.identity import content_digest
from examcal.schedule.model import Edge, Kind

OPENS = "opens"
CLOSES = "closes"
DAY = "day"
SPAN = "span"


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of an event in one language."""

    summary: str
    description: str
    categories: tuple[str, ...] = ()
    location: str = ""


@dataclass(frozen=True)
class Event:
    """One VEVENT. ``starts`` and ``ends`` are both dates (all day, ``ends`` exclusive) or both aware instants.

    ``edge`` is the edge that address alarms count from, or None where none should ring. ``stamp`` is the revision
    time of an event that was never changed. ``alarms`` are instants, none later than the start.
    """

    uid: str
    id: str
    exam: str
    milestone: str
    site: str | None
    part: str
    kind: Kind
    tracks: tuple[str, ...]
    name: str
    starts: date
    ends: date
    zone: str
    status: str
    stamp: datetime
    wording: Mapping[str, Wording]
    edge: Edge | None = None
    url: str | None = None
    alarms: tuple[datetime, ...] = ()

    @override
    def __hash__(self) -> int:
        return hash((self.uid, self.id, self.starts, self.status))

    @property
    def is_all_day(self) -> bool:
        """Whether the event covers whole days and has no time of day."""
        return not isinstance(self.starts, datetime)

    @property
    def is_cancelled(self) -> bool:
        """Whether the event was called off."""
        return self.status == "CANCELLED"

    @property
    def wall(self) -> str:
        """The day or edge as people write it: ``2026-02-11T24:00`` or ``2026-02-11``."""
        return self.edge.wall if self.edge else self.starts.isoformat()

    @cached_property
    def digest(self) -> str:
        """A digest of everything a reader of the calendar can see, in every language; ids are not part of it."""
        parts = [
            self.uid,
            self.starts.isoformat(),
            self.ends.isoformat(),
            self.zone,
            self.status,
            self.url or "",
            " ".join(alarm.isoformat() for alarm in self.alarms),
        ]
        for language, words in self.wording.items():
            parts += [language, words.summary, words.description, "\x1f".join(words.categories), words.location]
        return content_digest(*parts)[:32]

    @cached_property
    def silent(self) -> Event:
        """The event without alarms."""
        return self.ringing_at(())

    def ringing_at(self, alarms: tuple[datetime, ...]) -> Event:
        """Return the event with other alarms."""
        return replace(self, alarms=alarms)
