"""One channel's lane: claim, freeze, send concurrently under the limits, settle as outcomes come in.

Outcomes are settled in groups: whatever has come in while the last commit was on its way. A claim is committed before
anything is sent, and an outcome that cannot be recorded stops further claims until it can.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from examcal.channels.port import Channel, ChannelError, Outcome
from examcal.clock import Clock
from examcal.delivery import outcomes
from examcal.delivery.ends import Ends
from examcal.delivery.frozen import Freezer, addressee_of, frozen_key, key_of
from examcal.delivery.gate import Gate
from examcal.delivery.lease import LEASE, Lease
from examcal.delivery.limits import Pace, end_of_minute
from examcal.delivery.outcomes import Sent
from examcal.delivery.port import OnAttempt, OnFenced, OnTrouble, Trouble
from examcal.delivery.retry import BREAKS_AFTER, health_after
from examcal.delivery.thread import LedgerThread
from examcal.errors import ExamcalError, Sentence, reason_of
from examcal.ledger.claims import Claimed, Terms
from examcal.ledger.port import Ledger
from examcal.ledger.rows import ChannelRow, Claim, Settlement, State
from examcal.ledger.trouble import LedgerBusyError, LedgerFullError, LedgerUnreachableError

R = TypeVar("R")
SUB_BATCH = 50
MOST_IN_BATCH = 400
QUICK = 1.0
"""A batch that takes less than this many seconds may be followed by a larger one: fewer commits for a fast server."""
MOST_UNRECORDED = 64
"""How many sends may begin while none is recorded: about what is repeated after a loss of power at full speed."""
GROUP_LIMIT = 200
FIRST_WAIT = 0.2
LONGEST_WAIT = 30.0
LOOK_AT_THEM = Sentence("See which, and why: examcal deliveries list --state dead")


@dataclass
class Tools:
    """What all lanes share. ``stopping`` is set when nothing more may be claimed."""

    ledger: Ledger
    thread: LedgerThread
    freezer: Freezer
    clock: Clock
    owner: str
    on_trouble: OnTrouble
    holds_ambiguous: bool = False
    restored: bool = False
    on_attempt: OnAttempt = lambda _channel, _outcome, _late: None
    on_fenced: OnFenced = lambda _channel, _count: None
    read_clock: Callable[[], None] = lambda: None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    held: set[str] = field(default_factory=set)
    """The tokens of the claims that are not ended yet; changed in the ledger's thread only."""

    async def until_recorded(self, call: Callable[[], R]) -> R:
        """Run a ledger call that must not fail: wait for a lock, for room (giving up the ballast), for the server."""
        wait = FIRST_WAIT
        while True:
            try:
                return await self.thread.run(call)
            except LedgerFullError as error:
                if not self.ledger.drop_ballast():
                    self.on_trouble(Trouble("ledger", error.sentence))
            except (LedgerBusyError, LedgerUnreachableError) as error:
                self.on_trouble(Trouble("ledger", error.sentence))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def pause(self, span: timedelta) -> bool:
        """Sleep, unless everything is stopping; return whether to go on."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), span.total_seconds())
        return not self.stopping.is_set()


class Lane:
    """Delivers what is due on one channel. ``run`` may be called again when it has ended."""

    def __init__(self, channel_id: int, channel: Channel, pace: Pace, tools: Tools) -> None:
        self.channel_id = channel_id
        self.channel = channel
        self.pace = pace
        self._tools = tools
        self._slots = asyncio.Semaphore(pace.concurrency)
        self._unrecorded = asyncio.Semaphore(max(MOST_UNRECORDED, 2 * pace.concurrency))
        self.gate = Gate(pace.concurrency if pace.recognises_copies else 1)
        self._proven = False
        self._batch = SUB_BATCH
        self._health = ChannelRow(channel_id, channel.name)

    async def run(self, longest: float | None = None) -> int:
        """Deliver until nothing is due, the channel pauses, or everything stops; return how many attempts ended.

        After ``longest`` seconds no further batch is claimed.
        """
        ended = 0
        until = self._tools.clock.monotonic() + (longest or float("inf"))
        self._health = await self._read_health()
        while not self._is_over(until):
            lease = Lease(self._tools.ledger, self._tools.thread, self._tools.clock)
            claimed = await self._claim()
            if claimed.claims:
                if not await self._delivered(claimed.claims, lease):
                    break
                await self._tools.thread.run(self._tools.held.discard, claimed.claims[0].token)
                ended += len(claimed.claims)
            elif claimed.wait is None or not await self._tools.pause(claimed.wait):
                break
        return ended

    async def _claim(self) -> Claimed:
        """Claim what is due; where the ledger cannot record a claim, nothing is sent."""
        try:
            return await self._tools.thread.run(self._take)
        except (LedgerBusyError, LedgerFullError, LedgerUnreachableError) as error:
            self._tools.on_trouble(Trouble("ledger", error.sentence))
            return Claimed(())

    def _take(self) -> Claimed:
        """Claim by the clock of those that deliver; in the ledger's thread."""
        self._tools.read_clock()
        now = self._tools.clock.now()
        claimed = self._tools.ledger.claim(self.channel_id, now, self._terms(now), owner=self._tools.owner)
        self._tools.held.update(claim.token for claim in claimed.claims)
        return claimed

    async def _delivered(self, claims: Sequence[Claim], lease: Lease) -> bool:
        """Deliver claims; a fault of ours gives them back as ambiguous instead of leaving them lying."""
        try:
            await self._deliver(claims, lease)
        except ExamcalError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, these rows must not be lost
            now = self._tools.clock.now()
            ends = [outcomes.given_back(claim, now, ambiguous=True) for claim in claims]
            token = claims[0].token
            await self._tools.until_recorded(lambda: self._tools.ledger.settle(ends, token=token, now=now))
            self._tell("fault", "a fault of examcal on channel {channel} ({reason})", 1, type(error).__name__)
            return False
        return True

    def _terms(self, now: datetime) -> Terms:
        limit = self._batch if self._proven else 1
        grouped = self.channel.groups
        return Terms(
            limit=GROUP_LIMIT if grouped else limit,
            lease=LEASE,
            rate=self.pace.rate,
            member_rate=self.pace.member_rate,
            grouped=grouped,
            due_before=end_of_minute(now) if grouped else None,
        )

    async def _deliver(self, claims: Sequence[Claim], lease: Lease) -> None:
        token, began = claims[0].token, self._tools.clock.monotonic()
        async with lease.renewed(token):
            claims = await self._without_known(claims, token)
            ready = await self._frozen(claims, token)
            await self._settle_as_they_come(ready, token, lease)
        quick = self._tools.clock.monotonic() - began < QUICK
        self._batch = min(2 * self._batch, MOST_IN_BATCH) if quick else max(self._batch // 2, SUB_BATCH)

    async def _frozen(self, claims: Sequence[Claim], token: str) -> list[tuple[Claim, bytes]]:
        """Return the claims with their frozen bytes; those without are dead, and the others go on."""
        now = self._tools.clock.now()
        done, failed = await self._tools.until_recorded(lambda: self._tools.freezer.frozen(claims, now))
        broken = [(claim, failed[frozen_key(claim)]) for claim in claims if frozen_key(claim) in failed]
        if broken:
            await self.record([outcomes.unrendered(claim, error) for claim, error in broken], token)
            self._tell("render", "{count} messages cannot be made ({reason})", len(broken), type(broken[0][1]).__name__)
        return [(claim, done[frozen_key(claim)]) for claim in claims if frozen_key(claim) in done]

    async def _attempt(self, claim: Claim, frozen: bytes, lease: Lease) -> Settlement:
        if self._tools.stopping.is_set() or not lease.is_held():
            return outcomes.not_begun(claim, self._tools.clock.now())
        addressee = addressee_of(claim)
        try:
            payloads = self.channel.compose([frozen], addressee)
        except ChannelError as error:
            return outcomes.unrendered(claim, error)
        sent = Sent(Outcome.TRANSIENT, "empty")
        for position, payload in enumerate(payloads):
            if position and not await self._take_member_token(claim):
                return self.ended(claim, Sent(Outcome.TRANSIENT, "stopped"))
            with self.gate.passage(lease.is_held) as passage:
                sent = await outcomes.hand_over(self.channel, payload, addressee, passage.leave)
                passage.answered()
                if sent.outcome is Outcome.ACCEPTED and payload is payloads[-1]:
                    await self.note_accepted(claim, sent, lease)
            if passage.turned_back:
                return outcomes.not_begun(claim, self._tools.clock.now())
            if sent.outcome is not Outcome.ACCEPTED:
                break
        return self.ended(claim, sent)

    async def note_accepted(self, claim: Claim, sent: Sent, lease: Lease) -> None:
        """Note at once that a message was accepted: where this process is killed before T2, it is not sent again.

        Where the ledger knows the claim no longer, another process works on the batch.
        """
        ledger, now = self._tools.ledger, self._tools.clock.now()
        try:
            ledger.journal(key_of(claim), sent.provider_id, now)
        except OSError as error:
            self._tools.on_trouble(Trouble("ledger", reason_of(error)))
        if ledger.shared:
            values = (claim.delivery_id, claim.token, now, sent.provider_id)
            if not await self._tools.until_recorded(lambda: ledger.note_accepted(*values)):
                lease.lose()

    async def _take_member_token(self, claim: Claim) -> bool:
        """Take a token of the member's rate for a further part and wait for it: what is over it nobody would see."""
        rate = self.pace.member_rate
        if rate is None:
            return True
        ledger, now = self._tools.ledger, self._tools.clock.now()
        wait = await self._tools.until_recorded(
            lambda: ledger.take_token(self.channel_id, now, rate, member=claim.address)
        )
        return await self._tools.pause(wait)

    def ended(self, claim: Claim, sent: Sent) -> Settlement:
        """Return the settlement of an attempt's end, now."""
        now = self._tools.clock.now()
        late = (now - claim.reminder.entry.due_at).total_seconds()
        self._tools.on_attempt(self.channel.name, sent.outcome, late)
        return outcomes.settlement(claim, sent, self.pace, now, holds_ambiguous=self._tools.holds_ambiguous)

    async def _settle_as_they_come(self, ready: Sequence[tuple[Claim, bytes]], token: str, lease: Lease) -> None:
        ends = Ends(len(ready))
        begun = 0

        async def one(claim: Claim, frozen: bytes) -> None:
            nonlocal begun
            await self._unrecorded.acquire()
            begun += 1
            try:
                async with self._slots:
                    ends.add(await self._attempt(claim, frozen, lease))
            except Exception as fault:  # noqa: BLE001 - it ends the batch, see _delivered
                ends.fail(fault)

        tasks = [asyncio.ensure_future(one(claim, frozen)) for claim, frozen in ready]
        try:
            async for group in ends.groups():
                await self.record(group, token)
                begun -= len(group)
                self._let_begin(len(group))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._let_begin(begun)

    def _let_begin(self, count: int) -> None:
        for _ in range(count):
            self._unrecorded.release()

    async def record(self, group: Sequence[Settlement], token: str) -> None:
        """Settle outcomes, and let the channel's health follow from them."""
        now = self._tools.clock.now()
        fenced = await self._tools.until_recorded(lambda: self._tools.ledger.settle(group, token=token, now=now))
        if fenced:
            self._tools.on_fenced(self.channel.name, fenced)
        before = self._health
        for end in self.signs(group):
            if end.outcome is not None:
                self._health = health_after(self._health, end.outcome, now, end.code)
        self._proven = self._health.failures == self._health.logins == 0
        if self._health != before:
            health = self._health
            await self._tools.until_recorded(lambda: self._tools.ledger.set_health(health))
        if self._health.open_at and self._health.open_at != before.open_at:
            self._tell("channel-paused", "channel {channel} is paused ({reason})", 1, self._health.reason)
        dead = sum(end.state is State.DEAD for end in group)
        if dead:
            self._tell("dead-letter", "{count} deliveries on channel {channel} failed for good", dead, "")

    def signs(self, group: Sequence[Settlement]) -> Sequence[Settlement]:
        """Return the endings that say something of the channel's health: one for each message that was sent."""
        return group

    async def _without_known(self, claims: Sequence[Claim], token: str) -> Sequence[Claim]:
        """Leave out what the journal of a restored ledger says was sent."""
        if not self._tools.restored:
            return claims
        keys = {key_of(claim) for claim in claims}
        known = await self._tools.until_recorded(lambda: self._tools.ledger.sent_elsewhere(keys))
        ends = [outcomes.known_sent(claim) for claim in claims if key_of(claim) in known]
        if ends:
            await self.record(ends, token)
        return [claim for claim in claims if key_of(claim) not in known]

    async def _read_health(self) -> ChannelRow:
        rows = await self._tools.until_recorded(self._tools.ledger.channels)
        found = next((row for row in rows if row.id == self.channel_id), self._health)
        if found.failures >= BREAKS_AFTER or found.logins:
            self._proven = False
        return found

    def _is_over(self, until: float) -> bool:
        return self._tools.stopping.is_set() or self._is_paused() or self._tools.clock.monotonic() >= until

    def _is_paused(self) -> bool:
        return self._health.open_at is not None and self._health.open_at > self._tools.clock.now()

    def _tell(self, code: str, msgid: str, count: int, reason: str) -> None:
        params = {"channel": self.channel.name, "count": count, "reason": reason}
        remedy = LOOK_AT_THEM if code == "dead-letter" else self.channel.explain(reason)
        self._tools.on_trouble(Trouble(code, Sentence(msgid, params), count, remedy))
