"""A worker can be watched: it says whether the queue answers it, on the address of its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from examcal.worker import SILENT_AFTER
from support.office import Office, crowding, eventually, soon
from support.ports import free_port
from support.postgres import PostgresServer
from support.workers import ask, ended, said, worker

pytestmark = pytest.mark.needs("postgresql", "procrastinate")

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes" / "examcal.yaml"
A_PODS_ADDRESS = {"Host": "10.0.0.7:9464"}
"""A kubelet asks by the address of the pod."""


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


@pytest.fixture
def listen() -> str:
    return f"127.0.0.1:{free_port()}"


def get(listen: str, path: str) -> httpx.Response | None:
    """Return a worker's answer, or None while it does not listen."""
    try:
        return httpx.get(f"http://{listen}{path}", headers=A_PODS_ADDRESS, timeout=10)
    except httpx.TransportError:
        return None


def is_ready(listen: str) -> bool:
    return (answer := get(listen, "/readyz")) is not None and answer.status_code == 200


def is_alive(listen: str) -> bool:
    return (answer := get(listen, "/healthz")) is not None and answer.status_code == 200


def why(listen: str) -> dict[str, Any]:
    """Return the one reason why a worker is not ready."""
    answer = get(listen, "/readyz")
    assert answer is not None
    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    return dict(reason)


def answered_at(listen: str) -> float:
    """Return when the queue answered last, as a worker exports it."""
    metrics = get(listen, "/metrics")
    assert metrics is not None
    families = {family.name: family.samples for family in text_string_to_metric_families(metrics.text)}
    return families["examcal_queue_answered_timestamp_seconds"][0].value


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_worker_is_ready_while_the_queue_answers_it_and_alive_all_the_time(
    office: Office, server: PostgresServer, listen: str
) -> None:
    within = 30 * max(1.0, crowding())
    with ended([worker(office, EXAMCAL_METRICS_LISTEN=listen)]):
        eventually(lambda: is_ready(listen), within=within)
        assert answered_at(listen) > 1_700_000_000
        server.stop("immediate")
        eventually(lambda: not is_ready(listen), within=SILENT_AFTER + within)
        reason = why(listen)
        assert (reason["code"], reason["critical"]) == ("queue", True)
        assert "not answered for" in reason["text"]
        assert is_alive(listen)
        server.start()
        eventually(lambda: is_ready(listen), within=within)


def test_a_worker_that_the_queue_never_answered_says_so_where_the_alert_sees_it(office: Office, listen: str) -> None:
    within = 30 * max(1.0, crowding())
    ask(office, "ALTER TABLE procrastinate_jobs RENAME TO away")
    with ended([worker(office, EXAMCAL_METRICS_LISTEN=listen)]):
        eventually(lambda: is_alive(listen), within=within)
        assert answered_at(listen) == 0
        assert why(listen) == {"code": "queue", "text": "The queue has not answered yet.", "critical": True}
        eventually(lambda: "the queue does not answer" in said(office), within=within)
        ask(office, "ALTER TABLE away RENAME TO procrastinate_jobs")
        eventually(lambda: is_ready(listen), within=within)
        assert answered_at(listen) > 1_700_000_000


def test_the_probes_of_kubernetes_are_answered_by_a_worker(office: Office, listen: str) -> None:
    (pod,) = (one["spec"]["template"]["spec"] for one in yaml.safe_load_all(KUBERNETES.read_text("utf-8"))
              if one["kind"] == "StatefulSet")  # fmt: skip
    probes = [pod["containers"][0][f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    with ended([worker(office, EXAMCAL_METRICS_LISTEN=listen)]):
        eventually(lambda: is_ready(listen), within=30 * max(1.0, crowding()))
        for probe in probes:
            assert "httpHeaders" not in probe
            answer = get(listen, probe["path"])
            assert answer is not None
            assert answer.status_code == 200
