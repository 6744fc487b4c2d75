"""What an edit makes untrue of messages that were written before it is not sent any more, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from examcal.ledger.rows import Reason, State
from examcal.plan.audience import Audience
from support.rig import START, Rig, email, people, robot, shanghai
from support.smtp_server import Fault, SmtpServer
from support.wecom_server import WecomFault, WecomServer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OPENS = shanghai(START + MINUTE)


def window(closes: str, *, name: str = "m", opens: str = OPENS, rules: str = "[opens]", more: str = "") -> str:
    title = f"网上报名{name}"
    return f"{{id: {name}, kind: registration, name: {title}, opens: {opens}, closes: {closes}, remind: {rules}{more}}}"


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def rig(smtp: SmtpServer, tmp_path: Path, url: str) -> AsyncIterator[Rig]:
    made = Rig(tmp_path, [email(smtp.port)], url)
    yield made
    await made.close()


def told(server: SmtpServer) -> list[tuple[str, str]]:
    """Return subject and plain text of what was received, in order."""
    found = []
    for mail in server.mails:
        message = message_from_bytes(mail.octets, policy=default)
        body = message.get_body(("plain",))
        assert body is not None
        found.append((str(message["Subject"]), body.get_content()))
    return found


async def test_a_reminder_that_is_tried_again_names_the_date_of_the_edit_in_between(rig: Rig, smtp: SmtpServer) -> None:
    smtp.faults.append(Fault("RCPT", nth=1, reply="451 4.3.0 try later"))
    await rig.start(people(1), milestones=[window("2026-03-20 18:00")])
    rig.clock.go(MINUTE)
    assert (await rig.deliver())[State.RETRY] == 1
    await rig.accept(window("2026-03-10 18:00"))
    for _ in range(4):
        rig.clock.go(10 * MINUTE)
        await rig.deliver()
    assert len(smtp.mails) == 2
    for subject, body in told(smtp):
        assert "3月10日" in subject
        if "变更" not in subject:
            assert "3月20日" not in subject + body


async def test_who_joins_after_the_edit_reads_no_date_from_before_it(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[window("2026-03-20 18:00")])
    rig.clock.go(MINUTE)
    await rig.deliver()
    await rig.accept(window("2026-03-10 18:00"))
    await rig.loop.set_audiences([people(2)])
    await rig.deliver()
    first, second = told(smtp)
    assert "3月20日" in first[0]
    assert "3月10日" in second[0]
    assert "3月20日" not in second[0] + second[1]


async def test_an_edit_of_other_words_leaves_what_is_tried_again_as_it_was(rig: Rig, smtp: SmtpServer) -> None:
    smtp.faults.append(Fault("DOT", nth=1, store=True, drop=True))
    await rig.start(people(1), milestones=[window("2026-03-20 18:00")])
    rig.clock.go(MINUTE)
    assert (await rig.deliver())[State.RETRY] == 1
    await rig.accept(window("2026-03-20 18:00", more=", notes: 新的说明"))
    rig.clock.go(40 * MINUTE)
    await rig.deliver()
    assert [mail.octets for mail in smtp.mails] == [mail.octets for mail in smtp.dropped]


async def test_a_robot_says_nothing_of_a_date_that_moved_while_it_was_away(tmp_path: Path, url: str) -> None:
    fault = WecomFault("send", nth=1, errcode=45009)
    async with WecomServer(robots={"KEY"}, faults=[fault]) as wecom:
        rig = Rig(tmp_path, [robot(wecom.base_url)], url)
        kept = window("2026-03-21 18:00", name="kept")
        await rig.start(Audience("g", "wecom:staff"), milestones=[window("2026-03-20 18:00"), kept])
        rig.clock.go(MINUTE)
        assert (await rig.deliver())[State.RETRY] == 2
        await rig.accept(window("2026-03-25 18:00", opens=shanghai(START + 3 * DAY)), kept)
        for _ in range(3):
            rig.clock.go(10 * MINUTE)
            await rig.deliver()
        texts = [post.octets.decode() for post in wecom.posts if post.answer["errcode"] == 0]
        await rig.close()
    assert any("「网上报名kept」已开始" in text for text in texts)
    assert not any("「网上报名m」已开始" in text for text in texts)


async def test_a_reminder_whose_date_moved_while_it_was_under_way_is_not_tried_again(
    rig: Rig, smtp: SmtpServer
) -> None:
    await rig.start(people(1), milestones=[window("2026-03-20 18:00")])
    rig.clock.go(MINUTE)
    smtp.faults.append(Fault("RCPT", nth=1, delay=0.5, reply="451 4.3.0 try later"))
    await rig.loop.tick()
    while not smtp.count("RCPT"):
        await rig.loop.thread.run(rig.ledger.counts)
    await rig.accept(window("2026-03-20 18:00", opens=shanghai(START + 3 * DAY)))
    await rig.deliver()
    ended = next(row for row in rig.ledger.deliveries() if row.rule == "opens" and row.attempts == 1)
    assert (ended.state, ended.reason) == (State.CANCELLED, Reason.SUPERSEDED)
    assert rig.ledger.verify() == []


async def test_an_older_notice_that_could_not_leave_gives_way_to_a_newer_one(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[window("2026-03-20 18:00", rules="[]")])
    down = Fault("RCPT", reply="451 4.3.0 try later")
    smtp.faults.append(down)
    await rig.accept(window("2026-03-22 18:00", rules="[]"))
    rig.clock.go(11 * MINUTE)
    assert (await rig.deliver())[State.RETRY] == 1
    await rig.accept(window("2026-03-25 18:00", rules="[]"))
    rig.clock.go(11 * MINUTE)
    await rig.deliver()
    smtp.faults.remove(down)
    for _ in range(3):
        rig.clock.go(20 * MINUTE)
        await rig.deliver()
    ((subject, _),) = told(smtp)
    assert "3月25日" in subject
    assert {row.reason for row in rig.ledger.deliveries() if row.state is State.EXPIRED} == {Reason.COALESCED}


async def test_an_older_notice_of_a_date_is_kept_where_the_newer_one_is_about_the_place(
    rig: Rig, smtp: SmtpServer
) -> None:
    def at(closes: str, place: str) -> str:
        return window(closes, rules="[]", more=f", location: {place}")

    await rig.start(people(1), milestones=[at("2026-03-20 18:00", "一号楼")])
    down = Fault("RCPT", reply="451 4.3.0 try later")
    smtp.faults.append(down)
    await rig.accept(at("2026-03-22 18:00", "一号楼"))
    rig.clock.go(11 * MINUTE)
    await rig.deliver()
    await rig.accept(at("2026-03-22 18:00", "二号楼"))
    rig.clock.go(11 * MINUTE)
    await rig.deliver()
    smtp.faults.remove(down)
    for _ in range(4):
        rig.clock.go(20 * MINUTE)
        await rig.deliver()
    assert sorted("地点" in subject for subject, _ in told(smtp)) == [False, True]


async def test_who_is_written_to_late_reads_the_time_that_is_really_left(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(
        people(1), milestones=[window(shanghai(START + 121 * MINUTE), rules="[closes -2h]", opens="2026-03-01")]
    )
    for count in (1, 2, 3):
        rig.clock.go(MINUTE if count == 1 else 25 * MINUTE)
        await rig.loop.set_audiences([people(count)])
        await rig.deliver()
    lefts = [next(line for line in body.splitlines() if "还剩" in line) for _, body in told(smtp)]
    for line, left in zip(lefts, ("还剩2小时", "还剩1小时35分钟", "还剩1小时10分钟"), strict=True):
        assert left in line


async def test_a_closing_that_was_taken_out_is_not_named_any_more(rig: Rig, smtp: SmtpServer) -> None:
    smtp.faults.append(Fault("RCPT", nth=1, reply="451 4.3.0 try later"))
    await rig.start(people(1), milestones=[window("2026-03-20 18:00")])
    rig.clock.go(MINUTE)
    assert (await rig.deliver())[State.RETRY] == 1
    await rig.accept(window("2026-03-20 18:00").replace(" closes: 2026-03-20 18:00,", ""))
    rig.clock.go(40 * MINUTE)
    await rig.deliver()
    ((subject, body),) = told(smtp)
    assert "3月20日" not in subject + body
