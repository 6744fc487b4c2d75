"""What every ledger engine must do: plan, fan out, claim, settle, recover, expire, coalesce, change, remove."""

from __future__ import annotations

from datetime import timedelta

import pytest

from examcal.channels.port import Outcome
from examcal.ledger.claims import Terms
from examcal.ledger.rows import Document, Member, Rate, Reason, Selection, Settlement, Source, State
from examcal.ledger.store import SqlLedger
from support.ledgers import DAY, accept, claim, entry, fan_out, members, planned, settle, states

from .conftest import NOW

MINUTE = timedelta(minutes=1)


def test_a_new_ledger_is_empty_and_sound(ledger: SqlLedger) -> None:
    assert ledger.current() is None
    assert ledger.counts().planned_total == 0
    assert ledger.next_due_at(NOW) is None
    assert ledger.verify() == []


def test_accepting_stores_the_document_word_for_word(ledger: SqlLedger) -> None:
    accept(ledger, [], NOW, digest="ключ")
    current = ledger.current()
    assert current is not None
    assert current.document.texts == (("s.yaml", "ключ".encode()),)
    assert current.accepted_at == NOW


def test_accepting_the_same_again_plans_nothing_new(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    again = accept(ledger, [entry(NOW)], NOW)
    assert again.same
    assert (again.new, again.cancelled) == (0, 0)
    assert fan_out(ledger, NOW) == 0
    assert ledger.counts().planned_total == 3


def test_every_reminder_meets_every_recipient_once(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW), entry(NOW + DAY, rule="closes"), people=4)
    counts = ledger.counts()
    assert counts.by_state == {State.PLANNED: 8}
    assert counts.is_conserved


def test_fan_out_goes_in_pages_and_remembers_where_it_was(ledger: SqlLedger) -> None:
    ledger.sync_audiences(members(12_000), NOW)
    accept(ledger, [entry(NOW)], NOW)
    pages = []
    while rows := ledger.waiting_for_fan_out(NOW + DAY):
        pages.append(ledger.fan_out_page(rows[0], None, {}, NOW))
    assert pages == [(5000, True), (5000, True), (2000, False)]


def test_fan_out_respects_choices(ledger: SqlLedger) -> None:
    ledger.sync_audiences([*members(2), *members(3, "outbox", Selection(exams=("other",)))], NOW)
    accept(ledger, [entry(NOW)], NOW)
    row = ledger.waiting_for_fan_out(NOW + DAY)[0]
    wanted = [number for number, choice in ledger.selections().items() if not choice.exams]
    assert ledger.fan_out_page(row, wanted, {}, NOW) == (2, False)
    assert ledger.waiting_for_fan_out(NOW + DAY) == []


def test_a_claim_is_exclusive_and_counts_as_an_attempt(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    first = claim(ledger, NOW, Terms(limit=2))
    second = claim(ledger, NOW, Terms(limit=2))
    assert [one.attempts for one in (*first, *second)] == [1, 1, 1]
    assert len({one.delivery_id for one in (*first, *second)}) == 3
    assert claim(ledger, NOW) == ()
    assert {one.token for one in first}.isdisjoint(one.token for one in second)


def test_nothing_is_claimed_before_it_is_due_or_after_it_is_useful(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW + MINUTE))
    assert claim(ledger, NOW) == ()
    assert len(claim(ledger, NOW + MINUTE, Terms(limit=1))) == 1
    assert claim(ledger, NOW + MINUTE + DAY) == ()


def test_the_nearest_event_goes_first(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW, rule="a", useful=9 * DAY), entry(NOW, rule="b", useful=DAY), people=2)
    assert [one.reminder.entry.rule for one in claim(ledger, NOW, Terms(limit=3))] == ["b", "b", "a"]


