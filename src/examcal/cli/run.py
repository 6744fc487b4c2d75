"""``examcal run``: reminders, feeds and pages in one process."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from examcal.cli.command import command, option
from examcal.cli.invocation import Invocation
from examcal.cli.measuring import (
    count_requests,
    counting_attempts,
    counting_schedules,
    make_metrics,
    metrics_servers,
)
from examcal.cli.once import run_once
from examcal.cli.output import write
from examcal.cli.reading import present
from examcal.cli.running import (
    Engine,
    make_admins,
    make_engine,
    only_daemon,
    opening_troubles,
    publishing,
)
from examcal.cli.serving import edition_reasons, follow, make_site, mount, selecting_from, stopped_by_signals
from examcal.cli.subscribing import ScheduleInForce, make_desk, make_postman, make_routes
from examcal.cli.timeline import Filter, next_text, upcoming
from examcal.cli.wiring import OUTBOX, channel_names
from examcal.cli.words import say
from examcal.clock import Clock, SystemClock
from examcal.daemon.daemon import Daemon
from examcal.daemon.heartbeat import ping
from examcal.daemon.parts import Conditions, Parts
from examcal.daemon.watching import ScheduleWatch
from examcal.delivery.port import Trouble
from examcal.feed.calendar import feed_path
from examcal.publication.published import load_previous
from examcal.subscription.postman import Postman
from examcal.web.app import Site
from examcal.web.following import EditionFollower
from examcal.web.health import Reason
from examcal.web.server import WebServer

if TYPE_CHECKING:
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.web.metrics import Metrics

_SWITCH_SECONDS = 0.001  # so that a thread that renders pages gives way to a message that is due
_CRITICAL = frozenset({"ledger", "clock", "no-edition"})


@command("run", "Run everything: reminders, feeds and pages.")
@option("--once", is_flag=True, about="Plan and deliver what is due, then stop (for cron).")
def COMMAND(invocation: Invocation, *, once: bool) -> None:  # noqa: N802 - looked up by this name
    """Run until a signal, or once."""
    settings = invocation.settings
    invocation.start_logs()
    if settings.state_dir.exists() and not settings.state_dir.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(settings.state_dir))
    sys.setswitchinterval(_SWITCH_SECONDS)
    with only_daemon(settings, present()):
        asyncio.run(run_once(invocation) if once else _run(invocation))


async def _run(invocation: Invocation) -> None:
    settings, clock = invocation.settings, SystemClock()
    loop = asyncio.get_running_loop()
    conditions = Conditions()
    later: list[Callable[[], None]] = []
    troubles: list[Callable[[Trouble], None]] = []

    def on_trouble(trouble: Trouble) -> None:
        for hear in troubles:
            loop.call_soon_threadsafe(hear, trouble)

    metrics = make_metrics(settings, clock)
    engine = make_engine(
        settings,
        clock,
        on_trouble=on_trouble,
        on_change=lambda: [call() for call in later],  # type: ignore[arg-type]  # called for its effect
        on_attempt=counting_attempts(metrics),
    )
    admins = make_admins(settings, clock, engine.channels, engine.renderer)
    troubles.append(lambda trouble: _hear(trouble, admins.tell, conditions))
    accepted: list[Schedule] = []
    selecting = selecting_from(lambda: accepted[-1], clock)
    follower = EditionFollower(settings.published, lambda manifest: selecting(manifest) if accepted else None)
    site = make_site(settings, clock, lambda: [*edition_reasons(site, follower), *_reasons(conditions)])
    _measure(metrics, site, engine, conditions)
    web = WebServer(site, *settings.listen)
    address = settings.base_url or f"http://{settings.listen._replace(port=web.address[1])}"
    postmen = _subscription(settings, engine, clock, site, accepted, address, lambda: [call() for call in later])
    publish = publishing(settings, clock, engine.revisions, address)
    secret = settings.heartbeat_url

    def publish_and_keep(schedule: Schedule) -> Sequence[object]:
        accepted[:] = [schedule]
        return publish(schedule)

    daemon = Daemon(
        Parts(
            clock,
            engine,
            ScheduleWatch(invocation.schedule_path),
            publish_and_keep,  # type: ignore[arg-type]  # sentences
            admins,
            conditions,
            servers=[web, *postmen, *metrics_servers(settings, metrics)],
            ping=partial(ping, secret.get_secret_value()) if secret else None,
            ping_every=settings.heartbeat_every,
            weekly_summary=settings.weekly_summary,
            ready=partial(_say_ready, invocation, address),
            on_schedule=counting_schedules(metrics),
        )
    )
    later.append(daemon.wake)
    for code, sentence in opening_troubles(engine.opened):
        admins.tell(code, sentence)
    following = asyncio.create_task(follow(site, follower))
    loop.add_signal_handler(signal.SIGHUP, daemon.reload)
    with stopped_by_signals(daemon.stop):
        await daemon.run()
    following.cancel()


def _measure(metrics: Metrics | None, site: Site, engine: Engine, conditions: Conditions) -> None:
    """Tell the metrics where to look."""
    if metrics is None:
        return
    from examcal.web.metrics import look_at  # noqa: PLC0415 - only where metrics are asked for

    metrics.look = lambda: look_at(engine.opened.ledger, engine.clock.now())
    metrics.leads = lambda: "standing-by" not in conditions.by_code
    metrics.troubles = lambda: tuple(conditions.by_code)
    count_requests(site, metrics)


def _subscription(
    settings: Settings,
    engine: Engine,
    clock: Clock,
    site: Site,
    accepted: Sequence[Schedule],
    address: str,
    on_change: Callable[[], object],
) -> Sequence[Postman]:
    """Let people subscribe by e-mail, where that is set up; return who sends the letters."""
    if not settings.takes_subscribers:
        return ()
    loop = asyncio.get_running_loop()
    postmen: list[Postman] = []
    desk = make_desk(
        settings,
        engine.opened.ledger,
        ScheduleInForce(accepted, engine.opened.ledger, clock),
        on_letter=lambda: loop.call_soon_threadsafe(postmen[0].wake),
        on_change=lambda: loop.call_soon_threadsafe(on_change),
    )
    postmen.append(make_postman(settings, desk, engine.channels["email"], clock, address))
    mount(site, make_routes(settings, desk, clock, lambda: site.shelf, address))
    return postmen


def _hear(trouble: Trouble, tell: Callable[..., None], conditions: Conditions) -> None:
    """Pass trouble of the deliveries on to the admins; a paused channel is told again when it pauses again."""
    conditions.set(trouble.code, trouble.sentence)
    remedy = () if trouble.remedy is None else (trouble.remedy,)
    tell(f"{trouble.code} {trouble.sentence.text('en')}", trouble.sentence, *remedy)


def _reasons(conditions: Conditions) -> Sequence[Reason]:
    return [Reason(code, sentence.text(), critical=code in _CRITICAL) for code, sentence in conditions.by_code.items()]


def _say_ready(invocation: Invocation, address: str, schedule: Schedule | None) -> None:
    """Say what this does, what is next, and where to look."""
    settings = invocation.settings
    write(say("examcal is running."))
    if schedule is None:
        write(say("There is no valid schedule yet: correct {path}; it is read again by itself.",
                  path=invocation.schedule_path))  # fmt: skip
    else:
        _say_next(schedule)
        write(say("Page:  {address}", address=f"{address}/"))
        manifest = load_previous(settings.published).manifest
        feeds = [feed_path(exam.id) for exam in schedule.exams[:3]] or [feed_path()]
        for feed in (path for path in feeds if manifest is None or path in manifest.files):
            write(say("Feed:  {address}", address=f"{address}/{feed}"))
    _say_ways(settings)
    write(say("Edit {path} at any time; stop with Ctrl+C.", path=invocation.schedule_path))


def _say_next(schedule: Schedule) -> None:
    now = present()
    occurrences = [occurrence for exam in schedule.exams for occurrence in Filter().occurrences(exam)]
    ahead = upcoming(occurrences, now)
    if ahead:
        write(say("Next: {what}", what=next_text(*ahead[0], now)))
    else:
        write(say("Nothing with a date lies ahead."))


def _say_ways(settings: Settings) -> None:
    ways = [name for name in channel_names(settings) if name != OUTBOX]
    if not ways:
        write(say("Neither mail nor WeCom is set up: reminders are written to {folder}.", folder=settings.outbox))
    elif not settings.audiences:
        write(say("No audience is set up: reminders are written to {folder}.", folder=settings.outbox))
    else:
        write(say("Reminders leave over {channels}.", channels=", ".join(ways)))
