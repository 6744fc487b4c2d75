"""Checking 5,000 milestones: ``check`` beside ``yaml.CSafeLoader`` alone on the same file, time and memory.

Each side runs in a process of its own. CSafeLoader only builds dictionaries: it knows no line, date or rule, and lets
24:00 and 1:30 become numbers; nothing that reads YAML through libyaml can be faster.

Then files that cost as much as the limits allow, each in another way: the whole command ``examcal check``, with its
start and its report, the least of three runs, against the bound of 2 s and 200 MB that holds for every input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks.rows import Row
from benchmarks.slow_schedules import SLOW

MILESTONES = 5_000
PER_EXAM = 100
MOST_SECONDS, MOST_MEMORY = 2.0, 200.0
TIMES = 3
"""The least of three runs counts: what another takes longer is what else the machine had to do."""
SMALL = 0.01
"""Below this scale one file at the limits is checked: it is tried, not measured."""
OURS = """
import json, resource, sys, time
from datetime import date
from examcal.intake import read
from examcal.schedule.loader import load
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
loaded = load(read(sys.argv[1]), today=date(2026, 11, 25))
took = time.process_time() - began
count = sum(len(exam.milestones) for exam in loaded.schedule.exams)
print(json.dumps([took, bare, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, count]))
"""
THEIRS = """
import json, resource, sys, time, yaml
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
with open(sys.argv[1], "rb") as stream:
    loaded = yaml.load(stream, Loader=yaml.CSafeLoader)
took = time.process_time() - began
count = sum(len(exam["milestones"]) for exam in loaded["exams"])
print(json.dumps([took, bare, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, count]))
"""


def written(milestones: int) -> str:
    """Return a schedule as offices write them: windows with names, sources and rules."""
    lines = ["version: 1", "timezone: Asia/Shanghai", "exams:"]
    for number in range(milestones):
        if number % PER_EXAM == 0:
            lines += [
                f"  - id: exam-{number // PER_EXAM}",
                f"    name: 第{number // PER_EXAM}项考试",
                "    milestones:",
            ]
        opens = date(2026, 12, 7) + timedelta(days=number % 300)
        lines += [
            f"      - id: m{number}",
            "        kind: registration",
            f"        name: 第{number}次网上报名",
            f"        opens: {opens} 09:00",
            f"        closes: {opens + timedelta(days=9)} 24:00",
            "        source: {title: 考区公告，逾期不予受理, checked: 2026-11-20}",
            "        remind: [opens 0d 09:00, closes -3d 09:00, closes -2h]",
        ]
    return "\n".join(lines) + "\n"


def measure(code: str, path: Path) -> tuple[float, float, float, int]:
    """Return the CPU seconds, the memory before and at most (MB), and the milestones seen."""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    took, before, most, count = json.loads(done.stdout)
    return took, before * 1024 / 1e6, most * 1024 / 1e6, count


def check(path: Path) -> tuple[float, float]:
    """Return the CPU seconds of ``examcal check`` and its most memory (MB)."""
    command = [sys.executable, "-m", "examcal", "check", "--schedule", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise RuntimeError(process.returncode)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def slowest(scale: float) -> Iterator[Row]:
    """Yield the files at the limits, the slowest first."""
    chosen = list(SLOW) if scale >= SMALL else list(SLOW)[:1]
    taken: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for what in chosen:
            path = Path(name) / "schedule.yaml"
            path.write_text(SLOW[what](), "utf-8")
            taken[what] = min(check(path) for _ in range(TIMES))
    for what in sorted(taken, key=lambda what: -taken[what][0]):
        seconds, memory = taken[what]
        title = f"`examcal check`, at the limits: {what}"
        yield Row(title, f"{seconds:.2f} s CPU", f"{MOST_SECONDS:g} s", seconds / MOST_SECONDS, 1, at_most=True)
        if memory == max(memory for _, memory in taken.values()):
            share = memory / MOST_MEMORY
            yield Row(f"{title}: the most memory", f"{memory:.0f} MB", f"{MOST_MEMORY:g} MB", share, 1, at_most=True)


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield time and memory."""
    yield from beside_the_floor(scale)
    yield from slowest(scale)


def beside_the_floor(scale: float) -> Iterator[Row]:
    """Yield an ordinary large file beside CSafeLoader."""
    milestones = max(10, round(MILESTONES * scale))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "schedule.yaml"
        path.write_text(written(milestones), "utf-8")
        size = path.stat().st_size / 1e6
        ours, theirs = measure(OURS, path), measure(THEIRS, path)
    if ours[3] != milestones or theirs[3] != milestones:
        raise RuntimeError("milestones were lost")
    title = f"{milestones:,} milestones ({size:.1f} MB)"
    yield Row(f"{title}, CPU time vs CSafeLoader", f"{ours[0]:.2f} s", f"{theirs[0]:.2f} s", ours[0] / theirs[0])
    yield Row(
        f"{title}, memory over the bare process vs CSafeLoader",
        f"{ours[2] - ours[1]:.0f} MB (of {ours[2]:.0f})",
        f"{theirs[2] - theirs[1]:.0f} MB (of {theirs[2]:.0f})",
        (ours[2] - ours[1]) / max(1.0, theirs[2] - theirs[1]),
    )
