"""A ledger on both engines with the desk in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from examcal.ledger.opening import open_ledger
from examcal.ledger.store import SqlLedger
from examcal.subscription.desk import Desk
from examcal.subscription.site_key import site_key
from examcal.subscription.tokens import SiteKey
from support import schedules
from support.postgres import PostgresServer
from support.subscriptions import START


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a database with all tables, to be copied."""
    address = postgres.database()
    open_ledger(address, tmp_path_factory.mktemp("template"), START).ledger.close()
    return address.rpartition("/")[2]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    url = f"sqlite:///{tmp_path}/var/examcal.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").database(request.getfixturevalue("migrated"))
    opened = open_ledger(url, tmp_path / "var", START, machine=lambda: "m").ledger
    yield opened
    opened.close()


@pytest.fixture
def key(ledger: SqlLedger, tmp_path: Path) -> SiteKey:
    return site_key(ledger, tmp_path / "var", None)


@pytest.fixture
def desk(ledger: SqlLedger, key: SiteKey) -> Desk:
    schedule = schedules.everything()
    return Desk(ledger, key, lambda: schedule)
