"""Fault matrix, part C: a ledger that is lost, swapped, damaged, foreign, newer, copied, restored, or without room."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examcal.dispatch.leadership import FileLeadership
from examcal.errors import BusyError, ConfigurationError, ExamcalError, ExitCode
from examcal.ledger.opening import adopt, open_for_reading, open_ledger, reconcile
from examcal.ledger.place import Place
from examcal.ledger.rows import Reason, State
from examcal.ledger.store import SqlLedger
from examcal.ledger.trouble import LedgerBusyError, LedgerDamagedError, LedgerFullError
from support.ledgers import claim, entry, planned, settle, states

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)


def opened(folder: Path, **options: object) -> SqlLedger:
    return open_ledger(address(folder), folder, NOW, **{"machine": lambda: "m1"} | options).ledger  # type: ignore[arg-type]


def address(folder: Path) -> str:
    return f"sqlite:///{folder}/examcal.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state directory with a ledger that has two sent deliveries and one planned one."""
    ledger = opened(tmp_path)
    planned(ledger, NOW, entry(NOW), people=3)
    settle(ledger, claim(ledger, NOW)[:2], NOW)
    ledger.recover(NOW, everything=True)
    ledger.close()
    return tmp_path


def code(folder: Path, **options: object) -> ExitCode:
    with pytest.raises(ExamcalError) as caught:
        opened(folder, **options).close()
    return caught.value.exit_code


def test_the_first_start_makes_a_ledger_and_the_second_finds_it(tmp_path: Path) -> None:
    first = open_ledger(address(tmp_path), tmp_path, NOW)
    second = open_ledger(address(tmp_path), tmp_path, NOW)
    assert (first.made, second.made) == (True, False)
    assert (tmp_path / "ledger.marker").exists()
    first.ledger.close()
    second.ledger.close()


@pytest.mark.parametrize("trouble", ["gone", "empty", "text", "folder", "foreign", "other"])
def test_a_ledger_that_existed_is_never_silently_replaced(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, trouble: str
) -> None:
    file = folder / "examcal.db"
    file.unlink()
    expected = ExitCode.CONFIGURATION
    match trouble:
        case "empty":
            file.touch()
        case "text":
            file.write_text("not a database, but quite a long text\n" * 10)
            expected = ExitCode.IO
        case "folder":
            file.mkdir()
            expected = ExitCode.IO
        case "foreign":
            with sqlite3.connect(file) as connection:
                connection.execute("CREATE TABLE theirs (x)")
            connection.close()
        case "other":
            other = tmp_path_factory.mktemp("other")
            opened(other).close()
            shutil.copy(other / "examcal.db", file)
    before = file.stat().st_mtime_ns if file.exists() else None
    assert code(folder) == expected
    assert (file.stat().st_mtime_ns if file.exists() else None) == before


def test_a_first_start_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "examcal.db").touch()
    opened(tmp_path).close()
    (tmp_path / "ledger.marker").unlink()
    opened(tmp_path).close()
    assert (tmp_path / "ledger.marker").exists()


@pytest.mark.needs("strace")
def test_a_kill_at_any_sync_of_the_first_start_leaves_a_ledger_or_none(tmp_path: Path, full: bool) -> None:  # noqa: FBT001
    program = (
        "import sys, datetime, pathlib\nfrom examcal.ledger.opening import open_ledger\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "open_ledger(f'sqlite:///{folder}/a.db', folder, datetime.datetime.now(datetime.UTC)).ledger.close()\n"
    )
    for number in range(1, 40, 1 if full else 3):
        folder = tmp_path / str(number)
        inject = f"inject=fdatasync,fsync:signal=KILL:when={number}"
        command = [sys.executable, "-c", program, str(folder)]
        killed = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", inject, *command], check=False
        )
        ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, NOW).ledger
        assert ledger.verify() == []
        ledger.close()
        if killed.returncode == 0:
            break


