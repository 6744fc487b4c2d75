"""Where the site's key comes from: a setting, a file beside the ledger, or, on PostgreSQL, the shared ledger itself."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from examcal.errors import ConfigurationError, PermissionDeniedError, RefusedError, StorageError, reason_of
from examcal.identity import content_digest
from examcal.ledger.port import Ledger
from examcal.ledger.rows import Source
from examcal.ledger.sets import read_meta, write_meta
from examcal.ledger.tables import recipient, subscriber, subscription_token
from examcal.subscription import consent
from examcal.subscription.subscribers import SALT
from examcal.subscription.tokens import KEY_OCTETS, Purpose, SiteKey, token_hash

FILE = "subscription.key"
FINGERPRINT = "subscription_key_fingerprint"
SHARED = "subscription_key"
SHORTEST = 32  # characters of a key that an operator sets
_HEXADECIMAL = 2 * KEY_OCTETS


def site_key(ledger: Ledger, state_dir: Path, configured: str | None) -> SiteKey:
    """Return the key of this installation; a first one is made. Raises ConfigurationError, StorageError.

    With another key than before, what depends on it is derived anew, so that every mail can still be answered with
    "stop" (``derive_anew``).
    """
    if configured is not None:
        key = _configured(configured)
    elif ledger.shared:
        key = _shared(ledger, state_dir / FILE)
    else:
        key = _kept(state_dir / FILE)
    with ledger.transaction() as connection:
        known = read_meta(connection, FINGERPRINT)
        if known != key.fingerprint:
            if known is not None:
                derive_anew(connection, key)
            write_meta(connection, FINGERPRINT, key.fingerprint)
    return key


def read_site_key(ledger: Ledger, state_dir: Path, configured: str | None) -> SiteKey | None:
    """Return the key without making one; None where there is none yet."""
    if configured is not None:
        return _configured(configured)
    if ledger.shared:
        kept = ledger.note(SHARED)
        return SiteKey(bytes.fromhex(kept)) if kept else None
    return _kept(state_dir / FILE) if (state_dir / FILE).exists() else None


def replace_site_key(ledger: Ledger, state_dir: Path, configured: str | None) -> SiteKey:
    """Return another key than before: a new one, or what the operator has put into the settings meanwhile.

    A new key in a file replaces the old one there; what depends on it is still to be changed, and ``keep_site_key`` to
    be called. Raises RefusedError where the key in the settings is still the old one.
    """
    if configured is None:
        key = SiteKey(secrets.token_bytes(KEY_OCTETS))
        if not ledger.shared:
            with _in_words(state_dir / FILE):
                _write(key, state_dir / FILE).replace(state_dir / FILE)
        return key
    key = _configured(configured)
    if ledger.note(FINGERPRINT) == key.fingerprint:
        raise RefusedError("put another key into PRIVACY__KEY first; `openssl rand -hex 32` makes one")
    return key


def keep_site_key(connection: Connection, key: SiteKey, *, shared: bool) -> None:
    """Note which key is in force; with ``shared`` the ledger keeps the key itself."""
    if shared:
        write_meta(connection, SHARED, key.octets.hex())
    write_meta(connection, FINGERPRINT, key.fingerprint)


def derive_anew(connection: Connection, key: SiteKey) -> None:
    """Let unsubscribe addresses and address digests follow from a new key, wherever the address is still known."""
    rows = select(subscriber.c.id, recipient.c.unsubscribe_url, subscriber.c.asked_at).join(
        recipient, recipient.c.key == subscriber.c.key
    )
    known = set(connection.execute(select(subscription_token.c.hash)).scalars())
    for number, kept, made_at in connection.execute(rows.where(recipient.c.source == Source.SUBSCRIBER.value)).all():
        if not (kept or "").startswith(SALT):
            continue
        digest = token_hash(Purpose.UNSUBSCRIBE, key.unsubscribe_token(kept.removeprefix(SALT)))
        if digest not in known:
            row = {"hash": digest, "subscriber_id": number, "purpose": Purpose.UNSUBSCRIBE.value, "made_at": made_at}
            connection.execute(insert(subscription_token), row)
    recognise(connection, key)


def recognise(connection: Connection, key: SiteKey) -> int:
    """Let addresses be known by a new key, with their record of consent; return how many were erased and cannot be."""
    reachable = select(subscriber.c.id, subscriber.c.address, subscriber.c.address_key).where(
        subscriber.c.address != ""
    )
    for number, address, before in connection.execute(reachable).all():
        after = key.address(address)
        connection.execute(subscriber.update().where(subscriber.c.id == number).values(address_key=after))
        consent.change_address_key(connection, before, after)
    erased = select(func.count()).select_from(subscriber).where(subscriber.c.address == "")
    return int(connection.execute(erased).scalar_one())


def _configured(text: str) -> SiteKey:
    if len(text) < SHORTEST:
        raise ConfigurationError(
            "PRIVACY__KEY needs at least {shortest} characters; `openssl rand -hex 32` makes one", shortest=SHORTEST
        )
    return SiteKey(bytes.fromhex(content_digest("site-key-v1", text)))


def _shared(ledger: Ledger, file: Path) -> SiteKey:
    """Return the key that all machines on one PostgreSQL share; one from an earlier embedded ledger is taken over."""
    with ledger.transaction() as connection:
        kept = read_meta(connection, SHARED)
        if kept is None:
            kept = (_kept(file).octets if file.exists() else secrets.token_bytes(KEY_OCTETS)).hex()
            write_meta(connection, SHARED, kept)
    return SiteKey(bytes.fromhex(kept))


def _kept(file: Path) -> SiteKey:
    with _in_words(file):
        if not file.exists():
            _make(file)
        text = file.read_text(encoding="ascii").strip()
    if len(text) != _HEXADECIMAL or set(text) - set("0123456789abcdef"):
        raise StorageError("{path} is damaged; restore it, or remove it to make a new key", path=file)
    return SiteKey(bytes.fromhex(text))


@contextmanager
def _in_words(file: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise PermissionDeniedError("no permission to read {path}", path=file) from None
    except OSError as error:
        raise StorageError("{path} cannot be used: {reason}", path=file, reason=reason_of(error)) from None


def _make(file: Path) -> None:
    """Write a new key that only we can read; whoever comes second keeps the first one's."""
    staged = _write(SiteKey(secrets.token_bytes(KEY_OCTETS)), file)
    with suppress(FileExistsError):
        os.link(staged, file)
    staged.unlink()


def _write(key: SiteKey, file: Path) -> Path:
    """Write a key that only we can read into a file beside ``file``, and return it."""
    staged = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, f"{key.octets.hex()}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return staged
