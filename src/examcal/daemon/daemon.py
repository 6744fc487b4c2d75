"""The daemon: accept edits, publish, deliver at the due instant, tell the admins, and end cleanly.

APScheduler holds wake-ups only. What is due, sent or planned is in the ledger, so nothing is lost with the process.
The wall clock may be set while the scheduler sleeps, and its own loop may fail; a plain task on the monotonic clock
watches over both.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from examcal.daemon.background import in_background
from examcal.daemon.every import At, Every
from examcal.daemon.parts import Parts
from examcal.daemon.supervisor import notify, watchdog_interval
from examcal.daemon.watching import Offer, Rejection
from examcal.errors import ExamcalError, Sentence
from examcal.ledger.trouble import LedgerDamagedError
from examcal.schedule.model import Schedule

LOOK_EVERY = 2.0
"""Seconds between two looks at the schedule file."""
LONGEST_REST = timedelta(seconds=15)
"""Deliveries are looked at this often at least: a command may have released some."""
GUARD_EVERY = 5.0
OVERDUE_EVERY = 60.0
STAND_BY_EVERY = 3.0
STEP = 2.0
"""Seconds by which the wall clock may differ from the monotonic one between two looks of the guard."""
STALLED_AFTER = 90.0
STOP_WITHIN = 15.0
SERVED_WITHIN = 10.0
"""Seconds after which the daemon is ready although no edition is served yet: reminders do not wait for pages."""
HOME = ZoneInfo("Asia/Shanghai")
_log = structlog.get_logger()


class Daemon:
    """One run of the process. ``run`` returns after ``stop``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stopping = asyncio.Event()
        self._scheduler = AsyncIOScheduler()
        self._delivering = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._publishing = asyncio.Lock()
        self._answering = asyncio.Event()  # an edition is served, or the first publication gave none
        self._held: Offer | None = None
        self._schedule: Schedule | None = None
        self._last_tick = parts.clock.monotonic()
        self._failures = 0
        self._fatal: LedgerDamagedError | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Let ``run`` end."""
        self._stopping.set()

    def wake(self) -> None:
        """Let deliveries be looked at now, because something about them changed."""
        self._wake_at(self._now())

    def reload(self) -> None:
        """Look at the schedule now."""
        self._parts.watch.again()
        self._run_now("look", self._look, Every(LOOK_EVERY))

    async def run(self) -> None:
        """Run until stopped. Raises what makes going on impossible (a damaged ledger, a failed server)."""
        servers = [asyncio.create_task(server.serve()) for server in self._parts.servers]
        guard = asyncio.create_task(self._guard())
        try:
            await self._start()
            await self._until_any(self._stopping, self._answering, servers=servers, within=SERVED_WITHIN)
            self._say_ready()
            await self._until_any(self._stopping, servers=servers)
            if self._fatal is not None:
                raise self._fatal
        finally:
            notify("STOPPING=1")
            guard.cancel()
            await self._wind_down(servers)

    async def _start(self) -> None:
        await self._stand_by()
        if self._stopping.is_set():
            return
        await self._take_found(await in_background(lambda: self._parts.watch.first(self._today())), at_start=True)
        await self._settle_offer()
        if self._schedule is None:
            self._schedule = await self._parts.work.last_good()
            self._publish_soon()
        self._start_scheduler()
        if await self._parts.show():  # what an earlier run published answers already
            self._answering.set()

    def _say_ready(self) -> None:
        if not self._stopping.is_set():
            self._parts.ready(self._schedule)
            notify("READY=1")

    async def _stand_by(self) -> None:
        """Wait until this daemon leads; feeds and pages are served meanwhile."""
        waited = False
        while not self._stopping.is_set() and not await self._parts.work.lead():
            if not waited:
                _log.info("standing by: another daemon leads")
                self._parts.conditions.set("standing-by", Sentence("another daemon leads"))
                notify("READY=1\nSTATUS=standing by")
                self._parts.conditions.set("standing-by", Sentence("another daemon leads"))
                waited = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), STAND_BY_EVERY)
        self._parts.conditions.set("standing-by", None)

    async def _check_leadership(self) -> None:
        """Stop planning where another daemon took over, and stand by for its end."""
        if await self._parts.work.leads():
            return
        _log.warning("leadership was lost")
        self._parts.conditions.set("standing-by", Sentence("another daemon leads"))
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        await self._stand_by()
        if not self._stopping.is_set():
            self._start_scheduler()

    async def _until_any(
        self, *events: asyncio.Event, servers: Sequence[asyncio.Task[None]], within: float | None = None
    ) -> None:
        """Wait for an event or the end of a server, for so many seconds. Raises what ended the server."""
        waits = [asyncio.create_task(event.wait()) for event in events]
        done, _ = await asyncio.wait([*waits, *servers], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        for server in done.intersection(servers):
            server.result()

    async def _wind_down(self, servers: Sequence[asyncio.Task[None]]) -> None:
        if self._scheduler.running:
            self._scheduler.pause()
        for server in self._parts.servers:
            server.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await self._parts.admins.close()  # while there is a ledger to remember in what was told
                await self._parts.work.stop()
                await asyncio.gather(*servers, return_exceptions=True)
                await self._parts.admins.close()
        for task in self._tasks:
            task.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    # What wakes it --------------------------------------------------------------------------------------------

    def _start_scheduler(self) -> None:
        """Start a scheduler with all jobs. Missed runs are made up for once, whatever the clock did."""
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 3}
        self._scheduler = AsyncIOScheduler(job_defaults=defaults, timezone=HOME)
        add = self._scheduler.add_job
        add(self._look, Every(LOOK_EVERY), id="look")
        add(self._check_overdue, Every(OVERDUE_EVERY), id="overdue")
        add(self._publish, At(hour=0, minute=5, timezone=HOME), id="publish")
        if self._parts.weekly_summary:
            add(self._summarize, At(day_of_week="mon", hour=9, timezone=HOME), id="summary")
        if self._parts.ping:
            add(self._ping, Every(self._parts.ping_every), id="ping", next_run_time=self._now())
        self._scheduler.start()
        self._wake_at(self._now())

    def _wake_at(self, at: datetime) -> None:
        """Let deliveries be looked at then; one wake-up is planned at a time."""
        if self._scheduler.running:
            self._scheduler.add_job(self._deliver, DateTrigger(at), id="deliver", replace_existing=True)

    def _run_now(self, name: str, call: Callable[[], Awaitable[None]], trigger: Every) -> None:
        if self._scheduler.running:
            self._scheduler.add_job(call, trigger, id=name, replace_existing=True, next_run_time=self._now())

    async def _guard(self) -> None:
        """Notice a wall clock that was set, a scheduler that stalls, and feed the supervisor's watchdog."""
        clock = self._parts.clock
        beat = min(GUARD_EVERY, watchdog_interval() or GUARD_EVERY)
        wall, steady = clock.now(), clock.monotonic()
        while True:
            await asyncio.sleep(beat)
            if self._scheduler.running:
                await self._check_leadership()
            now, ticked = clock.now(), clock.monotonic()
            step = (now - wall).total_seconds() - (ticked - steady)
            wall, steady = now, ticked
            if abs(step) > STEP:
                _log.warning("the clock was set", seconds=round(step))
                self._restart_scheduler()
            elif self._scheduler.running and ticked - self._last_tick > STALLED_AFTER:
                _log.error("the scheduler stalled and is started again")
                self._last_tick = ticked
                self._restart_scheduler()
            notify("WATCHDOG=1")

    def _restart_scheduler(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            self._start_scheduler()

    # What it does then ----------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        """Send what is due, and plan the next wake-up."""
        if self._delivering.locked() or self._stopping.is_set():
            return
        async with self._delivering:
            again = self._now() + LONGEST_REST
            try:
                for code in ("ledger", "clock"):  # what is still so is told again while delivering
                    self._parts.conditions.set(code, None)
                due = await self._parts.work.deliver()
                self._failures = 0
                again = min(again, max(due, self._now())) if due else again
            except LedgerDamagedError as error:
                self._give_up(error)
                return
            except ExamcalError as error:
                again = self._now() + timedelta(seconds=min(30, 2**self._failures))
                self._failures += 1
                self._trouble("ledger", error.sentence)
            except Exception as error:  # noqa: BLE001 - one bad delivery must not end the loop
                again = self._now() + timedelta(seconds=min(30, 2**self._failures))
                self._failures += 1
                _log.error("delivering failed", exc_info=error)
            self._last_tick = self._parts.clock.monotonic()
        if not self._stopping.is_set():
            self._wake_at(again)

    async def _look(self) -> None:
        """Look at the schedule; a held edit is offered again, because a person may have said yes."""
        if self._looking.locked():
            return
        async with self._looking:
            moment, today = self._parts.clock.monotonic(), self._today()
            found = await in_background(lambda: self._parts.watch.look(moment, today))
            if found is not None:
                await self._take_found(found)
            if self._held is not None and await self._settle_offer():
                self._wake_at(self._now())

    async def _take_found(self, found: Offer | Rejection, *, at_start: bool = False) -> None:
        """Note a rejection, or keep an offer to be settled."""
        if isinstance(found, Offer):
            self._held = found
            self._parts.conditions.set("schedule-rejected", None)
            return
        self._held = None
        self._parts.on_schedule("rejected")
        rejected, *why = found.words()
        self._parts.conditions.set("schedule-rejected", rejected)
        await self._tell_of_rejection(f"schedule-rejected {found.content or found.error}", rejected, *why)
        if at_start:
            _log.warning("starting on the last good schedule")

    async def _tell_of_rejection(self, content: str, *sentences: Sentence) -> None:
        """Tell the admins of a rejected edit, once for its content: a restart does not tell it again."""

        async def remember() -> None:
            if "schedule-rejected" in self._parts.conditions.by_code:
                # It is told again at the next start, which is better than never; RuntimeError: the ledger is closed.
                with contextlib.suppress(ExamcalError, RuntimeError):
                    await self._parts.work.remember(content)

        with contextlib.suppress(ExamcalError):  # what is wrong with the ledger is told where it is worked on
            if await self._parts.work.knows(content):
                _log.warning("the schedule is rejected, as the admins know")
                return
        self._parts.admins.tell(content, *sentences, then=remember)

    async def _forget_edits(self) -> None:
        """Let an edit that returns after another one was accepted be told of again."""
        for code in ("schedule-rejected", "schedule-held"):
            self._parts.admins.over(code)
        with contextlib.suppress(ExamcalError):  # then an edit that returns is not told of again
            await self._parts.work.forget()

    async def _settle_offer(self) -> bool:
        """Offer what is held; return whether it was accepted."""
        offer = self._held
        if offer is None:
            return False
        try:
            taken = await self._parts.work.take(offer)
        except LedgerDamagedError as error:
            self._give_up(error)
            return False
        except ExamcalError as error:
            self._trouble("ledger", error.sentence)
            return False
        if taken.held is not None:
            if "schedule-held" not in self._parts.conditions.by_code:
                self._parts.on_schedule("held")
            self._parts.conditions.set("schedule-held", taken.held)
            self._parts.admins.tell(f"schedule-held {offer.schedule.digest}", taken.held)
            return False
        self._held = None
        await self._forget_edits()
        self._parts.conditions.set("schedule-held", None)
        if taken.notes:
            self._parts.admins.tell(f"accepted {offer.schedule.digest}", *taken.notes)
        self._schedule = offer.schedule
        self._parts.on_schedule("accepted")
        _log.info("schedule accepted", digest=offer.schedule.digest[:12])
        self._publish_soon()
        return True

    def _publish_soon(self) -> None:
        """Publish beside the deliveries, which do not wait for pages."""
        task = asyncio.create_task(self._publish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._answering.set())

    async def _publish(self) -> None:
        """Publish the present schedule and show it; a refused edition leaves the old one in place."""
        schedule = self._schedule
        if schedule is None:
            return
        async with self._publishing:
            try:
                warnings = await in_background(lambda: self._parts.publish(schedule))
                await self._parts.show()
            except ExamcalError as error:
                self._trouble("publication", error.sentence)
                return
            except Exception as error:  # noqa: BLE001 - pages must not keep reminders from leaving
                _log.error("publishing failed", exc_info=error)
                self._trouble("publication", Sentence("publishing failed; the last edition stays"))
                return
        self._parts.conditions.set("publication", None)
        self._parts.admins.over("publication")
        if warnings:
            self._parts.admins.tell("publication-warning", *warnings)

    async def _check_overdue(self) -> None:
        paused = await self._parts.work.paused()
        words = Sentence("paused after failures: {channels}", {"channels": ", ".join(paused)})
        self._parts.conditions.set("channel-paused", words if paused else None)
        count = await self._parts.work.overdue()
        if count:
            self._trouble("overdue", Sentence("on {count} channels messages should have left by now", {"count": count}))
        else:
            self._parts.conditions.set("overdue", None)
            self._parts.admins.over("overdue")

    async def _summarize(self) -> None:
        self._parts.admins.summarize(Sentence("examcal: the past week"), await self._parts.work.report())

    async def _ping(self) -> None:
        if self._parts.ping and not self._parts.conditions.by_code.get("ledger"):
            await self._parts.ping()

    def _give_up(self, error: LedgerDamagedError) -> None:
        """End: nothing may be sent on the word of a ledger that cannot be trusted; a start looks at it closely."""
        _log.error("the ledger is damaged", reason=error.text("en"))
        self._trouble("ledger", error.sentence)
        self._fatal = error
        self.stop()

    def _trouble(self, code: str, sentence: Sentence) -> None:
        self._parts.conditions.set(code, sentence)
        self._parts.admins.tell(code, sentence)

    def _now(self) -> datetime:
        return self._parts.clock.now()

    def _today(self) -> date:
        return self._now().astimezone(HOME).date()
