"""Workers that are killed or stopped while they send (F50, F53): real processes, a real PostgreSQL, slow mails."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from examcal.clock import SystemClock
from examcal.delivery.lease import LEASE
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.dispatch import procrastinate_
from examcal.dispatch.procrastinate_ import ProcrastinateDispatcher
from examcal.errors import ExamcalError
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State
from examcal.ledger.store import SqlLedger
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from support.drill import mail_over, milestone, schedule, some_time_ago
from support.office import Office, ahead
from support.ports import free_port
from support.postgres import PostgresServer
from support.rig import email, people
from support.smtp_server import Fault, SmtpServer
from support.workers import ask, claims, end_leases, ended, fenced, said, worker

pytestmark = [pytest.mark.needs("postgresql", "procrastinate"), pytest.mark.slow, pytest.mark.timeout(600)]
DELAY = 0.05


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    monkeypatch.setattr(procrastinate_, "BATCH", 20)  # many tickets for few deliveries
    with PostgresServer() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, server: PostgresServer) -> Office:
    return Office(tmp_path, {"EXAMCAL_DATABASE_URL": server.database()})


@asynccontextmanager
async def leading(office: Office, smtp: SmtpServer, count: int) -> AsyncIterator[SqlLedger]:
    """Plan a reminder that is due, and make tickets for it again and again, as a daemon does."""
    ledger = open_ledger(office.environment["EXAMCAL_DATABASE_URL"], office.folder / "lead", datetime.now(UTC)).ledger
    channel, clock = email(smtp.port), SystemClock()
    loop = Deliverer(ledger, {"email": channel}, Renderer(), clock, dispatcher=ProcrastinateDispatcher(ledger))
    await loop.start()
    await loop.set_audiences([people(count)])
    texts = [SourceText("s.yaml", schedule([milestone("m", "网上报名", some_time_ago())]).encode())]
    await loop.accept(texts, load(texts, today=clock.now().date()).schedule)

    async def tick() -> None:
        while True:
            await loop.tick()
            await asyncio.sleep(0.5)

    ticking = asyncio.ensure_future(tick())
    try:
        yield ledger
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await loop.drain()
        await channel.close()
        ledger.close()


async def until(true: Callable[[], object], seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110 - the state waited for is in a database
            await asyncio.sleep(0.05)


def is_done(ledger: SqlLedger, count: int) -> bool:
    try:
        return ledger.counts().by_state == {State.SENT: count}
    except ExamcalError:
        return False


async def test_killed_workers_lose_nothing_and_what_may_come_twice_is_marked(office: Office, full: bool) -> None:  # noqa: FBT001
    count, kills = (2_000, 6) if full else (300, 1)
    async with SmtpServer(faults=[Fault("DOT", delay=DELAY)]) as smtp, leading(office, smtp, count) as ledger:
        mail_over(office, smtp)
        workers = [worker(office), worker(office)]
        try:
            for _ in range(kills):
                victim = workers[-1]
                await until(lambda pid=victim.pid: claims(office, pid))  # type: ignore[misc]
                victim.send_signal(signal.SIGKILL)
                await asyncio.to_thread(victim.wait, 10)
                assert end_leases(office, victim.pid)
                workers.append(worker(office))
            await until(lambda: is_done(ledger, count), 300)
        finally:
            for process in workers:
                process.terminate()
            for process in workers:
                await asyncio.to_thread(process.wait, 30)
        assert ledger.verify() == []
        marked = sum(row.ambiguous > 0 for row in ledger.deliveries(limit=10_000))
        copies = Counter(mail.message_id for mail in (*smtp.mails, *smtp.dropped))
        assert len(copies) == count
        assert sum(copies.values()) - count <= min(kills, marked)
        assert len({(mail.message_id, mail.octets) for mail in smtp.mails}) == count


async def test_a_worker_that_slept_past_its_lease_does_not_send_what_others_took_over(office: Office) -> None:
    count = 150
    async with SmtpServer(faults=[Fault("DOT", delay=DELAY)]) as smtp, leading(office, smtp, count) as ledger:
        mail_over(office, smtp)
        port = free_port()
        sleeper, other = worker(office, EXAMCAL_METRICS_LISTEN=f"127.0.0.1:{port}"), None
        try:
            await until(lambda: claims(office, sleeper.pid) > 20)
            sleeper.send_signal(signal.SIGSTOP)
            asleep, taken = time.monotonic(), claims(office, sleeper.pid)
            assert end_leases(office, sleeper.pid) == taken
            other = worker(office)
            await until(lambda: is_done(ledger, count), 200)
            await until(lambda: time.monotonic() - asleep > LEASE.total_seconds())
            sleeper.send_signal(signal.SIGCONT)
            await until(lambda: fenced(office) >= taken)
            counted = await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/metrics")
            assert f'examcal_fenced_total{{channel="email"}} {taken}.0' in counted.text
        finally:
            for process in (sleeper, other):
                if process is not None:
                    process.kill()
                    await asyncio.to_thread(process.wait, 10)
        copies = Counter(mail.message_id for mail in (*smtp.mails, *smtp.dropped))
        assert len(copies) == count
        assert sum(copies.values()) <= count + 1
        assert ledger.verify() == []


async def test_a_worker_that_is_stopped_ends_its_sends_and_gives_back_the_rest(office: Office) -> None:
    count = 200
    async with SmtpServer(faults=[Fault("DOT", delay=DELAY)]) as smtp, leading(office, smtp, count) as ledger:
        mail_over(office, smtp)
        first, second = worker(office), None
        try:
            await until(lambda: claims(office, first.pid))
            first.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(first.wait, 30) == 0
            assert claims(office, first.pid) == 0
            second = worker(office)
            await until(lambda: is_done(ledger, count), 200)
        finally:
            for process in (first, second):
                if process is not None:
                    process.kill()
                    process.wait(10)
        assert len(smtp.mails) == count


# F04
async def test_a_worker_gives_back_a_send_that_does_not_end_names_it_and_ends_in_time(office: Office) -> None:
    async with SmtpServer(faults=[Fault("DOT", delay=600)]) as smtp, leading(office, smtp, 3):
        mail_over(office, smtp)
        stopped = worker(office)
        with ended([stopped]):
            await until(lambda: smtp.count("DATA") and claims(office, stopped.pid))
            began = time.monotonic()
            stopped.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(stopped.wait, 30) == 0
            assert time.monotonic() - began < 20
        assert claims(office, stopped.pid) == 0
        (given_back,) = ask(office, "SELECT array_agg(id) FROM delivery WHERE ambiguous = 1 AND state = 'retry'")
        assert f"可能重复送达：{given_back}" in said(office)
        assert ask(office, "SELECT max(unfinished) FROM delivery") == 0  # a stop is no sign of poison


STALLED = """
WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '10 minutes') RETURNING id)
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts, worker_id)
SELECT 'examcal', 'examcal.deliver', '{"channel_id": 1}', 'doing', 1, id FROM dead
"""


@pytest.mark.needs("faketime")
def test_a_ticket_of_a_dead_worker_is_taken_again_by_one_whose_clock_is_fast(office: Office) -> None:
    database = office.environment["EXAMCAL_DATABASE_URL"]
    open_ledger(database, office.folder / "lead", datetime.now(UTC)).ledger.close()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(STALLED)
        fast = Office(office.folder, {**office.environment, **ahead(timedelta(hours=1))})
        process = worker(fast)
        try:
            left = 1
            deadline = time.monotonic() + 60
            while left and time.monotonic() < deadline:
                time.sleep(0.1)
                (left,) = connection.execute(
                    "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
                ).fetchone()
        finally:
            process.terminate()
            process.wait(40)
    assert left == 0
