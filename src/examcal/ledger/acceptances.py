"""Notes in a shared ledger that a message was accepted: one by one, at once, and without waiting for the server's disk.

They outlive a worker that is killed, which is what they are for, and may be lost with the server. The outcomes
themselves are recorded in groups (T2), durably, and with all that belongs to them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, text

from examcal.ledger.rows import micros
from examcal.ledger.trouble import told_apart

# The server answers before the commit is on its disk (PostgreSQL, runtime-config-wal: synchronous_commit).
_AT_EASE = "SET synchronous_commit = off"
_NOTE = text(
    "UPDATE delivery SET accepted_at = :at, provider_id = coalesce(:provider_id, provider_id)"
    " WHERE id = :id AND state = 'sending' AND token = :token"
)


class Acceptances:
    """Writes notes over a connection of its own, which commits every statement. For PostgreSQL, and for one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def note(self, delivery_id: int, token: str, at: datetime, provider_id: str | None) -> bool:
        """Note an acceptance; return whether ``token`` still holds the delivery. Raises the ledger's troubles."""
        values = {"id": delivery_id, "token": token, "at": micros(at), "provider_id": provider_id}
        try:
            with told_apart():
                return bool(self._open().execute(_NOTE, values).rowcount)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up the connection; a further note opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # what was set for it must not meet the next user
            connection.close()

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.exec_driver_sql(_AT_EASE)
        return self._connection
