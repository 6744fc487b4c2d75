"""``examcal ledger``: make, verify, copy, restore and move the record of deliveries."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from examcal.cli.command import Group, argument, command, option
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import changing, looking
from examcal.cli.output import write, write_json
from examcal.cli.progress import working
from examcal.cli.reading import present
from examcal.cli.words import language, say
from examcal.errors import ConfigurationError, ExitCode, NoInputError, RefusedError
from examcal.ledger.engine import parse_url, sqlite_file
from examcal.ledger.opening import adopt, open_ledger, reconcile
from examcal.ledger.place import machine_id
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
@argument("target", type=click.Path(path_type=Path))
def backup_ledger(invocation: Invocation, target: Path) -> None:
    """Copy the ledger; the copy is complete or not there. In a folder it is named by date and time."""
    if target.is_dir():
        target /= f"examcal-{present():%Y%m%dT%H%M%SZ}.db"
    with looking(invocation.settings) as ledger, working(say("Copying the ledger")):
        if ledger is None:
            raise ConfigurationError("there is no ledger yet; run examcal ledger init")
        ledger.backup(target)
    write(say("The ledger is copied to {target}.", target=target))


@command("restore", "Put a copy in place of the ledger; no daemon may run.", group=COMMAND)
@argument("source", type=click.Path(path_type=Path))
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
        kept = file.with_name(f"{file.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
        for suffix in ("", "-wal", "-shm"):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.rename(kept.with_name(kept.name + suffix))
        staged = file.with_name(f".{file.name}.restoring")
        shutil.copyfile(source, staged)
        staged.chmod(0o600)
        staged.replace(file)
        opened = open_ledger(settings.database, settings.state_dir, now, make=False)
        opened.ledger.close()
    write(say("The ledger is restored; {count} deliveries were sent after the copy was made.", count=opened.reconciled))
    write(say("What was there before is kept as {path}.", path=kept))


@command("reconcile", "Mark as sent what the journal beside the ledger names.", group=COMMAND)
def reconcile_ledger(invocation: Invocation) -> None:
    """Take over from the journal what was sent."""
    with changing(invocation.settings, present()) as ledger:
        count = reconcile(ledger)
    write(say("{count} deliveries are marked as sent.", count=count))


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
    with only_daemon(invocation.settings, present()), working(say("Moving the ledger")) as on_moved:
        rows = move(source, target, invocation.settings.state_dir, present(), on_moved)
    write(say("Moved {rows} rows; both sides add up.", rows=rows))
