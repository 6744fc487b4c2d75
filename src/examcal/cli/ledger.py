"""``examcal ledger``: make, verify, copy, restore and move the record of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from examcal.cli.command import Group, argument, command, option
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import changing, led_by_nobody, looking
from examcal.cli.output import warn, write, write_json
from examcal.cli.progress import working
from examcal.cli.reading import present
from examcal.cli.words import language, say
from examcal.errors import ConfigurationError, ExamcalError, ExitCode, NoInputError, RefusedError
from examcal.ledger.backups import note_backup
from examcal.ledger.engine import parse_url, sqlite_file
from examcal.ledger.journal import Journal
from examcal.ledger.opening import adopt, open_ledger, reconcile
from examcal.ledger.place import machine_id
from examcal.ledger.restoring import restore
from examcal.ledger.rows import Counts

COMMAND = Group("ledger", help="Create, verify, back up and repair the ledger.")


@command("init", "Make the ledger, or bring its tables up to date.", group=COMMAND)
def init_ledger(invocation: Invocation) -> None:
    """Make a new ledger; one that exists is migrated and kept."""
    settings = invocation.settings
    opened = open_ledger(settings.database, settings.state_dir, present())
    opened.ledger.close()
    if opened.made:
        write(say("A new ledger is ready in {directory}.", directory=settings.state_dir))
    elif opened.migrated:
        write(say("The ledger's tables are up to date now."))
    else:
        write(say("The ledger exists and is up to date."))


@command("verify", "Check that nothing is lost or damaged.", formats=("text", "json"), group=COMMAND)
def verify_ledger(invocation: Invocation) -> int:
    """Check pages, references and the conservation law; 1 where something is wrong."""
    with looking(invocation.settings) as ledger:
        if ledger is None:
            raise ConfigurationError("there is no ledger yet; run examcal ledger init")
        findings, counts = [finding.text(language()) for finding in ledger.verify()], ledger.counts()
    if invocation.wants_json:
        write_json({"fine": not findings, "findings": findings, **_sums(counts)})
    elif findings:
        for finding in findings:
            write(finding)
    else:
        write(say("The ledger is fine: planned {planned} = open {open} + ended {ended}.", **_sums(counts)))
    return int(ExitCode.NO if findings else ExitCode.FINE)


def _sums(counts: Counts) -> dict[str, int]:
    return {"planned": counts.planned_total, "open": counts.open, "ended": counts.ended}


@command("backup", "Write a consistent copy, also beside a running daemon.", group=COMMAND)
@argument("target", type=click.Path(readable=False, path_type=Path))
def backup_ledger(invocation: Invocation, target: Path) -> None:
    """Copy the ledger; the copy is complete or not there. In a folder it is named by date and time."""
    now = present()
    if target.is_dir():
        target /= f"examcal-{now:%Y%m%dT%H%M%SZ}.db"
    with looking(invocation.settings) as ledger, working(say("Copying the ledger")):
        if ledger is None:
            raise ConfigurationError("there is no ledger yet; run examcal ledger init")
        ledger.backup(target)
    write(say("The ledger is copied to {target}.", target=target))
    try:
        with changing(invocation.settings, now) as ledger:
            note_backup(ledger, now)
    except ExamcalError as error:  # the copy is what counts
        warn(say("The ledger does not know of its copy: {reason}", reason=error.text(language())))


@command("restore", "Put a copy in place of the ledger; no daemon may run.", group=COMMAND)
@argument("source", type=click.Path(readable=False, path_type=Path))
def restore_ledger(invocation: Invocation, source: Path) -> None:
    """Put a copy back and mark what the journal knows as sent since. The present file is kept beside."""
    from examcal.cli.running import only_daemon  # noqa: PLC0415 - pulls in what only the daemon needs

    settings = invocation.settings
    file = sqlite_file(parse_url(settings.database))
    if file is None:
        raise ConfigurationError("restore PostgreSQL with its own tools, then run examcal ledger reconcile")
    if not source.is_file():
        raise NoInputError("{path} does not exist", path=source)
    now = present()
    with only_daemon(settings, now):
        done = restore(source, file, settings.state_dir, now)
    write(
        say(
            "The ledger is restored; of its deliveries {count} were sent after the copy was made.",
            count=done.reconciled,
        )
    )
    if not done.has_journal:
        write(say("There is no journal beside it, so what was sent since is not known, and may be sent again."))
    write(say("Not known either: who subscribed, left or was removed since, and which deliveries were dropped."))
    if done.kept is not None:
        write(say("What was there before is kept as {path}.", path=done.kept))


@command("reconcile", "Mark as sent what the journal beside the ledger names.", group=COMMAND)
@argument("journals", nargs=-1, type=click.Path(readable=False, path_type=Path))
def reconcile_ledger(invocation: Invocation, journals: Sequence[Path]) -> None:
    """Take over from the journal what was sent, and from those of other state directories, or copies of their files."""
    settings = invocation.settings
    for path in journals:
        if not path.exists():
            raise NoInputError("{path} does not exist", path=path)
    others = [Journal(path) for path in journals]
    opened = open_ledger(settings.database, settings.state_dir, present(), make=False)
    try:
        count = opened.reconciled + reconcile(opened.ledger, others)
    finally:
        opened.ledger.close()
    for journal in others:
        if not journal.path.exists():
            write(say("There is no journal in {folder}: nothing was sent from there yet, or it is gone.",
                      folder=journal.path.parent))  # fmt: skip
    write(say("{count} deliveries are marked as sent.", count=count))
    if opened.ledger.shared:
        write(say("Each worker and daemon keeps a journal of its own; what those that were not named here sent is not"
                  " known, and may be sent again."))  # fmt: skip


@command("adopt", "Go on with a ledger that was made on another machine.", group=COMMAND)
def adopt_ledger(invocation: Invocation) -> None:
    """Release what is held because the ledger came from elsewhere; the other machine must be off."""
    with changing(invocation.settings, present()) as ledger:
        count = adopt(ledger, machine_id())
    write(say("{count} are released.", count=count))


@command("move", "Copy everything into another ledger, such as PostgreSQL.", group=COMMAND)
@option("--from", "source", required=True, metavar="URL", about="The ledger to read, without a password.")
@option("--to", "target", required=True, metavar="URL", about="The empty ledger to fill, without a password.")
def move_ledger(invocation: Invocation, source: str, target: str) -> None:
    """Copy all rows and check the conservation law on both sides."""
    from examcal.cli.running import only_daemon  # noqa: PLC0415 - pulls in what only the daemon needs
    from examcal.ledger.moving import move  # noqa: PLC0415 - only for this command

    for address in (source, target):
        if parse_url(address).password is not None:
            raise RefusedError("a password on the command line is visible to everybody; use ~/.pgpass or PGPASSWORD")
    settings, now = invocation.settings, present()
    own = sqlite_file(parse_url(settings.database))
    with ExitStack() as locks:
        locks.enter_context(only_daemon(settings, now))
        for address in (source, target):
            if own is None or sqlite_file(parse_url(address)) != own:  # its lock is taken already
                locks.enter_context(led_by_nobody(address, now))
        on_moved = locks.enter_context(working(say("Moving the ledger")))
        rows = move(source, target, settings.state_dir, now, on_moved)
    write(say("Moved {rows} rows; both sides add up.", rows=rows))
