"""The loop end to end: real ledger, real SMTP and WeCom servers, and a clock that the test sets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from examcal.channels.wecom_app import WecomAppChannel
from examcal.delivery.limits import paces
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.ledger.opening import FOREIGN, adopt
from examcal.ledger.rows import Reason, State
from examcal.plan.audience import Audience
from support.rig import START, Rig, closing, email, people, robot
from support.smtp_server import Fault, SmtpServer
from support.wecom_server import WecomFault, WecomServer

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def rig(smtp: SmtpServer, tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path, [email(smtp.port)])
    yield rig
    await rig.close()


def subject(octets: bytes) -> str:
    return str(message_from_bytes(octets, policy=policy.default)["Subject"])


async def test_three_addresses_get_one_mail_each_when_it_is_due_and_not_before(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(3), milestones=[closing(START + HOUR + MINUTE)])
    assert await rig.loop.tick() == START + MINUTE
    assert await rig.deliver() == {State.PLANNED: 3}
    rig.clock.go(59 * SECOND)
    assert await rig.deliver() == {State.PLANNED: 3}
    rig.clock.go(SECOND)
    assert await rig.deliver() == {State.SENT: 3}
    assert len(smtp.mails) == 3
    assert len({mail.message_id for mail in smtp.mails}) == 3
    assert await rig.deliver() == {State.SENT: 3}
    assert len(smtp.mails) == 3


async def test_a_restart_sends_nothing_again(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(2), milestones=[closing(START + HOUR)])
    await rig.deliver()
    await rig.crash()
    await rig.loop.set_audiences([people(2)])
    await rig.accept(closing(START + HOUR))
    assert await rig.deliver() == {State.SENT: 2}
    assert len(smtp.mails) == 2


async def test_a_claim_that_a_killed_process_left_is_sent_again_as_ambiguous(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + HOUR)])
    await rig.loop.tick()  # claims in the background: stop the loop before it can settle
    await rig.loop._dispatcher.stop(10)
    with rig.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'sending', token = 'gone'")
    rig.ledger.place.journal.path.unlink()
    await rig.crash()
    rig.clock.go(MINUTE)
    assert await rig.deliver() == {State.SENT: 1}
    assert rig.ledger.deliveries()[0].ambiguous == 1
    first, second = smtp.mails
    assert first.octets == second.octets


async def test_what_a_killed_process_had_noted_as_accepted_is_not_sent_again(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + HOUR)])
    await rig.loop.tick()
    await rig.loop._dispatcher.stop(10)
    with rig.ledger.transaction() as connection:  # as it was between the note and its outcome
        connection.exec_driver_sql("UPDATE delivery SET state = 'sending', token = 'gone', ended_at = NULL")
        connection.exec_driver_sql("DELETE FROM attempt")
        connection.exec_driver_sql("UPDATE meta SET value = '0' WHERE key = 'journal_count'")
    await rig.crash()
    rig.clock.go(MINUTE)
    assert await rig.deliver() == {State.SENT: 1}
    row = rig.ledger.deliveries()[0]
    assert (row.ambiguous, row.attempts, row.reason) == (0, 1, "")
    assert [attempt.outcome for attempt in rig.ledger.attempts(row.id)] == ["accepted"]
    assert len(smtp.mails) == 1
    assert rig.ledger.note("journal_count") == "1"


async def test_after_downtime_only_the_latest_is_sent_and_says_that_it_is_late(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + 100 * HOUR, rules="[closes -4d, closes -3d, closes -2d]")])
    rig.clock.go(50 * HOUR)
    counts = await rig.deliver()
    assert counts == {State.SENT: 1, State.EXPIRED: 2}
    assert "补发" in subject(smtp.mails[0].octets)
    assert {row.reason for row in rig.ledger.deliveries(states=[State.EXPIRED])} == {Reason.COALESCED}


async def test_what_is_no_longer_useful_expires_with_a_reason(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + 2 * HOUR)])
    rig.clock.go(3 * HOUR)
    assert await rig.deliver() == {State.EXPIRED: 1}
    assert smtp.mails == []


async def test_a_greylisted_mail_comes_after_five_minutes_byte_for_byte(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("RCPT", nth=1, reply="450 4.2.0 greylisted")]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(1), milestones=[closing(START + HOUR)])
        assert await rig.deliver() == {State.RETRY: 1}
        at = rig.ledger.deliveries()[0].next_at
        assert at is not None
        assert START + 5 * MINUTE <= at <= START + 36 * MINUTE
        rig.clock.go_to(at)
        assert await rig.deliver() == {State.SENT: 1}
        assert len(smtp.mails) == 1
        await rig.close()


async def test_one_bad_address_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("RCPT", contains="u1@", reply="550 5.1.1 no such user")]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(3), milestones=[closing(START + HOUR)])
        assert await rig.deliver() == {State.SENT: 2, State.DEAD: 1}
        assert len(smtp.mails) == 2
        assert [one.code for one in rig.troubles] == ["dead-letter"]
        await rig.close()


async def test_a_lost_answer_is_ambiguous_and_waits_ten_minutes(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("DOT", nth=1, drop=True, store=True)]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(1), milestones=[closing(START + HOUR)])
        assert await rig.deliver() == {State.RETRY: 1}
        row = rig.ledger.deliveries()[0]
        assert row.ambiguous == 1
        assert row.next_at is not None
        assert row.next_at >= START + 10 * MINUTE
        rig.clock.go_to(row.next_at)
        assert await rig.deliver() == {State.SENT: 1}
        copies = [*smtp.dropped, *smtp.mails]
        assert len(copies) == 2
        assert copies[0].octets == copies[1].octets
        await rig.close()


async def test_after_a_wrong_password_the_channel_pauses_and_nothing_is_used_up(tmp_path: Path) -> None:
    async with SmtpServer(users={"u": "right"}) as smtp:
        rig = Rig(tmp_path, [email(smtp.port, password="wrong")])
        await rig.start(people(5), milestones=[closing(START + 5 * HOUR, rules="[closes -5h]")])
        await rig.deliver()
        for _ in range(6):
            rig.clock.go(MINUTE)
            counts = await rig.deliver()
        assert counts.get(State.RETRY, 0) + counts.get(State.PLANNED, 0) == 5
        assert smtp.auth_attempts <= 2
        assert {row.attempts for row in rig.ledger.deliveries()} == {0}
        assert "channel-paused" in {one.code for one in rig.troubles}
        await rig.close()


async def test_a_refusing_server_opens_the_breaker_without_using_up_attempts(tmp_path: Path) -> None:
    async with SmtpServer() as smtp:
        port = smtp.port
    rig = Rig(tmp_path, [email(port)])
    await rig.start(people(40), milestones=[closing(START + 5 * HOUR, rules="[closes -5h]")])
    await rig.deliver()
    for _ in range(4):
        rig.clock.go(MINUTE)
        await rig.deliver()
    assert max(row.attempts for row in rig.ledger.deliveries()) <= 5
    assert rig.ledger.channels()[0].open_at is not None
    await rig.close()


async def test_a_moved_date_is_told_after_the_debounce_and_replaces_what_was_planned(
    rig: Rig, smtp: SmtpServer
) -> None:
    await rig.start(people(1), milestones=[closing(START + 100 * HOUR)])
    await rig.deliver()
    result = await rig.accept(closing(START + 80 * HOUR))
    assert result.accepted is not None
    assert result.accepted.notices == 1
    assert await rig.deliver() == {State.CANCELLED: 1, State.PLANNED: 2}
    rig.clock.go(10 * MINUTE)
    await rig.deliver()
    assert len(smtp.mails) == 1
    assert "提前" in subject(smtp.mails[0].octets)


async def test_an_edit_that_is_taken_back_in_time_sends_nothing(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + 100 * HOUR)])
    await rig.accept(closing(START + 80 * HOUR))
    rig.clock.go(5 * MINUTE)
    await rig.deliver()
    await rig.accept(closing(START + 100 * HOUR))
    rig.clock.go(30 * MINUTE)
    counts = await rig.deliver()
    assert smtp.mails == []
    assert counts[State.PLANNED] == 1


async def test_an_edit_that_is_taken_back_after_its_notice_is_told_too(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + 100 * HOUR)])
    for hours in (80, 100, 80):
        await rig.accept(closing(START + hours * HOUR))
        rig.clock.go(11 * MINUTE)
        await rig.deliver()
    words = [subject(mail.octets) for mail in smtp.mails]
    assert ["提前" in one for one in words] == [True, False, True]
    assert len({mail.message_id for mail in smtp.mails}) == 3


async def test_removing_most_dates_is_held_until_a_person_confirms(rig: Rig) -> None:
    ten = [closing(START + 100 * HOUR, name=f"m{number}") for number in range(10)]
    await rig.start(people(1), milestones=ten)
    await rig.deliver()
    held = await rig.accept(*ten[:4])
    assert held.accepted is None
    assert held.held is not None
    assert held.held.taken_at is None
    assert await rig.deliver() == {State.PLANNED: 10}
    assert (await rig.accept(*ten[:4], confirmed=True)).accepted is not None
    assert (await rig.deliver())[State.CANCELLED] == 6


async def test_moving_many_dates_is_held_for_ten_minutes(rig: Rig) -> None:
    await rig.start(people(1), milestones=[closing(START + 100 * HOUR, name=f"m{n}") for n in range(5)])
    moved = [closing(START + 101 * HOUR, name=f"m{n}") for n in range(5)]
    assert (await rig.accept(*moved)).held is not None
    rig.clock.go(10 * MINUTE)
    assert (await rig.accept(*moved)).accepted is not None


async def test_one_robot_and_minute_give_one_message_across_audiences(tmp_path: Path) -> None:
    async with WecomServer(robots={"KEY"}) as wecom:
        rig = Rig(tmp_path, [robot(wecom.base_url)])
        audiences = [Audience("a", "wecom:staff"), Audience("b", "wecom:staff", mention=("@all",))]
        milestones = [closing(START + HOUR, name=f"m{n}") for n in range(3)]
        await rig.start(*audiences, milestones=milestones)
        assert await rig.deliver() == {State.SENT: 6}
        assert len(wecom.posts) == 1
        assert all(f"网上报名m{n}" in wecom.posts[0].content for n in range(3))
        await rig.close()


async def test_busy_is_tried_three_times_with_the_same_bytes(tmp_path: Path) -> None:
    faults = [WecomFault("send", nth=1, errcode=-1), WecomFault("send", nth=2, errcode=-1)]
    async with WecomServer(robots={"KEY"}, faults=faults) as wecom:
        rig = Rig(tmp_path, [robot(wecom.base_url)])
        audiences = [Audience("a", "wecom:staff"), Audience("b", "wecom:staff")]
        await rig.start(*audiences, milestones=[closing(START + HOUR, name=f"m{n}") for n in range(3)])
        await rig.deliver()
        for _ in range(4):
            rig.clock.go(10 * SECOND)
            await rig.deliver()
        assert len(wecom.posts) == 3
        assert len({post.octets for post in wecom.posts}) == 1
        assert rig.ledger.counts().by_state == {State.SENT: 6}
        await rig.close()


async def test_a_throttled_robot_is_left_alone_for_a_minute(tmp_path: Path) -> None:
    async with WecomServer(robots={"KEY"}, faults=[WecomFault("send", nth=1, errcode=45009)]) as wecom:
        rig = Rig(tmp_path, [robot(wecom.base_url)])
        milestones = [closing(START + HOUR), closing(START + HOUR + MINUTE, name="n")]
        await rig.start(Audience("a", "wecom:staff"), milestones=milestones)
        for _ in range(11):
            await rig.deliver()
            rig.clock.go(5 * SECOND)
        assert len(wecom.posts) == 1
        rig.clock.go(90 * SECOND)
        assert await rig.deliver() == {State.SENT: 2}
        await rig.close()


async def test_the_parts_of_long_messages_count_for_the_rate_of_a_member(tmp_path: Path) -> None:
    async with WecomServer(apps={("corp", "secret"): 7}) as wecom:
        app = WecomAppChannel("hr", corp_id="corp", agent_id=7, secret="secret", base_url=wecom.base_url)
        rig = Rig(tmp_path, [app])
        wecom.clock = lambda: rig.clock.now().timestamp()
        long = [closing(START + HOUR, name=f"m{n}").replace("{", f"{{notes: {'说明' * 700}, ") for n in range(10)]
        await rig.start(Audience("hr", "wecom-app:hr", ("zhang",)), milestones=long)
        assert await rig.deliver() == {State.SENT: 10}
        assert len(wecom.shown) > 30
        assert wecom.discarded == []
        await rig.close()


async def test_a_full_hour_is_avoided_by_leaving_earlier(tmp_path: Path) -> None:
    async with WecomServer(robots={"KEY"}) as wecom:
        rig = Rig(tmp_path, [robot(wecom.base_url)])
        nine_thirty = START + 20 * MINUTE
        await rig.start(Audience("a", "wecom:staff"), milestones=[closing(nine_thirty + HOUR)])
        leaves = await rig.loop.tick()
        assert leaves is not None
        assert nine_thirty - 90 * SECOND <= leaves < nine_thirty
        rig.clock.go_to(leaves)
        assert await rig.deliver() == {State.SENT: 1}
        await rig.close()


async def test_a_clock_that_jumps_years_ahead_sends_and_expires_nothing(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + 100 * HOUR)])
    await rig.deliver()
    rig.clock.step(timedelta(days=5 * 365))
    assert await rig.deliver() == {State.PLANNED: 1}
    assert [one.code for one in rig.troubles] == ["clock"]
    rig.clock.step(timedelta(days=-5 * 365))
    rig.clock.go(MINUTE)
    assert await rig.deliver() == {State.PLANNED: 1}
    rig.clock.go(99 * HOUR)
    assert await rig.deliver() == {State.SENT: 1}
    assert len(smtp.mails) == 1


async def test_a_clock_set_back_sends_nothing_twice(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(2), milestones=[closing(START + HOUR), closing(START + 3 * HOUR, name="n")])
    await rig.deliver()
    rig.clock.step(timedelta(days=-1))
    assert await rig.deliver() == {State.SENT: 2, State.PLANNED: 2}
    rig.clock.go(timedelta(days=1) + 2 * HOUR)
    assert await rig.deliver() == {State.SENT: 4}
    assert len(smtp.mails) == 4


async def test_messages_come_to_their_last_octets_side_by_side_and_leave_one_by_one(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("DOT", delay=0.02)]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(12), milestones=[closing(START + HOUR)])
        await rig.loop.thread.run(rig.loop._keep_up)
        pace = paces(rig.channels, smtp_per_minute=None, smtp_connections=2)
        worker = Deliverer(rig.ledger, rig.channels, Renderer(), rig.clock, paces=pace)
        channel = rig.ledger.channel_ids(["email"])["email"]
        await asyncio.gather(worker.deliver(channel), worker.deliver(channel))  # it has two tickets at a time
        await worker.drain(1.0)
        assert len(smtp.mails) == 12
        assert (smtp.most_unanswered, smtp.most_in_data) == (1, 2)
        await rig.close()


async def test_a_stop_in_the_middle_of_a_send_lets_it_end(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("DOT", nth=1, delay=0.5)]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(1), milestones=[closing(START + HOUR)])
        await rig.loop.tick()
        while not smtp.in_data and not smtp.mails:  # noqa: ASYNC110 - the state waited for is a server's
            await asyncio.sleep(0.01)
        assert await rig.loop.drain(10)
        assert rig.ledger.counts().by_state == {State.SENT: 1}
        assert rig.ledger.deliveries()[0].ambiguous == 0
        rig.ledger.close()


async def test_a_stop_gives_back_unmarked_what_was_not_begun(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("DOT", delay=0.3)]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(20), milestones=[closing(START + HOUR)])
        await rig.loop.tick()
        while len(smtp.mails) < 2:  # noqa: ASYNC110 - the state waited for is a server's
            await asyncio.sleep(0.01)
        assert await rig.loop.drain(10)
        counts = rig.ledger.counts().by_state
        assert counts[State.SENT] + counts.get(State.RETRY, 0) + counts.get(State.PLANNED, 0) == 20
        assert counts[State.SENT] == len(smtp.mails) < 20
        assert {row.ambiguous for row in rig.ledger.deliveries()} == {0}
        rig.ledger.close()


async def test_a_ledger_of_another_machine_sends_nothing_until_it_is_adopted(rig: Rig, smtp: SmtpServer) -> None:
    await rig.start(people(1), milestones=[closing(START + HOUR)])
    rig.ledger.set_note(FOREIGN, "1")
    await rig.deliver()
    assert smtp.mails == []
    adopt(rig.ledger, "here")
    assert await rig.deliver() == {State.SENT: 1}


async def test_a_send_that_never_ends_is_given_back_as_ambiguous(tmp_path: Path) -> None:
    async with SmtpServer(faults=[Fault("DOT", nth=1, delay=60)]) as smtp:
        rig = Rig(tmp_path, [email(smtp.port)])
        await rig.start(people(1), milestones=[closing(START + HOUR)])
        await rig.loop.tick()
        while not smtp.in_data:  # noqa: ASYNC110 - the state waited for is a server's
            await asyncio.sleep(0.01)
        assert not await rig.loop.drain(0.2)
        assert rig.ledger.counts().by_state == {State.RETRY: 1}
        assert rig.ledger.deliveries()[0].ambiguous == 1
        rig.ledger.close()


async def test_the_event_loop_is_never_blocked(rig: Rig) -> None:
    await rig.start(people(300), milestones=[closing(START + HOUR)])
    longest, running = 0.0, True

    async def watch() -> None:
        nonlocal longest
        while running:
            began = time.thread_time()  # work done between two turns, whatever else the machine does
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    watcher = asyncio.ensure_future(watch())
    await rig.deliver()
    running = False
    await watcher
    assert longest < 0.05
