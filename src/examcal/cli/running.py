"""Put a daemon together from the settings: ledger, channels, deliveries, publication, web server, admins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from examcal.channels.outbox import OutboxChannel
from examcal.cli.editions import make_edition
from examcal.cli.rendering import PublishedRevisions, make_renderer
from examcal.cli.shared_edition import EDITION_DIGEST_NOTE
from examcal.cli.wiring import audiences_of, channels_of
from examcal.clock import Clock, SystemClock
from examcal.daemon.admins import Admins, reach_of
from examcal.daemon.parts import Conditions, Taken
from examcal.daemon.told import forget_edits, knows_edit, remember_edit
from examcal.daemon.watching import Offer
from examcal.delivery.acceptance import CONFIRMED_NOTE, choices, note_held
from examcal.delivery.limits import paces
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.delivery.port import OnAttempt, OnFenced, Trouble
from examcal.delivery.versions import last_good
from examcal.dispatch.leadership import LEADER_NOTE, AdvisoryLeadership, FileLeadership, Leadership, own_name
from examcal.errors import ExamcalError, Sentence, UnavailableError
from examcal.ledger.backups import is_old, last_backup
from examcal.ledger.opening import Opened, open_ledger
from examcal.ledger.rows import ENDED
from examcal.ledger.shared_clock import SharedClock
from examcal.plan.audience import plan_rows, unserved, unserved_words
from examcal.publication.publisher import is_current, publish
from examcal.publication.removals import some_of

if TYPE_CHECKING:
    from examcal.channels.port import Channel
    from examcal.delivery.message_templates import TemplateFaultError
    from examcal.dispatch.port import Dispatcher
    from examcal.ledger.store import SqlLedger
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.worker import TakesTickets

OVERDUE_AFTER = timedelta(minutes=15)
WEEKS_AHEAD = timedelta(days=14)
DRAIN_WITHIN = 11.0
"""Seconds for sends under way at the end; the rest of the daemon's 15 is for giving back what did not end."""
TICKET_SECONDS = 15.0
"""How long a worker stays with one ticket, well under the time after which a worker counts as dead."""