def test_settling_ends_a_delivery_for_good(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    claims = claim(ledger, NOW)
    assert settle(ledger, claims, NOW, provider_id="x1") == 0
    assert states(ledger) == {State.SENT: 3}
    assert claim(ledger, NOW) == ()
    assert [one.outcome for one in ledger.attempts(claims[0].delivery_id)] == ["accepted"]


def test_a_late_settlement_is_fenced(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    stale = claim(ledger, NOW)
    assert ledger.recover(NOW, everything=True) == 1
    again = claim(ledger, NOW + MINUTE)
    assert settle(ledger, stale, NOW + MINUTE) == 1
    assert states(ledger) == {State.SENDING: 1}
    assert settle(ledger, again, NOW + MINUTE) == 0
    logged = [one.outcome for one in ledger.attempts(stale[0].delivery_id)]
    assert logged == ["lost-ambiguous", "fenced-accepted", "accepted"]


def test_what_was_noted_as_accepted_is_sent_when_its_process_is_gone(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=3)
    noted, lost, settled = claim(ledger, NOW)
    key = next(row.key for row in ledger.deliveries() if row.id == noted.delivery_id)
    ledger.journal(key, "queue-id", NOW + MINUTE)
    if ledger.shared:
        assert ledger.note_accepted(noted.delivery_id, noted.token, NOW + MINUTE, "queue-id")
        assert not ledger.note_accepted(noted.delivery_id, "another", NOW + 2 * MINUTE, None)
    settle(ledger, [settled], NOW)
    assert ledger.recover(NOW + MINUTE, everything=True) == 1
    rows = {row.id: row for row in ledger.deliveries()}
    assert rows[noted.delivery_id].state == State.SENT
    assert (rows[noted.delivery_id].ambiguous, rows[noted.delivery_id].ended_at) == (0, NOW + MINUTE)
    assert rows[lost.delivery_id].state == State.RETRY
    assert [one.outcome for one in ledger.attempts(noted.delivery_id)] == ["accepted"]
    assert ledger.note("journal_count") == "2"
    assert ledger.verify() == []
    (again,) = claim(ledger, NOW + 10 * MINUTE)
    assert again.delivery_id == lost.delivery_id


def test_a_retry_keeps_its_time_and_variant(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    claims = claim(ledger, NOW)
    settle(ledger, claims, NOW, State.RETRY, next_at=NOW + 2 * MINUTE, ambiguous=True)
    assert claim(ledger, NOW + MINUTE) == ()
    again = claim(ledger, NOW + 120 * MINUTE)
    assert [(one.attempts, one.ambiguous, one.variant) for one in again] == [(2, 1, 0)]


def test_an_attempt_that_does_not_count_is_given_back(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    settle(ledger, claim(ledger, NOW), NOW, State.RETRY, next_at=NOW, counted=False)
    assert claim(ledger, NOW)[0].attempts == 1


def test_how_late_it_is_decides_the_variant(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=3)
    assert claim(ledger, NOW + timedelta(seconds=59), Terms(limit=1))[0].variant == 0
    assert claim(ledger, NOW + 9 * MINUTE, Terms(limit=1))[0].variant == 1
    assert claim(ledger, NOW + 130 * MINUTE, Terms(limit=1))[0].variant == 14


def test_orphans_come_back_ambiguous_and_the_third_is_poison(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    now = NOW
    for _ in range(3):
        assert len(claim(ledger, now)) == 1
        assert ledger.recover(now, everything=True) == 1
        now += MINUTE
    assert states(ledger) == {State.HELD: 1}
    row = ledger.deliveries()[0]
    assert (row.reason, row.ambiguous, row.attempts) == (Reason.POISON, 3, 3)
    assert ledger.release(reason=Reason.POISON) == 1
    assert len(claim(ledger, now)) == 1


def test_what_a_stop_cuts_short_is_given_back_marked_and_is_no_sign_of_poison(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    now = NOW
    for times in range(1, 5):
        (one,) = claim(ledger, now)
        assert ledger.give_back(["another"], now) == ledger.give_back([], now) == []
        assert ledger.give_back([one.token], now) == [one.delivery_id]
        assert ledger.give_back([one.token], now) == []
        assert states(ledger) == {State.RETRY: 1}
        assert ledger.deliveries()[0].ambiguous == times
        now += MINUTE


def test_only_expired_leases_are_taken_back(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    claims = claim(ledger, NOW, Terms(lease=timedelta(hours=1)))
    assert ledger.recover(NOW + MINUTE, everything=False) == 0
    assert ledger.renew_leases(claims[0].token, NOW, timedelta(seconds=-5)) == 1
    assert ledger.recover(NOW + MINUTE, everything=False) == 1


def test_rates_hold_and_say_how_long_to_wait(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=5)
    terms = Terms(rate=Rate(timedelta(seconds=10), burst=2))
    number = ledger.channel_ids(["email"])["email"]
    assert len(ledger.claim(number, NOW, terms, owner="t").claims) == 2
    stopped = ledger.claim(number, NOW, terms, owner="t")
    assert (stopped.claims, stopped.wait) == ((), timedelta(seconds=10))
    assert len(ledger.claim(number, NOW + timedelta(seconds=10), terms, owner="t").claims) == 1


def test_a_member_gets_no_more_than_its_rate(ledger: SqlLedger) -> None:
    entries = [entry(NOW, origin=f"e/{number}") for number in range(5)]
    planned(ledger, NOW, *entries, people=2)
    terms = Terms(member_rate=Rate(timedelta(seconds=3), burst=2))
    first = claim(ledger, NOW, terms)
    assert len(first) == 4
    assert {len([one for one in first if one.address == a]) for a in {one.address for one in first}} == {2}


def test_a_group_takes_the_whole_minute_for_one_token(ledger: SqlLedger) -> None:
    entries = [entry(NOW + timedelta(seconds=20 * n), origin=f"e/{n}") for n in range(4)]
    ledger.sync_audiences([Member("r", "wecom:a")], NOW)
    accept(ledger, entries, NOW)
    fan_out(ledger, NOW)
    terms = Terms(limit=100, grouped=True, rate=Rate(MINUTE, 1), due_before=NOW + MINUTE)
    assert len(claim(ledger, NOW, terms, "wecom:a")) == 3
    assert claim(ledger, NOW + MINUTE, Terms(limit=100), "wecom:a")[0].reminder.entry.origin == "e/3"


def test_what_is_past_its_use_expires_and_comes_back_with_the_clock(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    assert ledger.expire(NOW + 2 * DAY) == 3
    assert ledger.deliveries()[0].reason == Reason.LATE
    assert ledger.unexpire(NOW) == 3
    assert states(ledger) == {State.PLANNED: 3}


def test_expiry_leaves_what_is_being_sent_alone(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=2)
    claims = claim(ledger, NOW, Terms(limit=1))
    assert ledger.expire(NOW + 2 * DAY) == 1
    settle(ledger, claims, NOW, State.RETRY, next_at=NOW)
    assert ledger.expire(NOW + 2 * DAY) == 1
    assert states(ledger) == {State.EXPIRED: 2}


def test_of_several_overdue_reminders_only_the_latest_is_sent(ledger: SqlLedger) -> None:
    late = [entry(NOW - n * DAY, rule=f"closes -{n}d", useful=9 * DAY) for n in (3, 2, 1)]
    planned(ledger, NOW, *late, people=2)
    assert ledger.coalesce(NOW) == 4
    assert {one.reminder.entry.rule for one in claim(ledger, NOW)} == {"closes -1d"}
    assert ledger.coalesce(NOW) == 0


def test_a_moved_date_cancels_and_moving_back_revives(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW + DAY))
    moved = accept(ledger, [entry(NOW + 2 * DAY, wall="2026-03-11")], NOW, digest="d2")
    assert (moved.new, moved.cancelled) == (1, 1)
    assert states(ledger)[State.CANCELLED] == 3
    back = accept(ledger, [entry(NOW + DAY)], NOW, digest="d3")
    assert (back.revived, back.cancelled) == (1, 1)
    fan_out(ledger, NOW)
    assert ledger.counts().by_state == {State.PLANNED: 3}


def test_what_was_sent_stays_sent_through_any_edit(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    settle(ledger, claim(ledger, NOW), NOW)
    accept(ledger, [], NOW, digest="d2")
    accept(ledger, [entry(NOW)], NOW, digest="d3")
    fan_out(ledger, NOW)
    assert states(ledger) == {State.SENT: 3}


def test_a_reminder_whose_due_instant_moves_keeps_its_rows(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW + DAY))
    moved = accept(ledger, [entry(NOW + DAY + MINUTE)], NOW, digest="d2")
    assert (moved.new, moved.moved) == (0, 1)
    assert ledger.next_due_at(NOW) == NOW + DAY + MINUTE


def test_a_pending_notice_can_be_taken_back_until_it_is_out(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW + DAY))
    notice = entry(NOW + 10 * MINUTE, rule="later", purpose="change")
    accept(ledger, [entry(NOW + DAY)], NOW, notices=[notice], digest="d2")
    fan_out(ledger, NOW)
    taken_back = accept(ledger, [entry(NOW + DAY)], NOW + MINUTE, digest="d3")
    assert taken_back.notices == 0
    assert states(ledger) == {State.PLANNED: 3, State.CANCELLED: 3}
    accept(ledger, [entry(NOW + DAY)], NOW, notices=[notice], digest="d2")
    accept(ledger, [entry(NOW + DAY)], NOW + 11 * MINUTE, digest="d4")
    assert states(ledger)[State.PLANNED] == 6
    assert ledger.told_versions(NOW + 11 * MINUTE)[1] == {"e/m": (4, 1)}


def test_a_recipient_who_leaves_gets_nothing_more(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    ledger.sync_audiences(members(2), NOW)
    assert states(ledger) == {State.PLANNED: 2, State.SUPPRESSED: 1}
    assert ledger.remove_recipients(["email-0"], NOW) == 1
    assert [one.address for one in claim(ledger, NOW)] == ["u1@example.org"]


def test_a_recipient_who_returns_gets_what_is_still_ahead(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW + DAY), entry(NOW, rule="now"), people=1)
    ledger.sync_audiences([], NOW)
    ledger.sync_audiences(members(1), NOW + MINUTE)
    fan_out(ledger, NOW + MINUTE)
    assert states(ledger) == {State.PLANNED: 1, State.SUPPRESSED: 1}


def test_a_subscriber_whose_address_is_refused_gets_nothing_more(ledger: SqlLedger) -> None:
    ledger.sync_audiences(members(1), NOW)
    ledger.add_recipients([Member("s", "email", "s@example.org", source=Source.SUBSCRIBER)], NOW)
    accept(ledger, [entry(NOW), entry(NOW + DAY, rule="later")], NOW)
    fan_out(ledger, NOW)
    claims = claim(ledger, NOW)
    refused = [Settlement(one.delivery_id, State.DEAD, Outcome.PERMANENT_RECIPIENT) for one in claims]
    ledger.settle(refused, token=claims[0].token, now=NOW)
    assert states(ledger) == {State.DEAD: 2, State.PLANNED: 1, State.SUPPRESSED: 1}


def test_who_joins_late_gets_no_stale_reminder_and_no_old_notice(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW - 8 * DAY, useful=30 * DAY), people=1)
    notice = entry(NOW + MINUTE, purpose="change")
    accept(ledger, [entry(NOW - 8 * DAY, useful=30 * DAY)], NOW, digest="d2", notices=[notice])
    ledger.sync_audiences(members(2), NOW + 2 * MINUTE)
    fan_out(ledger, NOW + 2 * MINUTE)
    newcomer = [row for row in ledger.deliveries() if row.recipient_id == 2]
    assert [(row.state, row.reason) for row in newcomer] == [(State.EXPIRED, Reason.JOINED_LATE)]


def test_a_changed_choice_is_fanned_out_again(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    changed = ledger.sync_audiences(members(1, selection=Selection(kinds=("exam",))), NOW)
    assert changed == [1]
    ledger.suppress_unwanted(lambda _occurrence, _choice: False, changed, NOW)
    assert ledger.deliveries()[0].reason == Reason.AUDIENCE
    assert len(ledger.waiting_for_fan_out(NOW + DAY)) == 1


def test_frozen_bytes_never_change(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    one = claim(ledger, NOW)[0]
    key = (one.reminder.id, "zh-CN", one.channel_id, 0)
    assert ledger.freeze({key: b"first"}, [one.reminder], NOW) == {key: b"first"}
    assert ledger.freeze({key: b"second"}, [one.reminder], NOW) == {key: b"first"}
    assert ledger.read_frozen([key]) == {key: b"first"}


def test_words_from_before_an_edit_are_not_frozen_after_it(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    one = claim(ledger, NOW)[0]
    key = (one.reminder.id, "zh-CN", one.channel_id, 0)
    assert ledger.freeze({key: b"before"}, [one.reminder], NOW) == {key: b"before"}
    edit, same = Document((), "edited"), one.reminder.entry
    ledger.accept(edit, [same], [], NOW, [same.origin])
    assert ledger.freeze({key: b"too late"}, [one.reminder], NOW) == {}
    settle(ledger, [one], NOW, State.RETRY, next_at=NOW)
    again = claim(ledger, NOW)[0]
    assert ledger.freeze({key: b"after"}, [again.reminder], NOW) == {key: b"after"}


def test_a_bundle_keeps_its_payloads_and_how_far_it_came(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=2)
    claims = claim(ledger, NOW)
    ids = [one.delivery_id for one in claims]
    made = ledger.make_bundle(claims[0].channel_id, "k", [b"a", b"\x00b"], ids, NOW)
    ledger.part_done(made.id, 1)
    settle(ledger, claims, NOW, State.RETRY, next_at=NOW)
    again = claim(ledger, NOW)
    assert {one.bundle_id for one in again} == {made.id}
    assert ledger.read_bundles([made.id])[made.id].payloads == (b"a", b"\x00b")
    assert ledger.read_bundles([made.id])[made.id].done == 1


def test_people_can_retry_and_drop(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=3)
    claims = claim(ledger, NOW)
    settle(ledger, claims[:2], NOW, State.DEAD, reason="permanent-recipient")
    settle(ledger, claims[2:], NOW)
    ids = [one.delivery_id for one in claims]
    assert ledger.retry(ids, NOW) == 2
    assert ledger.drop(ids[:1], NOW) == 1
    assert states(ledger) == {State.DEAD: 1, State.RETRY: 1, State.SENT: 1}


def test_a_delivery_is_found_by_id_reference_and_key(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=1)
    claim(ledger, NOW)
    row = ledger.deliveries()[0]
    for words in (str(row.id), row.reference.lower(), row.key[:8]):
        assert [found.id for found in ledger.find(words)] == [row.id]
    assert ledger.find("ZZZZZZ") == []


def test_a_delivery_that_was_never_tried_is_found_by_its_reference_too(ledger: SqlLedger) -> None:
    planned(ledger, NOW, people=3)
    claim(ledger, NOW, Terms(limit=1))
    for row in ledger.deliveries():
        assert [found.id for found in ledger.find(row.reference)] == [row.id]


def test_last_chances_are_brought_forward(ledger: SqlLedger) -> None:
    planned(ledger, NOW, entry(NOW, useful=30 * MINUTE), people=1)
    settle(ledger, claim(ledger, NOW), NOW, State.RETRY, next_at=NOW + 31 * MINUTE)
    assert ledger.bring_forward(NOW + 27 * MINUTE, 2 * MINUTE) == 0
    assert ledger.bring_forward(NOW + 28 * MINUTE, 2 * MINUTE) == 1
    assert len(claim(ledger, NOW + 28 * MINUTE)) == 1


def test_a_failed_transaction_leaves_nothing(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    with pytest.raises(ZeroDivisionError), ledger.transaction() as connection:  # noqa: PT012 - both belong together
        connection.exec_driver_sql("UPDATE delivery SET state = 'dead'")
        _ = 1 / 0
    assert states(ledger) == {State.PLANNED: 3}


def test_counting_by_channel_adds_up(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    assert ledger.counts_by_channel() == {"email": {State.PLANNED: 3}}
    assert ledger.due_by_channel(NOW) == {1: 3}
    assert ledger.next_due_by_channel(NOW) == {1: NOW}


def test_a_broken_conservation_law_is_reported(ledger: SqlLedger) -> None:
    planned(ledger, NOW)
    with ledger.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM delivery WHERE id = 1")
    assert len(ledger.verify()) == 1
