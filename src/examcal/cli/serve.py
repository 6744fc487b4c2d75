"""``examcal serve``: feeds and pages over HTTP, without reminders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from examcal.cli.command import command
from examcal.cli.editions import make_edition
from examcal.cli.invocation import Invocation
from examcal.cli.measuring import count_requests, make_metrics, metrics_servers
from examcal.cli.output import warn, write
from examcal.cli.reading import present, read_schedule
from examcal.cli.serving import edition_reasons, follow, make_site, mount, selecting_from, showing, stopped_by_signals
from examcal.cli.subscribing import make_desk, make_routes
from examcal.cli.words import language, say
from examcal.clock import SystemClock
from examcal.daemon.supervisor import notify, report_to_supervisor
from examcal.errors import ExamcalError
from examcal.ledger.opening import open_ledger
from examcal.publication.published import Previous, current_folder
from examcal.publication.publisher import publish
from examcal.web.app import Site
from examcal.web.following import EditionFollower
from examcal.web.server import WebServer

if TYPE_CHECKING:
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.web.health import Reason


@command("serve", "Serve feeds and pages over HTTP.")
def COMMAND(invocation: Invocation) -> None:  # noqa: N802 - looked up by this name
    """Serve until a signal; what `publish` or a daemon writes to PUBLIC_DIR shows within seconds."""
    settings = invocation.settings
    invocation.start_logs()
    if current_folder(settings.published) is None:
        _publish_first(invocation)
    asyncio.run(_serve(invocation))


def _publish_first(invocation: Invocation) -> None:
    """Publish what the schedule says where nothing is published yet."""
    now = present()
    settings = invocation.settings
    try:
        schedule = read_schedule(invocation, now).schedule
        edition = make_edition(schedule, settings, now=now, previous=Previous(), base_url=settings.site_address)
        publish(edition, settings.published)
    except ExamcalError as error:
        warn(say("Nothing is published yet, and the schedule cannot be: {reason}", reason=error.text(language())))


async def _serve(invocation: Invocation) -> None:
    settings, clock = invocation.settings, SystemClock()
    known: list[Schedule] = []

    def read() -> Schedule:
        known[:] = [read_schedule(invocation, clock.now()).schedule]
        return known[-1]

    selecting = selecting_from(read, clock)
    follower = EditionFollower(settings.published, selecting)

    def reasons() -> Sequence[Reason]:
        return edition_reasons(site, follower, settings.language)

    site = make_site(settings, clock, reasons)
    show = showing(site, follower)
    await show()
    metrics = make_metrics(settings, clock)
    count_requests(site, metrics)
    server = WebServer(site, *settings.listen)
    host, port = server.address
    write(say("Serving {directory} at {address} (stop with Ctrl+C).", directory=settings.published,
              address=f"http://{host}:{port}/"))  # fmt: skip
    with _subscriptions(settings, clock, site, known, settings.base_url or f"http://{host}:{port}"):
        beside = [asyncio.create_task(one.serve()) for one in metrics_servers(settings, metrics, reasons)]
        beside += [asyncio.create_task(follow(show)), asyncio.create_task(report_to_supervisor())]
        with stopped_by_signals(server.stop):
            await server.serve()
        notify("STOPPING=1")
        for task in beside:
            task.cancel()


@contextmanager
def _subscriptions(
    settings: Settings, clock: SystemClock, site: Site, known: Sequence[Schedule], address: str
) -> Iterator[None]:
    """Take subscriptions where that is set up and the ledger can be written; the daemon beside sends the letters."""
    if not settings.takes_subscribers:
        yield
        return
    try:
        ledger = open_ledger(settings.database, settings.state_dir, clock.now()).ledger
    except ExamcalError as error:
        warn(say("Nobody can subscribe by e-mail: {reason}", reason=error.text(language())))
        yield
        return
    desk = make_desk(settings, ledger, lambda: known[-1] if known else None)
    mount(site, make_routes(settings, desk, clock, lambda: site.shelf, address))
    try:
        yield
    finally:
        ledger.close()
