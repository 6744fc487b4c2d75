"""The ledger: planning and claiming many deliveries.

Fan-out of one reminder to many recipients vs one plain ``INSERT … SELECT`` into the same table with the same keys and
durability; claiming and settling; one reminder for 10,000 recipients vs 10,000 APScheduler jobs in SQLite.

    RECIPIENTS=100000 python -m benchmarks.bench_ledger
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from benchmarks.rows import Row, as_table
from examcal.channels.port import Outcome
from examcal.ledger.claims import Terms
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import Document, ReminderEntry, Settlement, State
from examcal.ledger.store import SqlLedger

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
JOBS = 10_000
CLAIMED = 100_000


def _recipients(ledger: SqlLedger, count: int) -> None:
    ledger.channel_ids(["email"])
    with ledger.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO selection (id, filters) VALUES (1, '[[],[],[],[]]')")
        connection.exec_driver_sql(
            "INSERT INTO recipient (id, key, ordinal, source, channel_id, selection_id, address, language, joined_at,"
            " active) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " SELECT i, 'r' || i, i, 'audience', 1, 1, 'u' || i || '@example.org', 'zh-CN', 0, 1 FROM n",
            (count,),
        )


def _accept(ledger: SqlLedger, rule: str) -> None:
    entry = ReminderEntry(
        rule, "reminder", "e/m", "closes:x", "Asia/Shanghai", rule, "e/m", NOW, NOW + timedelta(days=1)
    )
    ledger.accept(Document((), rule), [entry], [], NOW)


def _fan_out(ledger: SqlLedger) -> float:
    began = time.perf_counter()
    while rows := ledger.waiting_for_fan_out(NOW + timedelta(days=1)):
        ledger.fan_out_page(rows[0], None, {}, NOW)
    return time.perf_counter() - began


def _plain(path: Path) -> float:
    """Insert the same rows with plain sqlite3, in one statement."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA synchronous = FULL")
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO delivery (reminder_id, recipient_id, channel_id, state, next_at)"
        " SELECT 999, id, channel_id, 'planned', ? FROM recipient WHERE active",
        (int(NOW.timestamp() * 1e6),),
    )
    connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def _claim_and_settle(ledger: SqlLedger, count: int) -> float:
    began, left = time.perf_counter(), count
    while left > 0:
        claims = ledger.claim(1, NOW, Terms(limit=500), owner="bench").claims
        ends = [Settlement(one.delivery_id, State.SENT, Outcome.ACCEPTED) for one in claims]
        ledger.settle(ends, token=claims[0].token, now=NOW)
        left -= len(claims)
    return time.perf_counter() - began


def _nothing() -> None:
    """Stand for a delivery."""


def _jobs(folder: Path, count: int) -> float:
    """Add one persistent APScheduler job per delivery, and fire them."""
    store = SQLAlchemyJobStore(f"sqlite:///{folder}/jobs.db")
    scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
    scheduler.start(paused=True)
    due = datetime.now(UTC) + timedelta(seconds=1)
    began = time.perf_counter()
    for number in range(count):
        scheduler.add_job(_nothing, "date", run_date=due, id=str(number), misfire_grace_time=None)
    scheduler.resume()
    while scheduler.get_jobs():
        time.sleep(0.05)
    took = time.perf_counter() - began
    scheduler.shutdown()
    return took


def _large(count: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, NOW).ledger
        _recipients(ledger, count)
        plain = _plain(folder / "a.db")
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM delivery")
        _accept(ledger, "closes -1d")
        ours = _fan_out(ledger)
        some = min(count, CLAIMED)
        settled = _claim_and_settle(ledger, some)
        ledger.close()
    title = f"one reminder to {count:,} recipients"
    return [
        Row(
            title,
            f"{count / ours:,.0f}/s",
            f"{count / plain:,.0f}/s",
            plain / ours,
            0.5,
            note="sqlite3 INSERT … SELECT",
        ),
        Row("claim and settle, 500 a batch", f"{some / settled:,.0f}/s", ""),
    ]


def _jobs_row(jobs: int) -> Row:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, NOW).ledger
        _recipients(ledger, JOBS)
        began = time.perf_counter()
        _accept(ledger, "closes -1d")
        _fan_out(ledger)
        _claim_and_settle(ledger, JOBS)
        ours = time.perf_counter() - began
        ledger.close()
        theirs = _jobs(folder, jobs) * JOBS / jobs
    note = f"one APScheduler job each, added and fired{'' if jobs == JOBS else f' ({jobs:,} measured)'}"
    return Row(
        f"one reminder for {JOBS:,} recipients", f"{ours:.2f} s", f"{theirs:.1f} s", theirs / ours, 50, note=note
    )


def run() -> list[Row]:
    """Measure everything; ``RECIPIENTS`` and ``JOBS`` in the environment make it smaller."""
    recipients = int(os.environ.get("RECIPIENTS", "1000000"))
    return [*_large(recipients), _jobs_row(int(os.environ.get("JOBS", "2000")))]


if __name__ == "__main__":
    print(as_table(run()))
