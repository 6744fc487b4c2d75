"""How many connections a process opens to PostgreSQL at most: what the runbook and the scale study tell operators."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy.pool import QueuePool

from examcal.clock import SystemClock
from examcal.ledger.engine import make_engine, parse_url

ROOT = Path(__file__).parents[3]


@pytest.mark.needs("procrastinate")
def test_operators_are_told_the_most_connections_of_a_process() -> None:
    from examcal.dispatch.procrastinate_ import ProcrastinateWorker  # noqa: PLC0415 - an extra

    engine = make_engine(parse_url("postgresql://examcal@127.0.0.1:1/examcal"))
    assert isinstance(engine.pool, QueuePool)
    ledger = engine.pool.size() + engine.pool._max_overflow

    async def deliver(_channel_id: int) -> None:
        raise AssertionError

    worker = ProcrastinateWorker(engine, deliver, SystemClock())
    queue = worker._app.connector._pool_args["max_size"] + 1  # and one that listens
    for page in ("deploy/README.md", "docs/explanation/scale.md"):
        words = re.sub(r"\s+", " ", (ROOT / page).read_text("utf-8"))
        assert f"opens at most {ledger + queue} " in words, page
        assert re.search(rf"\b{ledger} (for|by) the ledger", words), page
        assert "`max_connections`" in words
