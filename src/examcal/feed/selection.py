"""What a reader wants of a feed, as its address says: bounded, canonical, and equal for equal wishes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from typing_extensions import override

from examcal.errors import RefusedError
from examcal.feed.event import CLOSES, OPENS, SPAN, Event
from examcal.schedule.model import Anchor, Kind, Rule, Unit
from examcal.texts import LANGUAGES

EDGES = "edges"
NOTHING_THERE = "the feed address asks for something that does not exist: {value}"
VIEWS = (EDGES, SPAN)
NO_ALARMS = "none"
DEFAULT_ALARMS = "default"
MOST_VALUES = 32  # of tracks, sites or kinds in one address
MOST_ALARMS = 5
FURTHEST = {Unit.MINUTE: 60 * 24 * 7, Unit.HOUR: 24 * 60, Unit.DAY: 400, Unit.WEEK: 57}
_OFFSET = re.compile(r"(?:-([1-9][0-9]{0,4})|-?(0))([mhdw])", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)


class UnknownSelectionError(RefusedError):
    """An address names a value that does not exist; over HTTP this is 404."""


@dataclass(frozen=True, slots=True)
class Offset:
    """How long before an edge to ring: ``3d`` counts named days, ``2h`` exact hours."""

    amount: int
    unit: Unit

    def rule(self, anchor: Anchor) -> Rule:
        """Return the offset as a rule on ``anchor``."""
        return Rule(anchor, -self.amount, self.unit)

    @override
    def __str__(self) -> str:
        """Return the offset as an address writes it, ``-3d``."""
        return f"{-self.amount}{self.unit}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The wishes of one address. Empty tracks, kinds and sites mean all; ``alarms`` None means the schedule's own."""

    tracks: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    sites: tuple[str, ...] = ()
    views: tuple[str, ...] = (EDGES,)
    alarms: tuple[Offset, ...] | None = None
    language: str | None = None

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> Selection:
        """Read the pairs of a query string; unknown names are ignored.

        Raises UnknownSelectionError for a value that cannot exist, or for too many of them.
        """
        wishes: dict[str, list[str]] = {}
        for name, value in pairs:
            if name in _NAMES:
                wishes.setdefault(name, []).extend(part for part in value.split(",") if part)
        return cls(
            tracks=_ids(wishes.get("track", [])),
            kinds=tuple(kind for kind in Kind if kind in _members(wishes.get("kind", []), frozenset(Kind))),
            sites=_ids(wishes.get("site", [])),
            views=_views(wishes.get("events", [])),
            alarms=_alarms(wishes.get("alarms", [])),
            language=_language(wishes.get("lang", [])),
        )

    @property
    def query(self) -> str:
        """The one query string of this selection, empty for the default."""
        alarms = NO_ALARMS if self.alarms == () else ",".join(str(offset) for offset in self.alarms or ())
        values = {
            "track": ",".join(self.tracks),
            "kind": ",".join(self.kinds),
            "site": ",".join(self.sites),
            "events": "" if self.views == (EDGES,) else ",".join(self.views),
            "alarms": alarms,
            "lang": self.language or "",
        }
        return urlencode({name: value for name, value in values.items() if value}, safe=",")

    def wants(self, event: Event) -> bool:
        """Return whether ``event`` is one of the tracks, kinds and views that are asked for."""
        if event.part == SPAN and SPAN not in self.views:
            return False
        if event.part in {OPENS, CLOSES} and EDGES not in self.views:
            return False
        if self.kinds and event.kind not in self.kinds:
            return False
        return not self.tracks or not event.tracks or not set(self.tracks).isdisjoint(event.tracks)


DEFAULT = Selection()
_NAMES = frozenset({"track", "kind", "site", "events", "alarms", "lang"})


def _members(values: list[str], known: frozenset[str]) -> frozenset[str]:
    unknown = next((value for value in values if value not in known), None)
    if unknown is not None or len(values) > MOST_VALUES:
        raise UnknownSelectionError(
            "the feed address asks for something that does not exist: {value}", value=unknown or "…"
        )
    return frozenset(values)


def _ids(values: list[str]) -> tuple[str, ...]:
    return tuple(sorted(_members(values, frozenset(value for value in values if _ID.fullmatch(value)))))


def _views(values: list[str]) -> tuple[str, ...]:
    found = _members(values, frozenset(VIEWS)) or {EDGES}
    return tuple(view for view in VIEWS if view in found)


def _language(values: list[str]) -> str | None:
    found = sorted(_members(values, frozenset(LANGUAGES)))
    return found[0] if found else None


def _alarms(values: list[str]) -> tuple[Offset, ...] | None:
    if not values or values == [DEFAULT_ALARMS]:
        return None
    if values == [NO_ALARMS]:
        return ()
    offsets = {_offset(value) for value in values[: MOST_ALARMS + 1]}
    if len(offsets) > MOST_ALARMS:
        raise UnknownSelectionError("at most {most} alarms can be asked for", most=MOST_ALARMS)
    return tuple(sorted(offsets, key=lambda offset: (list(Unit).index(offset.unit), offset.amount), reverse=True))


def _offset(value: str) -> Offset:
    match = _OFFSET.fullmatch(value)
    offset = Offset(int(match[1] or match[2]), Unit(match[3])) if match else None
    if offset is None or offset.amount > FURTHEST[offset.unit]:
        raise UnknownSelectionError(
            "the feed address asks for something that does not exist: {value}", value=value[:40]
        )
    return offset
