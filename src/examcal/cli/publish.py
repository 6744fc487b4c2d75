"""``examcal publish``: feeds and pages as static files, switched as a whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from examcal.cli.command import command, option
from examcal.cli.editions import make_edition, previous_from
from examcal.cli.invocation import Invocation
from examcal.cli.output import warn, write, write_json
from examcal.cli.problems import warn_about
from examcal.cli.progress import working
from examcal.cli.reading import present, read_schedule, today_of
from examcal.cli.words import language, say
from examcal.daemon.watching import Rejection, ScheduleWatch
from examcal.errors import ExamcalError, ScheduleRejectedError
from examcal.publication.published import load_previous
from examcal.publication.publisher import publish

if TYPE_CHECKING:
    from examcal.publication.edition import Edition
    from examcal.publication.published import Previous
    from examcal.schedule.model import Schedule

_LOOK_EVERY = 1.0  # seconds between two looks with --watch


@command("publish", "Write feeds and pages as static files.", formats=("text", "json"))
@option(
    "--out",
    type=click.Path(readable=False, path_type=Path),
    metavar="DIR",
    about="Where to (default: PUBLIC_DIR, var/public).",
)
@option("--previous", metavar="URL|DIR", about="Take up sequences from an edition published elsewhere.")
@option("--accept-shrink", is_flag=True, about="Publish although milestones are gone.")
@option("--watch", is_flag=True, about="Stay, and publish again at every edit.")
def COMMAND(  # noqa: N802 - looked up by this name
    invocation: Invocation, out: Path | None, previous: str | None, *, accept_shrink: bool, watch: bool
) -> None:
    """Publish once, or at every edit."""
    directory = out or invocation.settings.published
    watching = ScheduleWatch(invocation.schedule_path)
    if watch:
        watching.first(today_of(present()))  # before it is read to be published: a later edit is another content
    schedule = read_schedule(invocation, present()).schedule
    previous_edition = previous_from(previous) if previous else load_previous(directory)
    _publish(invocation, schedule, directory, previous_edition, accept_shrink=accept_shrink)
    if watch:
        _stay(invocation, watching, directory, accept_shrink=accept_shrink)


def _stay(invocation: Invocation, watching: ScheduleWatch, directory: Path, *, accept_shrink: bool) -> NoReturn:
    """Publish every edit once it has settled, and on every new day what its window then shows; say each fault once."""
    day = today_of(present())
    while True:
        time.sleep(_LOOK_EVERY)
        today = today_of(present())
        if today != day:
            watching.again()
            day = today
        found = watching.look(time.monotonic(), today)
        try:
            if isinstance(found, Rejection):
                raise found.error
            if found is not None:
                previous = load_previous(directory)
                _publish(invocation, found.schedule, directory, previous, accept_shrink=accept_shrink, quiet=True)
        except ScheduleRejectedError as rejected:
            warn_about(rejected.problems)
        except ExamcalError as error:
            warn(error.text(language()))


def _publish(
    invocation: Invocation,
    schedule: Schedule,
    directory: Path,
    previous: Previous,
    *,
    accept_shrink: bool,
    quiet: bool = False,
) -> None:
    now, settings = present(), invocation.settings
    with working(say("Making feeds and pages")):
        edition = make_edition(
            schedule, settings, now=now, previous=previous, base_url=settings.base_url, accept_shrink=accept_shrink
        )
        changed = publish(edition, directory)
    if changed or not quiet:
        _report(invocation, edition, directory, changed=changed)


def _report(invocation: Invocation, edition: Edition, directory: Path, *, changed: bool) -> None:
    for warning in edition.warnings:
        warn(warning.text(language()))
    if invocation.wants_json:
        write_json(
            {
                "edition": edition.digest,
                "changed": changed,
                "files": len(edition.files),
                "directory": str(directory),
                "warnings": [warning.text(language()) for warning in edition.warnings],
            }
        )
    elif changed:
        write(say("Published {files} files to {directory} (edition {name}).", files=len(edition.files),
                  directory=directory, name=edition.digest[:16]))  # fmt: skip
    else:
        write(say("Nothing changed; {directory} is up to date.", directory=directory))
