"""A worker can be watched: it says whether the queue answers it, on the address of its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from examcal.worker import SILENT_AFTER
from support.office import Office, crowding, eventually, soon
from support.ports import free_port
from support.postgres import PostgresServer
from support.workers import ended, worker

pytestmark = pytest.mark.needs("postgresql", "procrastinate")


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, server: PostgresServer) -> Office:
    office = Office(tmp_path, {"EXAMCAL_DATABASE_URL": server.database(), "EXAMCAL_LANGUAGE": "en"})
    office.write_schedule(soon().schedule)
    assert office.examcal("ledger", "init").returncode == 0
    return office


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_worker_is_ready_while_the_queue_answers_it_and_alive_all_the_time(
    office: Office, server: PostgresServer
) -> None:
    within = 30 * max(1.0, crowding())
    listen = f"127.0.0.1:{free_port()}"

    def get(path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"http://{listen}{path}", timeout=10)
        except httpx.TransportError:
            return None

    def is_ready() -> bool:
        return (answer := get("/readyz")) is not None and answer.status_code == 200

    with ended([worker(office, EXAMCAL_METRICS_LISTEN=listen)]):
        eventually(is_ready, within=within)
        metrics = get("/metrics")
        assert metrics is not None
        families = {family.name: family.samples for family in text_string_to_metric_families(metrics.text)}
        assert families["examcal_queue_answered_timestamp_seconds"][0].value > 1_700_000_000
        server.stop("immediate")
        eventually(lambda: not is_ready(), within=SILENT_AFTER + within)
        answer = get("/readyz")
        assert answer is not None
        assert answer.status_code == 503
        (reason,) = answer.json()["reasons"]
        assert (reason["code"], reason["critical"]) == ("queue", True)
        assert "not answered for" in reason["text"]
        alive = get("/healthz")
        assert alive is not None
        assert alive.status_code == 200
        server.start()
        eventually(is_ready, within=within)
