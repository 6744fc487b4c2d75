"""The ledger: planning and claiming many deliveries.

Fan-out of one reminder to 1,000,000 recipients vs one plain ``INSERT … SELECT`` into the same table with the same keys
and durability; claiming and settling.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.reminders import accept_one, add_recipients, claim_and_settle, fan_out_all
from benchmarks.rows import Row
from examcal.ledger.opening import open_ledger
from examcal.ledger.store import SqlLedger

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
RECIPIENTS = 1_000_000
CLAIMED = 100_000


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


def _octets(ledger: SqlLedger) -> int:
    """Return how large the database is, what is still in its write-ahead log included."""
    with ledger.snapshot() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def _large(count: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, NOW).ledger
        empty = _octets(ledger)
        add_recipients(ledger, count)
        people = _octets(ledger)
        plain = _plain(folder / "a.db")
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM delivery")
        accept_one(ledger, NOW)
        ours = fan_out_all(ledger, NOW)
        planned, some = _octets(ledger), min(count, CLAIMED)
        settled = claim_and_settle(ledger, some, NOW)
        ended = _octets(ledger)
        ledger.close()
    octets = {
        "octets_per_recipient": (people - empty) / count,
        "octets_per_delivery": (planned - people) / count + (ended - planned) / some,
    }
    rates = octets | {"fan_out_per_second": count / ours, "settled_per_second": some / settled}
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
