"""Rates that hold across processes: GCRA with one row per key, taken inside the claim's transaction.

A crash wastes a token and never sends too much.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import Connection, select, text

from examcal.ledger.rows import Rate
from examcal.ledger.sets import is_postgres
from examcal.ledger.tables import rate as rate_table


def allowed(tat: int, now: int, rate: Rate) -> int:
    """Return how many messages may leave at once at ``now`` (microseconds), given the theoretical arrival time."""
    interval = rate.interval // timedelta(microseconds=1)
    if not interval:
        return 1 << 30
    return max(0, (rate.burst * interval - max(0, tat - now)) // interval)


def advanced(tat: int, now: int, rate: Rate, count: int) -> int:
    """Return the theoretical arrival time after ``count`` messages."""
    return max(tat, now) + count * (rate.interval // timedelta(microseconds=1))


def wait(tat: int, now: int, rate: Rate) -> timedelta:
    """Return how long it takes until one message may leave."""
    interval = rate.interval // timedelta(microseconds=1)
    return timedelta(microseconds=max(0, tat - now - (rate.burst - 1) * interval))


def read_tats(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Return and lock the theoretical arrival times of ``keys``; those without a row count as 0."""
    if is_postgres(connection):
        for key in sorted(keys):  # a row must exist before it can be locked, always in one order
            connection.execute(_MAKE, {"key": key})
    rows = select(rate_table.c.key, rate_table.c.tat).where(rate_table.c.key.in_(list(keys)))
    if is_postgres(connection):
        rows = rows.order_by(rate_table.c.key).with_for_update()
    found = {row.key: row.tat for row in connection.execute(rows)}
    return {key: found.get(key, 0) for key in keys}


def write_tats(connection: Connection, tats: Mapping[str, int]) -> None:
    """Store theoretical arrival times."""
    if tats:
        connection.execute(_WRITE, [{"key": key, "tat": tat} for key, tat in tats.items()])


_MAKE = text("INSERT INTO rate (key, tat) VALUES (:key, 0) ON CONFLICT DO NOTHING")
_WRITE = text("INSERT INTO rate (key, tat) VALUES (:key, :tat) ON CONFLICT (key) DO UPDATE SET tat = excluded.tat")
