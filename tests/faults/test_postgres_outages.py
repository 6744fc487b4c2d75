"""PostgreSQL that has no room, and processes that are killed, while real ones send (F50, F53, F56)."""

from __future__ import annotations

import contextlib
import random
import subprocess
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from support.drill import audience, mail_over, milestone, schedule, some_time_ago
from support.office import Office, eventually
from support.postgres import PostgresServer
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread
from support.workers import are_sent, claims, copies, daemon, end_leases, ended, worker

pytestmark = [pytest.mark.needs("postgresql", "procrastinate"), pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, server: PostgresServer) -> Office:
    return Office(tmp_path, {"EXAMCAL_DATABASE_URL": server.database()})


def due(office: Office, smtp: SmtpServer, count: int) -> None:
    """Let a reminder be due to ``count`` people, and make the ledger."""
    office.write_settings(audience("all", "email", [f"p{number}@example.cn" for number in range(count)]))
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    mail_over(office, smtp)
    assert office.examcal("ledger", "init").returncode == 0


def slow(seconds: float) -> SmtpServer:
    """Return a mail server that takes its time for each answer."""
    return SmtpServer(faults=[Fault("DOT", delay=seconds)])


# F53, F54
def test_workers_and_daemons_killed_at_random_lose_nothing_and_repeat_one_message_each(
    office: Office,
    full: bool,  # noqa: FBT001
) -> None:
    count, kills = (4_000, 24) if full else (700, 4)
    kinds = {"worker": worker, "daemon": daemon}
    chance = random.Random()
    with in_thread(slow(0.05)) as smtp:
        due(office, smtp, count)
        living = {kind: [start(office, f"{kind}-{number}") for number in range(most)]
                  for (kind, start), most in zip(kinds.items(), (3, 2), strict=True)}  # fmt: skip
        everybody = [process for processes in living.values() for process in processes]
        with ended(everybody):
            for number, kind in enumerate(islice(cycle(kinds), kills)):
                at_work = eventually(
                    lambda kind=kind: [one for one in living[kind] if claims(office, one.pid)], within=90
                )
                victim = chance.choice(at_work)
                victim.kill()
                victim.wait(10)
                end_leases(office, victim.pid)
                living[kind].remove(victim)
                living[kind].append(kinds[kind](office, f"{kind}-new-{number}"))
                everybody.append(living[kind][-1])
            eventually(are_sent(office, count), within=300)
        assert copies(office, smtp, count) <= kills


# F56
@pytest.fixture
def full_disk(server: PostgresServer) -> Iterator[Path]:
    """Return the file that fills a small disk with a server's data on it."""
    server.stop("fast")
    kept = server.folder / "kept"
    server.data.rename(kept)
    server.data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(server.data)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    subprocess.run(["cp", "-a", f"{kept}/.", str(server.data)], check=True)
    server.start()
    yield server.data / "filler"
    server.stop()
    subprocess.run(["umount", "-l", str(server.data)], check=False)


@pytest.mark.needs("root", "mount")
def test_a_full_disk_of_the_database_stops_the_sends_and_nothing_comes_twice(office: Office, full_disk: Path) -> None:
    count = 300
    with in_thread(slow(0.03)) as smtp:
        due(office, smtp, count)
        beside = worker(office)
        with ended([beside]), office.running() as leader:
            smtp.wait_for(60, timeout=60)
            fill(full_disk)
            reasons = eventually(lambda: leader.get("/readyz").json()["reasons"], within=60)
            assert [reason["code"] for reason in reasons] == ["ledger"]
            full_disk.unlink()
            eventually(are_sent(office, count), within=150)
            assert leader.stop() == 0
            beside.terminate()
            assert beside.wait(20) == 0
        assert copies(office, smtp, count) == 0


def fill(file: Path) -> None:
    """Write until there is no room left."""
    with file.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(65536))
