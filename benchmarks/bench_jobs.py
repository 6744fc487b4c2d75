"""One reminder for 10,000 recipients: batches of a ledger, beside one persistent APScheduler job each.

The scheduler's side: add a job for each, write it down, fire it, take it out; measured with fewer jobs, each of which
does nothing. Ours, for the same bookkeeping: plan, claim and settle every delivery. A second line is our whole way, in
which each message is personalised, handed to a channel that accepts at once, and each attempt logged and journalled.
Both sides run in an event loop that something else wants to use, as a web server does; the longest blocking counts.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from benchmarks.reminders import (
    LateClock,
    accept_one,
    add_recipients,
    claim_and_settle,
    deliverer_for,
    fan_out_all,
    plan_one,
    timed,
)
from benchmarks.rows import Row
from examcal.channels.port import Addressee, Leaving, Message, Receipt
from examcal.errors import Sentence
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State

RECIPIENTS = 10_000
JOBS = 2_000
BLOCKED = 0.050


class AcceptingChannel:
    """A way out that takes everything at once."""

    name = "outbox"
    groups = False
    longest_send = 1.0

    def freeze(self, message: Message) -> bytes:
        """Return the text."""
        return message.text.encode()

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return the text with an address."""
        return tuple(part + addressee.address.encode() for part in frozen)

    async def send(self, payload: bytes, addressee: Addressee, leaving: Leaving) -> Receipt:  # noqa: ARG002 - nobody is there
        await leaving()
        """Accept."""
        return Receipt()

    def explain(self, code: str) -> Sentence | None:  # noqa: ARG002 - nothing goes wrong
        """Know nothing."""
        return None

    async def close(self) -> None:
        """Have nothing open."""


class Watch:
    """Takes turns of the event loop and remembers the longest work between two of them.

    ``thread_time`` counts only what this thread computes, so that a busy machine does not count as blocking.
    """

    def __init__(self) -> None:
        self.computed = self.waited = 0.0
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while True:
            work, wall = time.thread_time(), time.perf_counter()
            await asyncio.sleep(0)
            self.computed = max(self.computed, time.thread_time() - work)
            self.waited = max(self.waited, timed(wall))
            await asyncio.sleep(0.001)

    def stop(self) -> None:
        """Watch no more."""
        self._task.cancel()


async def with_ledger(folder: Path, recipients: int) -> tuple[float, Watch]:
    """Plan, claim and settle one reminder for everybody."""
    clock, channel = LateClock(), AcceptingChannel()
    ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, clock.now()).ledger
    add_recipients(ledger, recipients, channel.name)
    loop = deliverer_for(ledger, {channel.name: channel}, clock)
    watch = Watch()
    began = time.perf_counter()
    await plan_one(loop, clock)
    await loop.finish()
    took = timed(began)
    watch.stop()
    if ledger.counts().by_state != {State.SENT: recipients}:
        raise RuntimeError(ledger.counts().by_state)
    await loop.drain()
    ledger.close()
    return took, watch


def only_bookkeeping(folder: Path, recipients: int) -> float:
    """Plan, claim and settle one reminder for everybody, with nothing in between."""
    now = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
    ledger = open_ledger(f"sqlite:///{folder}/b.db", folder / "b", now).ledger
    add_recipients(ledger, recipients)
    began = time.perf_counter()
    accept_one(ledger, now)
    fan_out_all(ledger, now)
    claim_and_settle(ledger, recipients, now)
    took = timed(began)
    ledger.close()
    return took


async def with_jobs(folder: Path, jobs: int) -> tuple[float, Watch]:
    """Add one persistent job a recipient, and let all fire."""
    store = SQLAlchemyJobStore(f"sqlite:///{folder}/jobs.db")
    scheduler = AsyncIOScheduler(jobstores={"default": store}, timezone=UTC)
    scheduler.start(paused=True)
    watch = Watch()
    began = time.perf_counter()
    due = datetime.now(UTC) + timedelta(milliseconds=1)
    for number in range(jobs):
        scheduler.add_job(nothing, "date", run_date=due, id=str(number), misfire_grace_time=None)
        await asyncio.sleep(0)
    scheduler.resume()
    while scheduler.get_jobs():  # noqa: ASYNC110 - the scheduler has no event for "empty"
        await asyncio.sleep(0.05)
    took = timed(began)
    watch.stop()
    scheduler.shutdown()
    return took, watch


async def nothing() -> None:
    """Stand for a delivery."""


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield the time and the longest blocking."""
    recipients, jobs = max(100, round(RECIPIENTS * scale)), max(20, round(JOBS * scale))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        books = recipients / only_bookkeeping(folder, recipients)
        took, watch = asyncio.run(with_ledger(folder, recipients))
        their_time, blocked = asyncio.run(with_jobs(folder, jobs))
    ours, theirs = recipients / took, jobs / their_time
    title = f"one reminder for {recipients:,} recipients"
    note = f"APScheduler, SQLAlchemy store on SQLite, {jobs:,} jobs measured"
    yield Row(f"{title}: plan, claim, settle", f"{books:,.0f}/s", f"{theirs:,.0f}/s", books / theirs, 50, note=note)
    rates = {"loop_per_second": ours}
    yield Row(f"{title}: the whole way", f"{ours:,.0f}/s", f"{theirs:,.0f}/s", ours / theirs, note=note, rates=rates)
    yield Row(
        f"{title}: longest work in the event loop, ratio to 50 ms",
        f"{watch.computed * 1e3:.0f} ms",
        f"{blocked.computed * 1e3:.0f} ms",
        watch.computed / BLOCKED,
        1.0,
        at_most=True,
        note=f"by the clock on the wall {watch.waited * 1e3:.0f} and {blocked.waited * 1e3:.0f} ms",
    )
