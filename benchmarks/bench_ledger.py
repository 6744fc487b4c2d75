"""The ledger: planning and claiming many deliveries.

Fan-out of one reminder to 1,000,000 recipients vs one plain ``INSERT … SELECT`` into the same table with the same keys
and durability; claiming and settling.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.reminders import add_recipients
from benchmarks.rows import Row
from examcal.channels.port import Outcome
from examcal.ledger.claims import Terms
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import Document, ReminderEntry, Settlement, State
from examcal.ledger.store import SqlLedger

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
RECIPIENTS = 1_000_000
CLAIMED = 100_000


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


def _large(count: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, NOW).ledger
        add_recipients(ledger, count)
        plain = _plain(folder / "a.db")
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM delivery")
        _accept(ledger, "closes -1d")
        ours = _fan_out(ledger)
        some = min(count, CLAIMED)
        settled = _claim_and_settle(ledger, some)
        octets = (folder / "a.db").stat().st_size
        ledger.close()
    rates = {"fan_out_per_second": count / ours, "settled_per_second": some / settled}
    title = f"one reminder to {count:,} recipients"
    return [
        Row(
            title,
            f"{count / ours:,.0f}/s",
            f"{count / plain:,.0f}/s",
            plain / ours,
            0.5,
            note="sqlite3 INSERT … SELECT",
            rates=rates,
        ),
        Row("claim and settle, 500 a batch", f"{some / settled:,.0f}/s", ""),
    ]


def run(scale: float = 1.0) -> list[Row]:
    """Measure with a million recipients, times ``scale``."""
    return _large(max(1000, round(RECIPIENTS * scale)))
