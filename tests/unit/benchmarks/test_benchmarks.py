"""Every benchmark runs at a tiny size, so that none is found broken on the day when its figures are wanted."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from benchmarks.__main__ import names, remember
from benchmarks.rows import Row, as_table, skipped

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's plug-ins
TINY = 0.0005
SYSTEM_PARTS = {
    "bench_delivery": ("smtp-sink", "smtp-source"),
    "bench_web": ("nginx",),
    "bench_workers": ("postgresql", "procrastinate", "smtp-sink"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.needs(*SYSTEM_PARTS.get(name, ()))) for name in names()]
)
def test_a_benchmark_runs_and_measures_something(name: str) -> None:
    rows = list(importlib.import_module(f"benchmarks.{name}").run(TINY))
    assert rows
    for row in rows:
        assert row.name
        assert row.ours or "not measured" in row.note
        assert row.ratio is None or row.ratio >= 0
    assert as_table(rows).count("\n") == len(rows) + 1


def test_a_missing_peer_is_said_and_judged_neither_way() -> None:
    row = skipped("feed vs Radicale", "radicale")
    assert row.note == "not measured: radicale is not installed"
    assert row.verdict == ""


@pytest.mark.parametrize(("ratio", "at_most", "verdict"), [(0.6, False, "≥ 0.5 met"), (0.6, True, "≤ 0.5 MISSED")])
def test_a_target_is_a_bound_from_below_or_from_above(ratio: float, at_most: bool, verdict: str) -> None:  # noqa: FBT001
    assert Row("x", "1", "1", ratio, 0.5, at_most=at_most).verdict == verdict


def test_what_was_not_measured_this_time_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    remember([Row("x", "", "", rates={"a": 1.0, "b": 2.0})], path)
    remember([Row("x", "", "", rates={"b": 3.0})], path)
    assert json.loads(path.read_text()) == {"a": 1.0, "b": 3.0}
