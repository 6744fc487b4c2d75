"""Why the operating system refused something, in the language of the sentence around it."""

from __future__ import annotations

import errno
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examcal.cli.main import run
from examcal.dispatch.leadership import FileLeadership
from examcal.errors import _REASONS, BusyError, StorageError, reason_of

NOW = datetime(2026, 11, 26, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("number", sorted(_REASONS), ids=errno.errorcode.get)
def test_a_common_reason_is_told_in_both_languages(number: int) -> None:
    reason = reason_of(OSError(number, os.strerror(number)))
    assert not reason.text("zh-CN").isascii()
    assert reason.text("en").isascii()


@pytest.mark.parametrize(
    ("error", "chinese"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "域名无法解析"),
        (TimeoutError(), "超时"),
        (PermissionError(errno.EACCES, "Permission denied"), "没有权限"),
        (OSError(errno.EXDEV, "Invalid cross-device link"), "Invalid cross-device link"),
        (OSError("odd"), "OSError"),
    ],
)
def test_a_reason_without_words_of_ours_keeps_the_systems_own(error: OSError, chinese: str) -> None:
    assert reason_of(error).text("zh-CN") == chinese


def test_a_refusal_is_one_language_throughout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = StorageError("{path} cannot be used: {reason}", path="x", reason=reason_of(OSError(errno.ENOSPC, "?")))
    assert "磁盘空间已满" in error.text()
    assert str(error) == "x cannot be used: no space is left"
    (tmp_path / "file").touch()
    assert run(["lint", str(tmp_path / "file" / "x.ics")]) != 0
    assert "路径中有一段不是目录" in capsys.readouterr().err


def test_the_other_daemon_is_named_without_a_word_of_english(tmp_path: Path) -> None:
    first = FileLeadership(tmp_path, NOW)
    assert first.acquire()
    with pytest.raises(BusyError) as caught:
        FileLeadership(tmp_path, NOW).acquire()
    first.release()
    assert f"（进程 {os.getpid()}，自 2026-11-26 08:30）" in caught.value.text("zh-CN")
    assert f"pid {os.getpid()}, since 2026-11-26 08:30" in caught.value.text("en")
