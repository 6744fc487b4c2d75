"""Workers: one reminder for 100,000 recipients, delivered by 1, 2 and 4 ``examcal worker`` from one PostgreSQL.

Everything is real: the tests' own PostgreSQL with its defaults for durability, procrastinate, worker processes, mails
to ``smtp-sink``, each outcome recorded. In the run with two workers the database is stopped as by a crash and started
again in the middle. Client, workers, sink and database share the cores of one machine, so more workers than cores show
that the work is shared, not that it gets faster. Beside it: one process on SQLite, and procrastinate doing nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.bench_delivery import deliver_all
from benchmarks.peers import free_port, has_module, program, smtp_sink, wait_for_port
from benchmarks.reminders import (
    LateClock,
    accept_one,
    add_recipients,
    claim_and_settle,
    deliverer_for,
    fan_out_all,
    mail_to,
    plan_one,
    timed,
)
from benchmarks.rows import Row, skipped
from examcal.delivery.loop import Deliverer
from examcal.dispatch.procrastinate_ import ProcrastinateDispatcher
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State
from examcal.ledger.store import SqlLedger
from examcal.ledger.trouble import LedgerUnreachableError
from support.postgres import PostgresServer, binaries

RECIPIENTS = 100_000
NOTHINGS = 5_000
WORKERS = (1, 2, 4)
RESTARTED = 2
SMALL = 0.001
"""Below this scale only the run with the restart is made: it is tried, not measured."""
LOOK_EVERY = 0.5
LONGEST = 900.0
DURABLE = ("fsync = on", "full_page_writes = on", "shared_buffers = 256MB", "max_connections = 100")
ATTEMPTS = re.compile(r"^examcal_attempts_total\{[^}]*\} (\S+)$", re.MULTILINE)
NOTHING = """
import asyncio, sys, time
import procrastinate
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1]))
@app.task(name="nothing", queue="nothing")
async def nothing(number: int) -> None: ...
async def main() -> None:
    async with app.open_async():
        await nothing.batch_defer_async(*({"number": n} for n in range(int(sys.argv[2]))))
        began = time.perf_counter()
        await app.run_worker_async(queues=["nothing"], wait=False, concurrency=4, install_signal_handlers=False)
        print(time.perf_counter() - began)
asyncio.run(main())
"""


@dataclass(frozen=True)
class Run:
    """How a run went: seconds, mails recorded as sent, each worker's attempts, what may be twice, the size."""

    seconds: float
    sent: int
    shares: Sequence[int]
    ambiguous: int
    octets: int


@dataclass
class WorkerProcess:
    """One ``examcal worker``, and where its metrics are."""

    process: subprocess.Popen[bytes]
    port: int

    def attempts(self) -> int:
        """Return how many attempts ended in it."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10)
        return sum(int(float(number)) for number in ATTEMPTS.findall(answer.text))


@contextlib.contextmanager
def workers(count: int, database: str, smtp: int, folder: Path) -> Iterator[list[WorkerProcess]]:
    """Run so many workers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXAMCAL_")}
    settings = {
        "EXAMCAL_DATABASE_URL": database,
        "EXAMCAL_SMTP__HOST": "127.0.0.1",
        "EXAMCAL_SMTP__PORT": str(smtp),
        "EXAMCAL_SMTP__SECURITY": "none",
        "EXAMCAL_SMTP__SENDER": "from@example.org",
        "EXAMCAL_LOG_LEVEL": "error",
    }
    started: list[WorkerProcess] = []
    try:
        for number in range(count):
            port, place = free_port(), folder / f"worker-{number}"
            place.mkdir(exist_ok=True)
            own = {"EXAMCAL_METRICS_LISTEN": f"127.0.0.1:{port}", "EXAMCAL_STATE_DIR": str(place)}
            command = [sys.executable, "-m", "examcal", "worker"]
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(command, cwd=place, env=kept | settings | own, stdout=quiet, stderr=quiet)
            started.append(WorkerProcess(process, port))
        for one in started:
            wait_for_port(one.process, one.port)
        yield started
    finally:
        for one in started:
            one.process.terminate()
        for one in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(25)
            one.process.kill()


async def deliver_with(count: int, recipients: int, server: PostgresServer, smtp: int, *, restart: bool) -> Run:
    """Let ``count`` workers deliver one reminder; this process plans, as a daemon does."""
    with tempfile.TemporaryDirectory() as name:
        folder, clock, database = Path(name), LateClock(), server.database()
        ledger = open_ledger(database, folder, clock.now()).ledger
        add_recipients(ledger, recipients)
        channel = mail_to(smtp)
        leader = deliverer_for(ledger, {channel.name: channel}, clock, dispatcher=ProcrastinateDispatcher(ledger))
        with workers(count, database, smtp, folder) as them:
            await plan_one(leader, clock)
            began = time.perf_counter()
            await until_sent(leader, ledger, recipients, server if restart else None)
            took, done = timed(began), ledger.counts().by_state
            shares = [one.attempts() for one in them]
        if ledger.verify() or done != {State.SENT: recipients}:
            raise RuntimeError(done)
        with ledger.snapshot() as connection:
            ambiguous = connection.exec_driver_sql("SELECT count(*) FROM delivery WHERE ambiguous > 0").scalar_one()
            octets = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        await leader.drain()
        ledger.close()
        return Run(took, recipients, shares, ambiguous, octets)


