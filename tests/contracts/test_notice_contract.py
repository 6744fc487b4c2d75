"""What people are told of a milestone that a person let go and put back, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from examcal.channels.outbox import OutboxChannel
from examcal.ledger.rows import State
from examcal.plan.audience import Audience
from support.rig import Rig

OTHER = "{id: other, kind: score, name: 成绩查询, on: 2026-04-20}"
KEPT = "{id: m, kind: registration, name: 网上报名, opens: 2026-03-03, closes: 2026-03-25, remind: [closes -1d 09:00]}"
MOVED = KEPT.replace("03-25", "03-27")
DEBOUNCE = timedelta(minutes=10)


@pytest.fixture
async def rig(tmp_path: Path, url: str) -> AsyncIterator[Rig]:
    made = Rig(tmp_path, [OutboxChannel(tmp_path / "outbox")], url)
    await made.start(Audience("office", "outbox"), milestones=[KEPT, OTHER])
    yield made
    await made.close()


def subjects(rig: Rig) -> list[str]:
    mails = sorted((rig.folder / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [str(message_from_bytes(mail.read_bytes(), policy=default)["Subject"]) for mail in mails]


async def accept(rig: Rig, *milestones: str, wait: timedelta) -> None:
    await rig.accept(*milestones, confirmed=True)
    rig.clock.go(wait)
    await rig.deliver()


async def test_who_was_told_that_it_is_cancelled_is_told_that_it_is_on_again(rig: Rig) -> None:
    await accept(rig, OTHER, wait=DEBOUNCE)
    await accept(rig, OTHER, MOVED, wait=DEBOUNCE)
    cancelled, back = subjects(rig)
    assert "取消" in cancelled
    assert "恢复" in back
    (mail,) = (path for path in (rig.folder / "outbox").glob("*.eml") if "恢复" in str(
        message_from_bytes(path.read_bytes(), policy=default)["Subject"]))  # fmt: skip
    body = message_from_bytes(mail.read_bytes(), policy=default).get_body(("plain",))
    assert body is not None
    assert "2026年3月27日" in body.get_content()
    assert rig.ledger.verify() == []


async def test_what_is_put_back_before_the_notice_went_out_is_never_spoken_of(rig: Rig) -> None:
    await accept(rig, OTHER, wait=DEBOUNCE / 2)
    await accept(rig, KEPT, OTHER, wait=3 * DEBOUNCE)
    assert subjects(rig) == []
    assert (await rig.deliver())[State.PLANNED] >= 1


async def test_what_is_put_back_and_let_go_again_before_anybody_heard_stays_cancelled(rig: Rig) -> None:
    await accept(rig, OTHER, wait=DEBOUNCE)
    await accept(rig, KEPT, OTHER, wait=DEBOUNCE / 2)
    await accept(rig, OTHER, wait=3 * DEBOUNCE)
    assert len(subjects(rig)) == 1


async def test_letting_go_and_putting_back_is_told_each_time(rig: Rig) -> None:
    for milestones in ([OTHER], [KEPT, OTHER], [OTHER], [KEPT, OTHER]):
        await accept(rig, *milestones, wait=DEBOUNCE)
    assert ["恢复" in one for one in subjects(rig)] == [False, True, False, True]
    await accept(rig, KEPT.replace("m,", "m, notes: 新的说明,"), OTHER, wait=DEBOUNCE)
    assert len(subjects(rig)) == 4
