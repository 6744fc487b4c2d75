"""``examcal check``: every problem of the schedule, for people, programs and code forges."""

from __future__ import annotations

from examcal.cli.command import command, option
from examcal.cli.invocation import Invocation
from examcal.cli.problems import write_report
from examcal.cli.progress import waiting
from examcal.cli.published_ids import removed_ids, removed_sites, unserved_sites
from examcal.cli.reading import present, today_of
from examcal.cli.wiring import audiences_of
from examcal.cli.words import say
from examcal.errors import ExitCode, Problem, ScheduleRejectedError, Severity
from examcal.intake import read
from examcal.schedule.loader import load
from examcal.schedule.problems import in_order


@command("check", "Report every problem of the schedule.", formats=("text", "json", "github", "sarif"))
@option("--strict", is_flag=True, about="Let warnings count as errors.")
def COMMAND(invocation: Invocation, *, strict: bool) -> int:  # noqa: N802 - looked up by this name
    """Report the problems; 1 where there is an error, else 0."""
    path = invocation.schedule_path
    texts = read(path)
    problems: tuple[Problem, ...]
    try:
        with waiting(say("Reading the schedule")):
            loaded = load(texts, today=today_of(present()))
        settings, schedule = invocation.settings, loaded.schedule
        gone = (*removed_ids(schedule, texts, settings.published), *removed_sites(schedule, texts, settings.published))
        problems = in_order((*loaded.warnings, *gone, *unserved_sites(schedule, texts, audiences_of(settings))))
    except ScheduleRejectedError as rejected:
        problems = rejected.problems
    write_report(path, problems, {text.name: text.content for text in texts}, invocation.format)
    serious = any(strict or problem.severity is Severity.ERROR for problem in problems)
    return int(ExitCode.NO if serious else ExitCode.FINE)
