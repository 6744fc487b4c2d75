"""Benchmarks: each figure stands beside a peer or a floor measured in the same run. Read ratios, not absolutes."""

import sys
from pathlib import Path

# PostgreSQL, schedules and more are started and made as in the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
