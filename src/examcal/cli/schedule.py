"""``examcal schedule``: versions that were accepted, and saying yes to one that is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from examcal.cli.command import Group, command, option
from examcal.cli.dates import moment_text
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import changing, looking
from examcal.cli.output import write, write_json, write_table
from examcal.cli.reading import present, read_schedule
from examcal.cli.words import say
from examcal.delivery.acceptance import confirm
from examcal.ledger.rows import instant
from examcal.ledger.tables import schedule_version

if TYPE_CHECKING:
    from datetime import datetime

    from examcal.ledger.store import SqlLedger

COMMAND = Group("schedule", help="Accepted versions of the schedule, and accepting one that is held.")
_HOME = "Asia/Shanghai"


@command("history", "List the accepted versions, newest first.", formats=("text", "json"), group=COMMAND)
@option("--limit", type=int, default=20, about="At most so many.")
def history(invocation: Invocation, limit: int) -> None:
    """Write the versions."""
    with looking(invocation.settings) as ledger:
        versions = _versions(ledger, limit) if ledger else []
    if invocation.wants_json:
        write_json([{"version": number, "digest": digest, "accepted_at": at.isoformat(timespec="seconds")}
                    for number, digest, at in versions])  # fmt: skip
    elif versions:
        rows = [(number, digest[:12], moment_text(at, _HOME)) for number, digest, at in versions]
        write_table([say(name) for name in ("Version", "Digest", "Accepted")], rows)
    else:
        write(say("No version was accepted yet."))


def _versions(ledger: SqlLedger, limit: int) -> list[tuple[int, str, datetime]]:
    columns = (schedule_version.c.id, schedule_version.c.digest, schedule_version.c.accepted_at)
    newest = select(*columns).order_by(schedule_version.c.id.desc()).limit(limit)
    with ledger.snapshot() as connection:
        return [(number, digest, instant(at)) for number, digest, at in connection.execute(newest)]


@command("accept", "Say that the present file is meant as it is, although it takes much away.", group=COMMAND)
def accept(invocation: Invocation) -> None:
    """Confirm the present schedule; the daemon takes it within seconds, or the next `run`."""
    now = present()
    schedule = read_schedule(invocation, now).schedule
    with changing(invocation.settings, now) as ledger:
        confirm(ledger, schedule.digest)
    write(say("The schedule with digest {digest} will be taken as it is.", digest=schedule.digest[:12]))
