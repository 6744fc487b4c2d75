"""What goes into the ledger and comes out of it. Instants are aware datetimes here and microseconds in the tables."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from examcal.channels.port import Outcome
from examcal.texts import DEFAULT_LANGUAGE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970-01-01T00:00Z."""
    return (moment - EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """Return the aware UTC instant of a number of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)


def as_detail(detail: Mapping[str, object]) -> str:
    """Return a reminder's detail as the ledger keeps it: the same text for the same content."""
    return json.dumps(dict(detail), ensure_ascii=False, sort_keys=True)


class State(enum.StrEnum):
    """Where a delivery stands. The first four are open, the others are ends."""

    PLANNED = "planned"
    SENDING = "sending"
    RETRY = "retry"
    HELD = "held"
    SENT = "sent"
    DEAD = "dead"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


OPEN = (State.PLANNED, State.SENDING, State.RETRY, State.HELD)
CLAIMABLE = (State.PLANNED, State.RETRY)
ENDED = (State.SENT, State.DEAD, State.EXPIRED, State.CANCELLED, State.SUPPRESSED)


class Reason(enum.StrEnum):
    """Why a delivery is in a state that nobody asked for by name."""

    LATE = "late"  # no longer useful
    COALESCED = "coalesced"  # a later reminder of the same milestone says it
    JOINED_LATE = "joined-late"  # due long before the recipient was there
    SUPERSEDED = "superseded"  # the date moved, or the rule is gone
    REVERTED = "reverted"  # the edit was taken back before it was announced
    REMOVED = "removed"  # the recipient left
    AUDIENCE = "audience"  # the recipient's choice no longer covers the milestone
    POISON = "poison"  # several attempts in a row ended the process
    BLAST = "blast"  # an edit made too many messages due at once
    AMBIGUOUS = "ambiguous"  # may have been sent, and the channel prefers at most once
    JOURNAL = "journal"  # the journal says that it was sent before a restore
    MACHINE = "machine"  # the ledger was made on another machine
    ATTEMPTS = "attempts"  # the hard limit of attempts is reached
    OPERATOR = "operator"  # a person decided
    CONTENT = "content"  # the message cannot be rendered


class Source(enum.StrEnum):
    """Where a recipient comes from."""

    AUDIENCE = "audience"
    SUBSCRIBER = "subscriber"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which milestones a recipient wants to hear of; empty means all (of sites: only what is area-wide)."""

    exams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A recipient as configuration or a subscription names it. ``key`` stays the same when anything else changes."""

    key: str
    channel: str
    address: str = ""
    selection: Selection = Selection()
    language: str = DEFAULT_LANGUAGE
    mentions: tuple[str, ...] = ()
    source: Source = Source.AUDIENCE
    audience: str = ""
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class ReminderEntry:
    """A reminder or a change notice to be planned. (origin, anchor, zone, rule, purpose) is its identity.

    ``key`` is the digest of that identity. ``detail`` carries what a change notice says. ``due_at`` is when it leaves
    at the latest; ``useful_until`` is exclusive.
    """

    key: str
    purpose: str
    origin: str
    anchor: str
    zone: str
    rule: str
    occurrence: str
    due_at: datetime
    useful_until: datetime
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """A planned reminder as the ledger knows it, with the schedule version that it was last valid in."""

    id: int
    entry: ReminderEntry
    version_id: int
    planned_at: datetime
    cursor: int
    live: bool


@dataclass(frozen=True, slots=True)
class Document:
    """The texts of an accepted schedule version, as written."""

    texts: tuple[tuple[str, bytes], ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Version:
    """An accepted schedule version."""

    id: int
    document: Document
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting a schedule version did, in numbers of reminders and notices."""

    version_id: int
    new: int = 0
    cancelled: int = 0
    revived: int = 0
    moved: int = 0
    notices: int = 0
    same: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process may send now, with everything that composing it needs.

    ``variant`` tells how late it is: 0 in time, else one more than the full hours since it was due; it is fixed at the
    first claim, so that a retry finds the same frozen bytes. ``bundle_id`` ties it to a grouped message.
    """

    delivery_id: int
    reminder: ReminderRow
    recipient_id: int
    recipient_key: str
    channel_id: int
    channel: str
    address: str
    language: str
    mentions: tuple[str, ...]
    unsubscribe_url: str | None
    attempts: int
    ambiguous: int
    variant: int
    first_claimed_at: datetime
    bundle_id: int | None
    token: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of one attempt: the next state, and what the attempt log keeps.

    ``counted`` is False where the attempt does not use up one of the allowed ones (the channel's own fault).
    """

    delivery_id: int
    state: State
    outcome: Outcome | None
    next_at: datetime | None = None
    reason: str = ""
    code: str = ""
    detail: str = ""
    provider_id: str | None = None
    ambiguous: bool = False
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Bundle:
    """A grouped message: its payloads are fixed, and those in ``done`` (counted from 0) were accepted."""

    id: int
    payloads: tuple[bytes, ...]
    done: int
    key: str


@dataclass(frozen=True, slots=True)
class Rate:
    """At most one message per ``interval``, and ``burst`` at once, under one key shared by all processes."""

    interval: timedelta
    burst: int = 1


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel's health, shared by all processes: paused until ``open_at``; ``failures`` count in a row."""

    id: int
    name: str
    failures: int = 0
    logins: int = 0
    open_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Deliveries by state. ``planned_total`` is counted on its own, so that the conservation law says something."""

    by_state: Mapping[State, int]
    planned_total: int

    @property
    def open(self) -> int:
        """Deliveries that are not at an end."""
        return sum(self.by_state.get(state, 0) for state in OPEN)

    @property
    def ended(self) -> int:
        """Deliveries at an end."""
        return sum(self.by_state.get(state, 0) for state in ENDED)

    @property
    def is_conserved(self) -> bool:
        """Whether everything that was ever planned is open or ended."""
        return self.planned_total == self.open + self.ended


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery for people to look at. ``key`` is its delivery key; ``reference`` the five letters in messages."""

    id: int
    key: str
    reference: str
    occurrence: str
    rule: str
    purpose: str
    channel: str
    audience: str
    recipient_id: int
    state: State
    reason: str
    due_at: datetime
    next_at: datetime | None
    useful_until: datetime
    attempts: int
    ambiguous: int
    code: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One line of the attempt log."""

    number: int
    ended_at: datetime
    outcome: str
    code: str
    detail: str
