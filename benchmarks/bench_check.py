"""Checking 5,000 milestones: ``check`` beside ``yaml.CSafeLoader`` alone on the same file, time and memory.

Each side runs in a process of its own. CSafeLoader only builds dictionaries: it knows no line, date or rule, and lets
24:00 and 1:30 become numbers; nothing that reads YAML through libyaml can be faster.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks.rows import Row

MILESTONES = 5_000
PER_EXAM = 100
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
    """Return a schedule as offices write them: windows with sources, tasks, notes and rules."""
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
            "        source: {title: 公告, url: https://example.org/n, published: 2026-11-01, checked: 2026-11-20}",
            "        tasks: [上传照片（jpg，小于30kB）, 核对手机号码]",
            "        notes: 逾期不予受理；以考区公告为准。",
            "        remind: [opens 0d 09:00, closes -3d 09:00, closes -2h]",
        ]
    return "\n".join(lines) + "\n"


def measure(code: str, path: Path) -> tuple[float, float, float, int]:
    """Return the CPU seconds, the memory before and at most (MB), and the milestones seen."""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    took, before, most, count = json.loads(done.stdout)
    return took, before * 1024 / 1e6, most * 1024 / 1e6, count


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield time and memory."""
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
