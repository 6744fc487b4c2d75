"""The contract of the ledger: what was planned, claimed and done. One implementation serves both engines.

Invariants, on every engine and at every moment:

- a delivery is (reminder, recipient, channel), once; it is in exactly one state;
- everything ever planned is open (planned, sending, retry, held) or ended (sent, dead, expired, cancelled, suppressed);
- at most one live claim per delivery: a claim is committed before anything is sent, and its end is written only while
  the claim's token still holds;
- ``sent`` never changes again; ``dead`` only by a person's word; ``expired`` and ``cancelled`` go back to ``planned``
  where the clock or an edit makes the reminder right again, ``suppressed`` where the recipient asks again.

All methods block: the daemon calls them from one thread of their own. All instants are aware. Methods raise
LedgerBusyError, LedgerUnreachableError, LedgerFullError or LedgerDamagedError (``ledger.trouble``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from examcal.errors import Sentence
from examcal.ledger.bytes_kept import FrozenKey
from examcal.ledger.claims import Claimed, Terms
from examcal.ledger.fan_out import Instead
from examcal.ledger.rows import (
    Accepted,
    AttemptRow,
    Bundle,
    ChannelRow,
    Counts,
    DeliveryRow,
    Document,
    Member,
    Rate,
    Reason,
    ReminderEntry,
    ReminderRow,
    Selection,
    Settlement,
    State,
    Version,
)


class Ledger(Protocol):
    """The durable record of deliveries, and the only judge of "already sent"."""

    @property
    def shared(self) -> bool:
        """Whether several processes deliver from it (PostgreSQL), so that leases decide and not the daemon's lock."""

    # --- T0: the schedule and its plan
    def accept(
        self,
        document: Document,
        reminders: Sequence[ReminderEntry],
        notices: Sequence[ReminderEntry],
        now: datetime,
        restated: Collection[str] = (),
    ) -> Accepted:
        """Store a schedule version and make the plan follow from it, all or nothing.

        ``restated`` are the origins whose reminders now say something else: what is not sent yet is written anew.
        """

    def current(self) -> Version | None:
        """Return the version accepted last, or None."""

    def version(self, version_id: int) -> Version:
        """Return an accepted version."""

    def version_with(self, digest: str) -> Version | None:
        """Return the latest version with this digest, or None."""

    def told_versions(self, now: datetime) -> tuple[int | None, dict[str, tuple[int, int]]]:
        """Return the version people know, and by occurrence that of the last notice out and their number."""

    def known_keys(self) -> set[str]:
        """Return the keys of all live reminders and notices."""

    # --- recipients
    def sync_audiences(self, members: Sequence[Member], now: datetime) -> list[int]:
        """Make the configured recipients equal to ``members``; return whose choice changed."""

    def add_recipients(self, members: Sequence[Member], now: datetime) -> list[int]:
        """Add or change recipients (subscribers) without touching the others."""

    def remove_recipients(self, keys: Iterable[str], now: datetime, *, erase: bool = True) -> int:
        """Let recipients leave before the next claim, and forget their addresses."""

    def selections(self) -> dict[int, Selection]:
        """Return the different choices of recipients by id."""

    def recipients_by_selection(self) -> dict[int, int]:
        """Return how many active recipients made each choice."""

    # --- fan-out
    def waiting_for_fan_out(self, until: datetime, limit: int = 100) -> list[ReminderRow]:
        """Return reminders that some recipient has not been seen for, nearest first."""

    def fan_out_page(
        self,
        row: ReminderRow,
        selections: Collection[int] | None,
        leave_at: Mapping[int, datetime],
        now: datetime,
        *,
        instead: Instead | None = None,
    ) -> tuple[int, bool]:
        """Plan one page of deliveries; return how many are new and whether more recipients wait."""

    def suppress_unwanted(self, wants: Callable[[str, int], bool], recipients: Iterable[int], now: datetime) -> None:
        """Suppress what is open for recipients whose choice no longer covers it; ``wants(occurrence, choice)``."""

    # --- the clock
    def expire(self, now: datetime) -> int:
        """End what is no longer useful."""

    def unexpire(self, now: datetime) -> int:
        """Plan again what expired under a wrong clock."""

    def coalesce(self, now: datetime) -> int:
        """Of several overdue reminders of a milestone keep the latest, per recipient."""

    def bring_forward(self, now: datetime, lead: timedelta) -> int:
        """Give a last chance to retries whose reminder stops being useful within ``lead``."""

    def next_due_at(self, now: datetime) -> datetime | None:
        """Return when the next delivery may leave."""

    def next_due_by_channel(self, now: datetime) -> dict[int, datetime]:
        """Return when the next delivery of each channel may leave."""

    def next_end_at(self, now: datetime) -> datetime | None:
        """Return when the next reminder stops being useful."""

    def due_by_channel(self, now: datetime) -> dict[int, int]:
        """Return how many deliveries may leave now, by channel id."""

    # --- T1 and T2
    def claim(self, channel_id: int, now: datetime, terms: Terms, *, owner: str) -> Claimed:
        """Take due deliveries of a channel: attempt + 1, rate tokens, token and lease, in one commit."""

    def settle(self, settlements: Sequence[Settlement], *, token: str, now: datetime) -> int:
        """Record the ends of attempts; return how many were fenced."""

    def renew_leases(self, token: str, now: datetime, lease: timedelta) -> int:
        """Hold on to claims for longer."""

    def journal(self, key: str, provider_id: str | None, at: datetime) -> None:
        """Write into the journal that a delivery was accepted: one line of a local file, so an event loop may call it.

        Raises OSError.
        """

    def note_accepted(self, delivery_id: int, token: str, at: datetime, provider_id: str | None) -> bool:
        """Note in a shared ledger, for other machines, that a message was accepted; return whether ``token`` holds it.

        Journal and note outlive this process: ``recover`` goes by them.
        """

    def recover(self, now: datetime, *, everything: bool) -> int:
        """End claims that nobody works on: noted as accepted they are sent, the others ambiguous retries, counted."""

    def give_back(self, tokens: Collection[str], now: datetime) -> list[int]:
        """End the claims of these tokens in the same way, because their process stops; return what was given back."""

    def read_frozen(self, keys: Sequence[FrozenKey]) -> dict[FrozenKey, bytes]:
        """Return frozen messages."""

    def freeze(
        self, contents: Mapping[FrozenKey, bytes], reminders: Iterable[ReminderRow], now: datetime
    ) -> dict[FrozenKey, bytes]:
        """Freeze messages unless they are, and return what is frozen.

        ``reminders`` are those that they were written from. What an edit made untrue meanwhile is not frozen.
        """

    def make_bundle(
        self, channel_id: int, key: str, payloads: Sequence[bytes], ids: Sequence[int], now: datetime
    ) -> Bundle:
        """Fix a grouped message's payloads."""

    def read_bundles(self, ids: Sequence[int]) -> dict[int, Bundle]:
        """Return grouped messages by id."""

    def part_done(self, bundle_id: int, done: int) -> None:
        """Note that the first ``done`` parts of a grouped message are accepted."""

    def take_token(self, channel_id: int, now: datetime, rate: Rate, member: str | None = None) -> timedelta:
        """Take one more token of a channel's rate, or of a member's address, and return how long to wait first."""

    def sent_elsewhere(self, keys: Collection[str]) -> set[str]:
        """Return which delivery keys the journal of a restored ledger says were sent already."""

    # --- channels
    def channel_ids(self, names: Iterable[str]) -> dict[str, int]:
        """Return channel ids by name, making new ones."""

    def channels(self) -> list[ChannelRow]:
        """Return every channel with its health."""

    def set_health(self, row: ChannelRow) -> None:
        """Write down a channel's health."""

    # --- people's decisions
    def hold_all(self, reason: Reason) -> int:
        """Hold everything that would be sent."""

    def release(self, *, reason: Reason | None = None, ids: Sequence[int] | None = None) -> int:
        """Let held deliveries go on."""

    def retry(self, ids: Sequence[int], now: datetime) -> int:
        """Try deliveries again now."""

    def drop(self, ids: Sequence[int], now: datetime) -> int:
        """Give up open deliveries."""

    # --- looking
    def counts(self) -> Counts:
        """Return the deliveries by state, and the planner's own count."""

    def counts_by_channel(self) -> dict[str, dict[State, int]]:
        """Return the deliveries by channel and state."""

    def deliveries(
        self, *, states: Sequence[State] = (), channel: str = "", limit: int = 100, after: int = 0
    ) -> list[DeliveryRow]:
        """Return deliveries, newest first."""

    def find(self, words: str) -> list[DeliveryRow]:
        """Return deliveries by id, reference or beginning of the key."""

    def attempts(self, delivery_id: int) -> list[AttemptRow]:
        """Return the log of attempts of a delivery."""

    def note(self, key: str) -> str | None:
        """Return a small value that processes share (who leads, the last tick, a held schedule), or None."""

    def set_note(self, key: str, value: str) -> None:
        """Set such a value."""

    # --- care
    def verify(self) -> list[Sentence]:
        """Return what is wrong with the ledger, as sentences; empty if nothing is."""

    def backup(self, target: Path) -> None:
        """Write a consistent copy to ``target``, which must not exist."""

    def check_place(self) -> None:
        """Raise LedgerDamagedError if the file was removed or swapped under us, LedgerFullError if room is short."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """Return a durable transaction for tables that live beside the ledger's (subscriptions, queue tickets)."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Return a read-only look at the same tables."""

    def drop_ballast(self) -> bool:
        """Give kept room back so that outcomes can be recorded on a full disk; return whether there was any."""

    def close(self) -> None:
        """Release connections."""
