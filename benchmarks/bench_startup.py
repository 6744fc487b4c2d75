"""Starting and idling: ``examcal --version`` beside ``python -c pass``, and a daemon with nothing to do.

Memory and wake-ups are read from /proc: resident pages, and how often any thread of the process went to sleep.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.peers import free_port, memory, started, wake_ups
from benchmarks.rows import Row
from support.office import SCHEDULE

ROUNDS = 15
WATCHED = 20.0
SETTLING = 8.0
ALLOWANCE = 0.060
MOST_MEMORY = 120.0
MOST_WAKE_UPS = 15.0


def seconds_of(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def starting(rounds: int) -> Row:
    """Compare medians of alternating runs, so that both see the same machine."""
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(seconds_of([sys.executable, "-c", "pass"]))
        ours.append(seconds_of([str(Path(sys.executable).with_name("examcal")), "--version"]))
    us, them = statistics.median(ours), statistics.median(theirs)
    bound = 4 * them + ALLOWANCE
    return Row(
        "`examcal --version`, ratio to 4 × `python -c pass` + 60 ms",
        f"{us * 1e3:.0f} ms",
        f"{them * 1e3:.0f} ms (allowed {bound * 1e3:.0f} ms)",
        us / bound,
        1.0,
        at_most=True,
    )


def idling(settling: float, watched: float) -> Iterator[Row]:
    """Watch a daemon that serves one exam whose reminders are years away."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        (folder / "data").mkdir()
        text = SCHEDULE.format(opens="2099-01-02 09:00", closes="2099-02-02 17:00")
        (folder / "data" / "schedule.yaml").write_text(text, "utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("EXAMCAL_")}
        environment = kept | {"EXAMCAL_LISTEN": f"127.0.0.1:{port}"}
        command = [sys.executable, "-m", "examcal", "run"]
        with started(command, port, folder=folder, environment=environment) as process:
            time.sleep(settling)
            before, began = wake_ups(process.pid), time.monotonic()
            time.sleep(watched)
            rate = (wake_ups(process.pid) - before) / (time.monotonic() - began)
            resident = memory(process.pid)
    share = resident / MOST_MEMORY
    yield Row("idle `examcal run`, memory", f"{resident:.0f} MB", "at most 120 MB", share, 1.0, at_most=True)
    share = rate / MOST_WAKE_UPS
    yield Row("idle `examcal run`, wake-ups", f"{rate:.1f}/s", "fewer than 15/s", share, 1.0, at_most=True)


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield starting, memory and wake-ups."""
    yield starting(max(3, round(ROUNDS * scale)))
    yield from idling(max(1.0, SETTLING * min(scale, 1)), max(1.0, WATCHED * min(scale, 1)))
