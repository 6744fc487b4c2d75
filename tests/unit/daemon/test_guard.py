"""What the daemon does about itself: a look at the deliveries that does not end, a lost lead, signs of life."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examcal.daemon import daemon as module
from examcal.daemon.admins import Admins
from examcal.daemon.daemon import HUNG_AFTER, STALLED_AFTER, Daemon
from examcal.daemon.parts import Conditions, Parts, Taken
from examcal.daemon.supervisor import notify
from examcal.daemon.watching import Offer, ScheduleWatch
from examcal.delivery.message import Renderer
from examcal.errors import Sentence
from examcal.ledger.trouble import LedgerFullError, LedgerUnreachableError
from examcal.schedule.model import Schedule
from support.rig import SetClock

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="a supervisor's socket")
BEAT = 0.02


class Works:
    """Deliveries that do what the test says."""

    def __init__(self) -> None:
        self.may_look = asyncio.Event()
        self.may_look.set()
        self.looks = 0
        self.leading = True
        self.fault: Exception | None = None

    async def lead(self) -> bool:
        if self.fault is not None:
            raise self.fault
        return self.leading

    async def leads(self) -> bool:
        return self.leading and self.fault is None

    async def deliver(self) -> datetime | None:
        self.looks += 1
        await asyncio.sleep(BEAT)
        await self.may_look.wait()
        return None

    async def published_by_leader(self) -> Schedule | None:
        return None

    async def take(self, offer: Offer) -> Taken:
        raise NotImplementedError

    async def last_good(self) -> Schedule | None:
        return None

    async def overdue(self) -> int:
        return 0

    async def paused(self) -> Sequence[str]:
        return ()

    async def last_backup(self) -> datetime | None:
        return None

    async def report(self) -> Sequence[Sentence]:
        return ()

    async def stop(self) -> None:
        self.may_look.set()

    async def knows(self, content: str) -> bool:
        return bool(content)

    async def remember(self, content: str) -> None:
        """Nothing is remembered."""

    async def forget(self) -> None:
        """Nothing is forgotten."""


class Run:
    """A daemon with its clock and deliveries, and what it says to the supervisor."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.work, self.conditions = SetClock(datetime.now(UTC) - timedelta(days=1)), Works(), Conditions()
        self.pings, self.is_well = 0, True
        admins = Admins([], Renderer(), self.clock, "en")
        self.daemon = Daemon(Parts(
            self.clock, self.work, ScheduleWatch(folder / "none.yaml"), lambda _schedule: (), self._show, admins,
            self.conditions, ping=self._ping, ping_every=BEAT, is_well=lambda: self.is_well, weekly_summary=False,
        ))  # fmt: skip
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(str(folder / "notify"))
        self.channel.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._said: list[str] = []
        asyncio.get_running_loop().add_reader(self.channel, lambda: self._said.append(self.channel.recv(4096).decode()))

    def close(self) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self.channel)
        self.channel.close()

    async def _show(self) -> bool:
        return True

    async def _ping(self) -> bool:
        self.pings += 1
        return True

    def said(self) -> list[str]:
        """Return what was said since the last time."""
        found, self._said = self._said, []
        return found

    async def after_some_beats(self) -> list[str]:
        """Return what is said from now on, during some beats of the guard."""
        await asyncio.sleep(BEAT * 3)
        self.said()
        await asyncio.sleep(BEAT * 10)
        return self.said()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the state waited for belongs to the daemon
            await asyncio.sleep(BEAT)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr(module, "GUARD_EVERY", BEAT)
    monkeypatch.setattr(module, "STAND_BY_EVERY", BEAT)
    return tmp_path


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Run]:
    run = Run(folder)
    task = asyncio.ensure_future(run.daemon.run())
    try:
        yield run
    finally:
        run.daemon.stop()
        await asyncio.wait_for(task, 10)
        run.close()


async def test_a_look_that_does_not_end_is_trouble_and_then_the_supervisors(folder: Path) -> None:
    async with running(folder) as run:
        await until(lambda: run.work.looks > 0)
        run.work.may_look.clear()
        assert "WATCHDOG=1" in await run.after_some_beats()
        run.clock.go(timedelta(seconds=STALLED_AFTER + 1))
        await until(lambda: "stalled" in run.conditions.by_code)
        assert "WATCHDOG=1" in await run.after_some_beats()
        run.clock.go(timedelta(seconds=HUNG_AFTER - STALLED_AFTER))
        assert "WATCHDOG=1" not in await run.after_some_beats()
        run.work.may_look.set()
        await until(lambda: "stalled" not in run.conditions.by_code)
        assert "WATCHDOG=1" in await run.after_some_beats()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (None, "standing-by"),
        (LedgerUnreachableError("the database cannot be reached"), "ledger"),
        (LedgerFullError("the disk of the ledger is full"), "ledger"),
    ],
)
async def test_a_daemon_that_lost_its_lead_lives_on_and_leads_again(
    folder: Path, fault: Exception | None, code: str
) -> None:
    async with running(folder) as run:
        await until(lambda: run.work.looks > 0)
        run.work.leading, run.work.fault = False, fault
        await until(lambda: code in run.conditions.by_code)
        looks = run.work.looks
        run.clock.go(timedelta(seconds=HUNG_AFTER + 1))
        assert "WATCHDOG=1" in await run.after_some_beats()
        assert run.work.looks == looks
        run.work.leading, run.work.fault = True, None
        await until(lambda: run.work.looks > looks)
        assert not {code, "stalled"} & set(run.conditions.by_code)


async def test_what_a_person_at_the_terminal_must_hear_ends_the_start(folder: Path) -> None:
    run = Run(folder)
    run.work.fault = LedgerFullError("the disk of the ledger is full")
    with pytest.raises(LedgerFullError):
        await asyncio.wait_for(run.daemon.run(), 10)
    run.close()


async def test_a_database_that_is_away_at_the_start_is_waited_for(folder: Path) -> None:
    async with running(folder) as run:
        run.work.fault = LedgerUnreachableError("the database cannot be reached")
        await until(lambda: "ledger" in run.conditions.by_code)
        assert "READY=1" not in "".join(run.said())
        run.work.fault = None
        await until(lambda: run.work.looks > 0)
        assert "ledger" not in run.conditions.by_code


async def test_there_is_no_sign_of_life_while_somebody_had_better_come_and_look(folder: Path) -> None:
    async with running(folder) as run:
        await until(lambda: run.pings > 0)
        run.is_well = False
        await asyncio.sleep(BEAT * 3)
        before = run.pings
        await asyncio.sleep(BEAT * 10)
        assert run.pings == before
        run.is_well = True
        await until(lambda: run.pings > before)


def test_a_supervisor_that_hears_nothing_any_more_holds_nothing_up(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(folder / "notify"))
        assert notify("WATCHDOG=1")
        assert not all(notify("WATCHDOG=1") for _ in range(2000))
