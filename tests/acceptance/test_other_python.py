"""The machine's own Python, which may be an early patch release: Debian 12 has 3.11.2, whose mail parser differs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from support.drill import audience, mail_over, milestone, parsed, schedule, some_time_ago
from support.office import Office
from support.smtp_server import SmtpServer
from support.threads import in_thread

MACHINES = Path("/usr/bin/python3")
SOURCE = Path(__file__).parents[2] / "src"


def test_mail_leaves_from_the_machines_own_python(office: Office) -> None:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    ask = [str(MACHINES), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    if not MACHINES.exists() or subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip() != ours:
        pytest.skip(f"{MACHINES} is not Python {ours}, for which the installed parts are built")
    office.write_settings(audience("all", "email", ["a@example.cn"]))
    office.write_schedule(schedule([milestone("m", "网上报名", some_time_ago())]))
    path = os.pathsep.join([str(SOURCE), sysconfig.get_path("purelib")])
    with in_thread(SmtpServer()) as smtp:
        mail_over(office, smtp)
        done = subprocess.run(
            [str(MACHINES), "-m", "examcal", "run", "--once"],
            cwd=office.folder, env=office.all_variables({"PYTHONPATH": path}), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "网上报名" in parsed(smtp.wait_for(1)[0])["Subject"]
