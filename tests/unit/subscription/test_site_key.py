"""The key of an installation: private, kept, and replaceable without a mail that cannot be stopped any more."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from examcal.channels.outbox import OutboxChannel
from examcal.channels.port import Addressee
from examcal.errors import ConfigurationError, StorageError
from examcal.ledger.store import SqlLedger
from examcal.subscription.choice import Choice
from examcal.subscription.desk import Desk
from examcal.subscription.personal import PersonalChannel, unsubscribe_url
from examcal.subscription.site_key import FILE, read_site_key, site_key
from examcal.subscription.tokens import Purpose, SiteKey
from support import schedules
from support.mails import message
from support.subscriptions import BASE, EXAM, START


def test_a_key_is_made_once_and_only_its_owner_reads_it(ledger: SqlLedger, tmp_path: Path) -> None:
    place = tmp_path / "var"
    assert read_site_key(ledger, place, None) is None
    first = site_key(ledger, place, None)
    assert site_key(ledger, place, None) == first == read_site_key(ledger, place, None)
    assert (place / FILE).exists() is not ledger.shared
    if not ledger.shared:
        assert stat.S_IMODE((place / FILE).stat().st_mode) == 0o600
        assert first.octets.hex().encode() not in (place / "examcal.db").read_bytes()


def test_a_damaged_or_short_key_is_refused(ledger: SqlLedger, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        site_key(ledger, tmp_path / "var", "short")
    if not ledger.shared:
        (tmp_path / "var" / FILE).write_text("nonsense")
        with pytest.raises(StorageError):
            site_key(ledger, tmp_path / "var", None)


def test_another_key_keeps_old_and_new_unsubscribe_addresses_working(ledger: SqlLedger, tmp_path: Path) -> None:
    old = site_key(ledger, tmp_path / "var", None)
    desk = Desk(ledger, old, schedules.everything)
    desk.ask("li@example.cn", Choice(EXAM), "192.0.2.1", START)
    letter = desk.take_letter(START)
    assert letter
    desk.confirm(letter.token, "192.0.2.1", START)
    new = site_key(ledger, tmp_path / "var", "k" * 40)
    assert new != old
    with ledger.snapshot() as connection:
        kept = str(connection.exec_driver_sql("SELECT unsubscribe_url FROM recipient").scalars().first())
    after = Desk(ledger, new, schedules.everything)
    for key in (old, new):
        token = unsubscribe_url(BASE, key, kept).rpartition("/")[2]
        assert after.bearer(Purpose.UNSUBSCRIBE, token, START)
    after.ask("li@example.cn", Choice(EXAM), "192.0.2.1", START.replace(hour=20))
    with ledger.snapshot() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM subscriber").scalar_one() == 1


def test_only_subscribers_get_an_address_of_their_own(tmp_path: Path) -> None:
    key = SiteKey(b"k" * 32)
    asked: list[str] = []

    def ask() -> SiteKey:
        asked.append("key")
        return key

    channel = PersonalChannel(OutboxChannel(tmp_path), ask, lambda: BASE)
    frozen = channel.freeze(message())
    plain = channel.compose([frozen], Addressee("a" * 32, "ABCDE", "li@example.cn"))
    assert b"List-Unsubscribe" not in plain[0]
    assert asked == []
    one = Addressee("b" * 32, "ABCDE", "li@example.cn", "examcal:salt")
    mail = channel.compose([frozen], one)[0]
    assert mail == channel.compose([frozen], one)[0]
    assert f"List-Unsubscribe: <{unsubscribe_url(BASE, key, 'examcal:salt')}>\r\n".encode() in mail
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mail
    assert asked == ["key"]
