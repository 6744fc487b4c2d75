"""``examcal run``: reminders, feeds and pages in one process."""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from examcal.cli.command import command, option
from examcal.cli.composition import Composition
from examcal.cli.invocation import Invocation
from examcal.cli.once import run_once
from examcal.cli.output import write
from examcal.cli.reading import present
from examcal.cli.running import only_daemon
from examcal.cli.serving import stopped_by_signals
from examcal.cli.timeline import Filter, next_text, upcoming
from examcal.cli.wiring import OUTBOX, channel_names
from examcal.cli.words import say
from examcal.feed.calendar import feed_path
from examcal.publication.published import load_previous

if TYPE_CHECKING:
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings

_SWITCH_SECONDS = 0.001  # so that a thread that renders pages gives way to a message that is due


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
    whole = Composition(invocation.settings, invocation.schedule_path, partial(_say_ready, invocation))
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, whole.daemon.reload)
    with stopped_by_signals(whole.daemon.stop):
        await whole.run()


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
        edge, occurrence = ahead[0]
        write(say("Next: {what}", what=next_text(schedule.exam(occurrence.exam), edge, occurrence, now)))
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
