"""Open a ledger, or make a new one; refuse one that is lost, empty, foreign, damaged, newer, or on another machine."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from examcal.errors import ConfigurationError, PermissionDeniedError, Sentence, StorageError
from examcal.ledger import repair, upkeep
from examcal.ledger.engine import make_engine, parse_url, reading, sqlite_file, writing
from examcal.ledger.journal import Journal
from examcal.ledger.orphans import keys_of
from examcal.ledger.place import Place, machine_id
from examcal.ledger.rows import Reason, State
from examcal.ledger.schema import head, migrate, refuse_newer, revision
from examcal.ledger.sets import read_meta, write_meta
from examcal.ledger.store import SqlLedger
from examcal.ledger.tables import APPLICATION_ID, delivery
from examcal.ledger.trouble import LedgerDamagedError, told_apart

LEDGER_ID = "ledger_id"
MACHINE = "machine_id"
FOREIGN = "foreign_machine"
"""Noted while the ledger belongs to another machine: then nothing may be sent from it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open ledger, and what opening it found out.

    ``reconciled`` deliveries were marked as sent from the journal, because the ledger is older than it.
    ``held`` is True where the ledger was made on another machine, so that everything waits for a person's word.
    """

    ledger: SqlLedger
    made: bool = False
    migrated: bool = False
    reconciled: int = 0
    held: bool = False


def open_ledger(
    url: str,
    state_dir: Path,
    now: datetime,
    *,
    make: bool = True,
    successor_of: str = "",
    machine: Callable[[], str] = machine_id,
) -> Opened:
    """Open the ledger at ``url`` for a daemon or a repair; with ``make`` a first one is made.

    A state directory that knows a ledger gets no second one, except to take over the rows of the known one
    (``successor_of`` is its id).

    Raises ConfigurationError (lost, empty, foreign, newer), StorageError (damaged, no room), PermissionDeniedError,
    UnavailableError (no server).
    """
    parsed = parse_url(url)
    place = Place(state_dir, sqlite_file(parsed))
    place.prepare()
    fresh = _inspect(place, make=make, successor_of=successor_of)
    ledger = SqlLedger(make_engine(parsed), place)
    try:
        return _open(ledger, place, now, fresh=fresh, make=make, machine=machine())
    except BaseException:
        ledger.engine.dispose()
        raise


def open_for_reading(url: str, state_dir: Path) -> SqlLedger | None:
    """Open a ledger to look at it, beside a daemon or without one; None where there is none yet. Makes nothing."""
    parsed = parse_url(url)
    place = Place(state_dir, sqlite_file(parsed))
    if place.file is not None and _inspect(place, make=True):
        return None
    ledger = SqlLedger(make_engine(parsed), place)
    with told_apart(), reading(ledger.engine) as connection:
        found = revision(connection)
    if found is None:
        return None
    if found != head():
        refuse_newer(found)
        raise ConfigurationError(
            "the ledger has schema {found}, this program needs {known}: run examcal ledger init",
            found=found,
            known=head(),
        )
    return ledger


def _open(ledger: SqlLedger, place: Place, now: datetime, *, fresh: bool, make: bool, machine: str) -> Opened:
    if not ledger.shared and not fresh:
        _check_pages(ledger)
    with told_apart(), writing(ledger.engine) as connection:
        made = revision(connection) is None
        if made and not make:
            raise ConfigurationError("there is no ledger yet; run examcal ledger init")
        migrated = migrate(connection)
        ledger_id = _identify(connection, place, shared=ledger.shared)
        held = _check_machine(connection, machine, shared=ledger.shared)
        reconciled = _catch_up_with_journal(connection, place)
    if place.read_marker() is None:
        place.write_marker(ledger_id, now)
    place.lay_ballast()
    place.remember_identity()
    return Opened(ledger, made, migrated and not made, reconciled, held)


def _inspect(place: Place, *, make: bool, successor_of: str = "") -> bool:
    """Look at the file before SQLite does; return whether a ledger is still to be made."""
    file, marker = place.file, place.read_marker()
    if file is None:
        return False
    if not file.exists():
        size = None
    elif not file.is_file():
        raise StorageError("the ledger {path} is not a file", path=file)
    else:
        size = file.stat().st_size
    if not size and marker is not None and not (successor_of and marker.ledger_id == successor_of):
        lost = Sentence("gone") if size is None else Sentence("empty")
        raise ConfigurationError(
            "the ledger {path} is {lost}, but {marker} says that one existed; restore it, or remove the marker and run"
            " examcal ledger init (a new ledger sends again what is still due)",
            path=file,
            lost=lost,
            marker=place.folder / "ledger.marker",
        )
    if not size:
        if not make:
            raise ConfigurationError("there is no ledger yet; run examcal ledger init")
        return True
    return _look_inside(file, had_marker=marker is not None)


def _look_inside(file: Path, *, had_marker: bool) -> bool:
    """See whether the file is a ledger, through SQLite alone.

    Whoever closes the file in another way takes away every lock that this process holds on it (a rule of POSIX; SQLite,
    "How To Corrupt An SQLite Database File", section 2.2). A daemon looks here again while it works.
    """
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_NOTADB":
            raise StorageError("{path} is not a ledger: not a SQLite database", path=file) from None
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            if not os.access(file, os.R_OK):
                raise PermissionDeniedError("no permission to read {path}", path=file) from None
            return False
        raise LedgerDamagedError("the ledger {path} is damaged: restore a backup", path=file) from None
    if found == APPLICATION_ID:
        return False
    if tables or had_marker:
        raise ConfigurationError("{path} is another program's database, not a ledger", path=file)
    return True


def _check_pages(ledger: SqlLedger) -> None:
    with told_apart(), reading(ledger.engine) as connection:
        found = connection.execute(text("PRAGMA quick_check(1)")).scalars().all()
    if found != ["ok"]:
        path = ledger.place.file if ledger.place else ""
        raise LedgerDamagedError(
            "the ledger {path} is damaged: restore a backup, or save what is left with"
            ' sqlite3 {path} ".recover" | sqlite3 NEW',
            path=path,
        )


def _identify(connection: Connection, place: Place, *, shared: bool) -> str:
    known = read_meta(connection, LEDGER_ID)
    marker = place.read_marker()
    if known is None:
        known = uuid.uuid4().hex
        write_meta(connection, LEDGER_ID, known)
        if not shared:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    elif marker is not None and marker.ledger_id not in {known, ""} and not shared:
        raise ConfigurationError(
            "{path} is not the ledger that belongs to this state directory; restore the right one, or remove {marker}",
            path=place.file,
            marker=place.folder / "ledger.marker",
        )
    return known


def _check_machine(connection: Connection, machine: str, *, shared: bool) -> bool:
    """Hold everything in a copy of a ledger that another machine may still be using."""
    if shared or not machine:
        return False
    known = read_meta(connection, MACHINE)
    if known is None:
        write_meta(connection, MACHINE, machine)
        return False
    if known == machine:
        return False
    upkeep.hold_all(connection, Reason.MACHINE)
    write_meta(connection, FOREIGN, "1")
    return True


def adopt(ledger: SqlLedger, machine: str) -> int:
    """Make a ledger from another machine this machine's own; return how many held deliveries go on."""
    with ledger.transaction() as connection:
        write_meta(connection, MACHINE, machine)
        write_meta(connection, FOREIGN, "")
        return upkeep.release(connection, reason=Reason.MACHINE)


def reconcile(ledger: SqlLedger, others: Sequence[Journal] = ()) -> int:
    """Mark as sent what the journal names (after a restore); return how many deliveries that were.

    ``others`` are the journals of workers and daemons that delivered from the same shared ledger.
    """
    own = [ledger.place.journal] if ledger.place is not None else []
    keys = {key for journal in (*own, *others) for key in journal.keys()}  # noqa: SIM118 - a journal is no mapping
    with ledger.transaction() as connection:
        return repair.reconcile(connection, keys)


def _catch_up_with_journal(connection: Connection, place: Place) -> int:
    """Notice a ledger that is older than the journal beside it: an old copy was put back.

    The journal may be ahead by what is being sent, or was when a daemon was killed.
    """
    keys = set(place.journal.keys())
    count = repair.journal_count(connection)
    if len(keys) <= count:
        return 0
    if len(keys - set(keys_of(connection, delivery.c.state == State.SENDING.value).values())) <= count:
        return 0
    return repair.reconcile(connection, keys)
