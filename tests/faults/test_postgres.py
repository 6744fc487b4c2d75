"""Faults of PostgreSQL, its network and its queue, against a server of the tests' own (fault matrix part D)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from examcal.clock import SystemClock
from examcal.delivery.loop import Deliverer
from examcal.dispatch.procrastinate_ import ProcrastinateDispatcher, ProcrastinateWorker
from examcal.errors import PermissionDeniedError
from examcal.ledger import patience
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State
from examcal.ledger.store import SqlLedger
from examcal.ledger.trouble import LedgerUnreachableError
from support.ledgers import claim, entry, planned
from support.office import Office
from support.postgres import PostgresServer
from support.proxy import Proxy
from support.rig import START, Rig, closing, email, people
from support.smtp_server import SmtpServer

pytestmark = pytest.mark.needs("postgresql", "procrastinate")
NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def migrated(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    address = server.database()
    open_ledger(address, tmp_path_factory.mktemp("template"), NOW).ledger.close()
    return address.rpartition("/")[2]


@pytest.fixture
def address(server: PostgresServer, migrated: str) -> str:
    return server.database(migrated)


@pytest.fixture
def shared(address: str, tmp_path: Path) -> Iterator[SqlLedger]:
    ledger = open_ledger(address, tmp_path / "var", NOW).ledger
    yield ledger
    ledger.close()


async def until(true: Callable[[], bool], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110 - the state waited for is in a database
            await asyncio.sleep(0.05)


@asynccontextmanager
async def working(rig: Rig, lanes: int = 2) -> AsyncIterator[None]:
    """Let a worker take tickets."""
    stopping = asyncio.Event()
    deliver = rig.loop.deliver
    worker = ProcrastinateWorker(rig.ledger.engine, lambda number: deliver(number, 15), SystemClock(), lanes=lanes)
    task = asyncio.ensure_future(worker.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(task, 40)


def leading(rig: Rig) -> Deliverer:
    """Make the rig's loop the leader, which makes tickets."""
    rig.loop._dispatcher = ProcrastinateDispatcher(rig.ledger)
    return rig.loop


def all_sent(rig: Rig, count: int) -> Callable[[], bool]:
    return lambda: rig.ledger.counts().by_state == {State.SENT: count}


# F48 ------------------------------------------------------------------------------------------------------------------