def test_a_damaged_page_is_found_at_the_start_and_nothing_is_written(folder: Path) -> None:
    file = folder / "examcal.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    octets = bytearray(file.read_bytes())
    for page in range(3, len(octets) // 4096):
        octets[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(octets)
    assert code(folder) == ExitCode.IO
    assert file.read_bytes() == octets


def test_a_newer_schema_is_refused(folder: Path) -> None:
    with sqlite3.connect(folder / "examcal.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert code(folder) == ExitCode.CONFIGURATION


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        assert code(folder) == ExitCode.NO_PERMISSION
    finally:
        folder.chmod(0o700)


def test_a_removed_or_swapped_file_is_noticed_while_in_use(folder: Path) -> None:
    ledger = opened(folder)
    ledger.check_place()
    shutil.copy(folder / "examcal.db", folder / "copy.db")
    (folder / "copy.db").replace(folder / "examcal.db")
    with pytest.raises(LedgerDamagedError):
        ledger.check_place()
    (folder / "examcal.db").unlink()
    with pytest.raises(LedgerDamagedError):
        ledger.check_place()
    ledger.close()


def test_without_room_nothing_is_claimed_and_the_ballast_gives_way(folder: Path) -> None:
    ledger = opened(folder)
    assert (folder / "ledger.ballast").exists()
    assert ledger.place is not None
    ledger.place.min_free = 1 << 60
    with pytest.raises(LedgerFullError):
        ledger.check_place()
    assert ledger.drop_ballast()
    assert not ledger.drop_ballast()
    ledger.close()


def test_a_lock_of_another_program_is_told_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examcal.ledger.engine.BUSY_TIMEOUT_MS", 50)
    ledger = opened(folder)
    other = sqlite3.connect(folder / "examcal.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerBusyError):
        ledger.expire(NOW)
    other.execute("ROLLBACK")
    other.close()
    assert ledger.expire(NOW) == 0
    ledger.close()


def test_on_another_machine_everything_waits_for_a_persons_word(folder: Path) -> None:
    result = open_ledger(address(folder), folder, NOW, machine=lambda: "m2")
    assert result.held
    assert states(result.ledger) == {State.SENT: 2, State.HELD: 1}
    assert result.ledger.deliveries(states=[State.HELD])[0].reason == Reason.MACHINE
    assert adopt(result.ledger, "m2") == 1
    result.ledger.close()
    assert not open_ledger(address(folder), folder, NOW, machine=lambda: "m2").held


def test_a_restored_old_copy_sends_nothing_twice(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    planned(ledger, NOW, entry(NOW), people=3)
    ledger.backup(tmp_path / "backup.db")
    rows = {row.id: row.key for row in ledger.deliveries()}
    claims = claim(ledger, NOW)
    from examcal.channels.port import Outcome  # noqa: PLC0415
    from examcal.ledger.rows import Settlement  # noqa: PLC0415

    ends = [Settlement(one.delivery_id, State.SENT, Outcome.ACCEPTED) for one in claims[:2]]
    for end in ends:
        ledger.journal(rows[end.delivery_id], None, NOW)
    ledger.settle(ends, token=claims[0].token, now=NOW)
    ledger.close()
    for name in ("examcal.db-wal", "examcal.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "backup.db").replace(tmp_path / "examcal.db")
    result = open_ledger(address(tmp_path), tmp_path, NOW, machine=lambda: "m1")
    assert result.reconciled == 2
    assert states(result.ledger) == {State.SENT: 2, State.PLANNED: 1}
    assert len(claim(result.ledger, NOW)) == 1
    assert reconcile(result.ledger) == 0
    result.ledger.close()


def test_what_was_planned_after_the_copy_is_not_sent_again_either(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.backup(tmp_path / "backup.db")
    ledger.place.journal.append([("a" * 32, None)], NOW)  # type: ignore[union-attr]
    ledger.close()
    (tmp_path / "backup.db").replace(tmp_path / "examcal.db")
    result = open_ledger(address(tmp_path), tmp_path, NOW, machine=lambda: "m1")
    assert result.ledger.sent_elsewhere({"a" * 32, "b" * 32}) == {"a" * 32}
    result.ledger.close()


def test_a_backup_while_in_use_is_whole(folder: Path) -> None:
    ledger = opened(folder)
    ledger.backup(folder / "b.db")
    with sqlite3.connect(folder / "b.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM delivery").fetchone() == (3,)
    connection.close()
    with pytest.raises(ExamcalError):
        ledger.backup(folder / "b.db")
    ledger.close()


def test_looking_needs_no_daemon_and_makes_nothing(tmp_path: Path, folder: Path) -> None:
    assert open_for_reading(f"sqlite:///{tmp_path}/none/x.db", tmp_path / "none") is None
    ledger = open_for_reading(address(folder), folder)
    assert ledger is not None
    assert ledger.counts().planned_total == 3
    ledger.close()


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examcal.ledger.place.file_system", lambda _folder: "nfs4")
    with pytest.raises(ConfigurationError):
        Place(tmp_path, tmp_path / "a.db").prepare()


def test_the_second_daemon_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    first, second = FileLeadership(tmp_path, NOW), FileLeadership(tmp_path, NOW)
    assert first.acquire()
    with pytest.raises(BusyError) as caught:
        second.acquire()
    assert f"pid {os.getpid()}" in str(caught.value)
    assert caught.value.exit_code == ExitCode.BUSY
    first.release()
    assert second.acquire()
    second.release()


def test_the_lock_ends_with_the_process_however_it_ends(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, datetime, time\nfrom examcal.dispatch.leadership import FileLeadership\n"
        "FileLeadership(pathlib.Path(sys.argv[1]), datetime.datetime.now()).acquire()\n"
        "print('held', flush=True)\ntime.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(BusyError):
        FileLeadership(tmp_path, NOW).acquire()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert FileLeadership(tmp_path, NOW).acquire()


def test_a_second_look_in_the_same_process_keeps_the_locks_of_the_first(tmp_path: Path) -> None:
    """The mail channel looks up the site's key beside the daemon; a program of the operator ends in the middle.

    Closing the file in any other way than SQLite's takes all of the process's locks away. The operator's program then
    believes to be the last one, and removes the journal into which the daemon goes on writing.
    """
    folder = tmp_path / "var"
    ledger = open_ledger(address(folder), folder, NOW).ledger
    ledger.set_note("first", "1")
    looked = open_for_reading(address(folder), folder)
    assert looked is not None
    looked.engine.dispose()
    _elsewhere(folder, "SELECT count(*) FROM meta")
    ledger.set_note("second", "2")
    assert _elsewhere(folder, "SELECT count(*) FROM meta WHERE value = '2'") == "1"
    ledger.close()
    assert _elsewhere(folder, "PRAGMA integrity_check") == "ok"


def _elsewhere(folder: Path, question: str) -> str:
    """Return what another process reads."""
    code = (
        "import sqlite3, sys; link = sqlite3.connect(sys.argv[1]);"
        "print(link.execute(sys.argv[2]).fetchone()[0]); link.close()"
    )
    asked = [sys.executable, "-c", code, str(folder / "examcal.db"), question]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
