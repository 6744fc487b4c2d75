"""The tables of the queue engine (procrastinate 3.10) beside the ledger's, on PostgreSQL only.

Its schema is kept here as text, because the package's own one changes with the package; later releases of it add
revisions. A test compares the package's list of migrations with what this history covers.
"""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COVERED_UP_TO = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


def upgrade() -> None:
    """Make the queue's tables; past the driver's own placeholders, for the text contains per cent signs."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    driver = connection.connection.dbapi_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    schema = Path(__file__).parents[1] / "procrastinate-3.10.sql"
    driver.cursor().execute(schema.read_text(encoding="utf-8"))
    op.execute("ALTER TABLE procrastinate_jobs SET (autovacuum_vacuum_scale_factor = 0.02)")
