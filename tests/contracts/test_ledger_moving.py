"""Moving a ledger between engines, and the history of its tables."""

from __future__ import annotations

from pathlib import Path

import procrastinate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from examcal.errors import RefusedError
from examcal.ledger.moving import move
from examcal.ledger.opening import open_ledger
from examcal.ledger.schema import head, known_revisions, migrate, revision
from examcal.ledger.store import SqlLedger
from examcal.ledger.tables import metadata
from support.ledgers import accept, claim, entry, fan_out, planned, settle
from support.postgres import PostgresServer

from .conftest import NOW


@pytest.mark.needs("postgresql")
def test_everything_moves_to_postgresql_and_goes_on_there(postgres: PostgresServer, tmp_path: Path) -> None:
    source, target = f"sqlite:///{tmp_path}/a.db", postgres.database()
    old = open_ledger(source, tmp_path, NOW).ledger
    planned(old, NOW, entry(NOW), entry(NOW, rule="later"), people=4)
    settle(old, claim(old, NOW)[:3], NOW)
    old.close()
    assert move(source, target, tmp_path, NOW) > 8
    new = open_ledger(target, tmp_path, NOW).ledger
    assert new.counts().by_state == {"sent": 3, "retry": 5}
    assert new.verify() == []
    accept(new, [entry(NOW, rule="new"), entry(NOW), entry(NOW, rule="later")], NOW, digest="d2")
    assert fan_out(new, NOW) == 4
    new.close()
    with pytest.raises(RefusedError):
        move(source, target, tmp_path, NOW)


def test_the_migrations_make_exactly_the_tables_of_the_module(ledger: SqlLedger) -> None:
    with ledger.snapshot() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        assert compare_metadata(context, metadata) == []
        assert revision(connection) == head() == known_revisions()[-1]


def test_migrating_again_changes_nothing(ledger: SqlLedger) -> None:
    with ledger.transaction() as connection:
        assert not migrate(connection)


def test_the_history_covers_the_queue_engines_migrations() -> None:
    from examcal.ledger.migrations.versions.r0002_queue import COVERED_UP_TO  # noqa: PLC0415 - a revision

    folder = Path(procrastinate.__file__).parent / "sql" / "migrations"
    assert max(path.name for path in folder.glob("*.sql")) == COVERED_UP_TO


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("procrastinate", "alembic")))
