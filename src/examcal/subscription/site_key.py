"""Where the site's key comes from: a setting, a file beside the ledger, or, on PostgreSQL, the shared ledger itself."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, insert, select

from examcal.errors import ConfigurationError, PermissionDeniedError, StorageError, reason_of
from examcal.identity import content_digest
from examcal.ledger.port import Ledger
from examcal.ledger.rows import Source
from examcal.ledger.sets import read_meta, write_meta
from examcal.ledger.tables import recipient, subscriber, subscription_token
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
    reachable = select(subscriber.c.id, subscriber.c.address).where(subscriber.c.address != "")
    for number, address in connection.execute(reachable).all():
        connection.execute(
            subscriber.update().where(subscriber.c.id == number).values(address_key=key.address(address))
        )


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
    try:
        if not file.exists():
            _make(file)
        text = file.read_text(encoding="ascii").strip()
    except PermissionError:
        raise PermissionDeniedError("no permission to read {path}", path=file) from None
    except OSError as error:
        raise StorageError("{path} cannot be used: {reason}", path=file, reason=reason_of(error)) from None
    if len(text) != _HEXADECIMAL or set(text) - set("0123456789abcdef"):
        raise StorageError("{path} is damaged; restore it, or remove it to make a new key", path=file)
    return SiteKey(bytes.fromhex(text))


def _make(file: Path) -> None:
    """Write a new key that only we can read; whoever comes second keeps the first one's."""
    staged = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, f"{secrets.token_hex(KEY_OCTETS)}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    with suppress(FileExistsError):
        os.link(staged, file)
    staged.unlink()
