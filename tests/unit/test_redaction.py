"""What is secret is taken out by value, in every form in which it travels, and by shape where no value is known."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examcal.redaction import HIDDEN, Redaction

SECRET = 'p%ss/w+rd "quoted" 密码'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        f"mail://user:{SECRET}@host",
    ],
)
def test_a_secret_is_known_in_the_forms_in_which_it_travels(form: str) -> None:
    cleaned = Redaction([SECRET]).text(f"before {form} after")
    assert "ss" not in cleaned.replace("password", "")
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert HIDDEN in cleaned


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("postgresql://examcal:db-pass@host/examcal", "db-pass"),
        ("postgresql://examcal:db%2Fpass@host/examcal", "db/pass"),
        ("https://hooks.example/ping/0123456789abcdef?key=secret-key", "0123456789abcdef"),
        ("https://hooks.example/ping/0123456789abcdef?key=secret-key", "secret-key"),
        ("tgram://bot-token-0123/chat", "bot-token-0123"),
    ],
)
def test_the_secret_parts_of_an_address_are_secrets_too(address: str, part: str) -> None:
    assert part not in Redaction([address]).text(f"failed: {part} refused")


def test_ordinary_words_of_an_address_are_not() -> None:
    redaction = Redaction(["postgresql://examcal:db-pass@host/examcal", "sqlite:////var/lib/examcal/examcal.db"])
    assert redaction.text("examcal on host, examcal.db") == "examcal on host, examcal.db"


@pytest.mark.parametrize(
    "text",
    [
        "mail to someone@example.cn failed",
        "GET /cgi-bin/webhook/send?key=abcdef-123",
        "access_token=xyz&x=1",
        "corpsecret=xyz",
        "https://user:pw@host/path",
    ],
)
def test_shapes_of_secrets_and_addresses_go_without_a_known_value(text: str) -> None:
    cleaned = Redaction().text(text)
    assert HIDDEN in cleaned
    for secret in ("someone", "abcdef", "xyz", "pw@"):
        assert secret not in cleaned


def test_user_ids_go_as_whole_words_only() -> None:
    redaction = Redaction(people=["LiSi", "an"])
    assert redaction.text("invaliduser LiSi|an in channel") == f"invaliduser {HIDDEN}|{HIDDEN} in channel"
    assert redaction.text("an-hour, LiSi2, plan") == "an-hour, LiSi2, plan"


def test_a_text_becomes_one_line_without_control_characters() -> None:
    assert "\n" not in Redaction().text("a\r\nb\x1b[31mc\u2028d")
    assert "\x1b" not in Redaction().text("a\x1b[31m")


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=4, max_size=40), st.text(max_size=60))
def test_no_text_lets_a_known_secret_through(secret: str, around: str) -> None:
    assert secret in HIDDEN or secret not in Redaction([secret]).by_value(f"{around}{secret}{around}").replace(
        HIDDEN, "\0"
    )


PROGRAM = """
import asyncio, logging, sys, threading, warnings
import structlog
from examcal.logs import configure_logs
SECRET = "canary-0123456789"
configure_logs(form=sys.argv[1], secrets=[SECRET], people=["CanaryUser"])
log = structlog.get_logger()
log.info("said " + SECRET, address="canary@example.cn", user="CanaryUser", count=3, nothing=None)
log.debug("not said")
try:
    raise RuntimeError("quotes " + SECRET)
except RuntimeError as error:
    log.error("failed", exc_info=error)
    log.error("failed", exc_info=True)
    logging.getLogger("some.library").exception("library failed %s", SECRET)
logging.getLogger("httpx").info("HTTP Request: POST https://x/?key=%s", SECRET)
logging.getLogger("uvicorn.error").warning("uvicorn %s", SECRET)
logging.getLogger("apscheduler.executors").error("job %s", SECRET)
warnings.warn("careful " + SECRET)
def fails():
    raise ValueError(SECRET)
thread = threading.Thread(target=fails, name="beside"); thread.start(); thread.join()
async def orphan():
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "lost " + SECRET, "exception": ValueError(SECRET)})
asyncio.run(orphan())
raise ValueError(SECRET)
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_everything_that_a_process_logs_takes_one_way(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )  # fmt: skip
    said = done.stderr
    assert done.returncode == 1
    assert done.stdout == ""
    assert "canary" not in said.lower()
    assert "Traceback" not in said
    for words in (
        "said ***",
        "failed",
        "library failed",
        "uvicorn ***",
        "job ***",
        "careful ***",
        "beside",
        "lost ***",
    ):
        assert words in said, words
    assert "HTTP Request" not in said
    assert "not said" not in said
    if form == "json":
        lines = [json.loads(line) for line in said.splitlines()]
        assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
        assert {line["level"] for line in lines} == {"info", "warning", "error", "critical"}
        assert lines[0] == lines[0] | {"address": HIDDEN, "user": HIDDEN, "count": 3, "nothing": None}
        assert [line["error"] for line in lines if line["event"] == "failed"] == ["RuntimeError", "RuntimeError"]
