"""The deliveries of one process as a daemon drives them: lead, accept, deliver, report, stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from examcal.cli.rendering import PublishedRevisions
from examcal.cli.shared_edition import EDITION_DIGEST_NOTE
from examcal.cli.wiring import audiences_of
from examcal.clock import Clock, SystemClock
from examcal.daemon.parts import Taken
from examcal.daemon.told import forget_edits, knows_edit, remember_edit
from examcal.daemon.watching import Offer
from examcal.delivery.acceptance import CONFIRMED_NOTE, choices, note_held
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.delivery.versions import last_good
from examcal.dispatch.leadership import LEADER_NOTE, Leadership, own_name
from examcal.errors import ExamcalError, Sentence
from examcal.ledger.backups import is_old, last_backup
from examcal.ledger.opening import Opened
from examcal.ledger.rows import ENDED
from examcal.plan.audience import plan_rows, unserved, unserved_words
from examcal.publication.publisher import is_current
from examcal.publication.removals import some_of

if TYPE_CHECKING:
    from examcal.channels.port import Channel
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.worker import TakesTickets

OVERDUE_AFTER = timedelta(minutes=15)
WEEKS_AHEAD = timedelta(days=14)
DRAIN_WITHIN = 11.0
"""Seconds for sends under way at the end; the rest of the daemon's 15 is for giving back what did not end."""
TICKET_SECONDS = 15.0
"""How long a worker stays with one ticket, well under the time after which a worker counts as dead."""


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
            self.taker = self.make_taker()
            if self.taker is not None:
                self._taking = asyncio.ensure_future(self.taker.run(self._stopping))

    def make_taker(self) -> TakesTickets | None:
        """Return what takes tickets of a shared ledger in this process; None where deliveries need none."""
        if not self.opened.ledger.shared:
            return None
        from examcal.dispatch.procrastinate_ import ProcrastinateWorker  # noqa: PLC0415 - an extra

        deliver = self.deliverer.deliver
        return ProcrastinateWorker(
            self.opened.ledger.engine, lambda channel_id: deliver(channel_id, TICKET_SECONDS), self.own_clock
        )

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