@contextmanager
def only_daemon(settings: Settings, now: datetime) -> Iterator[None]:
    """Hold the lock that lets one daemon work on an embedded ledger. Raises BusyError while another one does."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    lock = FileLeadership(settings.state_dir, now)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


@dataclass
class Engine:
    """The deliveries of one process, as the daemon drives them (``daemon.Work``)."""

    settings: Settings
    clock: Clock
    opened: Opened
    deliverer: Deliverer
    channels: dict[str, Channel]
    revisions: PublishedRevisions
    renderer: Renderer
    leadership: Leadership | None = None
    own_clock: Clock = field(default_factory=SystemClock)
    leading: bool = False
    taker: TakesTickets | None = None
    _followed: str | None = None
    _started: bool = False
    _taking: asyncio.Task[None] | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def lead(self) -> bool:
        """Become the one that plans, and begin. On a shared ledger this process delivers, leading or not.

        What keeps us from beginning (ExamcalError) lets another daemon lead.
        """
        self._take_tickets()
        self.leading = False
        if self.leadership is not None and not await asyncio.to_thread(self.leadership.acquire):
            return False
        try:
            await self._begin()
        except ExamcalError:
            if self.leadership is not None:
                await asyncio.to_thread(self.leadership.release)
            raise
        self.leading = True
        return True

    async def _begin(self) -> None:
        if not self._started:
            await self.deliverer.start()
            self._started = True
        await self.deliverer.thread.run(self.opened.ledger.set_note, LEADER_NOTE, own_name())
        await self.deliverer.set_audiences(audiences_of(self.settings))

    def _take_tickets(self) -> None:
        if self._taking is None:
            self.taker = ticket_taker(self)
            if self.taker is not None:
                self._taking = asyncio.ensure_future(self.taker.run(self._stopping))

    async def leads(self) -> bool:
        """Return whether this is still the one that plans."""
        self.leading = self.leadership is None or await asyncio.to_thread(self.leadership.holds)
        return self.leading

    async def published_by_leader(self) -> Schedule | None:
        """Return the schedule in force if the daemon that leads has published since the last question, else None."""
        return await self.deliverer.thread.run(self._published_by_leader)

    def _published_by_leader(self) -> Schedule | None:
        digest = self.opened.ledger.note(EDITION_DIGEST_NOTE)
        if digest is None or digest == self._followed:
            return None
        self._followed = digest
        if is_current(digest, self.settings.published):
            return None
        found = last_good(self.opened.ledger)
        return found[0] if found else None

    async def knows(self, content: str) -> bool:
        """Return whether the admins heard what became of an edit."""
        return await self.deliverer.thread.run(knows_edit, self.opened.ledger, content)

    async def remember(self, content: str) -> None:
        """Keep that the admins heard what became of an edit."""
        await self.deliverer.thread.run(remember_edit, self.opened.ledger, content, self.clock.now())

    async def forget(self) -> None:
        """Forget the edits that the admins heard of."""
        await self.deliverer.thread.run(forget_edits, self.opened.ledger)

    async def take(self, offer: Offer) -> Taken:
        """Accept an edit, or hold one that takes published milestones away without a person's word."""
        thread, ledger = self.deliverer.thread, self.opened.ledger
        confirmed = await thread.run(ledger.note, CONFIRMED_NOTE) == offer.schedule.digest
        removed = None if confirmed else _why_removed(self.revisions, offer.schedule)
        if removed:
            await thread.run(note_held, ledger, offer.schedule.digest, self.clock.now())
            return Taken(held=removed)
        acceptance = await self.deliverer.accept(offer.texts, offer.schedule, confirmed=confirmed)
        if acceptance.accepted is None or acceptance.accepted.same:
            return Taken(acceptance.held.why if acceptance.held else None)
        left = unserved(await thread.run(choices, ledger), offer.schedule)
        return Taken(notes=tuple(unserved_words(site, people) for site, people in left.items()))

    async def last_good(self) -> Schedule | None:
        """Return the schedule accepted last."""
        found = await self.deliverer.thread.run(last_good, self.opened.ledger)
        return found[0] if found else None

    async def deliver(self) -> datetime | None:
        """Send what is due; return when to look again, by this machine's clock, which its timers go by."""
        due = await self.deliverer.tick()
        if due is None:
            return None
        rest = due - self.clock.now()
        return self.own_clock.now() + rest

    async def overdue(self) -> int:
        """Return how many channels have deliveries that should have left long ago."""
        now = self.clock.now()
        waiting = await self.deliverer.thread.run(self.opened.ledger.next_due_by_channel, now)
        return sum(at < now - OVERDUE_AFTER for at in waiting.values())

    async def paused(self) -> Sequence[str]:
        """Return the channels that are paused after failures."""
        now = self.clock.now()
        rows = await self.deliverer.thread.run(self.opened.ledger.channels)
        return [row.name for row in rows if row.open_at is not None and row.open_at > now]

    async def last_backup(self) -> datetime | None:
        """Return when the ledger was copied last, if no copies are made any more; else None."""
        last = await self.deliverer.thread.run(last_backup, self.opened.ledger)
        return last if is_old(last, self.clock.now()) else None

    async def report(self) -> Sequence[Sentence]:
        """Return the lines of the weekly summary: what was sent, what failed, what comes."""
        ledger = self.opened.ledger
        counts = await self.deliverer.thread.run(ledger.counts)
        numbers = {state.value: counts.by_state.get(state, 0) for state in ENDED}
        lines = [
            Sentence("sent {sent}, given up {dead}, no longer useful {expired}, not wanted {suppressed}", numbers),
            Sentence("open {open} of {planned}", {"open": counts.open, "planned": counts.planned_total}),
        ]
        schedule = await self.last_good()
        if schedule:
            now = self.clock.now()
            rows = plan_rows(schedule, audiences_of(self.settings), since=now, until=now + WEEKS_AHEAD)
            planned = sum(row.audience.recipients for row in rows if row.is_planned and row.audience)
            lines.append(Sentence("{count} messages are planned for the next two weeks", {"count": planned}))
        return lines

    async def stop(self) -> None:
        """Claim nothing more, wait for what is on its way, and close."""
        self._stopping.set()
        await self.deliverer.drain(DRAIN_WITHIN)
        if self._taking is not None:
            await asyncio.gather(self._taking, return_exceptions=True)
        for channel in self.channels.values():
            await channel.close()
        if self.leadership is not None:
            self.leadership.release()
        self.opened.ledger.close()


def _why_removed(revisions: PublishedRevisions, schedule: Schedule) -> Sentence | None:
    """Say which published milestones or sites an edit lacks; None where it has them all."""
    removed = revisions.removed(schedule)
    if removed:
        return Sentence(
            "published milestones are missing: {ids}; put them back as cancelled, write renamed_from: where only the "
            "id changed, or say `examcal schedule accept`",
            {"ids": some_of(removed)},
        )
    sites = revisions.removed_sites(schedule)
    if sites:
        return Sentence(
            "published sites with dates of their own are missing: {ids}; put them back, or say "
            "`examcal schedule accept`",
            {"ids": some_of(sites)},
        )
    return None


