"""The daemon: accept edits, publish, deliver at the due instant, tell the admins, and end cleanly.

APScheduler holds wake-ups only. What is due, sent or planned is in the ledger, so nothing is lost with the process.
The wall clock may be set while the scheduler sleeps, and its own loop may fail; a plain task on the monotonic clock
watches over both.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from examcal.daemon.edits import HOME, Edits
from examcal.daemon.every import At, Every
from examcal.daemon.parts import Parts
from examcal.daemon.publishing import Publishing
from examcal.daemon.standby import Standby
from examcal.daemon.supervisor import notify, watchdog_interval
from examcal.errors import ExamcalError, Sentence
from examcal.ledger.trouble import LedgerDamagedError
from examcal.schedule.model import Schedule

LOOK_EVERY = 2.0
"""Seconds between two looks at the schedule file."""
LONGEST_REST = timedelta(seconds=15)
"""Deliveries are looked at this often at least: a command may have released some."""
GUARD_EVERY = 5.0
OVERDUE_EVERY = 60.0
BACKUP_EVERY = 30.0
STAND_BY_EVERY = 3.0
STEP = 2.0
"""Seconds by which the wall clock may differ from the monotonic one between two looks of the guard."""
STALLED_AFTER = 90.0
"""Seconds after which a look at the deliveries that does not end is trouble."""
HUNG_AFTER = 600.0
"""Seconds after which it is taken for hung, and the supervisor is let end this process: no look takes so long."""
STOP_WITHIN = 15.0
SERVED_WITHIN = 10.0
"""Seconds after which the daemon is ready although no edition is served yet: reminders do not wait for pages."""
_log = structlog.get_logger()


class Daemon:
    """One run of the process. ``run`` returns after ``stop``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stopping = asyncio.Event()
        self._scheduler = AsyncIOScheduler()
        self._delivering = asyncio.Lock()
        self._publishing = Publishing(parts)
        self._standby = Standby(parts, self._publishing)
        self._edits = Edits(parts, self._accepted, self._give_up)
        self._is_deposed = False
        self._answering = asyncio.Event()  # an edition is served, or the first publication gave none
        self._schedule: Schedule | None = None
        self._last_tick = self._started_at = parts.clock.monotonic()
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
        self._run_now("look", self._edits.look, Every(LOOK_EVERY))

    async def run(self) -> None:
        """Run until stopped. Raises what makes going on impossible (a damaged ledger, a failed server)."""
        servers = [asyncio.create_task(server.serve()) for server in self._parts.servers]
        guard = asyncio.create_task(self._guard())
        try:
            await self._start()
            await self._until_any(self._stopping, self._answering, needed=[*servers, guard], within=SERVED_WITHIN)
            self._say_ready()
            await self._until_any(self._stopping, needed=[*servers, guard])
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
        await self._edits.first()
        if self._schedule is None:
            self._schedule = await self._parts.work.last_good()
            self._publish_soon()
        self._begin()
        if await self._parts.show():  # what an earlier run published answers already
            self._answering.set()

    def _say_ready(self) -> None:
        if not self._stopping.is_set():
            self._parts.ready(self._schedule)
            notify("READY=1")

    async def _stand_by(self) -> None:
        """Wait until this daemon leads; feeds and pages are served meanwhile."""
        is_said = False
        while not self._stopping.is_set() and not await self._standby.lead():
            if not is_said and "standing-by" in self._parts.conditions.by_code:
                _log.info("standing by: another daemon leads")
                notify("READY=1\nSTATUS=standing by")
                is_said = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), STAND_BY_EVERY)

    async def _keep_leading(self) -> None:
        """Stop planning where another daemon took over or the database went away, and go on when that has ended."""
        if self._scheduler.running and not await self._parts.work.leads():
            _log.warning("leadership was lost")
            notify("STATUS=standing by")
            self._scheduler.shutdown(wait=False)
            self._is_deposed = True
        if self._is_deposed and not self._stopping.is_set() and await self._standby.lead():
            self._is_deposed = False
            self._begin()

    async def _until_any(
        self, *events: asyncio.Event, needed: Sequence[asyncio.Task[None]], within: float | None = None
    ) -> None:
        """Wait for an event or the end of what is needed, for so many seconds. Raises what ended that."""
        waits = [asyncio.create_task(event.wait()) for event in events]
        done, _ = await asyncio.wait([*waits, *needed], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        for task in done.intersection(needed):
            task.result()

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

    def _begin(self) -> None:
        """Begin to look at the deliveries."""
        notify("STATUS=running")
        self._last_tick = self._parts.clock.monotonic()
        self._start_scheduler()

    def _start_scheduler(self) -> None:
        """Start a scheduler with all jobs. Missed runs are made up for once, whatever the clock did."""
        self._started_at = self._parts.clock.monotonic()
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 3}
        self._scheduler = AsyncIOScheduler(job_defaults=defaults, timezone=HOME)
        add = self._scheduler.add_job
        add(self._edits.look, Every(LOOK_EVERY), id="look")
        add(self._check, Every(OVERDUE_EVERY), args=[self._check_overdue], id="overdue")
        add(self._check, Every(BACKUP_EVERY), args=[self._check_backup], id="backup", next_run_time=self._now())
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
            try:
                await self._keep_leading()
            except LedgerDamagedError as error:
                self._give_up(error)
            now, ticked = clock.now(), clock.monotonic()
            step = (now - wall).total_seconds() - (ticked - steady)
            wall, steady = now, ticked
            if abs(step) > STEP:
                _log.warning("the clock was set", seconds=round(step))
                self._restart_scheduler()
            elif self._unlooked_for() > STALLED_AFTER and ticked - self._started_at > STALLED_AFTER:
                _log.error("the scheduler stalled and is started again")
                self._parts.trouble("stalled", Sentence("deliveries are not looked at any more"))
                self._restart_scheduler()
            if self._unlooked_for() < HUNG_AFTER:
                notify("WATCHDOG=1")

    def _unlooked_for(self) -> float:
        """Return for how many seconds no look at the deliveries has ended; 0 while another daemon leads."""
        return self._parts.clock.monotonic() - self._last_tick if self._scheduler.running else 0.0

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
            told = dict(self._parts.conditions.by_code)
            try:
                due = await self._parts.work.deliver()
                await asyncio.sleep(0)  # what was told on the way is heard now
                self._end_conditions(told)
                self._failures = 0
                again = min(again, max(due, self._now())) if due else again
            except LedgerDamagedError as error:
                self._give_up(error)
                return
            except ExamcalError as error:
                again = self._now() + timedelta(seconds=min(30, 2**self._failures))
                self._failures += 1
                self._parts.trouble("ledger", error.sentence)
            except Exception as error:  # noqa: BLE001 - one bad delivery must not end the loop
                again = self._now() + timedelta(seconds=min(30, 2**self._failures))
                self._failures += 1
                _log.error("delivering failed", exc_info=error)
            self._last_tick = self._parts.clock.monotonic()
        if not self._stopping.is_set():
            self._wake_at(again)

    def _end_conditions(self, told: Mapping[str, Sentence]) -> None:
        """End what a look at the deliveries did not tell again."""
        conditions = self._parts.conditions
        for code in ("ledger", "clock", "stalled"):
            if code in told and conditions.by_code.get(code) is told[code]:
                conditions.set(code, None)
                if code == "stalled":
                    self._parts.admins.over(code)

    def _accepted(self, schedule: Schedule) -> None:
        """Publish an edit that was accepted, and look at the deliveries, which follow from it."""
        self._schedule = schedule
        self._publish_soon()
        self._wake_at(self._now())

    def _publish_soon(self) -> None:
        """Publish beside the deliveries, which do not wait for pages."""
        task = asyncio.create_task(self._publish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._answering.set())

    async def _publish(self) -> None:
        """Publish the present schedule."""
        if self._schedule is not None:
            await self._publishing.publish(self._schedule)

    async def _check(self, check: Callable[[], Awaitable[None]]) -> None:
        """Look for a condition; what is wrong with the ledger itself is told where it is worked on."""
        with contextlib.suppress(ExamcalError):
            await check()

    async def _check_backup(self) -> None:
        """Tell once that the ledger is not copied any more."""
        last = await self._parts.work.last_backup()
        if last is None:
            self._parts.conditions.set("backup", None)
        elif "backup" not in self._parts.conditions.by_code:
            words = {"day": f"{last.astimezone(HOME):%Y-%m-%d}"}
            self._parts.trouble("backup", Sentence("the ledger was copied last on {day}; is the timer off?", words))

    async def _check_overdue(self) -> None:
        paused = await self._parts.work.paused()
        names = Sentence("paused after failures: {channels}", {"channels": ", ".join(paused)})
        self._parts.conditions.set("channel-paused", names if paused else None)
        count = await self._parts.work.overdue()
        if count:
            words = Sentence("on {count} channels messages should have left by now", {"count": count})
            self._parts.trouble("overdue", words)
        else:
            self._parts.conditions.set("overdue", None)
            self._parts.admins.over("overdue")

    async def _summarize(self) -> None:
        self._parts.admins.summarize(Sentence("examcal: the past week"), await self._parts.work.report())

    async def _ping(self) -> None:
        """Give a sign of life, unless somebody had better come and look."""
        if self._parts.ping and self._parts.is_well():
            await self._parts.ping()

    def _give_up(self, error: LedgerDamagedError) -> None:
        """End: nothing may be sent on the word of a ledger that cannot be trusted; a start looks at it closely."""
        _log.error("the ledger is damaged", reason=error.text("en"))
        self._parts.trouble("ledger", error.sentence)
        self._fatal = error
        self.stop()

    def _now(self) -> datetime:
        return self._parts.clock.now()
