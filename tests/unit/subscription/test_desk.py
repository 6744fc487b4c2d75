"""What subscribers do reaches the ledger: at once, once, and nothing of it after they left. On both engines."""

from __future__ import annotations

from datetime import datetime, timedelta

from examcal.channels.port import Addressee, Outcome
from examcal.ledger.claims import Terms
from examcal.ledger.rows import Selection, Settlement, State
from examcal.ledger.store import SqlLedger
from examcal.subscription import records, subscribers
from examcal.subscription.choice import Choice
from examcal.subscription.desk import Desk
from examcal.subscription.letters import Kind
from examcal.subscription.personal import unsubscribe_url
from examcal.subscription.subscribers import SALT
from examcal.subscription.tokens import Purpose, SiteKey, is_token
from support import ledgers, schedules
from support.subscriptions import BASE, EXAM, START

PEER = "192.0.2.1"
HOUR = timedelta(hours=1)
ONE = Choice(EXAM)
REGISTRATION = f"{EXAM}/registration"


def join(desk: Desk, address: str = "li@example.cn", choice: Choice = ONE, now: datetime = START) -> tuple[str, str]:
    """Let somebody subscribe and confirm; return the tokens of the own page and the feed."""
    desk.ask(address, choice, PEER, now)
    letter = desk.take_letter(now)
    assert letter
    welcome = desk.confirm(letter.token, PEER, now)
    assert welcome
    assert welcome.manage
    assert welcome.feed
    return welcome.manage, welcome.feed


def stop_token(ledger: SqlLedger, key: SiteKey) -> str:
    with ledger.snapshot() as connection:
        kept = connection.exec_driver_sql("SELECT unsubscribe_url FROM recipient WHERE source = 'subscriber'").scalars()
        return unsubscribe_url(BASE, key, str(kept.first())).rpartition("/")[2]


def count(ledger: SqlLedger, query: str) -> int:
    with ledger.snapshot() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {query}").scalar_one())


def test_a_confirmed_subscriber_is_a_recipient_with_its_choice_and_address(ledger: SqlLedger, desk: Desk) -> None:
    join(desk, choice=Choice(EXAM, "shunyi", (), ("exam",), "en"))
    with ledger.snapshot() as connection:
        row = connection.exec_driver_sql("SELECT * FROM recipient WHERE source = 'subscriber'").mappings().one()
    assert (row["address"], row["language"], bool(row["active"])) == ("li@example.cn", "en", True)
    assert row["unsubscribe_url"].startswith(SALT)
    assert Selection((EXAM,), ("shunyi",), (), ("exam",)) in ledger.selections().values()


def test_who_joins_late_gets_no_stale_reminders(ledger: SqlLedger, desk: Desk) -> None:
    week, long = 8 * 24 * HOUR, 9 * 24 * HOUR
    old = ledgers.entry(START - week, origin=REGISTRATION, useful=long)
    coming = ledgers.entry(START + HOUR, origin=REGISTRATION, rule="closes -1h")
    ledgers.accept(ledger, [old, coming], START - long)
    join(desk)
    ledgers.fan_out(ledger, START)
    sent = ledgers.claim(ledger, START + 2 * HOUR)
    assert [claim.reminder.entry.rule for claim in sent] == ["closes -1h"]


def test_leaving_in_the_middle_of_a_batch_ends_it_before_the_next_claim(
    ledger: SqlLedger, desk: Desk, key: SiteKey
) -> None:
    join(desk)
    ledgers.planned(ledger, START, ledgers.entry(START + HOUR, origin=REGISTRATION), people=1000)
    now = START + HOUR
    first = ledgers.claim(ledger, now, Terms(limit=3))
    assert all("subscriber:" not in claim.recipient_key for claim in first[1:])
    if any(claim.recipient_key.startswith("subscriber:") for claim in first):
        ledgers.settle(ledger, first, now, State.RETRY, next_at=now)
    assert desk.stop(Purpose.UNSUBSCRIBE, stop_token(ledger, key), PEER, now)
    while claimed := ledgers.claim(ledger, now, Terms(limit=400)):
        assert not [claim for claim in claimed if claim.recipient_key.startswith("subscriber:")]
        ledgers.settle(ledger, claimed, now)
    assert ledger.counts().is_conserved
    assert ledger.verify() == []


