"""Connections to PostgreSQL that notice a network which swallows everything.

TCP notices a peer that acknowledges nothing, but not a firewall, proxy or pooler that goes on acknowledging while
nothing gets through. So after some silence the server is asked over a second connection whether it still works for the
first. A statement that is merely slow goes on; the server's own ``statement_timeout`` ends it.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from typing_extensions import override

R = TypeVar("R")
SILENCE = 15.0
"""Seconds without a word from the server after which it is asked."""
ANSWER = 5
"""Seconds that the second connection gets, so a silent network is noticed after twenty."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection on which no call waits for ever. Raises psycopg.OperationalError where the answer is lost."""

    @override
    def wait(self, gen: Generator[Any, Any, R], *args: Any, **kwargs: Any) -> R:
        return super().wait(self._watched(gen), *args, **kwargs)

    def _watched(self, exchange: Generator[Any, Any, R]) -> Generator[Any, Any, R]:
        """Pass an exchange with the server through, and end it where the server does not work on it."""
        asked, missed = time.monotonic() + SILENCE, False
        try:
            wanted = next(exchange)
            while True:
                ready = yield wanted
                if ready:
                    asked, missed = time.monotonic() + SILENCE, False
                elif missed:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the connection has gone silent")
                elif time.monotonic() > asked:
                    missed = not self._is_worked_on()  # looked at once more, as the answer may have come meanwhile
                    asked = time.monotonic() + SILENCE
                wanted = exchange.send(ready)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what the exchange returns

    def _is_worked_on(self) -> bool:
        """Ask the server whether it is executing what this connection sent."""
        address = make_conninfo(self.info.dsn, password=self.info.password, connect_timeout=ANSWER)
        try:
            with psycopg.connect(address, autocommit=True) as other:
                row = other.execute(_WORKED_ON, [self.info.backend_pid]).fetchone()
        except psycopg.Error:
            return False
        return row is not None


_WORKED_ON = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
