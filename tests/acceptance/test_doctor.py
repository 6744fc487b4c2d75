"""What ``examcal doctor`` says of the files that secrets lie in, and of channels that refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from support.drill import mail_over
from support.office import SCHEDULE, SHANGHAI, Office
from support.smtp_server import SmtpServer
from support.threads import in_thread
from support.wecom_server import WecomServer

SETTINGS = '[smtp]\nhost = "127.0.0.1"\nusername = "u"\nsender = "u@example.cn"\npassword_file = "password"\n'


@pytest.fixture
def password(office: Office) -> Path:
    office.write_schedule(SCHEDULE.format(opens="2027-03-01 09:00", closes="2027-03-10 17:00"))
    office.write_settings(SETTINGS)
    file = office.folder / "password"
    file.write_text("correct horse\n")
    return file


def complaints(office: Office, **environment: str) -> list[str]:
    shown = office.examcal("doctor", "--offline", **environment).stdout
    assert "correct horse" not in shown
    return [line for line in shown.splitlines() if "权限" in line]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_the_owner_and_one_group_may_read_a_secret(office: Office, password: Path, mode: int) -> None:
    password.chmod(mode)
    assert complaints(office) == []


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_secret_that_others_may_read_or_change_is_named_wherever_it_is_set(
    office: Office, password: Path, mode: int
) -> None:
    password.chmod(mode)
    (complaint,) = complaints(office)
    assert "examcal.toml: smtp.password_file" in complaint
    assert f"{mode:04o}" in complaint
    office.write_settings(SETTINGS.replace('password_file = "password"\n', ""))
    (complaint,) = complaints(office, EXAMCAL_SMTP__PASSWORD_FILE="password")
    assert "EXAMCAL_SMTP__PASSWORD_FILE" in complaint


def test_what_paused_a_channel_is_explained_in_words(office: Office) -> None:
    soon = datetime.now(SHANGHAI) + timedelta(hours=1)
    office.write_schedule(SCHEDULE.format(opens="2026-01-05 09:00", closes=f"{soon:%Y-%m-%d %H:%M}"))
    office.write_settings(
        '[[audiences]]\nname = "a"\nchannel = "email"\nto = ["a@example.cn"]\n'
        '[[audiences]]\nname = "g"\nchannel = "wecom:g"\n'
    )
    with in_thread(SmtpServer(users={"u": "right"})) as smtp, in_thread(WecomServer()) as wecom:
        mail_over(office, smtp)
        office.environment |= {
            "EXAMCAL_SMTP__USERNAME": "u",
            "EXAMCAL_SMTP__PASSWORD": "wrong",
            "EXAMCAL_WECOM__BASE_URL": wecom.base_url,
            "EXAMCAL_WECOM__ROBOTS__G": "unknown-key-0123456789",
        }
        assert "授权码" not in office.examcal("doctor").stdout
        office.examcal("run", "--once")
        shown = office.examcal("doctor")
    assert shown.returncode == 1
    assert any("email" in line and "535" in line and "授权码" in line for line in shown.stdout.splitlines())
    assert any("wecom:g" in line and "93000" in line and "机器人" in line for line in shown.stdout.splitlines())
