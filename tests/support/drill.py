"""An exam whose reminders are due, and settings that send them to servers of the test."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from support.office import SHANGHAI, Office
from support.smtp_server import Received, SmtpServer
from support.wecom_server import WecomServer

SENDER = "office@example.cn"


def some_time_ago(**span: float) -> datetime:
    """Return a whole minute in the past: what was due then is sent at the first start, and says that it is late."""
    return datetime.now(SHANGHAI).replace(second=0, microsecond=0) - timedelta(**(span or {"minutes": 5}))


def milestone(
    identifier: str,
    name: str,
    due: datetime,
    *,
    hours: float = 2,
    remind: str = "",
    tasks: Sequence[str] = (),
    notes: str = "",
    status: str = "confirmed",
) -> str:
    """Return a registration in YAML that closes ``hours`` after ``due``, and has one reminder then."""
    closes = due + timedelta(hours=hours)
    lines = [
        f"- id: {identifier}",
        "  kind: registration",
        f"  name: {name}",
        f"  opens: {closes - timedelta(days=20):%Y-%m-%d %H:%M}",
        f"  closes: {closes:%Y-%m-%d %H:%M}",
        f"  status: {status}",
        '  source: {title: 演示公告, url: "https://example.cn/notice", published: 2026-01-01, checked: 2026-01-02}',
        f"  remind: {remind or f'[closes -{hours:g}h]'}",
        *(["  tasks:", *(f"    - {task}" for task in tasks)] if tasks else []),
        *([f"  notes: {notes}"] if notes else []),
    ]
    return "".join(f"      {line}\n" for line in lines)


def schedule(milestones: Iterable[str]) -> str:
    """Return the schedule of one exam with these milestones."""
    head = "version: 1\ntimezone: Asia/Shanghai\nlanguage: zh-CN\nexams:\n  - id: demo-2026\n    name: 演示考试2026\n"
    return head + "    milestones:\n" + "".join(milestones)


def audience(name: str, channel: str, to: Iterable[str] = (), **more: list[str]) -> str:
    """Return a configured group in TOML."""
    lines = {"name": name, "channel": channel, "to": list(to), **more}
    return "[[audiences]]\n" + "".join(f"{key} = {value!r}\n" for key, value in lines.items())


def mail_over(office: Office, smtp: SmtpServer, **settings: str) -> None:
    """Let an office send its mail to a server of the test."""
    values = {"HOST": smtp.host, "PORT": str(smtp.port), "SECURITY": "none", "SENDER": SENDER, **settings}
    office.environment |= {f"EXAMCAL_SMTP__{name}": value for name, value in values.items()}


def wecom_over(office: Office, wecom: WecomServer, **robots: str) -> None:
    """Let an office talk to a WeCom of the test."""
    office.environment["EXAMCAL_WECOM__BASE_URL"] = wecom.base_url
    office.environment |= {f"EXAMCAL_WECOM__ROBOTS__{name.upper()}": key for name, key in robots.items()}


def parsed(mail: Received) -> EmailMessage:
    """Return a received mail as its reader's program sees it."""
    return email.message_from_bytes(mail.octets, policy=email.policy.default)


def text_of(mail: Received, kind: str = "plain") -> str:
    """Return what a received mail says."""
    body = parsed(mail).get_body((kind,))
    assert body is not None
    return str(body.get_content())


def deliveries(office: Office, channel: str = "") -> list[dict[str, Any]]:
    """Return the deliveries of the ledger, the oldest first."""
    found = office.json("deliveries", "list")
    return sorted((one for one in found if not channel or one["channel"] == channel), key=lambda one: one["id"])


def seconds_until(instant: str, since: float) -> float:
    """Return how far an RFC 3339 instant is ahead of ``since`` (Unix seconds)."""
    return datetime.fromisoformat(instant).timestamp() - since
