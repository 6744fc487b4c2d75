"""Every ledger test runs on both engines: SQLite in a file, and a real PostgreSQL of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examcal.ledger.opening import open_ledger
from examcal.ledger.store import SqlLedger
from support.postgres import PostgresServer

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a database with the ledger's tables, to be copied."""
    address = postgres.database()
    open_ledger(address, tmp_path_factory.mktemp("template"), NOW).ledger.close()
    return address.rpartition("/")[2]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/var/examcal.db"
    return request.getfixturevalue("postgres").database(request.getfixturevalue("migrated"))


@pytest.fixture
def ledger(url: str, tmp_path: Path) -> Iterator[SqlLedger]:
    opened = open_ledger(url, tmp_path / "var", NOW, machine=lambda: "m1").ledger
    yield opened
    opened.close()
