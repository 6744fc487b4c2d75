"""One reminder that is due now, for any number of recipients: what several benchmarks deliver."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from examcal.channels.email import EmailChannel
from examcal.channels.port import Channel, Outcome
from examcal.channels.smtp_session import Relay, Security
from examcal.clock import SystemClock
from examcal.delivery.limits import paces
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.dispatch.port import Dispatcher
from examcal.ledger.claims import Terms
from examcal.ledger.rows import Document, ReminderEntry, Settlement, State
from examcal.ledger.store import SqlLedger
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load

CONNECTIONS = 4
SENDER = "考试提醒 <from@example.org>"
BEFORE = timedelta(minutes=5)


class LateClock(SystemClock):
    """The machine's clock, five minutes late until ``catch_up``: people and plan come first, then the due instant."""

    def __init__(self) -> None:
        self._behind = BEFORE

    def catch_up(self) -> None:
        """Show the right time."""
        self._behind = timedelta(0)

    @override
    def now(self) -> datetime:
        """Return the instant that this clock shows."""
        return datetime.now(UTC) - self._behind


def schedule_due(now: datetime) -> SourceText:
    """Return a schedule whose only reminder was due in the last two minutes."""
    wall = now.astimezone(UTC) + timedelta(hours=10, minutes=-1)
    text = f"""\
version: 1
timezone: Asia/Shanghai
exams:
  - id: physician
    name: 医师资格考试
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: {wall - timedelta(days=20):%Y-%m-%d %H:%M}
        closes: {wall:%Y-%m-%d %H:%M}
        source: {{title: 公告, url: "https://example.org/notice", checked: 2026-01-02}}
        tasks: [上传照片（jpg，小于30kB）, 核对手机号码]
        notes: 逾期不予受理；以考区公告为准。
        remind: [closes -2h]
"""
    return SourceText("schedule.yaml", text.encode())


def add_recipients(ledger: SqlLedger, count: int, channel: str = "email") -> None:
    """Add recipients that want everything, in one statement."""
    number = ledger.channel_ids([channel])[channel]
    with ledger.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO selection (id, filters) VALUES (1, '[[],[],[],[]]')")
        connection.exec_driver_sql(
            "INSERT INTO recipient (id, key, ordinal, source, channel_id, selection_id, address, language, joined_at,"
            f" active) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count:d})"
            f" SELECT i, 'r' || i, i, 'audience', {number:d}, 1, 'u' || i || '@example.org', 'zh-CN', 0, TRUE FROM n"
        )


def mail_to(port: int) -> EmailChannel:
    """Return the mail channel as a default installation has it, to a server on this machine."""
    relay = Relay("127.0.0.1", port, Security.NONE, connections=CONNECTIONS)
    return EmailChannel(relay, sender=SENDER)


def deliverer_for(
    ledger: SqlLedger, channels: Mapping[str, Channel], clock: LateClock, dispatcher: Dispatcher | None = None
) -> Deliverer:
    """Return a delivery loop with the default paces."""
    pace = paces(channels, smtp_per_minute=None, smtp_connections=CONNECTIONS)
    return Deliverer(ledger, channels, Renderer(), clock, paces=pace, blast_limit=10**9, dispatcher=dispatcher)


async def plan_one(deliverer: Deliverer, clock: LateClock) -> None:
    """Accept the schedule before its reminder is due, and let that instant come."""
    source = schedule_due(datetime.now(UTC))
    schedule = load([source], today=clock.now().date()).schedule
    await deliverer.start()
    await deliverer.accept([source], schedule)
    clock.catch_up()


def timed(began: float) -> float:
    """Return the seconds since ``began`` on the performance counter."""
    return time.perf_counter() - began


def accept_one(ledger: SqlLedger, now: datetime) -> None:
    """Accept a plan of one reminder, due at ``now``."""
    day = timedelta(days=1)
    entry = ReminderEntry("r", "reminder", "e/m", "closes:x", "Asia/Shanghai", "closes -1d", "e/m", now, now + day)
    ledger.accept(Document((), "d"), [entry], [], now)


def fan_out_all(ledger: SqlLedger, now: datetime) -> float:
    """Plan a delivery for each recipient, page by page; return the seconds."""
    began = time.perf_counter()
    while rows := ledger.waiting_for_fan_out(now + timedelta(days=1)):
        ledger.fan_out_page(rows[0], None, {}, now)
    return timed(began)


def claim_and_settle(ledger: SqlLedger, count: int, now: datetime) -> float:
    """Claim and settle ``count`` deliveries, 500 at a time; return the seconds."""
    began, left = time.perf_counter(), count
    while left > 0:
        claims = ledger.claim(1, now, Terms(limit=500), owner="bench").claims
        ends = [Settlement(one.delivery_id, State.SENT, Outcome.ACCEPTED) for one in claims]
        ledger.settle(ends, token=claims[0].token, now=now)
        left -= len(claims)
    return timed(began)
