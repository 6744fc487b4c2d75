"""A ledger that records nothing for a while: few messages go out that it does not know of."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from examcal.delivery.lane import MOST_UNRECORDED
from support.rig import START, Rig, closing, email, people
from support.smtp_server import Fault, SmtpServer

COUNT = 900


async def test_sends_stop_soon_when_nothing_can_be_recorded_and_go_on_afterwards(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("DOT", delay=0.004)]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(COUNT), milestones=[closing(START + timedelta(hours=1))])
        finishing = asyncio.ensure_future(rig.loop.finish())
        await smtp.received(400, 30)  # in the middle of a large batch
        other = sqlite3.connect(tmp_path / "var" / "examcal.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        known = other.execute("SELECT count(*) FROM delivery WHERE state = 'sent'").fetchone()[0]
        await _quiet(smtp)
        unknown = len(smtp.mails) - known
        other.execute("ROLLBACK")
        other.close()
        await finishing
        assert unknown <= MOST_UNRECORDED
        await rig.close()
        assert len(smtp.mails) == COUNT == len({mail.message_id for mail in smtp.mails})


async def _quiet(smtp: SmtpServer) -> None:
    """Wait until no mail came for half a second."""
    seen, since = len(smtp.mails), time.monotonic()
    while time.monotonic() - since < 0.5:
        await asyncio.sleep(0.02)
        if len(smtp.mails) != seen:
            seen, since = len(smtp.mails), time.monotonic()
