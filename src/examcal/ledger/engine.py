"""Engines and transactions: SQLite in one file, or PostgreSQL through psycopg 3.

Every write on SQLite begins with BEGIN IMMEDIATE (one writer, no upgrade deadlocks) and is durable when it returns
(WAL, synchronous=FULL). On PostgreSQL statements, locks and half-open connections end by themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from examcal.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 10_000
POSTGRES_OPTIONS = (
    "-c statement_timeout=60000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
    " -c synchronous_commit=on"
)


def parse_url(url: str) -> URL:
    """Return the database address, with our driver filled in. Raises ConfigurationError without showing the address."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "DATABASE_URL is not a database address; write sqlite:///FILE or postgresql://…"
        ) from None
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite":
        return parsed
    raise ConfigurationError("DATABASE_URL is not a database address; write sqlite:///FILE or postgresql://…")


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite address, or None for PostgreSQL."""
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or ":memory:")


def make_engine(url: URL) -> Engine:
    """Return an engine with our pragmas and timeouts. Raises UnavailableError where the driver is not installed."""
    if sqlite_file(url) is None:
        return _postgres_engine(url)
    engine = create_engine(url, pool_size=4, max_overflow=8, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Run a block in one durable transaction."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Run a block on one consistent snapshot, without a lock that a writer would wait for."""
    with engine.connect().execution_options(reads=True) as connection, connection.begin():
        yield connection


def _postgres_engine(url: URL) -> Engine:
    timeouts = {
        "connect_timeout": 10,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
        "options": POSTGRES_OPTIONS,
        "application_name": "examcal",
    }
    try:
        from examcal.ledger.patience import PatientConnection  # noqa: PLC0415 - the driver is an extra

        engine = create_engine(url, pool_pre_ping=True, pool_size=4, max_overflow=8, connect_args=timeouts)
        event.listen(
            engine, "do_connect", lambda _dialect, _record, args, more: PatientConnection.connect(*args, **more)
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise UnavailableError("PostgreSQL needs more parts: install examcal[postgres]") from None
    return engine


def _set_pragmas(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event decides, not the driver
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = OFF",  # rows are made in one transaction by set-based SQL; `ledger verify` checks them
        "cache_size = -65536",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
