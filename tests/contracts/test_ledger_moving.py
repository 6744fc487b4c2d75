"""Moving a ledger between engines, and the history of its tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import procrastinate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from examcal.errors import ConfigurationError, RefusedError
from examcal.ledger import migrations
from examcal.ledger.engine import make_engine, parse_url, writing
from examcal.ledger.moving import move
from examcal.ledger.opening import open_ledger
from examcal.ledger.schema import head, known_revisions, migrate, revision, upgrade
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


@pytest.mark.needs("postgresql")
def test_everything_moves_back_into_a_state_directory_that_knows_the_ledger(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    source, target = postgres.database(), f"sqlite:///{tmp_path}/b.db"
    old = open_ledger(source, tmp_path, NOW).ledger
    planned(old, NOW, entry(NOW), people=4)
    settle(old, claim(old, NOW)[:3], NOW)
    old.close()
    move(source, target, tmp_path, NOW)
    opened = open_ledger(target, tmp_path, NOW)
    assert not opened.held
    assert opened.ledger.counts().by_state == {"sent": 3, "retry": 1}
    assert opened.ledger.verify() == []
    opened.ledger.close()


def test_a_lost_ledger_is_no_empty_target_for_another_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        open_ledger(f"sqlite:///{tmp_path}/{name}/x.db", tmp_path / name, NOW).ledger.close()
    (tmp_path / "b" / "x.db").unlink()
    with pytest.raises(ConfigurationError):
        move(f"sqlite:///{tmp_path}/a/x.db", f"sqlite:///{tmp_path}/b/x.db", tmp_path / "b", NOW)


def test_the_migrations_make_exactly_the_tables_of_the_module(ledger: SqlLedger) -> None:
    with ledger.snapshot() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        assert compare_metadata(context, metadata) == []
        assert revision(connection) == head() == known_revisions()[-1]


def test_a_new_ledger_is_what_the_migrations_would_have_made(tmp_path: Path) -> None:
    shapes = []
    for number, make in enumerate((migrate, upgrade)):
        engine = make_engine(parse_url(f"sqlite:///{tmp_path}/{number}.db"))
        with writing(engine) as connection:
            make(connection)
            assert revision(connection) == head()
            shapes.append(_definitions(connection))
        engine.dispose()
    assert shapes[0] == shapes[1]


def test_the_revisions_are_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert known_revisions() == tuple(script.revision for script in scripts.walk_revisions())[::-1]
    assert head() == scripts.get_current_head()


def test_opening_a_ledger_does_not_load_the_migrations_engine(tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from examcal.ledger.opening import open_ledger\n"
        f"folder = Path('{tmp_path}')\n"
        "for _ in range(2): open_ledger(f'sqlite:///{folder}/a.db', folder, datetime.now(UTC)).ledger.close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_migrating_again_changes_nothing(ledger: SqlLedger) -> None:
    with ledger.transaction() as connection:
        assert not migrate(connection)


def test_the_history_covers_the_queue_engines_migrations() -> None:
    from examcal.ledger.migrations.versions.r0002_queue import COVERED_UP_TO  # noqa: PLC0415 - a revision

    folder = Path(procrastinate.__file__).parent / "sql" / "migrations"
    assert max(path.name for path in folder.glob("*.sql")) == COVERED_UP_TO


_ADDED = re.compile(r"(?<=[A-Z0-9]), (?=[a-z_]+ [A-Z])")  # SQLite writes a column that was added on another's line


def _definitions(connection: Connection) -> dict[str, list[str]]:
    """Return every table's and index's definition; the order of columns and constraints does not matter."""
    rows = connection.exec_driver_sql("SELECT name, coalesce(sql, '') FROM sqlite_master").all()
    return {
        name: sorted(line.strip().rstrip(",") for line in _ADDED.sub(",\n", sql).splitlines()) for name, sql in rows
    }


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("procrastinate", "alembic")))
