"""On PostgreSQL: two daemons, one leads; a worker delivers; the standby takes over."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from support.office import Office, crowding, eventually, soon
from support.postgres import PostgresServer

TAKES_OVER = 15.0


@pytest.fixture
def shared(office: Office) -> Iterator[Office]:
    with PostgresServer() as server:
        office.environment["EXAMCAL_DATABASE_URL"] = server.database()
        office.write_schedule(soon().schedule.replace("remind: [closes -2h]", "remind: [closes -1d]"))
        yield office


@pytest.mark.needs("postgresql", "procrastinate")
def test_one_daemon_leads_and_the_other_takes_over(shared: Office) -> None:
    with shared.running() as first:
        eventually(lambda: shared.json("status")["sent"] == 1, within=60 * max(1.0, crowding()), every=0.5)
        with shared.running() as second:
            assert second.get("/healthz").status_code == 200
            assert shared.json("status")["leader"].endswith(f":{first.process.pid}")
            first.stop(signal.SIGKILL)
            eventually(lambda: "Ctrl+C" in second.said(), within=TAKES_OVER * max(1.0, crowding()))
            eventually(lambda: (shared.json("status")["leader"] or "").endswith(f":{second.process.pid}"), every=0.5)
            assert shared.json("status")["sent"] == 1
            assert second.stop() == 0
    assert shared.json("status")["leader"] is None
    assert shared.examcal("ledger", "verify").returncode == 0
