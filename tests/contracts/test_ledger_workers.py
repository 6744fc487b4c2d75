"""Scale-out on a real PostgreSQL: one leader, tickets in the ledger's transaction, workers that share and may die."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from examcal.clock import SystemClock
from examcal.delivery import lane, lease
from examcal.dispatch.leadership import AdvisoryLeadership
from examcal.dispatch.procrastinate_ import ProcrastinateDispatcher, ProcrastinateWorker, live_tickets
from examcal.ledger import rates
from examcal.ledger.claims import Terms
from examcal.ledger.engine import make_engine, parse_url
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import Rate, State, micros
from examcal.ledger.store import SqlLedger
from support.ledgers import claim, entry, fan_out, planned, settle
from support.postgres import PostgresServer
from support.rig import START, Rig, closing, email, people
from support.smtp_server import Fault, SmtpServer

from .conftest import NOW

pytestmark = pytest.mark.needs("postgresql", "procrastinate")
HOUR = timedelta(hours=1)


@pytest.fixture
def address(postgres: PostgresServer, migrated: str) -> str:
    return postgres.database(migrated)


@pytest.fixture
def shared(address: str, tmp_path: Path) -> Iterator[SqlLedger]:
    ledger = open_ledger(address, tmp_path / "var", NOW).ledger
    yield ledger
    ledger.close()


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110 - the state waited for is in a database
            await asyncio.sleep(0.05)


@asynccontextmanager
async def working(rig: Rig, lanes: int = 2) -> AsyncIterator[ProcrastinateWorker]:
    stopping = asyncio.Event()
    worker = ProcrastinateWorker(
        rig.ledger.engine, lambda number: rig.loop.deliver(number, 15), SystemClock(), lanes=lanes
    )
    task = asyncio.ensure_future(worker.run(stopping))
    try:
        yield worker
    finally:
        stopping.set()
        await asyncio.wait_for(task, 30)


async def test_a_leader_makes_tickets_and_two_workers_deliver_once(address: str, tmp_path: Path) -> None:
    async with SmtpServer() as smtp:
        leader = Rig(tmp_path, [email(smtp.port)], address)
        leader.loop._dispatcher = ProcrastinateDispatcher(leader.ledger)
        workers = [Rig(tmp_path, [email(smtp.port)], address) for _ in range(2)]
        await leader.start(people(120), milestones=[closing(START + HOUR)])
        async with working(workers[0]), working(workers[1]):
            await leader.loop.tick()
            await until(lambda: leader.ledger.counts().by_state == {State.SENT: 120})
        assert len({mail.message_id for mail in smtp.mails}) == len(smtp.mails) == 120
        assert leader.ledger.verify() == []
        for rig in (*workers, leader):
            await rig.close()


def test_tickets_are_made_once_and_again_when_lost(shared: SqlLedger) -> None:
    planned(shared, NOW, people=3)
    dispatcher = ProcrastinateDispatcher(shared)
    for _ in range(3):
        asyncio.run(dispatcher.dispatch({1: 1200}))
    with shared.snapshot() as connection:
        assert live_tickets(connection) == {1: 24}  # one for every fifty
    with shared.transaction() as connection:
        connection.execute(text("TRUNCATE procrastinate_jobs CASCADE"))
    asyncio.run(dispatcher.dispatch({1: 1}))
    with shared.snapshot() as connection:
        assert live_tickets(connection) == {1: 1}


async def test_a_worker_outlives_a_restart_of_the_database(
    postgres: PostgresServer, address: str, tmp_path: Path
) -> None:
    async with SmtpServer() as smtp:
        rig, leader = (Rig(tmp_path, [email(smtp.port)], address) for _ in range(2))
        leader.loop._dispatcher = ProcrastinateDispatcher(leader.ledger)
        await leader.start(people(3), milestones=[closing(START + HOUR)])
        async with working(rig):
            await asyncio.to_thread(postgres.stop, "immediate")
            await asyncio.to_thread(postgres.start)
            await leader.loop.tick()
            await until(lambda: leader.ledger.counts().by_state == {State.SENT: 3})
        for one in (rig, leader):
            await one.close()


def _in_the_end(acquired: Callable[[], bool]) -> bool:
    """Try until it works: a server takes a moment to notice that a session was closed."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if acquired():
            return True
        time.sleep(0.02)
    return False


