"""The office whose ledger is kept in ``tests/fixtures/ledgers``: how it was made, and how it is put back.

``python -m support.released_ledger FILE`` (in ``tests/``) makes a dump with the program as it is and takes it back to
revision 0001 by dropping what came later. What releases leave behind is tried with their wheels, in
``tests/acceptance/test_release_upgrade.py``.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import tempfile
from pathlib import Path

from support.office import Office
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread

PEOPLE = ("zhang@example.cn", "li@example.cn", "wang@example.cn", "zhao@example.cn")
FIRST, LATER, LAST = "2027-02-25 01:00:20", "2027-02-25 02:30:00", "2027-02-27 01:00:20"  # UTC
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2027
    name: 演示考试2027
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: 2027-02-01 10:00
        closes: 2027-02-28 24:00
        source: {title: 公告, url: "https://example.cn", published: 2027-01-01, checked: 2027-01-02}
        remind: [closes -3d 09:00, closes -1d 09:00]
"""
SETTINGS = f"""
[smtp]
host = "127.0.0.1"
security = "none"
sender = "office@example.cn"

[[audiences]]
name = "staff"
channel = "email"
to = {list(PEOPLE)!r}
"""
AFTER_REVISION_1 = ("subscriber", "subscription_token", "subscription_letter", "subscription_consent",
                    "subscription_throttle")  # fmt: skip


def prepare(office: Office, smtp: SmtpServer) -> None:
    office.write_schedule(SCHEDULE)
    office.write_settings(SETTINGS)
    office.environment |= {"EXAMCAL_SMTP__PORT": str(smtp.port), "TZ": "UTC"}


def at(moment: str) -> dict[str, str]:
    """Return the variables that let a process believe it is ``moment`` (UTC)."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME": f"@{moment}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def put_back(dump: Path, state_dir: Path) -> Path:
    """Make the ledger of a dump, with the marker that its installation had; return its file."""
    state_dir.mkdir(mode=0o700)
    file = state_dir / "examcal.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # a dump does not say it
        connection.executescript(dump.read_text("utf-8"))
        (ledger_id,) = connection.execute("SELECT value FROM meta WHERE key = 'ledger_id'").fetchone()
    connection.close()
    marker = {"ledger_id": ledger_id, "made_at": "2027-02-25T01:00:20+00:00"}
    (state_dir / "ledger.marker").write_text(json.dumps(marker) + "\n", "utf-8")
    return file


def rows(file: Path) -> list[tuple[object, ...]]:
    """Return every delivery as it is in the file."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    found = connection.execute(
        "SELECT id, reminder_id, recipient_id, channel_id, state, attempts, next_at FROM delivery ORDER BY id"
    ).fetchall()
    connection.close()
    return found


def make(target: Path) -> None:
    """Write a dump: one reminder sent to three of four, refused for now to the fourth; of the next one row is held."""
    greylisted = Fault("RCPT", contains="li@example.cn", reply="450 4.7.1 come back later")
    with tempfile.TemporaryDirectory() as folder, in_thread(SmtpServer(faults=[greylisted])) as smtp:
        office = Office(Path(folder))
        prepare(office, smtp)
        done = office.examcal("run", "--once", **at(FIRST))
        assert done.returncode == 0, done.stderr
        target.write_text(_dump(office.folder / "var" / "examcal.db"), "utf-8")


def _dump(file: Path) -> str:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE delivery SET state = 'held', reason = 'blast' WHERE id = (SELECT max(id) FROM delivery)")
    connection.execute("DELETE FROM meta WHERE key = 'machine_id'")  # as in a container
    for table in AFTER_REVISION_1:
        connection.execute(f"DROP TABLE {table}")
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.commit()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    lines = list(connection.iterdump())
    connection.close()
    text = "\n".join([f"PRAGMA application_id = {application_id};", *lines]) + "\n"
    return re.sub(r"'[\w.-]+:\d+'", "'host:1'", text)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
