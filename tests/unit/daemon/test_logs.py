"""Logs hold no secret, no address and no control character, in our messages and in those of libraries."""

from __future__ import annotations

import logging

import pytest
import structlog

from examcal.logs import Redaction, configure_logs

CANARY = "canary-77aa"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"login with {CANARY}", "login with ***"),
        ("POST /send?key=693a91f6&x=1", "POST /send?key=***&x=1"),
        ("postgresql://user:pw@db/x", "postgresql://***"),
        ("mail to zhang@example.cn refused", "mail to *** refused"),
        ("two\nlines\x1b[31m", "two\ufffdlines\ufffd[31m"),
    ],
)
def test_a_text_is_redacted(text: str, left: str) -> None:
    assert Redaction([CANARY, "ab"]).text(text) == left


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_secret_is_logged(capsys: pytest.CaptureFixture[str], form: str) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logs(level="debug", form=form, secrets=[CANARY])
        log = structlog.get_logger()
        log.info("sent", detail=f"token {CANARY}", to="li@example.cn", number=3)
        log.error("failed", exc_info=RuntimeError(CANARY))
        logging.getLogger("some.library").warning("says %s", CANARY)
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "failed" in said
    assert "RuntimeError" in said
    assert CANARY not in said
    assert "li@example.cn" not in said