async def until_sent(leader: Deliverer, ledger: SqlLedger, recipients: int, server: PostgresServer | None) -> None:
    """Plan as a daemon does until everything is sent; crash ``server`` and start it again in the middle."""
    began, sent = time.monotonic(), 0
    while sent < recipients:
        if time.monotonic() - began > LONGEST:
            raise RuntimeError(ledger.counts().by_state)
        await leader.tick()
        await asyncio.sleep(LOOK_EVERY)
        with contextlib.suppress(LedgerUnreachableError):
            sent = (await asyncio.to_thread(ledger.counts)).by_state.get(State.SENT, 0)
        if server is not None and sent >= recipients // 2:
            await asyncio.to_thread(server.stop, "immediate")
            await asyncio.to_thread(server.start)
            server = None


def ledger_rates(server: PostgresServer, recipients: int) -> Row:
    """Return how fast the shared ledger itself plans and settles, from one process."""
    with tempfile.TemporaryDirectory() as name:
        now = LateClock().now()
        ledger = open_ledger(server.database(), Path(name), now).ledger
        add_recipients(ledger, recipients)
        accept_one(ledger, now)
        planned = recipients / fan_out_all(ledger, now)
        settled = recipients / claim_and_settle(ledger, recipients, now)
        ledger.close()
    rates = {"fan_out_per_second_postgres": planned, "settled_per_second_postgres": settled}
    title = f"one reminder to {recipients:,} recipients in PostgreSQL, one process: plan; claim and settle"
    return Row(title, f"{planned:,.0f}/s; {settled:,.0f}/s", "", rates=rates)


def nothing_rate(server: PostgresServer, jobs: int) -> float:
    """Return how many jobs that do nothing one procrastinate worker takes in a second."""
    with tempfile.TemporaryDirectory() as name:
        database = server.database()
        open_ledger(database, Path(name), LateClock().now()).ledger.close()
        done = subprocess.run(
            [sys.executable, "-c", NOTHING, database, str(jobs)], check=True, capture_output=True, text=True
        )
    return jobs / float(done.stdout)


def rows_of(runs: dict[int, Run], alone: float, nothing: float) -> Iterator[Row]:
    """Yield a line for each number of workers."""
    for count, run_of in runs.items():
        rate = run_of.sent / run_of.seconds
        shares = " + ".join(f"{100 * share / max(1, sum(run_of.shares)):.0f} %" for share in run_of.shares)
        restarted = f"; database crashed in the middle, {run_of.ambiguous} marked as possibly twice"
        yield Row(
            f"{run_of.sent:,} recipients, {count} worker{'s' if count > 1 else ''}",
            f"{rate:,.0f}/s",
            f"one process on SQLite {alone:,.0f}/s",
            rate / alone,
            note=f"shares {shares}{restarted if count == RESTARTED else ''}",
            rates={f"mails_per_second_{count}_workers": rate},
        )
    fewest = min(runs)
    one = runs[fewest].sent / runs[fewest].seconds
    yield Row(
        f"deliveries, {fewest} worker{'s' if fewest > 1 else ''}, vs procrastinate's jobs that do nothing",
        f"{one:,.0f}/s",
        f"{nothing:,.0f}/s",
        one / nothing,
        rates={
            "procrastinate_jobs_per_second": nothing,
            "octets_per_recipient_postgres": runs[fewest].octets / runs[fewest].sent,
        },
        note="a ticket stands for up to 500 deliveries",
    )


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield a line for each number of workers, and one for the queue alone."""
    recipients = max(40, round(RECIPIENTS * scale))
    title = f"{recipients:,} recipients over workers"
    missing = _missing()
    if missing:
        yield skipped(title, missing)
        return
    with PostgresServer() as server, smtp_sink() as smtp:
        with (server.data / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write("\n".join(DURABLE) + "\n")
        server.stop("fast")
        server.start()
        books = ledger_rates(server, max(20, recipients // 2))
        nothing = nothing_rate(server, max(20, round(NOTHINGS * scale)))
        runs = {
            count: asyncio.run(deliver_with(count, recipients, server, smtp, restart=count == RESTARTED))
            for count in (WORKERS if scale >= SMALL else (RESTARTED,))
        }
        some = max(20, recipients // 10)
        alone = some / deliver_all(smtp, some)[0]
    yield from rows_of(runs, alone, nothing)
    yield books


def _missing() -> str:
    """Return what is not on this machine; empty if everything is."""
    try:
        binaries()
    except FileNotFoundError:
        return "PostgreSQL"
    return next((name for name in ("procrastinate", "psycopg") if not has_module(name)), "") or (
        "" if program("smtp-sink") else "smtp-sink"
    )
