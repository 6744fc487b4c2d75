"""The delivery loop: what the daemon, a worker and ``run --once`` call.

The daemon calls ``start`` once, ``set_audiences`` and ``accept`` when files changed, ``tick`` when its timer rings or
``on_change`` was called, and ``drain`` at the end. A worker calls ``deliver`` with the channel of a ticket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from examcal.channels.port import Channel
from examcal.clock import Clock
from examcal.delivery.acceptance import AHEAD, BLAST_LIMIT, SHRINK_GRACE, Acceptance, Acceptor
from examcal.delivery.clock_guard import ClockGuard, ClockState
from examcal.delivery.fan_out import Reach, covers, fan_out_some, members_of
from examcal.delivery.frozen import Freezer
from examcal.delivery.grouped import GroupedLane
from examcal.delivery.lane import Lane, Tools
from examcal.delivery.limits import Pace
from examcal.delivery.notices import DEBOUNCE
from examcal.delivery.port import OnAttempt, OnFenced, OnTrouble, Renderer, Trouble
from examcal.delivery.retry import LAST_CHANCE
from examcal.delivery.thread import LedgerThread
from examcal.delivery.versions import Versions
from examcal.dispatch.embedded import EmbeddedDispatcher
from examcal.dispatch.port import Dispatcher
from examcal.errors import Sentence
from examcal.ledger.opening import FOREIGN
from examcal.ledger.port import Ledger
from examcal.ledger.repair import RESTORED
from examcal.ledger.rows import ChannelRow, Member, instant, micros
from examcal.ledger.trouble import LedgerBusyError, LedgerDamagedError, LedgerFullError, LedgerUnreachableError
from examcal.plan.audience import OUTBOX_AUDIENCE, Audience
from examcal.schedule.document import SourceText
from examcal.schedule.model import Schedule

GIVES_BACK_WITHIN = 3.0
MOST_NAMED = 20
SEE_THEM = Sentence("What became of one: examcal deliveries show NUMBER")
PAGES_PER_TICK = 100
LONGEST_SLEEP = timedelta(seconds=30)
WHEN_BUSY = timedelta(seconds=2)
AFTER_TROUBLE = timedelta(seconds=5)
BLAST_PEOPLE = 20_000
NEAR_AHEAD = timedelta(days=3)
TICK_NOTE = "last_tick"
TICK_NOTED_EVERY = timedelta(minutes=1)
DOWNTIME = timedelta(hours=1)
TICKETS_TAKEN_WITHIN = 0.2
"""Seconds between looks of ``run --once`` at tickets that are taken."""


async def _cancelled(tasks: Collection[asyncio.Task[int]]) -> None:
    """Cancel tasks and wait for their ends."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _ignore(_trouble: Trouble) -> None:
    """Hear of trouble and do nothing."""


