"""Alembic's entry: run the revisions on the connection that the caller hands over, in the caller's transaction."""

from __future__ import annotations

from alembic import context

from examcal.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
