"""``examcal subscribers``: look at who subscribed, take over a list, hand out a copy, erase."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from examcal.cli.command import Group, argument, command, option, usage_error
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import changing, led_by_nobody
from examcal.cli.output import warn, write, write_json, write_table
from examcal.cli.progress import working
from examcal.cli.reading import present, read_schedule
from examcal.cli.subscribing import key_of, rotate_key
from examcal.cli.words import language, say
from examcal.errors import NoInputError, RefusedError, reason_of
from examcal.subscription import records
from examcal.subscription.addresses import UnfitAddressError, masked, read_address
from examcal.subscription.subscribers import Status

if TYPE_CHECKING:
    from examcal.ledger.store import SqlLedger
    from examcal.subscription.tokens import SiteKey

COMMAND = Group("subscribers", help="List, import, export and remove subscribers.")
_LARGEST = 20_000_000
_MOST_SHOWN = 20
_RECORD = ("address", "exam", "site", "track", "kind", "lang", "state", "asked_at", "confirmed_at", "ended_at")


@command("list", "List subscriptions; addresses are shown in part.", formats=("text", "json"), group=COMMAND)
@option("--exam", default=None, metavar="ID", about="Only those of this exam.")
@option("--state", default=None, type=click.Choice([status.value for status in Status]), about="Only these.")
def list_subscribers(invocation: Invocation, exam: str | None, state: str | None) -> None:
    """Write the subscriptions, and how many there are in each state."""
    with _opened(invocation) as (ledger, key):
        found = [
            one
            for one in records.subscriptions(ledger, key)
            if (exam is None or one.choice.exam == exam) and (state is None or one.status.value == state)
        ]
    rows = [{"id": one.id, **records.as_record(one), "address": masked(one.address)} for one in found]
    if invocation.wants_json:
        write_json(rows)
        return
    if rows:
        headings = ("ID", "Address", "Exam", "Site", "Track", "Kind", "Language", "State", "Since")
        cells = [
            [row[name] for name in ("id", "address", "exam", "site", "track", "kind", "lang", "state", "asked_at")]
            for row in rows
        ]
        write_table([say(heading) for heading in headings], cells)
    numbers = Counter(one.status for one in found)
    write(say("active {active}, pending {pending}, left {left}, blocked {blocked}",
              **{status.value: numbers[status] for status in Status}))  # fmt: skip


@command("export", "Write subscriptions in full; with ADDRESS (- reads it) all that is known of one person.",
         formats=("csv", "json"), group=COMMAND)  # fmt: skip
@argument("address", required=False)
def export_subscribers(invocation: Invocation, address: str | None) -> None:
    """Write addresses in full: to hand out a copy (PIPL article 45), or to move to another installation."""
    wanted = _address(address) if address else None
    with _opened(invocation) as (ledger, key):
        rows = [records.as_record(one) for one in records.subscriptions(ledger, key, wanted)]
        history = records.consent_of(ledger, key, wanted) if wanted else []
    if wanted and not rows and not history:
        raise RefusedError("nothing is known of this address")
    if not invocation.wants_json:
        sys.stdout.write(records.write_csv(rows, _RECORD))
        return
    write_json({"subscriptions": rows, "consent": history} if wanted else rows)


@command("import", "Add people from a CSV list who have agreed elsewhere.", formats=("text", "json"), group=COMMAND)
@argument("file")
@option("--proof", default="", metavar="TEXT", about='How they agreed, e.g. "paper form of 2026-03-02".')
def import_subscribers(invocation: Invocation, file: str, proof: str) -> None:
    """Add confirmed subscribers; whoever left or refused before stays out."""
    now = present()
    schedule = read_schedule(invocation, now).schedule
    text = _text(file)
    with _opened(invocation) as (ledger, key), working(say("Adding subscribers")):
        done = records.take_over(ledger, key, schedule, text, proof, now)
    refused = [{"line": line, "reason": reason.text(language())} for line, reason in done.refused]
    if invocation.wants_json:
        write_json({"added": done.added, "known": done.known, "left": done.left, "refused": refused})
    else:
        write(say("added {added}, already there {known}, had left or refused {left}, not usable {refused}",
                  added=done.added, known=done.known, left=done.left, refused=len(refused)))  # fmt: skip
        for entry in refused[:_MOST_SHOWN]:
            warn(say("line {line}: {reason}", **entry))
    if refused and not done.added:
        raise RefusedError("nobody was added")


@command("remove", "Erase ADDRESS (- reads it), or everybody of an exam that is over.", group=COMMAND)
@argument("address", required=False)
@option("--exam", default=None, metavar="ID", about="Everybody who subscribed to this exam.")
@option("--block", is_flag=True, about="Never write to this address again; only a keyed digest of it stays.")
def remove_subscribers(invocation: Invocation, address: str | None, exam: str | None, *, block: bool) -> None:
    """End subscriptions before the next claim and erase the addresses from the ledger."""
    if bool(address) == bool(exam) or (block and not address):
        usage_error("name one ADDRESS, or --exam ID")
    now = present()
    wanted = _address(address) if address else ""
    with _opened(invocation) as (ledger, key):
        if exam:
            count = records.remove_exam(ledger, exam, now)
        else:
            count = records.remove(ledger, key, wanted, now, block=block)
        records.scrub(ledger)
    write(say("{count} subscription(s) removed.", count=count))
    if not count and not block:
        raise RefusedError("there was no such subscription")


@command("rotate", "Replace the site's key and all unsubscribe addresses, after a leak; nothing may run.",
         group=COMMAND)  # fmt: skip
@option("--all", "everything", is_flag=True,
        about="End all personal pages and calendars, too; everybody gets a mail with a new link.")  # fmt: skip
def rotate_secrets(invocation: Invocation, *, everything: bool) -> None:
    """Let nothing that was made with the old key work any more."""
    from examcal.cli.running import only_daemon  # noqa: PLC0415 - pulls in what only the daemon needs

    settings, now = invocation.settings, present()
    with ExitStack() as locks:
        locks.enter_context(only_daemon(settings, now))
        if not settings.database.startswith("sqlite"):
            locks.enter_context(led_by_nobody(settings.database, now))
        ledger = locks.enter_context(changing(settings, now))
        done = rotate_key(settings, ledger, now, everything=everything)
        records.scrub(ledger)
    write(say("{count} unsubscribe addresses are new; those in mails sent before do not work any more.",
              count=done.renewed))  # fmt: skip
    if done.unknown:
        write(say("{count} who had left or are blocked are not recognised any more: do not import them again.",
                  count=done.unknown))  # fmt: skip
    if everything:
        write(say("Personal pages and calendars have ended; new links leave by mail when the daemon runs."))


@contextmanager
def _opened(invocation: Invocation) -> Iterator[tuple[SqlLedger, SiteKey]]:
    settings = invocation.settings
    with changing(settings, present()) as ledger:
        yield ledger, key_of(settings, ledger)


def _address(text: str) -> str:
    """Return the address; ``-`` reads it from standard input, so that it is in no process list."""
    try:
        return read_address(sys.stdin.readline().strip() if text == "-" else text)
    except UnfitAddressError as error:
        usage_error(error.sentence.msgid)


def _text(file: str) -> str:
    """Return a list's text from a file or, for ``-``, from standard input. Raises NoInputError."""
    try:
        return _octets(file).decode("utf-8-sig")
    except OSError as error:
        raise NoInputError("{file}: cannot be read: {reason}", file=file, reason=reason_of(error)) from None
    except UnicodeDecodeError:
        raise NoInputError("{file}: the list is not UTF-8", file=file) from None


def _octets(file: str) -> bytes:
    if file == "-":
        octets = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        with Path(file).open("rb") as stream:
            octets = stream.read(_LARGEST + 1)
    if len(octets) > _LARGEST:
        raise NoInputError("{file}: the list is larger than 20 MB", file=file)
    return octets
