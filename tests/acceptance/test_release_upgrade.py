"""From each release to the program as it is: nothing lost, nothing doubled; and back again, as the runbook says."""

from __future__ import annotations

import hashlib
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import examcal
from examcal.ledger.schema import head
from support.office import SHANGHAI, Office, crowding, eventually
from support.postgres import PostgresServer
from support.released_ledger import PEOPLE, SETTINGS
from support.runbook import RUNBOOK, Machine, console
from support.smtp_server import Fault, SmtpServer
from support.threads import in_thread
from support.wheels import Environment, version_of

RELEASES = Path(__file__).parents[1] / "fixtures" / "releases"
WHEELS = sorted(RELEASES.glob("*.whl"))
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql", "procrastinate"))]
HEAD = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - id: demo\n    name: 演示考试\n    milestones:\n"
MILESTONE = """\
      - id: {name}
        kind: registration
        name: {name}
        opens: {opens:%Y-%m-%d %H:%M}
        closes: {closes:%Y-%m-%d %H:%M}
        source: {{title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}}
        remind: [closes -{hours}h]
"""
OPENS, CLOSES = timedelta(days=-2), timedelta(hours=5, minutes=-1)
LATER = timedelta(hours=4, minutes=10)
GREYLISTED = Fault("RCPT", nth=2, reply="450 4.7.1 come back later")
STALLED = Fault("RCPT", nth=4, delay=600)
OPEN = {"sent": 2, "retry": 1, "sending": 1, "held": 16, "planned": 4}

Rows = dict[tuple[str, str, int], dict[str, Any]]
PATIENCE = 30.0  # seconds on a machine that is not crowded

pytestmark = [pytest.mark.needs("faketime"), pytest.mark.timeout(600)]


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer | None]:
    if request.param == "sqlite":
        yield None
        return
    with PostgresServer() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with in_thread(SmtpServer(faults=[GREYLISTED, STALLED])) as smtp:
        yield smtp


@pytest.fixture
def machine(tmp_path: Path, server: PostgresServer | None, smtp: SmtpServer) -> Iterator[Machine]:
    environment = Environment(tmp_path / "env")
    environment.make()
    office = Office(tmp_path / "office", program=(str(environment.examcal),))
    office.folder.mkdir()
    office.write_settings("blast_limit = 1\n" + SETTINGS)
    office.environment |= {"EXAMCAL_SMTP__PORT": str(smtp.port), "TZ": "UTC"}
    if server is not None:
        office.environment["EXAMCAL_DATABASE_URL"] = server.database()
    machine = Machine(office, environment, server)
    machine.copies.mkdir()
    yield machine
    machine.stop(signal.SIGKILL)


def runs(machine: Machine, wheel: Path) -> bool:
    """Return whether the machine runs what is in the wheel, and not the examcal that runs the tests."""
    place, version = machine.environment.ask("import examcal; print(examcal.__file__, examcal.__version__)").split()
    return Path(place).is_relative_to(machine.environment.folder) and version == version_of(wheel)


