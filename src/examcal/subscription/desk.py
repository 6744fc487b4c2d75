"""What subscribers can do, each a transaction of its own. Blocks; call it beside the event loop.

Asking looks the same from outside whether an address is new, pending, active, limited or blocked: what differs (a mail,
a row) happens after the answer has left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from examcal.ledger.port import Ledger
from examcal.ledger.sets import is_postgres
from examcal.ledger.tables import recipient
from examcal.schedule.model import Schedule
from examcal.subscription import consent, letters, subscribers, throttle
from examcal.subscription.choice import Choice
from examcal.subscription.consent import Action
from examcal.subscription.letters import Kind, Letter
from examcal.subscription.subscribers import Bearer, Status, Subscriber
from examcal.subscription.tokens import Purpose, SiteKey, is_token

_STOPPING = (Purpose.UNSUBSCRIBE, Purpose.MANAGE)


@dataclass(frozen=True, slots=True)
class Welcome:
    """A confirmed subscription, with its new tokens; they are None where it had been confirmed before."""

    subscriber: Subscriber
    manage: str | None = None
    feed: str | None = None


class Desk:
    """Takes what subscribers ask for. ``schedule`` returns the schedule in force, None before there is one.

    ``on_letter`` is called when a letter waits to be sent, ``on_change`` when deliveries may have changed.
    """

    def __init__(
        self,
        ledger: Ledger,
        key: SiteKey,
        schedule: Callable[[], Schedule | None],
        *,
        on_letter: Callable[[], object] = lambda: None,
        on_change: Callable[[], object] = lambda: None,
        network_hourly: int = throttle.NETWORK_HOURLY,
    ) -> None:
        self._ledger = ledger
        self._key = key
        self._schedule = schedule
        self._on_letter = on_letter
        self._on_change = on_change
        self._network_hourly = network_hourly

    @property
    def schedule(self) -> Schedule | None:
        """The schedule in force."""
        return self._schedule()

    def admit(self, client: str, now: datetime) -> bool:
        """Count a request of a client; return whether its network may ask (again) now."""
        with self._writing() as connection:
            return throttle.admit_network(connection, self._key.network(client), now, hourly=self._network_hourly)

    def ask(self, address: str, choice: Choice, client: str, now: datetime) -> None:
        """Note a request, and let the one letter be sent that it deserves: to confirm, or to see what is there."""
        with self._writing() as connection:
            wrote = self._ask(connection, address, choice, client, now)
        if wrote:
            self._on_letter()

    def bearer(self, purpose: Purpose, token: str, now: datetime) -> Bearer | None:
        """Return whose token this is, or None. A text that cannot be a token is not looked up."""
        if not is_token(token):
            return None
        with self._ledger.snapshot() as connection:
            return subscribers.bearer(connection, purpose, token, now)

    def confirm(self, token: str, client: str, now: datetime) -> Welcome | None:
        """Confirm a subscription; None where the token is not, or no longer, good for that."""
        with self._holding(Purpose.CONFIRM, token, now) as (connection, found):
            if found is None:
                return None
            one = found.subscriber
            if one.status is Status.ACTIVE:
                return Welcome(one)
            if one.status is not Status.PENDING or not subscribers.use_up(connection, Purpose.CONFIRM, token, now):
                return None
            subscribers.activate(connection, one, self._key, now)
            self._note(connection, Action.CONFIRMED, one, client, now)
            manage = subscribers.issue(connection, one.id, Purpose.MANAGE, now)
            feed = subscribers.issue(connection, one.id, Purpose.FEED, now)
        self._on_change()
        return Welcome(one, manage, feed)

    def refuse(self, token: str, client: str, now: datetime) -> bool:
        """Let the owner of an address say that nobody shall write to it from here; return whether the token holds."""
        with self._holding(Purpose.CONFIRM, token, now) as (connection, found):
            if found is None or found.used:
                return False
            for one in subscribers.of_address(connection, found.subscriber.address_key):
                subscribers.leave(connection, one, now, Status.BLOCKED)
                self._note(connection, Action.REFUSED, one, client, now)
        self._on_change()
        return True

    def change(self, token: str, choice: Choice, client: str, now: datetime) -> Subscriber | None:
        """Change what a subscriber receives."""
        schedule = self.schedule
        with self._holding(Purpose.MANAGE, token, now) as (connection, found):
            if found is None or schedule is None:
                return None
            one = found.subscriber
            kept = connection.execute(select(recipient.c.unsubscribe_url).where(recipient.c.key == one.key))
            subscribers.change(connection, one, choice, schedule, kept.scalar_one() or "", now)
            self._note(connection, Action.CHANGED, one, client, now)
            changed = subscribers.by_id(connection, one.id)
        self._on_change()
        return changed

    def renew_feed(self, token: str, now: datetime) -> str | None:
        """Take the old personal feed addresses back, and return the token of a new one."""
        with self._holding(Purpose.MANAGE, token, now) as (connection, found):
            if found is None:
                return None
            subscribers.revoke(connection, found.subscriber.id, Purpose.FEED)
            return subscribers.issue(connection, found.subscriber.id, Purpose.FEED, now)

    def stop(self, purpose: Purpose, token: str, client: str, now: datetime) -> Subscriber | None:
        """Stop a subscription, before the next claim; stopping again changes nothing. None for an unknown token."""
        if purpose not in _STOPPING:
            return None
        with self._holding(purpose, token, now) as (connection, found):
            if found is None:
                return None
            if found.subscriber.status is Status.ACTIVE:
                subscribers.leave(connection, found.subscriber, now)
                self._note(connection, Action.LEFT, found.subscriber, client, now)
        self._on_change()
        return found.subscriber

    def ask_link(self, token: str, now: datetime) -> bool:
        """Send the self-service address to the subscriber of an unsubscribe address; return whether the token holds."""
        with self._holding(Purpose.UNSUBSCRIBE, token, now) as (connection, found):
            if found is None or found.subscriber.status is not Status.ACTIVE:
                return False
            one = found.subscriber
            if throttle.admit_mailbox(connection, self._key.variants(one.address), now):
                letters.queue(connection, one.id, Kind.MANAGE, now)
        self._on_letter()
        return True

    def feed(self, token: str, now: datetime) -> Choice | None:
        """Return what the personal feed of a token holds, or None."""
        found = self.bearer(Purpose.FEED, token, now)
        return found.subscriber.choice if found and found.subscriber.status is Status.ACTIVE else None

    def take_letter(self, now: datetime) -> Letter | None:
        """Return the next letter that is due, claimed and with a new token; None where none is."""
        with self._writing() as connection:
            return letters.take(connection, now)

    def has_letters(self, now: datetime) -> bool:
        """Return whether a letter is due; only looks."""
        with self._ledger.snapshot() as connection:
            return letters.are_due(connection, now)

    def finish_letter(self, letter: Letter) -> None:
        """Forget a letter that was sent, or never can be."""
        with self._writing() as connection:
            letters.forget(connection, letter.id)

    def postpone_letter(self, letter: Letter, until: datetime) -> None:
        """Try a letter again later."""
        with self._writing() as connection:
            letters.postpone(connection, letter.id, until)

    def prune(self, now: datetime) -> int:
        """Forget what may not be kept any longer; return how many subscriptions were never confirmed in time."""
        with self._writing() as connection:
            letters.forget_old(connection, now)
            throttle.forget_old(connection, now)
            consent.forget_old(connection, now)
            self._let_go(connection, None, now)
            return subscribers.expire(connection, now)

    def _ask(self, connection: Connection, address: str, choice: Choice, client: str, now: datetime) -> bool:
        address_key = self._key.address(address)
        self._let_go(connection, address_key, now)
        known = subscribers.of_address(connection, address_key)
        blocked = any(one.status is Status.BLOCKED for one in known)
        if blocked or not throttle.admit_mailbox(connection, self._key.variants(address), now):
            return False
        same = next((one for one in known if one.choice.exam == choice.exam), None)
        if same is not None and same.status is Status.ACTIVE:
            letters.queue(connection, same.id, Kind.MANAGE, now)
            return True
        number = subscribers.put_pending(connection, same, address_key, address, choice, now)
        letters.queue(connection, number, Kind.CONFIRM, now)
        consent.note(connection, Action.ASKED, address_key, choice.exam, now, network=self._key.network(client)[:16])
        return True

    def _let_go(self, connection: Connection, address_key: str | None, now: datetime) -> None:
        """Erase addresses that were refused for good; whoever asks again confirms again."""
        for one in subscribers.unreachable(connection, address_key):
            subscribers.leave(connection, one, now)
            self._note(connection, Action.BOUNCED, one, "", now)

    def _note(self, connection: Connection, action: Action, one: Subscriber, client: str, now: datetime) -> None:
        network = self._key.network(client)[:16] if client else ""
        consent.note(connection, action, one.address_key, one.choice.exam, now, network=network)

    @contextmanager
    def _holding(self, purpose: Purpose, token: str, now: datetime) -> Iterator[tuple[Connection, Bearer | None]]:
        """Open a transaction with the bearer of a token."""
        with self._writing() as connection:
            found = subscribers.bearer(connection, purpose, token, now) if is_token(token) else None
            yield connection, found

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Open a transaction in which SQLite overwrites what is deleted."""
        with self._ledger.transaction() as connection:
            erasing(connection)
            yield connection


def erasing(connection: Connection) -> None:
    """Let SQLite overwrite deleted content with zeros; PostgreSQL's vacuum has its own time."""
    if not is_postgres(connection):
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
