"""The command line's root: which commands there are, and what happens when one of them fails."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from examcal.cli.command import LazyGroup
from examcal.cli.output import warn
from examcal.cli.words import language, language_of, say, speak
from examcal.errors import ExamcalError, ExitCode, ScheduleRejectedError, reason_of
from examcal.redaction import shown

_INTERRUPTED = 130
COMMANDS = {  # name: (module, summary)
    "init": ("init", "Write a new schedule, settings file and README to start from."),
    "check": ("check", "Report every problem of the schedule."),
    "show": ("show", "Show the timeline and what is next."),
    "plan": ("plan", "Show who gets what when, and what is skipped and why."),
    "preview": ("preview", "Show a message as it would be sent."),
    "diff": ("diff", "Show what an edit changes for people."),
    "parse": ("parse", "Show how a date phrase is understood."),
    "draft": ("draft", "Turn an announcement into a schedule to review."),
    "publish": ("publish", "Write feeds and pages as static files."),
    "feeds": ("feeds", "Show how to subscribe, for each kind of calendar."),
    "serve": ("serve", "Serve feeds and pages over HTTP."),
    "run": ("run", "Run everything: reminders, feeds and pages."),
    "worker": ("worker", "Deliver only, beside daemons on other machines (PostgreSQL)."),
    "status": ("status", "Show what was sent, what is open and what is next."),
    "deliveries": ("deliveries", "List, show, retry or drop deliveries."),
    "ledger": ("ledger", "Create, verify, back up and repair the ledger."),
    "schedule": ("schedule", "Accepted versions of the schedule, and accepting one that is held."),
    "subscribers": ("subscribers", "List, import, export and remove subscribers."),
    "send-test": ("send_test", "Send a test message over a channel."),
    "doctor": ("doctor", "Check settings, channels, clock and disk, and explain in words."),
    "lint": ("lint", "Check calendar feeds, also other people's."),
    "schema": ("schema", "Print the JSON Schema of the schedule file, for editors."),
}


def root() -> click.Group:
    """Return the root command."""
    group = LazyGroup(
        COMMANDS,
        name="examcal",
        help="Exam dates from one file: calendar feeds, web pages, e-mail and WeCom reminders.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        no_args_is_help=True,
    )
    from examcal import __version__  # noqa: PLC0415 - the package's own

    shows_version = click.version_option(
        __version__, prog_name="examcal", message="%(prog)s %(version)s", help=say("Show the version and stop.")
    )
    return shows_version(group)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code. Errors are sentences on standard error, never tracebacks."""
    speak(language_of(arguments))
    try:
        answer = root().main(args=list(arguments), prog_name="examcal", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.FINE)
    except BaseException as error:  # noqa: BLE001 - the last net: whatever it is, people get a sentence
        return _explain(error, debug="--debug" in arguments)
    return answer if isinstance(answer, int) else int(ExitCode.FINE)


def _explain(error: BaseException, *, debug: bool) -> int:
    """Say what went wrong, and return the exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(ExitCode.SOFTWARE)
        case click.Abort() | KeyboardInterrupt():
            return _INTERRUPTED
        case ExamcalError():
            return _explain_own(error)
        case click.ClickException():
            return _explain_usage(error)
        case _:
            return _explain_system(error) if isinstance(error, OSError) else _apologize(error, debug=debug)


def _explain_own(error: ExamcalError) -> int:
    if isinstance(error, ScheduleRejectedError):
        from examcal.cli.problems import warn_about  # noqa: PLC0415 - only for the report

        warn_about(error.problems)
    else:
        warn(error.text(language()))
    return int(error.exit_code)


def _explain_usage(error: click.ClickException) -> int:
    from examcal.cli.usage import usage_in_words  # noqa: PLC0415 - only for the report

    warn(usage_in_words(error))
    return int(ExitCode.USAGE)


def _explain_system(error: OSError) -> int:
    """Report what the operating system refused, with the path where there is one."""
    reason = reason_of(error).text(language())
    if error.filename:
        warn(say("{path}: {reason}", path=error.filename, reason=reason))
    else:
        warn(say("the operating system refused: {reason}", reason=reason))
    return int(ExitCode.NO_PERMISSION if isinstance(error, PermissionError) else ExitCode.IO)


def _apologize(error: BaseException, *, debug: bool) -> int:
    """Report a mistake of ours. The error's own text may hold secrets, so only its kind and place are shown."""
    if debug:
        sys.stderr.write(shown("".join(traceback.format_exception(error))))
        return int(ExitCode.SOFTWARE)
    frame = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}" if frame else "?"  # noqa: PTH119 - a label, no path work
    warn(
        say(
            "Sorry, this is a mistake in examcal itself ({kind} at {place}); run it again with --debug for details.",
            kind=type(error).__name__,
            place=place,
        )
    )
    return int(ExitCode.SOFTWARE)