def test_what_is_no_longer_wanted_is_suppressed_and_comes_back_when_wanted_again(ledger: SqlLedger, desk: Desk) -> None:
    manage, _ = join(desk)
    ledgers.accept(ledger, [ledgers.entry(START + HOUR, origin=REGISTRATION)], START)
    ledgers.fan_out(ledger, START)
    assert ledgers.states(ledger) == {State.PLANNED: 1}
    assert desk.change(manage, Choice(EXAM, kinds=("score",)), PEER, START)
    assert ledgers.states(ledger) == {State.SUPPRESSED: 1}
    assert desk.change(manage, Choice(EXAM), PEER, START)
    assert ledgers.states(ledger) == {State.PLANNED: 1}
    assert count(ledger, "subscription_consent WHERE action = 'changed'") == 2


def test_coming_back_after_leaving_is_the_same_recipient_again(ledger: SqlLedger, desk: Desk, key: SiteKey) -> None:
    join(desk)
    before = stop_token(ledger, key)
    desk.stop(Purpose.UNSUBSCRIBE, before, PEER, START)
    join(desk, now=START + HOUR)
    assert count(ledger, "recipient WHERE source = 'subscriber'") == 1
    after = stop_token(ledger, key)
    assert after != before
    assert desk.stop(Purpose.UNSUBSCRIBE, before, PEER, START + HOUR)  # from an old mail, which still counts
    assert not desk.feed(after, START)


def test_one_address_may_follow_several_exams_and_stop_one(ledger: SqlLedger, desk: Desk) -> None:
    first, _ = join(desk)
    join(desk, choice=Choice(""), now=START + HOUR)
    assert count(ledger, "recipient WHERE source = 'subscriber' AND active") == 2
    desk.stop(Purpose.MANAGE, first, PEER, START)
    assert count(ledger, "recipient WHERE source = 'subscriber' AND active") == 1


def test_a_pending_request_that_expires_leaves_an_earlier_leaving_in_place(
    ledger: SqlLedger, desk: Desk, key: SiteKey
) -> None:
    join(desk)
    desk.stop(Purpose.UNSUBSCRIBE, stop_token(ledger, key), PEER, START)
    desk.ask("li@example.cn", Choice(EXAM), PEER, START + HOUR)
    assert desk.prune(START + 50 * HOUR) == 1
    assert count(ledger, "subscriber WHERE state = 'left' AND address = ''") == 1


def test_an_address_that_is_refused_for_good_is_erased_and_may_ask_again(ledger: SqlLedger, desk: Desk) -> None:
    join(desk)
    ledgers.accept(ledger, [ledgers.entry(START + HOUR, origin=REGISTRATION)], START)
    ledgers.fan_out(ledger, START)
    (claim,) = ledgers.claim(ledger, START + HOUR)
    end = Settlement(claim.delivery_id, State.DEAD, Outcome.PERMANENT_RECIPIENT)
    ledger.settle([end], token=claim.token, now=START + HOUR)
    desk.prune(START + 2 * HOUR)
    assert count(ledger, "subscriber WHERE state = 'left' AND address = ''") == 1
    assert count(ledger, "subscription_consent WHERE action = 'bounced'") == 1
    join(desk, now=START + 3 * HOUR)
    assert count(ledger, "recipient WHERE active AND address = 'li@example.cn'") == 1


def test_a_letter_is_taken_by_one_process_only_and_again_after_its_claim(desk: Desk) -> None:
    desk.ask("li@example.cn", Choice(EXAM), PEER, START)
    first = desk.take_letter(START)
    assert first
    assert first.kind is Kind.CONFIRM
    assert is_token(first.token)
    assert desk.take_letter(START) is None
    again = desk.take_letter(START + timedelta(minutes=16))
    assert again
    assert again.token != first.token
    assert desk.confirm(first.token, PEER, START + HOUR)  # both mails may have arrived


