"""``examcal worker``: deliveries only, beside daemons on other machines."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from examcal.cli.command import command
from examcal.cli.invocation import Invocation
from examcal.cli.measuring import counting_attempts, counting_fenced, make_metrics, metrics_servers
from examcal.cli.output import warn, write
from examcal.cli.running import make_engine
from examcal.cli.serving import stopped_by_signals
from examcal.cli.words import language, say
from examcal.clock import SystemClock
from examcal.daemon.supervisor import notify, report_to_supervisor
from examcal.errors import ConfigurationError
from examcal.web.health import Reason
from examcal.worker import SILENT_AFTER, TakesTickets, Worker


@command("worker", "Deliver only, beside daemons on other machines (PostgreSQL).")
def COMMAND(invocation: Invocation) -> None:  # noqa: N802 - looked up by this name
    """Deliver until a signal."""
    settings = invocation.settings
    if settings.database.startswith("sqlite"):
        raise ConfigurationError("a worker needs a shared ledger: set EXAMCAL_DATABASE_URL to postgresql://…")
    invocation.start_logs()
    asyncio.run(_work(invocation))


async def _work(invocation: Invocation) -> None:
    clock = SystemClock()
    metrics = make_metrics(invocation.settings, clock)
    engine = make_engine(
        invocation.settings,
        clock,
        on_trouble=lambda trouble: warn(trouble.sentence.text(language())),
        on_change=lambda: None,
        on_attempt=counting_attempts(metrics),
        on_fenced=counting_fenced(metrics),
    )
    taker = engine.make_taker()
    if taker is None:
        return
    if metrics is not None:
        metrics.answered_at = lambda: taker.answered_at
    servers = metrics_servers(invocation.settings, metrics, lambda: _reasons(taker))
    worker = Worker(taker, engine.deliverer)
    write(say("This worker delivers; stop with Ctrl+C."))
    beside = [asyncio.create_task(one.serve()) for one in servers]
    beside.append(asyncio.create_task(report_to_supervisor()))
    with stopped_by_signals(worker.stop):
        await worker.run()
    notify("STOPPING=1")
    for task in beside:
        task.cancel()
    for channel in engine.channels.values():
        await channel.close()
    engine.opened.ledger.close()


def _reasons(taker: TakesTickets) -> Sequence[Reason]:
    """Return why this worker does not do its work: nothing that it could deliver reaches it."""
    silent = taker.silent_for()
    if silent < SILENT_AFTER:
        return ()
    if math.isinf(silent):
        return (Reason("queue", say("The queue has not answered yet."), critical=True),)
    words = say("The queue has not answered for {seconds} s.", seconds=round(silent))
    return (Reason("queue", words, critical=True),)
