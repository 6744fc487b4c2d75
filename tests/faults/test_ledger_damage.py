"""A daemon whose ledger goes away under it ends with 74, so that its supervisor and its operator hear of it (F37)."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.office import SCHEDULE, Office, crowding


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_ledger_removed_under_a_running_daemon_ends_it(office: Office) -> None:
    office.write_schedule(SCHEDULE.format(opens="2099-01-02 09:00", closes="2099-02-02 17:00"))
    with office.running() as daemon:
        (office.folder / "var" / "examcal.db").unlink()
        assert daemon.process.wait(40 * max(1.0, crowding())) == 74
        assert "Traceback" not in daemon.said()
    assert not (office.folder / "var" / "examcal.db").exists()
    assert office.examcal("run", "--once").returncode in {74, 78}
