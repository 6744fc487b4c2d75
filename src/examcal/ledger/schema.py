"""Bring a ledger's tables up to this program's revision, and refuse one that a newer program has written.

A new SQLite ledger is made from the tables as they are today; only an older one, or PostgreSQL with its queue, goes
through the migrations. Alembic costs half a second and 11 MB, so it is imported only there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select, text

from examcal.errors import ConfigurationError
from examcal.ledger.sets import is_postgres
from examcal.ledger.tables import metadata

MIGRATION_LOCK = 0x6578616D6D6967  # "exammig": one process at a time changes the schema
_MIGRATIONS = Path(__file__).parent / "migrations"
_FILE = re.compile(r"r(\d{4})_\w+\.py")

# Alembic's own table, as it makes it itself.
_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def migrate(connection: Connection) -> bool:
    """Apply what is missing, in the caller's transaction; return whether anything was.

    Raises ConfigurationError if the ledger is newer than this program.
    """
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    found, newest = revision(connection), head()
    if found == newest:
        return False
    if found is not None:
        refuse_newer(found)
    if found is None and not is_postgres(connection):
        _make(connection)
    else:
        upgrade(connection)
    return True


def upgrade(connection: Connection) -> None:
    """Run the migrations that the tables lack, in the caller's transaction."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def refuse_newer(found: str) -> None:
    """Raise ConfigurationError if this program does not know the revision ``found``."""
    if found not in known_revisions():
        raise ConfigurationError(
            "the ledger has schema {found}, this program knows up to {known}: install the newer examcal",
            found=found,
            known=head(),
        )


def revision(connection: Connection) -> str | None:
    """Return the ledger's revision, or None where there are no tables yet."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    found = connection.execute(select(_VERSION.c.version_num)).scalar()
    return None if found is None else str(found)


def head() -> str:
    """Return this program's revision."""
    return known_revisions()[-1]


@cache
def known_revisions() -> tuple[str, ...]:
    """Return every revision this program knows, oldest first: the numbers in the names of its files."""
    found = (_FILE.fullmatch(path.name) for path in (_MIGRATIONS / "versions").iterdir())
    return tuple(sorted(match[1] for match in found if match))


def _make(connection: Connection) -> None:
    """Make today's tables in an empty database."""
    metadata.create_all(connection)
    _VERSION.create(connection)
    connection.execute(insert(_VERSION), {"version_num": head()})
