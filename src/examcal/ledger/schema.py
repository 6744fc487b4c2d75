"""Bring a ledger's tables up to this program's revision, and refuse one that a newer program has written."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from examcal.errors import ConfigurationError
from examcal.ledger.sets import is_postgres

MIGRATION_LOCK = 0x6578616D6D6967  # "exammig": one process at a time changes the schema


def migrate(connection: Connection) -> bool:
    """Apply what is missing, in the caller's transaction; return whether anything was.

    Raises ConfigurationError if the ledger is newer than this program.
    """
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    found, newest = revision(connection), head()
    if found == newest:
        return False
    if found is not None and found not in known_revisions():
        raise ConfigurationError(
            "the ledger has schema {found}, this program knows up to {known}: install the newer examcal",
            found=found,
            known=newest,
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def revision(connection: Connection) -> str | None:
    """Return the ledger's revision, or None where there are no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return this program's revision."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def known_revisions() -> list[str]:
    """Return every revision this program knows, oldest first."""
    revisions = ScriptDirectory.from_config(_config()).walk_revisions()
    return [str(script.revision) for script in revisions][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
