"""``examcal deliveries``: look at single deliveries, try them again, or give them up."""

from __future__ import annotations

import click

from examcal.cli.command import Group, argument, command, option
from examcal.cli.dates import moment_text
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import changing, looking
from examcal.cli.output import write, write_json, write_table
from examcal.cli.reading import present
from examcal.cli.words import say
from examcal.errors import NoInputError, RefusedError
from examcal.ledger.rows import AttemptRow, DeliveryRow, State
from examcal.ledger.store import SqlLedger

COMMAND = Group("deliveries", help="List, show, retry or drop deliveries.")
_HOME = "Asia/Shanghai"


@command("list", "List deliveries, newest first.", formats=("text", "json"), group=COMMAND)
@option("--state", "states", multiple=True, type=click.Choice([state.value for state in State]), about="Only these.")
@option("--channel", default="", metavar="NAME", about="Only this channel.")
@option("--limit", type=click.IntRange(1, 10_000), default=50, about="At most so many.")
@option("--after", type=click.IntRange(min=0), default=0, metavar="ID", about="The page after this delivery.")
def list_deliveries(invocation: Invocation, states: tuple[str, ...], channel: str, limit: int, after: int) -> None:
    """Write the deliveries; addresses are never shown."""
    with looking(invocation.settings) as ledger:
        wanted = [State(state) for state in states]
        rows = ledger.deliveries(states=wanted, channel=channel, limit=limit, after=after) if ledger else []
    if invocation.wants_json:
        write_json([as_json(row) for row in rows])
    elif rows:
        headings = [
            say(name) for name in ("ID", "Reference", "Milestone", "Rule", "Audience", "Channel", "State", "Due")
        ]
        write_table(headings, [_cells(row) for row in rows])
    else:
        write(say("There are no deliveries."))


@command("show", "Show a delivery and every attempt.", formats=("text", "json"), group=COMMAND)
@argument("reference")
def show_delivery(invocation: Invocation, reference: str) -> None:
    """Write one delivery, found by its id, its five-letter reference or its key."""
    with looking(invocation.settings) as ledger:
        row = _one(ledger, reference)
        attempts = ledger.attempts(row.id) if ledger else []
    if invocation.wants_json:
        write_json({**as_json(row), "attempt_log": [_attempt(attempt) for attempt in attempts]})
        return
    for name, value in as_json(row).items():
        write(f"{name}: {'' if value is None else value}")
    for attempt in attempts:
        write("  " + " ".join(str(part) for part in _attempt(attempt).values() if part))


@command("retry", "Try deliveries again now.", group=COMMAND)
@argument("references", nargs=-1, required=True)
def retry_deliveries(invocation: Invocation, references: tuple[str, ...]) -> None:
    """Put the deliveries back in line; what was sent stays sent."""
    now = present()
    with changing(invocation.settings, now) as ledger:
        count = ledger.retry([_one(ledger, reference).id for reference in references], now)
    _report(count, len(references), say("{count} will be tried again.", count=count))


@command("drop", "Give deliveries up.", group=COMMAND)
@argument("references", nargs=-1, required=True)
def drop_deliveries(invocation: Invocation, references: tuple[str, ...]) -> None:
    """End open deliveries as dead, by an operator's word."""
    now = present()
    with changing(invocation.settings, now) as ledger:
        count = ledger.drop([_one(ledger, reference).id for reference in references], now)
    _report(count, len(references), say("{count} are given up.", count=count))


@command("release", "Let held deliveries go on.", group=COMMAND)
@argument("references", nargs=-1)
@option("--all", "everything", is_flag=True, about="All that are held.")
def release_deliveries(invocation: Invocation, references: tuple[str, ...], *, everything: bool) -> None:
    """Release what a guard held (too many at once, a copied ledger)."""
    with changing(invocation.settings, present()) as ledger:
        ids = None if everything else [_one(ledger, reference).id for reference in references]
        count = ledger.release(ids=ids)
    _report(count, 1, say("{count} are released.", count=count))


def _report(count: int, asked: int, sentence: str) -> None:
    write(sentence)
    if asked and not count:
        raise RefusedError("nothing changed: these deliveries are not in a state that allows it")


def _one(ledger: SqlLedger | None, reference: str) -> DeliveryRow:
    found = ledger.find(reference) if ledger else []
    if not found:
        raise NoInputError("there is no delivery {reference}", reference=reference)
    return found[0]


def as_json(row: DeliveryRow) -> dict[str, object]:
    """Return a delivery for programs; the recipient only by its number."""
    return {
        "id": row.id,
        "key": row.key,
        "reference": row.reference,
        "occurrence": row.occurrence,
        "rule": row.rule,
        "purpose": row.purpose,
        "channel": row.channel,
        "audience": row.audience,
        "recipient": row.recipient_id,
        "state": row.state.value,
        "reason": row.reason,
        "due_at": row.due_at.isoformat(timespec="seconds"),
        "next_at": row.next_at.isoformat(timespec="seconds") if row.next_at else None,
        "useful_until": row.useful_until.isoformat(timespec="seconds"),
        "attempts": row.attempts,
        "ambiguous": row.ambiguous,
        "code": row.code,
        "ended_at": row.ended_at.isoformat(timespec="seconds") if row.ended_at else None,
    }


def _attempt(attempt: AttemptRow) -> dict[str, object]:
    return {
        "number": attempt.number,
        "ended_at": attempt.ended_at.isoformat(timespec="seconds"),
        "outcome": attempt.outcome,
        "code": attempt.code,
        "detail": attempt.detail,
    }


def _cells(row: DeliveryRow) -> tuple[object, ...]:
    state = f"{row.state.value} ({row.reason})" if row.reason else row.state.value
    due = moment_text(row.due_at, _HOME)
    return (row.id, row.reference, row.occurrence, row.rule, row.audience, row.channel, state, due)