async def test_a_network_that_swallows_everything_is_noticed_and_overcome(
    server: PostgresServer, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SILENCE", 1.0)
    monkeypatch.setattr(patience, "ANSWER", 2)
    async with Proxy(("127.0.0.1", server.port)) as proxy:
        behind = address.replace(f":{server.port}/", f":{proxy.port}/")
        ledger = await asyncio.to_thread(lambda: open_ledger(behind, tmp_path / "var", NOW).ledger)
        await asyncio.to_thread(planned, ledger, NOW, people=2)
        proxy.mode = "hole"
        began = time.monotonic()
        with pytest.raises(LedgerUnreachableError):
            await asyncio.to_thread(claim, ledger, NOW)
        assert time.monotonic() - began < 30
        proxy.mode = "pass"
        assert len(await asyncio.to_thread(claim, ledger, NOW)) == 2
        await asyncio.to_thread(ledger.close)


def test_a_statement_that_is_merely_slow_is_waited_for(shared: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SILENCE", 0.2)
    with shared.snapshot() as connection:
        assert connection.execute(text("SELECT 7 FROM pg_sleep(1.5)")).scalar_one() == 7


async def test_a_worker_takes_tickets_again_after_a_silent_network(
    server: PostgresServer, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SILENCE", 1.0)
    monkeypatch.setattr(patience, "ANSWER", 2)
    monkeypatch.setattr("examcal.dispatch.procrastinate_.SWEEP_EVERY", 0.5)
    monkeypatch.setattr("examcal.dispatch.procrastinate_.ANSWERS_WITHIN", 1.0)
    monkeypatch.setattr("examcal.dispatch.procrastinate_.ENDS_WITHIN", 2.0)
    async with SmtpServer() as smtp, Proxy(("127.0.0.1", server.port)) as proxy:
        leader = Rig(tmp_path, [email(smtp.port)], address)
        loop = leading(leader)
        behind = address.replace(f":{server.port}/", f":{proxy.port}/")
        rig = await asyncio.to_thread(Rig, tmp_path, [email(smtp.port)], behind)
        await leader.start(people(3), milestones=[closing(START + HOUR)])
        async with working(rig):
            await until(lambda: _sessions(address) > 1)
            proxy.mode = "hole"
            await asyncio.sleep(3)  # longer than a worker waits for an answer
            proxy.mode = "pass"
            await loop.tick()
            await until(all_sent(leader, 3))
        for one in (rig, leader):
            await one.close()


def _sessions(address: str) -> int:
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%procrastinate%'").fetchone()
    return row[0] if row else 0


# F41


def test_a_newer_schema_is_refused_and_left_as_it_is(address: str, tmp_path: Path, shared: SqlLedger) -> None:
    planned(shared, NOW, people=2)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    office = Office(tmp_path / "office", {"EXAMCAL_DATABASE_URL": address})
    office.folder.mkdir()
    for command in (("ledger", "init"), ("status",), ("run", "--once"), ("run",), ("worker",)):
        done = office.examcal(*command, "--lang", "en")
        assert done.returncode == 78, (command, done.stderr)
        assert "install the newer examcal" in done.stderr
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
        assert connection.execute("SELECT count(*) FROM delivery WHERE state = 'planned'").fetchone() == (2,)


# F49, F55 -------------------------------------------------------------------------------------------------------------


def test_a_session_ended_inside_a_claim_is_told_and_the_rows_are_claimed_again(shared: SqlLedger, address: str) -> None:
    planned(shared, NOW, people=2)
    blocker = psycopg.connect(address)
    blocker.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")  # the claim stops in the middle
    raised: list[BaseException] = []

    def try_to_claim() -> None:
        try:
            claim(shared, NOW)
        except LedgerUnreachableError as error:
            raised.append(error)

    claiming = threading.Thread(target=try_to_claim)
    claiming.start()
    with psycopg.connect(address, autocommit=True) as killer:
        while not (row := killer.execute("SELECT pid FROM pg_locks WHERE NOT granted").fetchone()):
            time.sleep(0.01)
        killer.execute("SELECT pg_terminate_backend(%s)", row)
    claiming.join(20)
    blocker.rollback()
    blocker.close()
    assert len(raised) == 1
    assert len(claim(shared, NOW)) == 2


def test_a_deadlock_is_run_again(shared: SqlLedger, address: str) -> None:
    planned(shared, NOW, people=2)
    tries: list[int] = []
    other = psycopg.connect(address)
    other.execute("SET deadlock_timeout = '10s'")  # so that ours is the victim
    other.execute("UPDATE delivery SET code = 'x' WHERE id = 2")

    def crosswise(connection: object) -> int:
        tries.append(1)
        run = connection.execute  # type: ignore[attr-defined]
        run(text("SET LOCAL deadlock_timeout = '50ms'"))
        run(text("UPDATE delivery SET code = 'y' WHERE id = 1"))
        if len(tries) == 1:
            other_waits.start()
            with psycopg.connect(address, autocommit=True) as look:
                while not look.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                    time.sleep(0.01)
        return int(run(text("UPDATE delivery SET code = 'y' WHERE id = 2")).rowcount)

    def wait_for_first() -> None:
        other.execute("UPDATE delivery SET code = 'x' WHERE id = 1")
        other.commit()

    other_waits = threading.Thread(target=wait_for_first)
    assert shared._write(crosswise) == 1
    other_waits.join(20)
    other.close()
    assert len(tries) == 2


# F51, F52 -------------------------------------------------------------------------------------------------------------


async def test_an_emptied_queue_is_filled_again_from_the_ledger(address: str, tmp_path: Path) -> None:
    async with SmtpServer() as smtp:
        leader, rig = (Rig(tmp_path, [email(smtp.port)], address) for _ in range(2))
        loop = leading(leader)
        await leader.start(people(20), milestones=[closing(START + HOUR)])
        await loop.tick()
        with leader.ledger.transaction() as connection:
            connection.execute(text("TRUNCATE procrastinate_jobs CASCADE"))
        async with working(rig):
            later = await loop.tick()
            assert later is not None
            assert later - leader.clock.now() < timedelta(minutes=1)
            await until(all_sent(leader, 20))
        for one in (rig, leader):
            await one.close()


async def test_wake_ups_that_come_five_times_send_once(address: str, tmp_path: Path) -> None:
    async with SmtpServer() as smtp:
        leader, *rigs = (Rig(tmp_path, [email(smtp.port)], address) for _ in range(3))
        loop = leading(leader)
        await leader.start(people(60), milestones=[closing(START + HOUR)])
        await loop.tick()
        with leader.ledger.transaction() as connection:
            for _ in range(5):
                connection.execute(
                    text(
                        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status)"
                        " SELECT DISTINCT queue_name, task_name, priority, args, status FROM procrastinate_jobs"
                    )
                )
        async with working(rigs[0]), working(rigs[1]):
            await until(all_sent(leader, 60))
        assert len({mail.message_id for mail in smtp.mails}) == len(smtp.mails) == 60
        for one in (*rigs, leader):
            await one.close()


# F57 ------------------------------------------------------------------------------------------------------------------


def test_a_role_without_rights_is_told_without_its_password(
    server: PostgresServer, address: str, shared: SqlLedger, tmp_path: Path
) -> None:
    planned(shared, NOW, entry(NOW))
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("CREATE ROLE reader LOGIN PASSWORD 'canary-4711'")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    theirs = address.replace("examcal@", "reader:canary-4711@")
    try:
        ledger = open_ledger(theirs, tmp_path / "reader", NOW).ledger
        with pytest.raises(PermissionDeniedError) as refused:
            claim(ledger, NOW)
        ledger.close()
        assert "canary" not in str(refused.value)
        assert refused.value.__cause__ is None
    finally:
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute("DROP OWNED BY reader")
            owner.execute("DROP ROLE reader")
    with pytest.raises(PermissionDeniedError) as unknown:
        open_ledger(theirs, tmp_path / "unknown", NOW)
    assert "canary" not in str(unknown.value)
    assert str(server.port) not in str(unknown.value)