class Deliverer:
    """Plans, fans out and delivers. Everything that touches the ledger runs in one thread of its own.

    ``on_change`` is called (in the event loop) when the next due instant may have moved, so that the timer is set anew.
    ``on_trouble`` may be called from any thread. ``read_clock`` is called in the ledger's thread before time decides
    what is due; ``clock`` may be another machine's.
    """

    def __init__(  # noqa: PLR0913 - the composition root names its parts
        self,
        ledger: Ledger,
        channels: Mapping[str, Channel],
        renderer: Renderer,
        clock: Clock,
        *,
        paces: Mapping[str, Pace] | None = None,
        dispatcher: Dispatcher | None = None,
        owner: str = "examcal",
        read_clock: Callable[[], None] = lambda: None,
        debounce: timedelta = DEBOUNCE,
        shrink_grace: timedelta = SHRINK_GRACE,
        blast_limit: int = BLAST_LIMIT,
        holds_ambiguous: bool = False,
        on_trouble: OnTrouble = _ignore,
        on_attempt: OnAttempt = lambda _channel, _outcome, _late: None,
        on_fenced: OnFenced = lambda _channel, _count: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.ledger = ledger
        self.thread = LedgerThread()
        self._channels = channels
        self._clock = clock
        self._paces = paces or {}
        self._versions = Versions(ledger)
        self._reach = Reach(self._versions)
        self._acceptor = Acceptor(
            ledger, self._versions, debounce=debounce, shrink_grace=shrink_grace, blast_limit=blast_limit
        )
        freezer = Freezer(ledger, channels, renderer, self._reach)
        self._tools = Tools(
            ledger, self.thread, freezer, clock, owner, on_trouble, holds_ambiguous,
            on_attempt=on_attempt, on_fenced=on_fenced, read_clock=read_clock,
        )  # fmt: skip
        self._dispatcher = dispatcher or EmbeddedDispatcher(on_change)
        self._dispatcher.start(self.deliver)
        self._lanes: dict[int, Lane] = {}
        self._names: dict[int, str] = {}
        self._guard: ClockGuard | None = None
        self._tick_noted: datetime | None = None
        self._damage: LedgerDamagedError | None = None
        self._at_work: set[asyncio.Task[int]] = set()

    async def start(self) -> int:
        """Begin: take back what a killed process left, reset breakers, read the clock; return how many were taken."""
        return await self.thread.run(self._start)

    async def set_audiences(self, audiences: Sequence[Audience]) -> None:
        """Make the configured recipients follow from ``audiences``; without any, reminders go to the outbox."""
        members = [member for audience in audiences or (OUTBOX_AUDIENCE,) for member in members_of(audience)]
        await self.thread.run(self._set_members, members)

    async def accept(self, texts: Sequence[SourceText], schedule: Schedule, *, confirmed: bool = False) -> Acceptance:
        """Accept a valid schedule with the texts it was loaded from, or hold it (``Acceptance.held``).

        Call it again with the same texts while it is held: it is taken once its grace has passed or a person confirmed.
        """
        now = self._clock.now()
        result = await self.thread.run(self._acceptor.accept, texts, schedule, now, confirmed=confirmed)
        if result.held is not None:
            self._tools.on_trouble(Trouble("schedule-held", result.held.why))
        if result.blast:
            words = Sentence("{count} messages would be due at once; they are held", {"count": result.blast})
            self._tools.on_trouble(Trouble("held", words, result.blast))
        return result

    async def tick(self) -> datetime | None:
        """Do what is due and return when to look again at the latest (None: nothing is planned).

        Never waits for a send. Trouble with the ledger is told, and the next look comes soon.
        Raises LedgerDamagedError, also for damage that a lane came across.
        """
        if self._damage is not None:
            raise self._damage
        try:
            due, later = await self.thread.run(self._keep_up)
        except (LedgerBusyError, LedgerFullError, LedgerUnreachableError) as error:
            self._tools.on_trouble(Trouble("ledger", error.sentence))
            return self._clock.now() + AFTER_TROUBLE
        if due and not self._tools.stopping.is_set():
            await self._dispatcher.dispatch(due)
        return later

    async def deliver(self, channel_id: int, longest: float | None = None) -> int:
        """Deliver what is due on one channel, for at most ``longest`` seconds; return how many attempts ended."""
        work = asyncio.ensure_future(self._work(channel_id, longest))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            await _cancelled([work])
            raise
        return 0 if work.cancelled() else work.result()

    async def finish(self) -> None:
        """Deliver everything that is due now and wait for it (``run --once``)."""
        while True:
            due, later = await self.thread.run(self._keep_up)
            if not due and not self._at_work and (later is None or later > self._clock.now()):
                return
            await self._dispatcher.dispatch(due)
            await self._dispatcher.idle()
            if not self._dispatcher.local:  # tickets are taken beside us; what they claimed is no longer due
                await asyncio.wait([*self._at_work, asyncio.ensure_future(asyncio.sleep(TICKETS_TAKEN_WITHIN))])

    async def drain(self, grace: float = 15.0) -> bool:
        """Claim nothing more, let what is under way end within ``grace`` seconds; return whether it did.

        What did not end is given back as ambiguous.
        """
        self._tools.stopping.set()
        in_time = await self._dispatcher.stop(grace)
        if self._at_work:  # for tickets of a queue
            _, unfinished = await asyncio.wait(self._at_work, timeout=grace)
            await _cancelled(unfinished)
            in_time = in_time and not unfinished
        with contextlib.suppress(TimeoutError, LedgerBusyError, LedgerFullError, LedgerUnreachableError):
            async with asyncio.timeout(GIVES_BACK_WITHIN):  # else the next start does, or the end of the leases
                await self.thread.run(self._give_back)
        self.thread.close()
        return in_time

    async def _work(self, channel_id: int, longest: float | None) -> int:
        try:
            lane = await self._lane(channel_id)
            return await lane.run(longest) if lane else 0
        except LedgerDamagedError as error:
            self._damage = error
            raise

    # In the ledger's thread -------------------------------------------------------------------------------------------

    def _start(self) -> int:
        now = self._clock.now()
        noted = self.ledger.note(TICK_NOTE)
        last = instant(int(noted)) if noted else None
        self._guard = ClockGuard(self._clock, last)
        if last is not None and now - last > DOWNTIME:
            words = Sentence("nothing ran from {since} until now", {"since": f"{last:%Y-%m-%d %H:%MZ}"})
            self._tools.on_trouble(Trouble("downtime", words))
        recovered = 0 if self.ledger.shared else self.ledger.recover(now, everything=True)
        for row in self.ledger.channels():
            if row.open_at is not None or row.failures or row.logins:
                self.ledger.set_health(ChannelRow(row.id, row.name))
        self._read_names()
        return recovered

    def _set_members(self, members: Sequence[Member]) -> None:
        now = self._clock.now()
        changed = self.ledger.sync_audiences(members, now)
        self._forget_unwanted(changed, now)

    def _forget_unwanted(self, recipients: Sequence[int], now: datetime) -> None:
        current = self.ledger.current()
        if not recipients or current is None:
            return
        schedule, choices = self._versions.schedule(current.id), self.ledger.selections()

        def wants(occurrence_id: str, selection_id: int) -> bool:
            occurrence = schedule.occurrence(occurrence_id)
            exam = schedule.exam(occurrence.exam) if occurrence else None
            return bool(occurrence and exam and covers(choices[selection_id], occurrence, exam))

        self.ledger.suppress_unwanted(wants, recipients, now)

    def _keep_up(self) -> tuple[dict[int, int], datetime | None]:
        """Bring the ledger up to now; return what is due by channel, and when to look again."""
        self.ledger.check_place()
        self._tools.read_clock()
        now = self._clock.now()
        if not self._is_clock_right(now) or self.ledger.note(FOREIGN):
            return {}, now + LONGEST_SLEEP
        if self.ledger.shared:
            self.ledger.recover(now, everything=False)
        _, more = fan_out_some(self.ledger, self._reach, self._paces, now, ahead=self._ahead(), pages=PAGES_PER_TICK)
        self.ledger.expire(now)
        self.ledger.coalesce(now)
        self.ledger.bring_forward(now, LAST_CHANCE)
        self._note_tick(now)
        busy = set(self._dispatcher.busy())
        due = {number: count for number, count in self._due(now).items() if number not in busy}
        return due, now if more else self._next_look(now, busy | set(due))

    def _is_clock_right(self, now: datetime) -> bool:
        state = self._guard.look() if self._guard else ClockState.STEADY
        if state is ClockState.BACK:
            self.ledger.unexpire(now)
        if state is ClockState.BRAKED:
            self._tools.on_trouble(Trouble("clock", Sentence("the clock jumped and is not believed; nothing is sent")))
            return False
        return True

    def _due(self, now: datetime) -> dict[int, int]:
        paused = {row.id for row in self.ledger.channels() if row.open_at is not None and row.open_at > now}
        known = self.ledger.due_by_channel(now)
        return {number: count for number, count in known.items() if number not in paused and number in self._names}

    def _next_look(self, now: datetime, busy: Collection[int]) -> datetime | None:
        """Return when something happens that no lane is at work on; lanes report when they have ended."""
        paused = {
            row.id: row.open_at for row in self.ledger.channels() if row.open_at is not None and row.open_at > now
        }
        looks = [
            max(at, paused.get(number) or at)
            for number, at in self.ledger.next_due_by_channel(now).items()
            if number in self._names and number not in busy
        ]
        end = self.ledger.next_end_at(now)
        if not self._dispatcher.local:  # claims and tickets of workers that died are looked for, too
            looks.append(now + (WHEN_BUSY if busy else LONGEST_SLEEP))
        return min([*looks, *([end] if end else [])], default=None)

    def _ahead(self) -> timedelta:
        """Plan a year ahead for a few, and just in time for many: a row per person and reminder is not free."""
        return AHEAD if sum(self.ledger.recipients_by_selection().values()) <= BLAST_PEOPLE else NEAR_AHEAD

    def _note_tick(self, now: datetime) -> None:
        if self._tick_noted is None or abs(now - self._tick_noted) >= TICK_NOTED_EVERY:
            self.ledger.set_note(TICK_NOTE, str(micros(now)))
            self._tick_noted = now

    def _give_back(self) -> None:
        """Give back what was cut short, and say so: it may arrive twice."""
        given_back = self.ledger.give_back(self._tools.held, self._clock.now())
        if given_back:
            words = Sentence(
                "{count} sends did not end in time; they are tried again and may arrive twice: {deliveries}",
                {"count": len(given_back), "deliveries": ", ".join(map(str, given_back[:MOST_NAMED]))},
            )
            self._tools.on_trouble(Trouble("stopped", words, len(given_back), SEE_THEM))

    async def _lane(self, channel_id: int) -> Lane | None:
        names = self._names or await self.thread.run(self._read_names)
        if channel_id not in self._lanes:  # asked after the wait: two tickets at once must not make two lanes
            channel = self._channels.get(names.get(channel_id, ""))
            if channel is None:
                return None
            kind = GroupedLane if channel.groups else Lane
            self._lanes[channel_id] = kind(channel_id, channel, self._paces.get(channel.name, Pace()), self._tools)
        return self._lanes[channel_id]

    def _read_names(self) -> dict[int, str]:
        self._names = {number: name for name, number in self.ledger.channel_ids(self._channels).items()}
        self._tools.restored = self.ledger.note(RESTORED) is not None
        return self._names