def test_one_leads_and_the_other_takes_over(address: str) -> None:
    engines = [make_engine(parse_url(address)) for _ in range(2)]
    first, second = (AdvisoryLeadership(engine) for engine in engines)
    assert first.acquire()
    assert not second.acquire()
    assert first.holds()
    with engines[1].begin() as killer:  # its session ends, as with a killed process
        killer.execute(text("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'"))
    assert second.acquire()
    assert not first.holds()
    second.release()
    assert _in_the_end(first.acquire)
    first.release()
    for engine in engines:
        engine.dispose()


def test_a_row_that_somebody_locks_delays_only_itself(shared: SqlLedger) -> None:
    planned(shared, NOW, people=3)
    with shared.engine.begin() as other:
        other.execute(text("SELECT 1 FROM delivery WHERE id = 1 FOR UPDATE"))
        assert len(claim(shared, NOW)) == 2
    assert len(claim(shared, NOW)) == 1


def test_a_connection_killed_inside_a_claim_leaves_the_rows_claimable(shared: SqlLedger) -> None:
    planned(shared, NOW, people=2)
    with pytest.raises(Exception), shared.engine.begin() as victim:  # noqa: B017, PT011, PT012 - whatever the driver says
        victim.execute(text("UPDATE delivery SET state = 'sending'"))
        with shared.engine.begin() as killer:
            pid = victim.execute(text("SELECT pg_backend_pid()")).scalar_one()
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        victim.execute(text("SELECT 1"))
    assert len(claim(shared, NOW)) == 2


def test_a_rate_holds_when_two_take_of_it_at_the_same_moment(shared: SqlLedger) -> None:
    planned(shared, NOW, people=20)
    rate = Rate(timedelta(minutes=1), burst=3)
    key = f"channel:{shared.channel_ids(['email'])['email']}"
    with shared.transaction() as connection:
        rates.write_tats(connection, {key: 0})
    others: list[int] = []
    second = threading.Thread(target=lambda: others.append(len(claim(shared, NOW, Terms(rate=rate)))))
    with shared.transaction() as first:
        tat = rates.read_tats(first, [key])[key]
        second.start()
        while second.is_alive() and not _somebody_waits(first):
            time.sleep(0.01)
        rates.write_tats(first, {key: rates.advanced(tat, micros(NOW), rate, 3)})
    second.join(20)
    assert others == [0]


def _somebody_waits(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())


async def test_leases_are_renewed_while_a_batch_lasts_longer_than_one(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (lease, lane):
        monkeypatch.setattr(place, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr(lease, "MARGIN", timedelta(seconds=0.5))
    count = 30
    async with SmtpServer(faults=[Fault("DOT", delay=0.15)]) as smtp:
        leader, rig, other = (Rig(tmp_path, [email(smtp.port)], address) for _ in range(3))
        leader.loop._dispatcher = ProcrastinateDispatcher(leader.ledger)
        await leader.start(people(count), milestones=[closing(START + HOUR)])
        await leader.loop.tick()
        number = rig.ledger.channel_ids(["email"])["email"]
        sending = asyncio.ensure_future(rig.loop.deliver(number))
        taken = 0
        while not sending.done():
            taken += await asyncio.to_thread(other.ledger.recover, START, everything=False)
            taken += len(await asyncio.to_thread(claim, other.ledger, START)) if smtp.mails[1:] else 0
            await asyncio.sleep(0.1)
        assert await sending == count
        assert taken == 0
        assert len(smtp.mails) == count
        assert smtp.mails[-1].at - smtp.mails[0].at > 2 * lease.LEASE.total_seconds()
        for one in (leader, rig, other):
            await one.close()


def test_leases_go_by_the_databases_clock(shared: SqlLedger) -> None:
    planned(shared, NOW, people=1)
    claims = claim(shared, NOW, Terms(lease=timedelta(minutes=5)))
    assert shared.recover(NOW + timedelta(days=900), everything=False) == 0
    with shared.transaction() as connection:
        connection.execute(text("UPDATE delivery SET lease_until = 1"))
    assert shared.recover(NOW, everything=False) == 1
    assert settle(shared, claims, NOW) == 1


def test_two_planners_at_once_plan_everything_once(shared: SqlLedger) -> None:
    planned(shared, NOW, entry(NOW), people=50)
    row = shared.waiting_for_fan_out(NOW) or []
    assert row == []
    with shared.transaction() as connection:
        connection.execute(text("UPDATE reminder SET cursor = 0"))
    assert fan_out(shared, NOW) == 0
    assert shared.counts().is_conserved
