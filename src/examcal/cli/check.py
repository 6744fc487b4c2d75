"""``examcal check``: every problem of the schedule, for people, programs and code forges."""

from __future__ import annotations

from collections.abc import Iterator

from examcal.cli.command import command, option
from examcal.cli.invocation import Invocation
from examcal.cli.problems import write_report
from examcal.cli.reading import present, today_of
from examcal.errors import ExitCode, Problem, ScheduleRejectedError, Sentence, Severity
from examcal.intake import read
from examcal.schedule.loader import load
from examcal.schedule.model import Schedule


@command("check", "Report every problem of the schedule.", formats=("text", "json", "github", "sarif"))
@option("--strict", is_flag=True, about="Let warnings count as errors.")
def COMMAND(invocation: Invocation, *, strict: bool) -> int:  # noqa: N802 - looked up by this name
    """Report the problems; 1 where there is an error, else 0."""
    path = invocation.schedule_path
    texts = read(path)
    problems: tuple[Problem, ...]
    try:
        loaded = load(texts, today=today_of(present()))
        problems = (*_missing(invocation, loaded.schedule), *loaded.warnings)
    except ScheduleRejectedError as rejected:
        problems = rejected.problems
    write_report(path, problems, {text.name: text.content for text in texts}, invocation.format)
    serious = any(strict or problem.severity is Severity.ERROR for problem in problems)
    return int(ExitCode.NO if serious else ExitCode.FINE)


def _missing(invocation: Invocation, schedule: Schedule) -> Iterator[Problem]:
    """Yield a problem for each milestone that was published and is gone; only for the schedule that is published."""
    settings = invocation.settings
    if invocation.schedule_path.absolute() != settings.schedule.absolute() or not settings.published.is_dir():
        return
    from examcal.publication.published import load_previous  # noqa: PLC0415 - most checks need no edition
    from examcal.publication.revisions import removed_milestones  # noqa: PLC0415 - same

    manifest = load_previous(settings.published).manifest
    for identifier in removed_milestones(schedule, manifest) if manifest else ():
        yield Problem(
            "removed-milestone",
            Severity.ERROR,
            str(invocation.schedule_path),
            0,
            0,
            identifier,
            Sentence("{id} was published and is missing now", {"id": identifier}),
            Sentence("put it back with status: cancelled; a new id goes with renamed_from"),
        )
