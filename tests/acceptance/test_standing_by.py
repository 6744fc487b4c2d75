"""Daemons on machines of their own share a PostgreSQL ledger: what the standby serves, and what an outage is like."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from examcal.publication.manifest import digest_of
from support.office import Office, Running, crowding, eventually, soon
from support.ports import free_port
from support.postgres import PostgresServer
from support.workers import ask

pytestmark = pytest.mark.needs("postgresql", "procrastinate")
WITHIN = 30.0
FEED = "/feeds/demo-2026.ics"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, server: PostgresServer) -> Office:
    office = Office(tmp_path, {"EXAMCAL_DATABASE_URL": server.database()})
    office.write_schedule(soon().schedule)
    return office


def on_a_machine_of_its_own(office: Office, name: str) -> dict[str, str]:
    folder = office.folder / name
    return {"EXAMCAL_STATE_DIR": str(folder), "EXAMCAL_PUBLIC_DIR": str(folder / "public")}


def codes(daemon: Running) -> tuple[int, set[str]]:
    """Return the status of /readyz, and its reasons."""
    answer = daemon.get("/readyz")
    return answer.status_code, {reason["code"] for reason in answer.json()["reasons"]}


def feed(daemon: Running) -> bytes | None:
    answer = daemon.get(FEED)
    return answer.content if answer.is_success else None


def test_a_standby_serves_what_the_leader_publishes(office: Office) -> None:
    within = WITHIN * max(1.0, crowding())
    with office.running(**on_a_machine_of_its_own(office, "leader")) as leader:
        first = eventually(lambda: feed(leader), within=within)
        with office.running(**on_a_machine_of_its_own(office, "standby")) as standby:
            assert eventually(lambda: feed(standby), within=within) == first
            assert eventually(lambda: found if (found := codes(standby)) == (200, {"standing-by"}) else None)
            office.write_schedule(office.schedule.read_text("utf-8").replace("网上报名", "网上报名（延长）"))
            second = eventually(lambda: found if (found := feed(leader)) != first else None, within=within)
            eventually(lambda: feed(standby) == second, within=within)
            manifest = office.folder / "leader" / "public" / "current" / "manifest.json"
            known = eventually(lambda: ask(office, "SELECT value FROM meta WHERE key = 'edition_digest'"))
            assert known == digest_of(manifest.read_bytes())


@contextmanager
def supervisor(folder: Path) -> Iterator[socket.socket]:
    """Listen as systemd does to what a service says of itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(folder / "notify"))
        channel.settimeout(WITHIN)
        yield channel


def heard(channel: socket.socket) -> list[str]:
    """Return everything that was said, without waiting for more."""
    said: list[str] = []
    channel.setblocking(False)  # noqa: FBT003 - the socket's own signature
    try:
        while True:
            said.append(channel.recv(4096).decode())
    except BlockingIOError:
        return said


@contextmanager
def watching() -> Iterator[tuple[str, list[str]]]:
    """Take signs of life at an address; yield it, and what was asked for there."""
    pings: list[str] = []

    class Watcher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pings.append(self.path)
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Watcher) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}/ping", pings
        http.shutdown()


@pytest.mark.slow
def test_while_the_database_is_away_the_daemon_says_so_and_stays_alive(office: Office, server: PostgresServer) -> None:
    within = 60 * max(1.0, crowding())
    office.environment["EXAMCAL_ADMINS"] = "office@example.cn"
    metrics = f"127.0.0.1:{free_port()}"

    def leads() -> float:
        text = httpx.get(f"http://{metrics}/metrics", timeout=20).text
        return next(family.samples[0].value for family in text_string_to_metric_families(text)
                    if family.name == "examcal_leader")  # fmt: skip

    with supervisor(office.folder) as channel, watching() as (address, pings):
        extra = {
            "EXAMCAL_METRICS_LISTEN": metrics,
            "EXAMCAL_HEARTBEAT_URL": address,
            "EXAMCAL_HEARTBEAT_EVERY": "1s",
            "NOTIFY_SOCKET": str(office.folder / "notify"),
            "WATCHDOG_USEC": "2000000",
        }
        with office.running(**extra) as daemon:
            eventually(lambda: "READY=1" in "".join(heard(channel)), within=within)
            assert leads() == 1
            eventually(lambda: pings, within=within)
            server.stop("immediate")
            eventually(lambda: codes(daemon) == (503, {"ledger"}), within=within)
            assert leads() == 0
            assert feed(daemon)
            heard(channel)
            before = len(pings)
            eventually(lambda: heard(channel).count("WATCHDOG=1") >= 1, within=within)
            eventually(lambda: heard(channel).count("WATCHDOG=1") >= 1, within=within)
            assert codes(daemon) == (503, {"ledger"})
            assert len(pings) == before
            server.start()
            eventually(lambda: codes(daemon) == (200, set()), within=within)
            eventually(lambda: len(pings) > before, within=within)
            assert leads() == 1
            assert daemon.stop() == 0
    told = "".join(path.read_text("utf-8") for path in (office.folder / "var" / "outbox").rglob("*") if path.is_file())
    assert "数据库" in told
