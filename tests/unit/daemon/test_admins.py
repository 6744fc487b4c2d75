"""Admins hear of trouble in one message, once, over a real channel (files)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examcal.channels.email import EmailChannel
from examcal.channels.outbox import OutboxChannel
from examcal.channels.smtp_session import Relay, Security
from examcal.clock import SystemClock
from examcal.daemon import admins as module
from examcal.daemon.admins import Admins, reach_of
from examcal.delivery.message import Renderer
from examcal.errors import Sentence
from support.ports import free_port


def told(folder: Path) -> list[str]:
    return [json.loads(file.read_bytes())["text"] for file in sorted(folder.glob("*.json"))]


async def test_equal_trouble_is_told_once_and_what_comes_together_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHERED_FOR", 0.05)
    reach = reach_of(["office@example.cn"], {}, lambda: OutboxChannel(tmp_path))
    admins = Admins(reach, Renderer(), SystemClock(), "en")
    for _ in range(3):
        admins.tell("overdue", Sentence("on {count} channels messages should have left by now", {"count": 7}))
    admins.tell("ledger", Sentence("the disk of the ledger is full"))
    await asyncio.sleep(0.2)
    await admins.close()
    (text,) = told(tmp_path)
    assert text.count("7 channels") == 1
    assert "disk" in text


async def test_closing_sends_what_waits_and_nobody_to_tell_is_fine(tmp_path: Path) -> None:
    reach = reach_of(["office@example.cn", "wecom:gone"], {}, lambda: OutboxChannel(tmp_path))
    admins = Admins(reach, Renderer(), SystemClock(), "en")
    admins.tell("ledger", Sentence("the disk of the ledger is full"))
    await admins.close()
    assert len(told(tmp_path)) == 1
    silent = Admins([], Renderer(), SystemClock(), "en")
    silent.tell("ledger", Sentence("the disk of the ledger is full"))
    await silent.close()


async def test_what_the_channel_in_trouble_does_not_take_becomes_a_file(tmp_path: Path) -> None:
    files = OutboxChannel(tmp_path)
    broken = EmailChannel(Relay("127.0.0.1", free_port(), Security.NONE), sender="office@example.cn")
    admins = Admins([(broken, "office@example.cn")], Renderer(), SystemClock(), "en", files)
    admins.tell("channel-paused", Sentence("the disk of the ledger is full"))
    await admins.close()
    assert len(told(tmp_path)) == 1
    await broken.close()


def test_the_clock_gives_aware_instants() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert abs((SystemClock().now() - datetime.now(UTC)).total_seconds()) < 5
