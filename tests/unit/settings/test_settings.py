"""Settings: where they come from, what they mean, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from examcal.errors import ExitCode
from examcal.settings import ListenAddress, Settings, SettingsRejectedError, read_settings

CANARY = "canary-4f1d9c77"
MAIL = {"EXAMCAL_SMTP__HOST": "localhost", "EXAMCAL_SMTP__SENDER": "a@example.org", "EXAMCAL_SMTP__USERNAME": "u"}


def settings(environ: dict[str, str] | None = None, toml: str = "", folder: Path | None = None) -> Settings:
    config = None
    if folder is not None:
        config = folder / "examcal.toml"
        config.write_text(toml, "utf-8")
    return read_settings(config or Path("/dev/null"), environ=environ or {})[0]


def refusal(environ: dict[str, str] | None = None, toml: str = "", folder: Path | None = None) -> str:
    with pytest.raises(SettingsRejectedError) as raised:
        settings(environ, toml, folder)
    assert raised.value.exit_code == ExitCode.CONFIGURATION
    return raised.value.text("en")


def test_defaults_are_those_of_the_contract() -> None:
    found = settings()
    assert found.schedule == Path("data/schedule.yaml")
    assert found.database == "sqlite:///var/examcal.db"
    assert found.published == Path("var/public")
    assert found.listen == ListenAddress("127.0.0.1", 8000)
    assert found.metrics_listen is None
    assert found.audiences == ()


def test_a_state_directory_moves_ledger_and_editions_with_it() -> None:
    found = settings({"EXAMCAL_STATE_DIR": "/srv/exam"})
    assert found.database == "sqlite:////srv/exam/examcal.db"
    assert found.published == Path("/srv/exam/public")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    toml = '[smtp]\nhost = "one.example"\nport = 25\nsender = "a@example.cn"\n'
    found = settings({"EXAMCAL_SMTP__HOST": "two.example"}, toml, tmp_path)
    assert (found.smtp.host, found.smtp.port) == ("two.example", 25)


def test_names_of_robots_applications_and_targets_are_case_insensitive(tmp_path: Path) -> None:
    environ = {
        "EXAMCAL_WECOM__ROBOTS__STAFF": "robot-key-12345",
        "EXAMCAL_WECOM__APPS__HR__CORP_ID": "ww1",
        "EXAMCAL_WECOM__APPS__HR__AGENT_ID": "1000002",
        "EXAMCAL_WECOM__APPS__HR__SECRET": "s3cret-value",
        "EXAMCAL_APPRISE__NTFY": "ntfy://topic",
    }
    toml = '[[audiences]]\nname = "a"\nchannel = "wecom:Staff"\n[wecom.robots]\nOther = "robot-key-99999"\n'
    found = settings(environ, toml, tmp_path)
    assert set(found.wecom.robots) == {"staff", "other"}
    assert found.wecom.apps["hr"].agent_id == 1000002
    assert set(found.apprise) == {"ntfy"}
    assert found.audiences[0].channel == "wecom:staff"


@pytest.mark.parametrize(
    ("variable", "read"),
    [
        ("EXAMCAL_SMTP__PASSWORD_FILE", lambda s: s.smtp.password),
        ("EXAMCAL_WECOM__ROBOTS__STAFF_FILE", lambda s: s.wecom.robots["staff"]),
        ("EXAMCAL_WECOM__APPS__HR__SECRET_FILE", lambda s: s.wecom.apps["hr"].secret),
        ("EXAMCAL_APPRISE__X_FILE", lambda s: s.apprise["x"]),
    ],
)
def test_secrets_come_from_files_without_their_line_end(tmp_path: Path, variable: str, read: object) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{CANARY}\r\n".encode())
    application = {"EXAMCAL_WECOM__APPS__HR__CORP_ID": "w", "EXAMCAL_WECOM__APPS__HR__AGENT_ID": "1"}
    more = application if "APPS" in variable else {}
    found = settings({variable: str(file), **more})
    assert read(found).get_secret_value() == CANARY  # type: ignore[operator]
    assert CANARY not in repr(found)
    assert CANARY in set(found.secrets())


def test_a_missing_or_empty_secret_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    text = refusal({"EXAMCAL_SMTP__PASSWORD_FILE": "/nonexistent", "EXAMCAL_APPRISE__X_FILE": str(tmp_path / "empty")})
    assert "EXAMCAL_SMTP__PASSWORD_FILE" in text
    assert "is empty" in text


def test_an_unknown_key_in_the_file_is_an_error_with_a_guess(tmp_path: Path) -> None:
    text = refusal(toml='public_dri = "x"\n[smtp]\nhst = "h"\n', folder=tmp_path)
    assert "public_dri is not a setting; did you mean public_dir?" in text
    assert "smtp.hst is not a setting; did you mean host?" in text


def test_an_unknown_variable_only_warns() -> None:
    found, warnings = read_settings(Path("/dev/null"), environ={"EXAMCAL_SCHEDUEL": "x"})
    assert found == settings()
    assert [w.text("en") for w in warnings] == [
        "EXAMCAL_SCHEDUEL is not a setting and is ignored; did you mean EXAMCAL_SCHEDULE?"
    ]


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"EXAMCAL_LISTEN": "8000x"}, "EXAMCAL_LISTEN"),
        ({"EXAMCAL_LISTEN": "127.0.0.1:99999"}, "HOST:PORT"),
        ({"EXAMCAL_BASE_URL": "exam.example.cn"}, "EXAMCAL_BASE_URL"),
        ({"EXAMCAL_BASE_URL": "https://a@b.cn/?x=1"}, "EXAMCAL_BASE_URL"),
        ({"EXAMCAL_BASE_URL": "https://exam.cn/../x"}, "EXAMCAL_BASE_URL"),
        ({"EXAMCAL_SMTP__PORT": "many"}, "whole number"),
        ({"EXAMCAL_SMTP__SECURITY": "ssl"}, "starttls, tls or none"),
        ({"EXAMCAL_SMTP__HOST": "h"}, "SMTP__SENDER"),
        ({"EXAMCAL_SMTP__USERNAME": "u"}, "SMTP__PASSWORD"),
        ({"EXAMCAL_DATABASE_URL": "mysql://x"}, "sqlite:///"),
        ({"EXAMCAL_WECOM__ROBOTS__X": "https://evil.example/cgi-bin/webhook/send?key=abcdefgh"}, "qyapi.weixin.qq.com"),
        ({"EXAMCAL_CHANGE_DEBOUNCE": "soon"}, "duration"),
        ({"EXAMCAL_ADMINS": "nobody"}, "entry 1"),
        ({"EXAMCAL_ADMINS": "wecom:ops"}, "EXAMCAL_WECOM__ROBOTS__OPS"),
    ],
)
def test_a_wrong_value_is_a_sentence_with_its_place(environ: dict[str, str], words: str) -> None:
    assert words in refusal(environ)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[[audiences]]\nname = "a"\nchannel = "fax"\n', "is not a channel"),
        ('[wecom.robots]\nstaff = "robot-key-1"\n[[audiences]]\nname = "a"\nchannel = "wecom:stff"\n', "wecom:staff"),
        ('[[audiences]]\nname = "a"\nchannel = "email"\n', 'needs "to"'),
        ('[[audiences]]\nname = "a"\nchannel = "email"\nto = ["x@y.cn", "no"]\n', "entry 2"),
        (2 * '[[audiences]]\nname = "a"\nchannel = "outbox"\n', "used twice"),
        ('[[audiences]]\nname = "a"\nchannel = "outbox"\nkinds = ["exams"]\n', "must be one of"),
        ('[[audiences]]\nname = "a"\nchannel = "outbox"\nexam = []\n', "did you mean exams?"),
        ("listen = \n", "not valid TOML"),
    ],
)
def test_wrong_audiences_and_files_are_explained(tmp_path: Path, toml: str, words: str) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - two kinds of configuration errors
        settings({"EXAMCAL_SMTP__HOST": "h", "EXAMCAL_SMTP__SENDER": "a@b.cn"}, toml, tmp_path)
    assert words in raised.value.text("en")  # type: ignore[attr-defined]


def test_no_refusal_shows_a_secret() -> None:
    text = refusal(
        {
            "EXAMCAL_SMTP__PASSWORD": CANARY,
            "EXAMCAL_SMTP__PORT": "x",
            "EXAMCAL_WECOM__ROBOTS__A": f"{CANARY} with blanks",
            "EXAMCAL_DATABASE_URL": f"mysql://u:{CANARY}@h/x",
            "EXAMCAL_HEARTBEAT_URL": f"ftp://{CANARY}",
        }
    )
    assert CANARY not in text


def test_a_missing_settings_file_that_was_named_is_refused() -> None:
    with pytest.raises(Exception, match="there is no such settings file"):
        read_settings(Path("/nonexistent/examcal.toml"), environ={})


@pytest.mark.parametrize(
    "toml",
    [
        '[smtp]\nhost = "${SMTP_HOST}"\n',
        '[smtp]\nhost = "localhost"\nusername = "u"\npassword = "${SMTP_HOST}"\n',
        'database_url = "postgresql://${SMTP_HOST}@db/examcal"\n',
        '[[audiences]]\nname = "staff"\nchannel = "outbox"\nto = ["${SMTP_HOST}"]\n',
    ],
)
def test_a_variable_that_nobody_replaces_is_refused(toml: str, tmp_path: Path) -> None:
    assert "${SMTP_HOST} is not replaced here" in refusal(toml=toml, folder=tmp_path)


def test_a_variable_in_a_variable_is_refused_and_one_in_a_secret_file_is_the_secret(tmp_path: Path) -> None:
    assert "EXAMCAL_HEARTBEAT_URL: ${URL}" in refusal({"EXAMCAL_HEARTBEAT_URL": "https://example.org/${URL}"})
    (tmp_path / "secret").write_text("${a}\n", "utf-8")
    found = settings({**MAIL, "EXAMCAL_SMTP__PASSWORD_FILE": str(tmp_path / "secret")})
    assert found.smtp.password
    assert found.smtp.password.get_secret_value() == "${a}"


def test_a_secret_of_two_lines_is_refused_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{CANARY}\nBcc: x\n", "utf-8")
    for name, value in (("PASSWORD", f"{CANARY}\nx"), ("PASSWORD_FILE", str(tmp_path / "secret"))):
        text = refusal({**MAIL, f"EXAMCAL_SMTP__{name}": value})
        assert "line break" in text
        assert CANARY not in text


def test_mail_to_the_sender_itself_or_to_everybody_is_doubted(tmp_path: Path) -> None:
    addresses = '["exam@Example.org", "all@example.org", "allan@example.org"]'
    (tmp_path / "examcal.toml").write_text(
        f'[smtp]\nhost = "localhost"\nsender = "考务 <Exam@example.org>"\n'
        f'[[audiences]]\nname = "staff"\nchannel = "email"\nto = {addresses}\n',
        "utf-8",
    )
    _, warnings = read_settings(tmp_path / "examcal.toml", environ={})
    assert [warning.params["position"] for warning in warnings] == [1, 2]
    assert ["sender itself" in warnings[0].text("en"), "mailing list" in warnings[1].text("en")] == [True, True]
    assert all("example.org" not in warning.text("zh-CN") for warning in warnings)
