"""Messages and addressees for tests of channels."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from examcal.channels.port import Addressee, Message

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nEND:VCALENDAR\r\n"
PLAIN = Message(
    subject="【截止】网上报名 还有3天",
    text="请在 2026-02-11(周三) 24:00 前完成网上报名。\n还有 3 天。\n来源：北京市卫生健康委员会",
    html="<html><body><p>请在 <b>2026-02-11</b> 前完成网上报名。</p></body></html>",
    markdown='**网上报名**\n<font color="warning">还有 3 天</font>\n> 来源：北京市卫生健康委员会',
    written_at=datetime(2026, 2, 8, 1, 0, tzinfo=UTC),
    language="zh-CN",
    calendar=CALENDAR,
    list_id="physician-2026-beijing.examcal.example",
)


def message(**changes: object) -> Message:
    """Return the plain message with some fields replaced."""
    return replace(PLAIN, **changes)  # type: ignore[arg-type]


def addressee(number: int = 1, **changes: object) -> Addressee:
    """Return the addressee of a delivery that differs by ``number``."""
    usual = Addressee(key=f"{number:032x}", reference="ABCDE", address=f"reader{number}@example.cn")
    return replace(usual, **changes)  # type: ignore[arg-type]
