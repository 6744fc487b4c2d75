"""What the operator does with subscribers: look, hand out a copy, take over a list with its proof, and erase."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from examcal.errors import ExamcalError, NoInputError, Sentence
from examcal.ledger.port import Ledger
from examcal.ledger.sets import is_postgres
from examcal.ledger.store import SqlLedger
from examcal.schedule.model import Schedule
from examcal.subscription import consent, subscribers, throttle
from examcal.subscription.addresses import read_address
from examcal.subscription.choice import Choice, read_choice
from examcal.subscription.consent import Action
from examcal.subscription.desk import erasing
from examcal.subscription.subscribers import Status, Subscriber
from examcal.subscription.tokens import SiteKey

COLUMNS = ("address", "exam", "site", "track", "kind", "lang", "proof")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_MOST_LINES = 100_000
_PAGE = 200  # lines of a list in one transaction


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import. ``refused`` names lines (from 1, the heading counts) with the reason, no addresses."""

    added: int
    known: int
    left: int
    refused: tuple[tuple[int, Sentence], ...] = ()


def subscriptions(ledger: Ledger, key: SiteKey, address: str | None = None) -> list[Subscriber]:
    """Return all subscriptions, or those of one address."""
    with ledger.snapshot() as connection:
        if address is None:
            return subscribers.everybody(connection)
        return subscribers.of_address(connection, key.address(address))


def as_record(one: Subscriber) -> dict[str, object]:
    """Return a subscription as a row of an export; the columns of an import come first."""
    return {
        "address": one.address,
        "exam": one.choice.exam,
        "site": one.choice.site,
        "track": ",".join(one.choice.tracks),
        "kind": ",".join(one.choice.kinds),
        "lang": one.choice.language,
        "state": one.status.value,
        "asked_at": _stamp(one.asked_at),
        "confirmed_at": _stamp(one.confirmed_at),
        "ended_at": _stamp(one.ended_at),
    }


def consent_of(ledger: Ledger, key: SiteKey, address: str) -> list[dict[str, object]]:
    """Return the record of consent of one address, oldest first."""
    with ledger.snapshot() as connection:
        found = consent.entries(connection, key.address(address))
    return [
        {
            "at": _stamp(entry.at),
            "exam": entry.exam,
            "action": entry.action.value,
            "notice": entry.notice,
            "network": entry.network,
            "proof": entry.proof,
        }
        for entry in found
    ]


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet computes (OWASP ASVS 1.2.10)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_csv(rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> str:
    """Return rows as CSV (RFC 4180) with a heading."""
    names = list(columns)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([safe_cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def take_over(ledger: Ledger, key: SiteKey, schedule: Schedule, text: str, proof: str, now: datetime) -> Imported:
    """Add the people of a CSV list as confirmed, with the words that prove their consent.

    Whoever left or is blocked is not brought back. Raises NoInputError for a text that is no such list, and for a list
    without proof.
    """
    outcomes: Counter[str] = Counter()
    refused: list[tuple[int, Sentence]] = []
    rows = _rows(text)
    while page := list(islice(rows, _PAGE)):
        with ledger.transaction() as connection:
            erasing(connection)
            for line, row in page:
                try:
                    address, choice, words = _entry(row, schedule, proof)
                except ExamcalError as error:
                    refused.append((line, error.sentence))
                else:
                    outcomes[_add(connection, key, address, choice, words, now)] += 1
    return Imported(outcomes["added"], outcomes["known"], outcomes["left"], tuple(refused))


def remove(ledger: Ledger, key: SiteKey, address: str, now: datetime, *, block: bool = False) -> int:
    """Erase all that is known of an address; with ``block`` its keyed digest stays, so that it is never written to.

    Returns how many subscriptions ended.
    """
    address_key = key.address(address)
    with ledger.transaction() as connection:
        erasing(connection)
        found = subscribers.of_address(connection, address_key)
        for one in found:
            if not block:
                subscribers.erase(connection, one, now)
            elif one.status is not Status.BLOCKED:
                subscribers.leave(connection, one, now, Status.BLOCKED)
        if block and not found:
            number = subscribers.put_pending(connection, None, address_key, "", Choice(), now)
            blocked = subscribers.by_id(connection, number)
            if blocked is not None:
                subscribers.leave(connection, blocked, now, Status.BLOCKED)
        throttle.forget_mailbox(connection, key.variants(address))
        for exam in {one.choice.exam for one in found}:
            consent.note(connection, Action.REMOVED, address_key, exam, now)
    return len(found)


def remove_exam(ledger: Ledger, exam: str, now: datetime) -> int:
    """Erase everybody who subscribed to an exam that is over. Returns how many."""
    with ledger.transaction() as connection:
        erasing(connection)
        found = [one for one in subscribers.everybody(connection) if one.choice.exam == exam]
        for one in found:
            subscribers.erase(connection, one, now)
            consent.note(connection, Action.REMOVED, one.address_key, exam, now)
    return len(found)


def scrub(ledger: SqlLedger) -> None:
    """Overwrite what SQLite's log still holds of erased rows; a reader in the way only puts it off."""
    with ledger.engine.connect() as connection:
        if is_postgres(connection):
            return
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _add(connection: Connection, key: SiteKey, address: str, choice: Choice, proof: str, now: datetime) -> str:
    address_key = key.address(address)
    of_all = subscribers.of_address(connection, address_key)
    if any(one.status is Status.BLOCKED for one in of_all):
        return "left"
    same = next((one for one in of_all if one.choice.exam == choice.exam), None)
    if same is not None and same.status in {Status.LEFT, Status.ACTIVE}:
        return "left" if same.status is Status.LEFT else "known"
    number = subscribers.put_pending(connection, same, address_key, address, choice, now)
    one = subscribers.by_id(connection, number)
    if one is not None:
        subscribers.activate(connection, one, key, now)
    consent.note(connection, Action.IMPORTED, address_key, choice.exam, now, proof=proof)
    return "added"


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="…", restval="")
    names = reader.fieldnames or []
    if "address" not in names:
        raise NoInputError("the list needs a heading with at least: address (and {columns})",
                           columns=", ".join(COLUMNS[1:]))  # fmt: skip
    try:
        for row in reader:
            if reader.line_num > _MOST_LINES:
                raise NoInputError("the list has more than {most} lines", most=_MOST_LINES)
            yield reader.line_num, {str(name): _cell(value) for name, value in row.items() if isinstance(value, str)}
    except csv.Error as error:
        raise NoInputError("line {line} of the list cannot be read: {reason}", line=reader.line_num,
                           reason=error) from None  # fmt: skip


def _cell(value: str) -> str:
    """Return a cell without the apostrophe that an export puts before formulas."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def _entry(row: Mapping[str, str], schedule: Schedule, proof: str) -> tuple[str, Choice, str]:
    address = read_address(row.get("address", ""))
    fields = {name: [row[name]] for name in ("exam", "site", "track", "kind", "lang") if row.get(name)}
    words = row.get("proof", "") or proof
    if not words.strip():
        raise NoInputError("there is no proof of consent: fill in the column proof, or give --proof")
    return address, read_choice(fields, schedule), words


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