def deliveries(machine: Machine) -> Rows:
    """Return every delivery by what it is: milestone, rule and recipient."""
    rows = machine.office.json("deliveries", "list", "--limit", "1000")
    found = {(row["occurrence"], row["rule"], row["recipient"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def counted(rows: Rows) -> Counter[str]:
    return Counter(row["state"] for row in rows.values())


def schedule(now: datetime, *names: str) -> str:
    """Return a schedule with one reminder far ahead, and one of each of ``names`` that is due."""
    edges = {"opens": now + OPENS, "closes": now + CLOSES}
    due = [MILESTONE.format(name=name, hours=5, **edges) for name in names]
    return "".join([HEAD, MILESTONE.format(name="registration", hours=1, **edges), *due])


def leave_open(machine: Machine, smtp: SmtpServer) -> Rows:
    """Leave deliveries sent, greylisted, held, far ahead, and one whose daemon was killed while the server waited."""
    now = datetime.now(SHANGHAI)
    many = [f"added-{number}" for number in range(4)]  # more at once than the guard lets pass
    for names in ([], many):
        machine.office.write_schedule(schedule(now, *names))
        machine.say("run", "--once")
    machine.office.write_schedule(schedule(now, *many, "one-more"))
    machine.start()
    patience = PATIENCE * max(1.0, crowding())
    smtp.wait_for(2, patience)
    rows: Rows = eventually(lambda: as_left(machine), within=patience)
    machine.stop(signal.SIGKILL)
    machine.outlast_claims()
    return rows


def as_left(machine: Machine) -> Rows | None:
    rows = deliveries(machine)
    return rows if counted(rows) == OPEN else None


def upgrade(machine: Machine, wheel: Path) -> None:
    """Upgrade by the runbook; the new version runs afterwards."""
    (lines,) = console("Upgrade")
    if machine.server is not None:
        assert "upgrade all, run `examcal ledger init` once, start all" in RUNBOOK
        dump = next(line for line in console("Backup")[1] if "pg_dump" in line)
        restart = lines.index("# systemctl restart examcal.service")
        lines = [dump, *lines[1:restart], "$ examcal ledger init", *lines[restart:]]
    machine.follow(lines, wheel)


def go_back(machine: Machine, wheel: Path) -> None:
    """Install the old version again and put the copy back, by the runbook."""
    assert "To go back: stop, install the old version, and restore the copy" in RUNBOOK
    on_sqlite, on_postgresql = console("Restore")
    machine.stop()
    machine.environment.install(wheel)
    old_head = machine.environment.ask("from examcal.ledger.schema import head; print(head())")
    looked = machine.office.examcal("status", "--lang", "en", **machine.clock)
    assert looked.returncode == (0 if old_head == head() else 78)
    assert ("install the newer examcal" in looked.stderr) == (old_head != head())
    machine.follow(on_sqlite if machine.server is None else on_postgresql, wheel)


def deliver_the_rest(machine: Machine, smtp: SmtpServer, before: Rows) -> None:
    """Try again what was greylisted, let the guard's messages go, and come to the hour of what lies ahead."""
    patience = PATIENCE * max(1.0, crowding())
    machine.say("deliveries", "retry", *(str(row["id"]) for row in before.values() if row["state"] == "retry"))
    machine.say("deliveries", "release", "--all")
    smtp.wait_for(2 + 1 + 16, patience)
    machine.go_ahead(LATER)
    machine.start()
    smtp.wait_for(24, patience)
    machine.stop()


@pytest.mark.parametrize("release", WHEELS, ids=version_of)
def test_what_is_open_is_sent_once_after_the_upgrade_and_not_again_after_the_way_back(
    release: Path, wheel: Path, machine: Machine, smtp: SmtpServer
) -> None:
    machine.environment.install(release)
    assert runs(machine, release)
    before = leave_open(machine, smtp)
    upgrade(machine, wheel)
    assert runs(machine, wheel)
    assert version_of(wheel) == examcal.__version__
    deliver_the_rest(machine, smtp, before)
    after = deliveries(machine)
    assert after.keys() == before.keys()
    assert counted(after) == {"sent": 24}
    assert [name for name, row in after.items() if row["ambiguous"]] == [
        name for name, row in before.items() if row["state"] == "sending"
    ]
    assert Counter(to for mail in smtp.mails for to in mail.recipients) == dict.fromkeys(PEOPLE, 6)
    assert len({mail.message_id for mail in smtp.mails}) == 24
    machine.say("ledger", "verify")
    go_back(machine, release)
    assert runs(machine, release)
    assert counted(deliveries(machine)) == {"sent": 24}
    machine.stop()
    machine.say("run", "--once")
    assert len(smtp.mails) == 24


def test_the_wheel_of_a_release_never_changes() -> None:
    said = (RELEASES / "README.md").read_text("utf-8")
    assert WHEELS
    for wheel in WHEELS:
        assert f"`{wheel.name}`" in said
        assert f"`{hashlib.sha256(wheel.read_bytes()).hexdigest()}`" in said
