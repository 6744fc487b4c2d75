"""How many tickets of the queue stand for what is due."""

from __future__ import annotations

import pytest

from examcal.dispatch.port import BATCH
from examcal.dispatch.procrastinate_ import MOST_TICKETS, tickets_for


@pytest.mark.parametrize(("due", "tickets"), [(0, 0), (1, 1), (50, 1), (51, 2), (2_000, 32), (100_000, MOST_TICKETS)])
def test_a_few_thousand_are_enough_for_several_workers(due: int, tickets: int) -> None:
    assert tickets_for(due) == tickets


def test_more_that_is_due_never_makes_fewer_tickets_nor_bigger_ones_than_a_batch() -> None:
    counts = [tickets_for(due) for due in range(0, 40_000, 50)]
    assert counts == sorted(counts)
    assert all(tickets * BATCH >= due for due, tickets in zip(range(0, 32_000, 50), counts, strict=False))
