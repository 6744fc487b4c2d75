"""Move a ledger to another engine: every row, in key order, and the conservation law on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text

from examcal.errors import RefusedError
from examcal.ledger.looks import counts
from examcal.ledger.opening import LEDGER_ID, MACHINE, open_ledger
from examcal.ledger.place import machine_id
from examcal.ledger.sets import is_postgres, read_meta, write_meta
from examcal.ledger.store import SqlLedger
from examcal.ledger.tables import metadata
from examcal.ledger.trouble import told_apart

PAGE = 2000
OnMoved = Callable[[int, int], None]
"""Hears after every page how many rows of how many are moved."""


def move(
    source: str, target: str, state_dir: Path, now: datetime, on_moved: OnMoved = lambda _done, _total: None
) -> int:
    """Copy all rows of the ledger at ``source`` into the empty one at ``target``; return how many.

    No daemon may run. Raises RefusedError if the target is not empty, or if the two sides do not add up.
    """
    old = open_ledger(source, state_dir, now, make=False).ledger
    try:
        old.recover(now, everything=True)
        with old.snapshot() as reads:
            known = read_meta(reads, LEDGER_ID) or ""
        new = open_ledger(target, state_dir, now, successor_of=known).ledger
        try:
            return _copy(old, new, on_moved)
        finally:
            new.close()
    finally:
        old.close()


def _copy(old: SqlLedger, new: SqlLedger, on_moved: OnMoved) -> int:
    with told_apart(), old.snapshot() as reads, new.transaction() as writes:
        if counts(writes).planned_total:
            raise RefusedError("the target ledger is not empty")
        total = sum(reads.execute(select(func.count()).select_from(t)).scalar_one() for t in metadata.sorted_tables)
        moved = 0
        for table in metadata.sorted_tables:
            writes.execute(table.delete())
            for copied in _copy_table(reads, writes, table):
                moved += copied
                on_moved(moved, total)
            _set_sequence(writes, table)
        if not new.shared:
            write_meta(writes, MACHINE, machine_id())
        before, after = counts(reads), counts(writes)
        if before != after or not after.is_conserved:
            raise RefusedError("the two ledgers do not add up; nothing was moved")
    return moved


def _copy_table(reads: Connection, writes: Connection, table: Table) -> Iterator[int]:
    """Copy a table and yield the size of every page."""
    keys = list(table.primary_key.columns)
    rows = reads.execution_options(yield_per=PAGE).execute(select(table).order_by(*keys))
    for page in rows.mappings().partitions(PAGE):
        writes.execute(insert(table), [dict(row) for row in page])
        yield len(page)


def _set_sequence(connection: Connection, table: Table) -> None:
    """Let new rows count on from the highest id."""
    if is_postgres(connection) and "id" in table.columns:
        highest = connection.execute(select(func.coalesce(func.max(table.c.id), 0) + 1)).scalar_one()
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :next, false) WHERE"
                 " pg_get_serial_sequence(:table, 'id') IS NOT NULL"),
            {"table": table.name, "next": highest},
        )  # fmt: skip
