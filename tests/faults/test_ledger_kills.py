"""Fault matrix, part A: kill -9 at every system call of a delivery, and at random; nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread

PROGRAM = """
import asyncio, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from examcal.clock import SystemClock
from examcal.delivery.limits import paces
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.dispatch.leadership import FileLeadership
from examcal.ledger.opening import open_ledger
from examcal.plan.audience import Audience
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from support.rig import email, people

folder, port, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
lock = FileLeadership(folder, datetime.now(UTC))
lock.acquire()

async def main():
    ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, datetime.now(UTC)).ledger
    channel = email(port)
    pace = paces({"email": channel}, smtp_per_minute=None, smtp_connections=4)
    loop = Deliverer(ledger, {"email": channel}, Renderer(), SystemClock(), paces=pace)
    await loop.start()
    await loop.set_audiences([people(count)])
    texts = [SourceText("schedule.yaml", (folder / "schedule.yaml").read_bytes())]
    await loop.accept(texts, load(texts, today=datetime.now(UTC).date()).schedule)
    await loop.finish()
    while any(row.next_at for row in ledger.deliveries(limit=1000)):
        ledger.retry([row.id for row in ledger.deliveries(limit=1000) if row.state == "retry"], datetime.now(UTC))
        await loop.finish()
    await loop.drain()
    await channel.close()
    ledger.close()

asyncio.run(main())
"""
TESTS = str(Path(__file__).parents[1])
SYSCALLS = ("connect", "sendto", "recvfrom", "pwrite64", "fdatasync")


def prepared(folder: Path) -> Path:
    folder.mkdir()
    closes = datetime.now(UTC) + timedelta(hours=8, days=1)
    (folder / "schedule.yaml").write_text(
        "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - id: e\n    name: 考试\n    milestones:\n"
        f"      - {{id: m, kind: registration, name: 报名, opens: 2026-01-01, closes: {closes:%Y-%m-%d %H:%M},"
        " remind: [closes -26h]}\n",
        encoding="utf-8",
    )
    return folder


def command(folder: Path, port: int, count: int) -> list[str]:
    return [sys.executable, "-c", PROGRAM, str(folder), str(port), str(count), TESTS]


def assert_nothing_lost(folder: Path, server: SmtpServer, count: int) -> int:
    """Check the ledger against what the server took; return how many copies were sent twice."""
    ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, datetime.now(UTC)).ledger
    rows = ledger.deliveries(limit=1000)
    assert [row.state for row in rows] == [State.SENT] * count
    assert ledger.verify() == []
    ledger.close()
    taken = [*server.mails, *server.dropped]
    copies = Counter(mail.message_id for mail in taken)
    assert len(copies) == count
    for row in rows:
        mine = [mail for mail in taken if row.key in mail.message_id]
        assert 1 <= len(mine) <= 1 + row.ambiguous
        assert len({mail.octets for mail in mine}) == 1
    return sum(copies.values()) - count


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.needs("strace")
@pytest.mark.parametrize("call", SYSCALLS)
def test_a_kill_at_any_system_call_loses_nothing(tmp_path: Path, call: str, full: bool) -> None:  # noqa: FBT001
    points = range(1, 60) if full else random.Random(call).sample(range(1, 12), 1)
    for number in points:
        folder = prepared(tmp_path / f"{call}-{number}")
        with in_thread(SmtpServer()) as server:
            strace = [
                "strace",
                "-f",
                "-o",
                "/dev/null",
                "-e",
                f"trace={call}",
                "-e",
                f"inject={call}:signal=KILL:when={number}",
            ]
            subprocess.run([*strace, *command(folder, server.port, 2)], check=False, timeout=120)
            subprocess.run(command(folder, server.port, 2), check=True, timeout=120)
            assert assert_nothing_lost(folder, server, 2) <= 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_kills_lose_nothing_and_repeat_at_most_one_message_each(tmp_path: Path, full: bool) -> None:  # noqa: FBT001
    count, kills = (300, 20) if full else (60, 3)
    folder = prepared(tmp_path / "state")
    dice = random.Random(7)
    with in_thread(SmtpServer(faults=[Fault("DOT", delay=0.02)])) as server:
        for _ in range(kills):
            seen = len(server.mails)
            process = subprocess.Popen(command(folder, server.port, count))
            deadline = time.monotonic() + 60
            wanted = seen + dice.randint(1, max(1, (count - seen) // 3 or 1))
            while len(server.mails) < wanted and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)  # the state waited for lives in another process
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait()
        subprocess.run(command(folder, server.port, count), check=True, timeout=300)
        assert assert_nothing_lost(folder, server, count) <= kills
