"""Deliveries by workers on any number of machines, through procrastinate on the ledger's own PostgreSQL.

A queue job is a ticket: the id of a channel on which something is due, enqueued on the ledger's own connection inside
its transaction. Correctness rests on the ledger alone, so a ticket may be lost, doubled, stuck or late. What its
documentation does not do by itself is done here: stalled tickets are swept, and a worker survives a lost database.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions
from sqlalchemy import Connection, Engine, text

from examcal.clock import Clock
from examcal.dispatch.port import BATCH, Deliver
from examcal.ledger.port import Ledger
from examcal.ledger.trouble import LedgerUnreachableError

TASK = "examcal.deliver"
QUEUE = "examcal"
MOST_TICKETS = 64
SHARE, SHARED_TICKETS = 50, 32
"""Below some ten thousands, so few deliveries make a ticket: else the first process would take all, and others idle."""
STALLED_AFTER = 30.0
SWEEP_EVERY = 10.0
HEARTBEAT = 5.0
POLLING = 2.0
GRACE = 14.0
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""In the past on every clock: the database would keep back a ticket that a worker's fast clock dates."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a queue answered that has not answered yet. Exported as 0, so the alert comes for such a worker, too."""
ANSWERS_WITHIN = 15.0
"""Seconds after which a database that does not answer the sweep is taken for gone; TCP alone may never notice."""
ENDS_WITHIN = GRACE + 3.0
RECONNECT_AFTER = (0.5, 1.0, 2.0, 5.0, 10.0)
_log = structlog.get_logger()
OPTIONS = "-c statement_timeout=60000 -c lock_timeout=10000"


class ProcrastinateDispatcher:
    """The leader's side: makes tickets for what is due, as many as are missing."""

    local = False

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        self._ticket = self._app.task(name=TASK, queue=QUEUE)(_nothing)

    def start(self, deliver: Deliver) -> None:
        """Nothing is delivered in this process."""

    async def dispatch(self, due: Mapping[int, int]) -> None:
        """Enqueue the missing tickets in one transaction of the ledger."""
        await asyncio.to_thread(self._submit, dict(due))

    def busy(self) -> Collection[int]:
        """Nothing is delivered in this process."""
        return ()

    async def idle(self) -> None:
        """Nothing is delivered in this process."""

    async def stop(self, grace: float) -> bool:  # noqa: ARG002 - nothing to wait for
        """Nothing is delivered in this process."""
        return True

    def _submit(self, due: Mapping[int, int]) -> None:
        with _told_apart(), self._ledger.transaction() as connection:
            there = live_tickets(connection)
            missing: list[dict[str, Any]] = [
                {"channel_id": number}
                for number, count in due.items()
                for _ in range(tickets_for(count) - there.get(number, 0))
            ]
            if missing:
                raw = connection.connection.driver_connection
                self._ticket.configure(connection=raw).batch_defer(*missing)


class ProcrastinateWorker:
    """A worker: takes tickets and delivers, up to ``lanes`` at a time, until it is stopped.

    ``answered_at`` is when the queue's database last answered it, by ``clock``; ``NEVER`` before the first time.
    """

    def __init__(self, engine: Engine, deliver: Deliver, clock: Clock, *, lanes: int = 4) -> None:
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        timeouts = {"connect_timeout": 10, "tcp_user_timeout": 25_000, "keepalives_idle": 10, "options": OPTIONS}
        connector = procrastinate.PsycopgConnector(
            conninfo=address, kwargs=timeouts, min_size=1, max_size=lanes + 4, timeout=10.0
        )
        self._app = procrastinate.App(connector=connector)
        self._lanes = lanes
        self._clock = clock
        self._answered = -math.inf
        self.answered_at = NEVER
        self._is_away = False

        @self._app.task(name=TASK, queue=QUEUE)
        async def take(channel_id: int) -> None:
            await deliver(channel_id)

    def silent_for(self) -> float:
        """Return for how many seconds the queue's database has not answered; infinite before the first time."""
        return self._clock.monotonic() - self._answered

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until ``stopping`` is set. A database that goes away is waited for."""
        _be_quiet(asyncio.get_running_loop())
        tries = 0
        while not stopping.is_set():
            started = time.monotonic()
            try:
                await self._session(stopping)
            except (exceptions.ConnectorException, psycopg.Error, OSError) as error:
                self._say_away(error)
            tries = 0 if time.monotonic() - started > GRACE else tries + 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RECONNECT_AFTER[min(tries, len(RECONNECT_AFTER) - 1)])

    def _say_away(self, error: Exception) -> None:
        """Log the begin of an outage, by the error's name alone: its words name the database and its user."""
        if not self._is_away:
            _log.warning("the queue does not answer; trying again", reason=type(error.__cause__ or error).__name__)
        self._is_away = True

    async def _session(self, stopping: asyncio.Event) -> None:
        async with self._app.open_async():
            parts: list[asyncio.Task[Any]] = [
                asyncio.ensure_future(self._work()),
                asyncio.ensure_future(self._sweep()),
                asyncio.ensure_future(stopping.wait()),
            ]
            try:
                done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                for part in done:
                    part.result()
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.wait(parts, timeout=ENDS_WITHIN)

    async def _work(self) -> None:
        await self._app.run_worker_async(
            queues=[QUEUE],
            concurrency=self._lanes,
            fetch_job_polling_interval=POLLING,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=STALLED_AFTER,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

    async def _sweep(self) -> None:
        """Put tickets of dead workers back into the queue; the engine leaves that to us."""
        manager = self._app.job_manager
        while True:
            async with asyncio.timeout(ANSWERS_WITHIN):
                for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED_AFTER):
                    await manager.retry_job(job, retry_at=AT_ONCE)
            self._answered, self.answered_at = self._clock.monotonic(), self._clock.now()
            self._is_away = False
            await asyncio.sleep(SWEEP_EVERY)


def _be_quiet(loop: asyncio.AbstractEventLoop) -> None:
    """Let the library's own tasks end without a word where their database is away: the ledger's trouble says so.

    Some of them outlive the session that they belong to, and nobody is left to ask how they ended.
    """
    others = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), exceptions.ConnectorException | exceptions.AppNotOpen):
            return
        if others is not None:
            others(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Turn the library's name for a database that went away into ours."""
    try:
        yield
    except exceptions.ConnectorException:
        raise LedgerUnreachableError("the database cannot be reached") from None


def tickets_for(count: int) -> int:
    """Return how many tickets ``count`` due deliveries need, so that every worker gets some of them."""
    least, shared = -(-count // BATCH), min(-(-count // SHARE), SHARED_TICKETS)
    return min(max(least, shared), MOST_TICKETS)


def live_tickets(connection: Connection) -> dict[int, int]:
    """Return how many tickets are waiting or at work, by channel id."""
    rows = connection.execute(_LIVE, {"task": TASK})
    return {int(row[0]): row[1] for row in rows}


_LIVE = text(
    "SELECT args ->> 'channel_id', count(*) FROM procrastinate_jobs"
    " WHERE task_name = :task AND status IN ('todo', 'doing') GROUP BY 1"
)


async def _nothing(channel_id: int) -> None:
    """Stand for the workers' task of the same name; only its name and arguments matter here."""
