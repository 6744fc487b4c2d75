"""Copies of the ledger: a failure says what is wrong, and copies that are not made any more are told of."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from examcal.ledger.backups import OLD_AFTER, is_old
from examcal.ledger.rows import micros
from support.office import Office, crowding, eventually, soon
from support.ports import free_port

NOW = datetime(2026, 11, 26, 3, 17, tzinfo=UTC)


@pytest.fixture
def with_ledger(office: Office) -> Office:
    office.write_schedule(soon().schedule)
    assert office.examcal("ledger", "init").returncode == 0
    return office


def open_file(office: Office) -> sqlite3.Connection:
    return sqlite3.connect(office.folder / "var" / "examcal.db", isolation_level=None)


def test_a_copy_is_old_when_the_second_night_went_by_without_one() -> None:
    assert not is_old(None, NOW)
    assert not is_old(NOW - OLD_AFTER, NOW)
    assert is_old(NOW - OLD_AFTER - timedelta(seconds=1), NOW)


def test_copies_that_are_not_made_any_more_are_told_and_a_new_one_ends_it(with_ledger: Office) -> None:
    office, within = with_ledger, 45 * max(1.0, crowding())
    assert office.json("status")["last_backup"] is None
    assert "上次备份" not in office.examcal("status").stdout
    old = datetime.now(UTC) - timedelta(days=3)
    with open_file(office) as file:
        file.execute("INSERT INTO meta VALUES ('last_backup', ?)", (str(micros(old)),))
    listen = f"127.0.0.1:{free_port()}"
    with office.running(EXAMCAL_ADMINS="office@example.cn", EXAMCAL_METRICS_LISTEN=listen) as daemon:

        def codes() -> set[str]:
            reasons = daemon.get("/readyz").json()["reasons"]
            return {reason["code"] for reason in reasons if not reason["critical"]}

        def exported() -> float:
            lines = httpx.get(f"http://{listen}/metrics", timeout=10).text.splitlines()
            name = "examcal_last_backup_timestamp_seconds "
            return next(float(line.split()[1]) for line in lines if line.startswith(name))

        eventually(lambda: "backup" in codes(), within=within)
        assert exported() == pytest.approx(old.timestamp(), abs=1)
        letters = office.folder / "var" / "outbox"
        eventually(
            lambda: any("账本上次备份" in one.read_text("utf-8") for one in letters.rglob("*.json")), within=within
        )
        done = office.examcal("ledger", "backup", "copy.db")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        eventually(lambda: "backup" not in codes(), within=within)
        eventually(lambda: exported() > old.timestamp() + 86_400, within=within)
    made = datetime.fromisoformat(office.json("status")["last_backup"])
    assert datetime.now(UTC) - made < timedelta(minutes=10)
    assert "上次备份" in office.examcal("status").stdout


@pytest.fixture
def small(with_ledger: Office) -> Iterator[Path]:
    """Return a folder on a disk that is too small for the copy."""
    folder = with_ledger.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.needs("root", "mount")
def test_a_full_disk_is_named_and_leaves_nothing_half_done(with_ledger: Office, small: Path) -> None:
    done = with_ledger.examcal("ledger", "backup", "small")
    assert done.returncode == 74
    assert "磁盘" in done.stderr or "空间" in done.stderr
    assert list(small.iterdir()) == []
    assert with_ledger.json("status")["last_backup"] is None


@pytest.mark.parametrize(("target", "code", "words"), [("gone/copy.db", 66, "文件夹"), ("examcal.toml", 1, "已经存在")])
def test_a_target_that_cannot_be_is_named(with_ledger: Office, target: str, code: int, words: str) -> None:
    with_ledger.write_settings("")
    done = with_ledger.examcal("ledger", "backup", target)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert with_ledger.json("status")["last_backup"] is None


def test_a_copy_counts_also_where_the_ledger_cannot_hear_of_it(with_ledger: Office) -> None:
    with open_file(with_ledger) as file:
        file.execute("BEGIN IMMEDIATE")
        done = with_ledger.examcal("ledger", "backup", "copy.db")
        file.execute("ROLLBACK")
    assert done.returncode == 0, done.stderr
    assert "没能在账本里记下" in done.stderr
    assert (with_ledger.folder / "copy.db").exists()
