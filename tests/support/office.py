"""An exam office on this machine: a folder with a schedule and settings, and the command line as its people have it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from support.ports import free_port

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY = "robot-key-0123456789"


def eventually(found: Callable[[], Any], *, within: float = 20.0, every: float = 0.05) -> Any:
    """Wait until ``found`` returns something true, and return it; fail after ``within`` seconds."""
    until = time.monotonic() + within
    while True:
        result = found()
        if result:
            return result
        if time.monotonic() > until:
            message = f"nothing within {within} s"
            raise AssertionError(message)
        time.sleep(every)


@dataclass
class Running:
    """A daemon or server that was started."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.address + path, headers=headers, timeout=10)

    def is_up(self) -> bool:
        if self.process.poll() is not None:
            message = f"ended with {self.process.returncode}: {self.said()}"
            raise AssertionError(message)
        try:
            return self.get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def stop(self, number: int = signal.SIGTERM, *, within: float = 20.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(within)


@dataclass
class Office:
    """Runs ``examcal`` in ``folder``. ``environment`` holds EXAMCAL_ variables; ``program`` may be an installed one."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "examcal")

    @property
    def schedule(self) -> Path:
        return self.folder / "data" / "schedule.yaml"

    def write_schedule(self, text: str) -> None:
        self.schedule.parent.mkdir(parents=True, exist_ok=True)
        staged = self.schedule.with_name(".staged")
        staged.write_text(text, "utf-8")
        staged.replace(self.schedule)

    def write_settings(self, text: str) -> None:
        (self.folder / "examcal.toml").write_text(text, "utf-8")

    def all_variables(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EXAMCAL_")}
        return {**kept, "PYTHONUNBUFFERED": "1", **self.environment, **(extra or {})}

    def examcal(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*self.program, *arguments],
            cwd=self.folder, env=self.all_variables(extra), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def json(self, *arguments: str) -> Any:
        done = self.examcal(*arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, command: str = "run", **extra: str) -> Iterator[Running]:
        """Start a daemon or server, wait until it answers, and end it."""
        port = free_port()
        log = self.folder / f"{command}-{port}.log"
        variables = self.all_variables({"EXAMCAL_LISTEN": f"127.0.0.1:{port}", **extra})
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*self.program, command],
                cwd=self.folder, env=variables, stdout=stream, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        running = Running(process, port, log)
        try:
            eventually(running.is_up, within=30 * max(1.0, crowding()))
            yield running
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(10)


def ahead(shift: timedelta) -> dict[str, str]:
    """Return the variables that put a process's clock ahead."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{shift.total_seconds():+.3f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@dataclass(frozen=True)
class Soon:
    """A minute that begins in about ten seconds for a process with ``environment``; dates have no seconds."""

    due: datetime
    shift: timedelta

    @property
    def environment(self) -> dict[str, str]:
        return ahead(self.shift)

    @property
    def real(self) -> float:
        """The due instant on the clock of the test, in Unix seconds."""
        return (self.due - self.shift).timestamp()

    @property
    def schedule(self) -> str:
        """A schedule whose one reminder falls due then: two hours before a closing."""
        closes, opens = self.due + timedelta(hours=2), self.due - timedelta(days=3)
        return SCHEDULE.format(opens=f"{opens:%Y-%m-%d %H:%M}", closes=f"{closes:%Y-%m-%d %H:%M}")


def crowding() -> float:
    """Return how many times more work this machine has than it can do; below 1 it is idle enough for deadlines."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def soon(seconds: float = 12.0) -> Soon:
    """Return the next whole minute, and how far a process's clock must be ahead for it to begin in ``seconds``.

    On a crowded machine processes start slowly, so they get more time.
    """
    seconds *= max(1.0, crowding())
    now = datetime.now(SHANGHAI)
    due = now.replace(second=0, microsecond=0) + timedelta(minutes=2)
    if due.minute in {0, 30}:  # WeCom messages leave a little earlier there
        due += timedelta(minutes=1)
    return Soon(due, due - now - timedelta(seconds=seconds))


SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
language: zh-CN
exams:
  - id: demo-2026
    name: 演示考试2026
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: {opens}
        closes: {closes}
        status: confirmed
        source: {{title: 演示公告, url: "https://example.cn/notice", published: 2026-01-01, checked: 2026-01-02}}
        tasks: [上传照片]
        remind: [closes -2h]
"""
