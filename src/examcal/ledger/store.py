"""The ledger on SQLAlchemy Core: every operation of the port is one transaction around the functions beside it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from examcal.errors import Sentence
from examcal.ledger import backups, bytes_kept, claims, fan_out, looks, orphans, people, planning, repair, sets, upkeep
from examcal.ledger.acceptances import Acceptances
from examcal.ledger.bytes_kept import FrozenKey
from examcal.ledger.claims import Claimed, Terms
from examcal.ledger.engine import reading, writing
from examcal.ledger.fan_out import Instead
from examcal.ledger.place import Place
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
from examcal.ledger.trouble import told_apart

P = ParamSpec("P")
R = TypeVar("R")
RETRIED = ("40001", "40P01")  # serialization failure, deadlock
TRIES = 4


class SqlLedger:
    """See ``ledger.port.Ledger``; open one with ``ledger.opening.open_ledger``."""

    def __init__(self, engine: Engine, place: Place | None = None) -> None:
        self.engine = engine
        self.place = place
        self._acceptances = Acceptances(engine)

    @property
    def shared(self) -> bool:
        """Whether several processes deliver from it."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Return a durable transaction for the ledger's and its neighbours' tables."""
        with told_apart(), writing(self.engine) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Return a read-only look."""
        with told_apart(), reading(self.engine) as connection:
            yield connection

    def accept(
        self,
        document: Document,
        reminders: Sequence[ReminderEntry],
        notices: Sequence[ReminderEntry],
        now: datetime,
        restated: Collection[str] = (),
    ) -> Accepted:
        """Store a schedule version and its plan (T0)."""
        return self._write(planning.accept, document, reminders, notices, now, restated)

    def current(self) -> Version | None:
        """Return the version accepted last."""
        return self._read(planning.current_version)

    def version(self, version_id: int) -> Version:
        """Return an accepted version."""
        return self._read(planning.version, version_id)

    def version_with(self, digest: str) -> Version | None:
        """Return the latest version with this digest."""
        return self._read(planning.version_with, digest)

    def told_versions(self, now: datetime) -> tuple[int | None, dict[str, tuple[int, int]]]:
        """Return the versions people know."""
        return self._read(planning.told_versions, now)

    def known_keys(self) -> set[str]:
        """Return the keys of all live reminders and notices."""
        return self._read(planning.known_keys)

    def sync_audiences(self, members: Sequence[Member], now: datetime) -> list[int]:
        """Make the configured recipients equal to ``members``."""
        return self._write(people.sync_audiences, members, now)

    def add_recipients(self, members: Sequence[Member], now: datetime) -> list[int]:
        """Add or change recipients."""
        return self._write(people.upsert, members, now)

    def remove_recipients(self, keys: Iterable[str], now: datetime, *, erase: bool = True) -> int:
        """Let recipients leave."""
        return self._write(partial(people.remove, erase=erase), list(keys), now)

    def selections(self) -> dict[int, Selection]:
        """Return the choices of recipients."""
        return self._read(people.selections)

    def recipients_by_selection(self) -> dict[int, int]:
        """Return how many recipients made each choice."""
        return self._read(people.recipients_by_selection)

    def waiting_for_fan_out(self, until: datetime, limit: int = 100) -> list[ReminderRow]:
        """Return reminders with recipients not seen yet."""
        return self._read(fan_out.waiting_for_fan_out, until, limit)

    def fan_out_page(
        self,
        row: ReminderRow,
        selections: Collection[int] | None,
        leave_at: Mapping[int, datetime],
        now: datetime,
        *,
        instead: Instead | None = None,
    ) -> tuple[int, bool]:
        """Plan one page of deliveries."""
        return self._write(partial(fan_out.fan_out_page, instead=instead), row, selections, leave_at, now)

    def suppress_unwanted(self, wants: Callable[[str, int], bool], recipients: Iterable[int], now: datetime) -> None:
        """Suppress what recipients no longer want."""
        self._write(people.suppress_unwanted, wants, list(recipients), now)

    def expire(self, now: datetime) -> int:
        """End what is no longer useful."""
        return self._write(upkeep.expire, now)

    def unexpire(self, now: datetime) -> int:
        """Plan again what expired under a wrong clock."""
        return self._write(upkeep.unexpire, now)

    def coalesce(self, now: datetime) -> int:
        """Keep the latest of several overdue reminders."""
        return self._write(upkeep.coalesce, now)

    def bring_forward(self, now: datetime, lead: timedelta) -> int:
        """Give last chances."""
        return self._write(upkeep.bring_forward, now, lead)

    def next_due_at(self, now: datetime) -> datetime | None:
        """Return when the next delivery may leave."""
        return min(self.next_due_by_channel(now).values(), default=None)

    def next_due_by_channel(self, now: datetime) -> dict[int, datetime]:
        """Return when the next delivery of each channel may leave."""
        return self._read(upkeep.next_due_by_channel, now)

    def next_end_at(self, now: datetime) -> datetime | None:
        """Return when the next reminder stops being useful."""
        return self._read(upkeep.next_end_at, now)

    def due_by_channel(self, now: datetime) -> dict[int, int]:
        """Return what may leave now, by channel."""
        return self._read(upkeep.due_by_channel, now, claims.EARLIEST)

    def claim(self, channel_id: int, now: datetime, terms: Terms, *, owner: str) -> Claimed:
        """Take due deliveries (T1)."""
        take = partial(claims.claim, owner=owner, token=secrets.token_hex(8))
        return self._write(take, channel_id, now, terms)

    def settle(self, settlements: Sequence[Settlement], *, token: str, now: datetime) -> int:
        """Record the ends of attempts (T2)."""
        return self._write(partial(claims.settle, token=token, now=now), settlements)

    def renew_leases(self, token: str, now: datetime, lease: timedelta) -> int:
        """Hold on to claims."""
        return self._write(claims.renew_leases, token, now, lease)

    def recover(self, now: datetime, *, everything: bool) -> int:
        """End claims that nobody works on; return how many were given back."""
        return self._write(partial(orphans.recover, everything=everything, journal=self._journalled), now)

    def give_back(self, tokens: Collection[str], now: datetime) -> list[int]:
        """End claims whose process stops; return the deliveries given back."""
        return self._write(partial(orphans.give_back, journal=self._journalled), now, tokens) if tokens else []

    def note_accepted(self, delivery_id: int, token: str, at: datetime, provider_id: str | None) -> bool:
        """Note an acceptance at once."""
        return self._acceptances.note(delivery_id, token, at, provider_id)

    def journal(self, key: str, provider_id: str | None, at: datetime) -> None:
        """Add a line to the journal."""
        if self.place is not None:
            self.place.journal.append([(key, provider_id)], at)

    def read_frozen(self, keys: Sequence[FrozenKey]) -> dict[FrozenKey, bytes]:
        """Return frozen messages."""
        return self._read(bytes_kept.read_frozen, keys)

    def freeze(
        self, contents: Mapping[FrozenKey, bytes], reminders: Iterable[ReminderRow], now: datetime
    ) -> dict[FrozenKey, bytes]:
        """Freeze messages."""
        return self._write(bytes_kept.freeze, contents, list(reminders), now)

    def make_bundle(
        self, channel_id: int, key: str, payloads: Sequence[bytes], ids: Sequence[int], now: datetime
    ) -> Bundle:
        """Fix a grouped message."""
        return self._write(bytes_kept.make_bundle, channel_id, key, payloads, ids, now)

    def read_bundles(self, ids: Sequence[int]) -> dict[int, Bundle]:
        """Return grouped messages."""
        return self._read(bytes_kept.read_bundles, ids)

    def part_done(self, bundle_id: int, done: int) -> None:
        """Note accepted parts."""
        self._write(bytes_kept.part_done, bundle_id, done)

    def take_token(self, channel_id: int, now: datetime, rate: Rate, member: str | None = None) -> timedelta:
        """Take one more token."""
        return self._write(claims.take_token, channel_id, now, rate, member)

    def sent_elsewhere(self, keys: Collection[str]) -> set[str]:
        """Return which keys the journal says were sent."""
        return self._read(repair.sent_elsewhere, keys)

    def channel_ids(self, names: Iterable[str]) -> dict[str, int]:
        """Return channel ids by name."""
        return self._write(people.channel_ids, list(names))

    def channels(self) -> list[ChannelRow]:
        """Return every channel with its health."""
        return self._read(people.channels)

    def set_health(self, row: ChannelRow) -> None:
        """Write down a channel's health."""
        self._write(people.set_health, row)

    def hold_all(self, reason: Reason) -> int:
        """Hold everything."""
        return self._write(upkeep.hold_all, reason)

    def release(self, *, reason: Reason | None = None, ids: Sequence[int] | None = None) -> int:
        """Release what is held."""
        return self._write(partial(upkeep.release, reason=reason, ids=ids))

    def retry(self, ids: Sequence[int], now: datetime) -> int:
        """Try again now."""
        return self._write(upkeep.retry, ids, now)

    def drop(self, ids: Sequence[int], now: datetime) -> int:
        """Give up."""
        return self._write(upkeep.drop, ids, now)

    def counts(self) -> Counts:
        """Return the deliveries by state."""
        return self._read(looks.counts)

    def counts_by_channel(self) -> dict[str, dict[State, int]]:
        """Return the deliveries by channel and state."""
        return self._read(looks.counts_by_channel)

    def deliveries(
        self, *, states: Sequence[State] = (), channel: str = "", limit: int = 100, after: int = 0
    ) -> list[DeliveryRow]:
        """Return deliveries, newest first."""
        look = partial(looks.deliveries, states=states, channel_name=channel, limit=limit, after=after)
        return self._read(look)

    def find(self, words: str) -> list[DeliveryRow]:
        """Return deliveries by id, reference or beginning of the key."""
        return self._read(looks.find, words)

    def attempts(self, delivery_id: int) -> list[AttemptRow]:
        """Return the log of attempts."""
        return self._read(looks.attempts, delivery_id)

    def note(self, key: str) -> str | None:
        """Return a shared value."""
        return self._read(sets.read_meta, key)

    def set_note(self, key: str, value: str) -> None:
        """Set a shared value."""
        self._write(sets.write_meta, key, value)

    def verify(self) -> list[Sentence]:
        """Return what is wrong."""
        return self._read(repair.verify)

    def backup(self, target: Path) -> None:
        """Write a consistent copy."""
        with told_apart():
            backups.backup(self.engine, target)

    def check_place(self) -> None:
        """Raise if the file is gone or room is short."""
        if self.place is not None:
            self.place.check()

    def drop_ballast(self) -> bool:
        """Give the ballast's room back."""
        return self.place.drop_ballast() if self.place is not None else False

    def close(self) -> None:
        """Release connections."""
        self._acceptances.close()
        if self.place is not None:
            self.place.journal.sync()
        self.engine.dispose()

    def _journalled(self) -> set[str]:
        """Return the keys in the journal of the only daemon; where many share a ledger, their notes tell more."""
        return set(self.place.journal.keys()) if self.place is not None and not self.shared else set()

    def _read(self, look: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self.snapshot() as connection:
            return look(connection, *args, **kwargs)

    def _write(self, change: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                with told_apart_but_retried(), writing(self.engine) as connection:
                    return change(connection, *args, **kwargs)
            except _AgainError:
                continue
        with self.transaction() as connection:
            return change(connection, *args, **kwargs)


class _AgainError(Exception):
    """The database asks to run the transaction again."""


@contextmanager
def told_apart_but_retried() -> Iterator[None]:
    """Like ``told_apart``, but let the caller run a transaction again that collided with another one."""
    with told_apart():
        try:
            yield
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in RETRIED:
                raise _AgainError from None
            raise