def test_an_import_brings_its_proof_and_nobody_who_left(ledger: SqlLedger, desk: Desk, key: SiteKey) -> None:
    join(desk, "left@example.cn")
    desk.stop(Purpose.UNSUBSCRIBE, stop_token(ledger, key), PEER, START)
    listed = (
        "address,exam,site,kind,lang,proof\r\n"
        f'new@example.cn,{EXAM},shunyi,"exam,score",en,paper form 12\r\n'
        f"left@example.cn,{EXAM},,,,\r\n"
        f"'=cmd@example.cn,{EXAM},,,,\r\n"
        "no address,,,,,\r\n"
        f"other@example.cn,{EXAM},never,,,\r\n"
        f"New@Example.cn,{EXAM},,,,\r\n"
    )
    done = records.take_over(ledger, key, schedules.everything(), "\ufeff" + listed, "list of 2026-01-02", START)
    assert (done.added, done.known, done.left, [line for line, _ in done.refused]) == (2, 1, 1, [5, 6])
    history = records.consent_of(ledger, key, "new@example.cn")
    assert [(entry["action"], entry["proof"]) for entry in history] == [("imported", "paper form 12")]
    assert count(ledger, "recipient WHERE address = 'new@example.cn' AND active") == 1
    exported = records.write_csv(map(records.as_record, records.subscriptions(ledger, key)), records.COLUMNS[:6])
    assert f'\r\nnew@example.cn,{EXAM},shunyi,,"exam,score",en\r\n' in exported
    assert "\r\n'=cmd@example.cn" in exported


def test_removing_forgets_everything_and_blocking_keeps_only_a_digest(
    ledger: SqlLedger, desk: Desk, key: SiteKey
) -> None:
    join(desk, "one@example.cn")
    join(desk, "two@example.cn")
    assert records.remove(ledger, key, "One@example.cn", START) == 1
    assert records.remove(ledger, key, "two@example.cn", START, block=True) == 1
    assert records.remove(ledger, key, "three@example.cn", START, block=True) == 0
    assert count(ledger, "subscriber WHERE address <> ''") == 0
    assert count(ledger, "subscriber WHERE state = 'blocked'") == 2
    assert count(ledger, "recipient WHERE active AND source = 'subscriber'") == 0
    desk.ask("three@example.cn", Choice(EXAM), PEER, START + 20 * HOUR)
    desk.ask("two@example.cn", Choice(EXAM), PEER, START + 20 * HOUR)
    assert desk.take_letter(START + 20 * HOUR) is None
    desk.ask("one@example.cn", Choice(EXAM), PEER, START + 20 * HOUR)
    assert desk.take_letter(START + 20 * HOUR)


def test_an_exam_that_is_over_can_be_cleared(ledger: SqlLedger, desk: Desk) -> None:
    join(desk)
    join(desk, choice=Choice(""), now=START + HOUR)
    assert records.remove_exam(ledger, EXAM, START) == 1
    assert count(ledger, "subscriber") == 1


def test_retries_of_a_mail_carry_the_same_unsubscribe_address(ledger: SqlLedger, desk: Desk, key: SiteKey) -> None:
    join(desk)
    with ledger.snapshot() as connection:
        kept = str(connection.exec_driver_sql("SELECT unsubscribe_url FROM recipient").scalars().first())
    addressee = Addressee("a" * 32, "ABCDE", "li@example.cn", kept)
    assert unsubscribe_url(BASE, key, addressee.unsubscribe_url or "") == unsubscribe_url(BASE, key, kept)
    with ledger.snapshot() as connection:
        found = subscribers.bearer(connection, Purpose.UNSUBSCRIBE, stop_token(ledger, key), START)
    assert found
    assert found.subscriber.address == "li@example.cn"
