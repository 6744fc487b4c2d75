"""Canaries in every secret and address: whatever fails, they are in no output, log, metric, process list or file."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typing_extensions import override

from examcal.cli.main import run
from support.office import SHANGHAI, Office, Running, eventually
from support.ports import free_port

MARK = "canary"
PERSON, USER = "canary.person@example.cn", "CanaryUser"
PASSWORD = "Canary-p%ss/w+rd"
SETTINGS = f"""
admins = ["canary.admin@example.cn"]

[smtp]
host = "127.0.0.1"
security = "none"
username = "canary.sender@example.cn"
sender = "canary.sender@example.cn"

[[audiences]]
name = "mail"
channel = "email"
to = ["{PERSON}"]

[[audiences]]
name = "group"
channel = "wecom:staff"

[[audiences]]
name = "app"
channel = "wecom-app:notice"
to = ["{USER}"]
"""
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2026
    name: 演示考试2026
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: {opens}
        closes: {closes}
        source: {{title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}}
        remind: [closes -5h]
"""


class EchoingHttp(BaseHTTPRequestHandler):
    """Refuses everything, and says why in the words of the request, as servers with chatty errors do."""

    def _refuse(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = self.path + " " + str(self.headers) + self.rfile.read(length).decode("utf-8", "replace")
        body = json.dumps({"errcode": 40001, "errmsg": f"refused {asked}"}, ensure_ascii=False).encode()
        self.send_response(200 if "cgi-bin" in self.path else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _refuse  # noqa: N815 - names of the library

    @override
    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class EchoingSmtp(socketserver.StreamRequestHandler):
    """Refuses the log-in and quotes the password, in clear and as it was sent."""

    @override
    def handle(self) -> None:
        with suppress(ConnectionError):
            self._talk()

    def _talk(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            words = line.decode().split()
            match words[0].upper():
                case "EHLO":
                    self.wfile.write(b"250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n")
                case "AUTH":
                    sent = words[2] if len(words) > 2 else self._ask()
                    clear = base64.b64decode(sent).replace(b"\0", b" ").decode()
                    self.wfile.write(f"535 5.7.8 no {clear} {sent} {PASSWORD}\r\n".encode())
                case "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                case _:
                    self.wfile.write(f"550 5.1.1 <{PERSON}> {PASSWORD} unknown\r\n".encode())

    def _ask(self) -> str:
        self.wfile.write(b"334 \r\n")
        return self.rfile.readline().decode().strip()


@contextmanager
def listening(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def leaky(office: Office) -> Iterator[Office]:
    """An office whose every partner refuses and quotes what it was told."""
    now = datetime.now(SHANGHAI)
    closes, opens = now + timedelta(hours=5) - timedelta(minutes=1), now - timedelta(days=2)
    office.write_schedule(SCHEDULE.format(opens=f"{opens:%Y-%m-%d %H:%M}", closes=f"{closes:%Y-%m-%d %H:%M}"))
    office.write_settings(SETTINGS)
    web = ThreadingHTTPServer(("127.0.0.1", 0), EchoingHttp)
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), EchoingSmtp)
    mail.daemon_threads = web.daemon_threads = True
    with listening(web) as http, listening(mail) as smtp:
        office.environment |= {
            "EXAMCAL_SMTP__PORT": str(smtp),
            "EXAMCAL_SMTP__PASSWORD": PASSWORD,
            "EXAMCAL_WECOM__BASE_URL": f"http://127.0.0.1:{http}",
            "EXAMCAL_WECOM__ROBOTS__STAFF": "canary-robot-0123456789",
            "EXAMCAL_WECOM__APPS__NOTICE__CORP_ID": "wwcorp",
            "EXAMCAL_WECOM__APPS__NOTICE__AGENT_ID": "1",
            "EXAMCAL_WECOM__APPS__NOTICE__SECRET": "canary-app-secret-0123",
            "EXAMCAL_APPRISE__POST": f"json://someone:canary-apprise@127.0.0.1:{http}/canary-path-0123",
            "EXAMCAL_HEARTBEAT_URL": f"http://127.0.0.1:{http}/ping/canary-heartbeat-0123?key=canary-query",
            "EXAMCAL_HEARTBEAT_EVERY": "1s",
            "EXAMCAL_PRIVACY__KEY": "canary-privacy-key-0123456789-0123456789",
            "EXAMCAL_LOG_LEVEL": "debug",
        }
        yield office


def assert_silent(where: str, text: str) -> None:
    at = text.lower().find(MARK)
    assert at < 0, f"{where}: …{text[max(0, at - 200) : at + 60]}…"
    for form in (base64.b64encode(PASSWORD.encode()).decode(), "p%25ss", "p%ss/w"):
        assert form not in text, where


@dataclass
class Inside:
    """Runs commands in this process: there are many, and starting Python for each would take minutes."""

    office: Office
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def said(self, *arguments: str, **extra: str) -> str:
        with self.patch.context() as patch:
            patch.chdir(self.office.folder)
            for name, value in {**self.office.environment, **extra}.items():
                patch.setenv(name, value)
            run(arguments)
        captured = self.capture.readouterr()
        assert "Traceback" not in captured.err or "--debug" in arguments
        return captured.out + captured.err


@pytest.fixture
def inside(leaky: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    return Inside(leaky, monkeypatch, capsys)


def test_commands_that_fail_say_nothing_secret(leaky: Office, inside: Inside) -> None:
    once = leaky.examcal("run", "--once")
    assert_silent("run --once", once.stdout + once.stderr)
    for arguments in (
        ("doctor",),
        ("doctor", "--format", "json"),
        ("status",),
        ("status", "--format", "json"),
        ("deliveries", "list", "--format", "json"),
        ("send-test", "email", "--debug"),
        ("send-test", "wecom:staff"),
        ("send-test", "wecom-app:notice"),
        ("send-test", "apprise:post"),
        ("preview", "registration"),
        ("plan", "--from", "2026-01-01", "--to", "2028-01-01", "--format", "json"),
        ("ledger", "verify"),
        ("schedule", "history"),
        ("publish",),
    ):
        assert_silent(" ".join(arguments), inside.said(*arguments))
    tried = [inside.said("deliveries", "show", number, "--format", "json") for number in ("1", "2", "3")]
    for shown in tried:
        assert_silent("deliveries show", shown)
        assert json.loads(shown)["attempt_log"]
    _assert_files_silent(leaky.folder / "var")


def test_a_wrong_setting_is_named_and_its_value_is_not(inside: Inside) -> None:
    for name, value in (
        ("EXAMCAL_WECOM__ROBOTS__STAFF", "canary key with blanks"),
        ("EXAMCAL_WECOM__ROBOTS__STAFF", "https://canary.example.cn/?key=1"),
        ("EXAMCAL_HEARTBEAT_URL", "canary://x"),
        ("EXAMCAL_DATABASE_URL", "mysql://canary:canary@127.0.0.1/x"),
        ("EXAMCAL_DATABASE_URL", "postgresql://u:canary-pw@127.0.0.1:1/x"),
        ("EXAMCAL_DATABASE_URL", "postgresql://u:canary-pw@127.0.0.1:notaport/x"),
        ("EXAMCAL_APPRISE__POST", "nosuchservice://canary-token"),
        ("EXAMCAL_SMTP__SENDER", "canary canary@"),
        ("EXAMCAL_SMTP__PASSWORD_FILE", "/nonexistent"),
    ):
        for arguments in (("status", "--debug"), ("ledger", "init"), ("send-test", "apprise:post")):
            assert_silent(f"{name} {arguments}", inside.said(*arguments, **{name: value}))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_daemon_among_refusals_says_nothing_secret_anywhere(leaky: Office, form: str) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with leaky.running(EXAMCAL_METRICS_LISTEN=listen, EXAMCAL_LOG_FORMAT=form) as daemon:
        eventually(lambda: "heartbeat" in daemon.said(), within=40)
        metrics = eventually(lambda: _after_attempts(listen), within=40)
        assert_silent("metrics", metrics)
        assert_silent("process list", Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes().decode())
        leaky.write_schedule("exams: [*canary]\n")
        eventually(lambda: "schedule-rejected" in daemon.get("/readyz").text, within=30)
        for path in ("/readyz", "/nothing", "/confirm/x", "/feeds/all.ics?track=x"):
            assert_silent(path, daemon.get(path).text)
        daemon.get("/feeds/all.ics?key=canary-in-a-query")
        daemon.get("/confirm/canary-token-0123456789")
        assert daemon.stop() == 0
    _assert_log_silent(daemon, form)
    _assert_files_silent(leaky.folder / "var")


def _after_attempts(listen: str) -> str:
    text = httpx.get(f"http://{listen}/metrics", timeout=10).text
    refused = [line for line in text.splitlines() if line.startswith("examcal_attempts_total{")]
    return text if len(refused) >= 3 else ""


def _assert_log_silent(daemon: Running, form: str) -> None:
    said = daemon.said().replace("*canary", "")  # the schedule's own words may be quoted
    assert_silent("log", said)
    if form == "json":
        lines = [line for line in said.splitlines() if line.startswith("{")]
        assert lines
        assert all({"event", "level", "timestamp"} <= set(json.loads(line)) for line in lines)


def _assert_files_silent(folder: Path) -> None:
    """Look into every file but the ledger and the messages themselves, which name whom they are for."""
    looked = 0
    for file in folder.rglob("*"):
        if file.is_file() and not file.name.startswith("examcal.db"):
            text = file.read_bytes().decode("utf-8", "replace")
            if "outbox" in file.parts:
                text = text.replace("canary.admin@example.cn", "").replace("canary.sender@example.cn", "")
            assert_silent(str(file), text)
            looked += 1
    assert looked > 10