def make_engine(
    settings: Settings,
    clock: Clock,
    *,
    on_trouble: Callable[[Trouble], None],
    on_change: Callable[[], None],
    on_attempt: OnAttempt = lambda _channel, _outcome, _late: None,
    on_fenced: OnFenced = lambda _channel, _count: None,
) -> Engine:
    """Open the ledger and put everything that delivers together; call it while ``only_daemon`` holds."""
    now = clock.now()
    channels = channels_of(settings)
    opened = open_ledger(settings.database, settings.state_dir, now)
    ledger = opened.ledger
    shared = SharedClock(ledger, clock, lambda ahead: on_trouble(_skew(ahead))) if ledger.shared else None
    revisions = PublishedRevisions(settings, ledger)
    renderer = make_renderer(settings, revisions, on_fault=lambda fault: on_trouble(_fault(fault)))
    deliverer = Deliverer(
        ledger,
        channels,
        renderer,
        shared or clock,
        dispatcher=_dispatcher(ledger),
        paces=paces(
            channels, smtp_per_minute=settings.smtp.rate_per_minute, smtp_connections=settings.smtp.connections
        ),
        owner=own_name(),
        read_clock=shared.read if shared else lambda: None,
        debounce=timedelta(seconds=settings.change_debounce),
        shrink_grace=timedelta(seconds=settings.shrink_grace),
        blast_limit=settings.blast_limit,
        on_trouble=on_trouble,
        on_change=on_change,
        on_attempt=on_attempt,
        on_fenced=on_fenced,
    )
    leadership = AdvisoryLeadership(ledger.engine) if ledger.shared else None
    return Engine(settings, shared or clock, opened, deliverer, channels, revisions, renderer, leadership, clock)


def _skew(ahead: timedelta | None) -> Trouble:
    """Say that this machine's clock is wrong, or the database's; ``count`` 0 is the end of it."""
    if ahead is None:
        return Trouble("clock-skew", Sentence("this machine's clock agrees with the database's again"), count=0)
    seconds = {"seconds": f"{abs(ahead.total_seconds()):.0f}"}
    if ahead > timedelta(0):
        words = Sentence("this machine's clock is {seconds} s ahead of the database's, by which is sent", seconds)
    else:
        words = Sentence("this machine's clock is {seconds} s behind the database's, by which is sent", seconds)
    return Trouble("clock-skew", words, remedy=Sentence("keep the clocks of all machines right by NTP"))


def _fault(fault: TemplateFaultError) -> Trouble:
    remedy = Sentence("examcal's own template was used instead; `examcal doctor` tries all templates")
    return Trouble("template", fault.sentence, remedy=remedy)


def _dispatcher(ledger: SqlLedger) -> Dispatcher | None:
    """Return the queue's side of a shared ledger; None delivers in this process."""
    if not ledger.shared:
        return None
    try:
        from examcal.dispatch.procrastinate_ import ProcrastinateDispatcher  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise UnavailableError("PostgreSQL needs more parts: install examcal[postgres]") from None
    return ProcrastinateDispatcher(ledger)


def ticket_taker(engine: Engine) -> TakesTickets | None:
    """Return what takes tickets of a shared ledger in this process; None where deliveries need none."""
    if not engine.opened.ledger.shared:
        return None
    from examcal.dispatch.procrastinate_ import ProcrastinateWorker  # noqa: PLC0415 - an extra

    deliver = engine.deliverer.deliver
    return ProcrastinateWorker(
        engine.opened.ledger.engine, lambda channel_id: deliver(channel_id, TICKET_SECONDS), engine.own_clock
    )


def make_admins(settings: Settings, clock: Clock, channels: dict[str, Channel], renderer: Renderer) -> Admins:
    """Return the way to the admins; what mail or a robot does not take goes to the outbox folder."""
    files = OutboxChannel(settings.outbox)
    reach = reach_of(settings.admins, channels, lambda: files)
    return Admins(reach, renderer, clock, settings.language, files)


def publishing(
    settings: Settings,
    clock: Clock,
    revisions: PublishedRevisions,
    base_url: str,
    leads: Callable[[], bool] = lambda: True,
) -> Callable[[Schedule], Sequence[Sentence]]:
    """Return what publishes an accepted schedule: removed milestones were confirmed, and become tombstones.

    Where ``leads`` says no, it is published here only, and other machines do not hear of it.
    """

    def publish_schedule(schedule: Schedule) -> Sequence[Sentence]:
        edition = make_edition(
            schedule, settings, now=clock.now(), previous=revisions.previous(), base_url=base_url, accept_shrink=True
        )
        publish(edition, settings.published)
        if leads():
            revisions.published(edition)
        else:
            revisions.renew()
        return edition.warnings

    return publish_schedule


def opening_troubles(opened: Opened) -> Sequence[tuple[str, Sentence]]:
    """Return what opening the ledger found out that a person must hear."""
    found: list[tuple[str, Sentence]] = []
    if opened.held:
        found.append(("held", Sentence(
            "this ledger was made on another machine; run `examcal ledger adopt` if the other one is switched off"
        )))  # fmt: skip
    if opened.reconciled:
        found.append(("reconciled", Sentence(
            "the ledger is older than its journal; {count} deliveries were marked as sent", {"count": opened.reconciled}
        )))  # fmt: skip
    return found


__all__ = [
    "Conditions",
    "Engine",
    "make_admins",
    "make_engine",
    "only_daemon",
    "opening_troubles",
    "publishing",
    "ticket_taker",
]
