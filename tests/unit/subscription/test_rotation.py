"""After a leak the key is replaced: what was made with the old one ends, and everybody stays subscribed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from examcal.errors import RefusedError
from examcal.ledger.store import SqlLedger
from examcal.subscription import records
from examcal.subscription.choice import Choice
from examcal.subscription.desk import Desk
from examcal.subscription.letters import Kind
from examcal.subscription.personal import unsubscribe_url
from examcal.subscription.rotation import Rotated, rotate
from examcal.subscription.site_key import FILE, read_site_key, site_key
from examcal.subscription.subscribers import Status
from examcal.subscription.tokens import Purpose, SiteKey
from support import schedules
from support.subscriptions import BASE, EXAM, START

LI, WANG, LEFT = "li@example.cn", "wang@example.cn", "zhao@example.cn"


def subscribe(desk: Desk, address: str) -> dict[Purpose, str]:
    """Let somebody subscribe; return the tokens of the mail and of the page."""
    desk.ask(address, Choice(EXAM), "192.0.2.1", START)
    letter = desk.take_letter(START)
    assert letter
    desk.finish_letter(letter)
    welcome = desk.confirm(letter.token, "192.0.2.1", START)
    assert welcome
    assert welcome.manage
    assert welcome.feed
    return {Purpose.MANAGE: welcome.manage, Purpose.FEED: welcome.feed}


def unsubscribe_tokens(ledger: SqlLedger, key: SiteKey) -> list[str]:
    """Return what mails that leave now would carry."""
    with ledger.snapshot() as connection:
        kept = connection.exec_driver_sql("SELECT unsubscribe_url FROM recipient WHERE active ORDER BY id").scalars()
        return [unsubscribe_url(BASE, key, one).rpartition("/")[2] for one in kept]


def holds(desk: Desk, purpose: Purpose, token: str) -> bool:
    return desk.bearer(purpose, token, START) is not None


def test_old_unsubscribe_addresses_end_and_everything_else_goes_on(
    ledger: SqlLedger, desk: Desk, key: SiteKey, tmp_path: Path
) -> None:
    links = subscribe(desk, LI)
    left = subscribe(desk, LEFT)
    assert desk.stop(Purpose.MANAGE, left[Purpose.MANAGE], "192.0.2.1", START)
    (old,) = unsubscribe_tokens(ledger, key)
    assert holds(desk, Purpose.UNSUBSCRIBE, old)
    assert rotate(ledger, tmp_path / "var", None, START) == Rotated(renewed=1, unknown=1)
    new = site_key(ledger, tmp_path / "var", None)
    assert new != key
    assert (tmp_path / "var" / FILE).exists() is not ledger.shared
    after = Desk(ledger, new, schedules.everything)
    (fresh,) = unsubscribe_tokens(ledger, new)
    assert holds(after, Purpose.UNSUBSCRIBE, fresh)
    assert not holds(after, Purpose.UNSUBSCRIBE, old)
    assert not any(holds(after, Purpose.UNSUBSCRIBE, token) for token in unsubscribe_tokens(ledger, key))
    assert all(holds(after, purpose, token) for purpose, token in links.items())
    assert not after.has_letters(START)
    assert [entry["action"] for entry in records.consent_of(ledger, new, LI)] == ["asked", "confirmed"]
    after.ask(LI, Choice(EXAM), "192.0.2.1", START + timedelta(hours=1))
    assert [one.status for one in records.subscriptions(ledger, new, LI)] == [Status.ACTIVE]


def test_all_links_end_and_a_letter_brings_new_ones(
    ledger: SqlLedger, desk: Desk, key: SiteKey, tmp_path: Path
) -> None:
    links = subscribe(desk, LI)
    desk.ask(WANG, Choice(EXAM), "192.0.2.1", START)
    pending = desk.take_letter(START)
    assert pending
    desk.finish_letter(pending)
    rotate(ledger, tmp_path / "var", None, START, everything=True)
    assert read_site_key(ledger, tmp_path / "var", None) != key
    after = Desk(ledger, site_key(ledger, tmp_path / "var", None), schedules.everything)
    assert not any(holds(after, purpose, token) for purpose, token in links.items())
    assert not holds(after, Purpose.CONFIRM, pending.token)
    letters = {}
    while letter := after.take_letter(START):
        after.finish_letter(letter)
        letters[letter.subscriber.address] = letter
    assert {address: letter.kind for address, letter in letters.items()} == {LI: Kind.MANAGE, WANG: Kind.CONFIRM}
    assert holds(after, Purpose.MANAGE, letters[LI].token)
    assert after.confirm(letters[WANG].token, "192.0.2.1", START)


def test_a_key_of_the_settings_is_replaced_there_first(ledger: SqlLedger, tmp_path: Path) -> None:
    configured = site_key(ledger, tmp_path / "var", "a" * 40)
    subscribe(Desk(ledger, configured, schedules.everything), LI)
    (old,) = unsubscribe_tokens(ledger, configured)
    with pytest.raises(RefusedError):
        rotate(ledger, tmp_path / "var", "a" * 40, START)
    assert rotate(ledger, tmp_path / "var", "b" * 40, START).renewed == 1
    new = site_key(ledger, tmp_path / "var", "b" * 40)
    after = Desk(ledger, new, schedules.everything)
    assert not holds(after, Purpose.UNSUBSCRIBE, old)
    assert holds(after, Purpose.UNSUBSCRIBE, unsubscribe_tokens(ledger, new)[0])
    assert not (tmp_path / "var" / FILE).exists()
