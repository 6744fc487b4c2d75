"""Bytes that must not change between two attempts: frozen messages, and the payloads of grouped ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from examcal.ledger.rows import Bundle, ReminderRow, as_detail, micros
from examcal.ledger.sets import among, is_postgres
from examcal.ledger.tables import bundle, delivery, frozen

FrozenKey = tuple[int, str, int, int]
"""Reminder id, language, channel id, variant."""


def read_frozen(connection: Connection, keys: Sequence[FrozenKey]) -> dict[FrozenKey, bytes]:
    """Return the frozen messages there are for ``keys``."""
    rows = select(frozen).where(among(connection, frozen.c.reminder_id, {key[0] for key in keys}))
    found = {
        (row["reminder_id"], row["language"], row["channel_id"], row["variant"]): bytes(row["content"])
        for row in connection.execute(rows).mappings()
    }
    return {key: found[key] for key in keys if key in found}


def freeze(
    connection: Connection, contents: Mapping[FrozenKey, bytes], reminders: Iterable[ReminderRow], now: datetime
) -> dict[FrozenKey, bytes]:
    """Store messages that are not frozen yet, and return what is frozen: another process may have been first.

    A message is stored only while its reminder says what it said when the message was written from it.
    """
    details = {row.id: as_detail(row.entry.detail) for row in reminders}
    rows = [
        {
            "reminder_id": key[0],
            "language": key[1],
            "channel_id": key[2],
            "variant": key[3],
            "content": content,
            "frozen_at": micros(now),
            "detail": details[key[0]],
        }
        for key, content in contents.items()
    ]
    if rows:
        connection.execute(_FREEZE_SHARED if is_postgres(connection) else _FREEZE, rows)
    return read_frozen(connection, list(contents))


def make_bundle(
    connection: Connection, channel_id: int, key: str, payloads: Sequence[bytes], ids: Sequence[int], now: datetime
) -> Bundle:
    """Fix the payloads of a grouped message and tie its deliveries to it."""
    texts = json.dumps([base64.b64encode(payload).decode("ascii") for payload in payloads])
    made = insert(bundle).values(channel_id=channel_id, key=key, payloads=texts, made_at=micros(now))
    bundle_id = int(connection.execute(made.returning(bundle.c.id)).scalar_one())
    connection.execute(update(delivery).where(among(connection, delivery.c.id, ids)).values(bundle_id=bundle_id))
    return Bundle(bundle_id, tuple(payloads), 0, key)


def read_bundles(connection: Connection, ids: Sequence[int]) -> dict[int, Bundle]:
    """Return grouped messages by id."""
    rows = connection.execute(select(bundle).where(among(connection, bundle.c.id, ids))).mappings()
    return {
        row["id"]: Bundle(
            row["id"], tuple(base64.b64decode(part) for part in json.loads(row["payloads"])), row["done"], row["key"]
        )
        for row in rows
    }


def part_done(connection: Connection, bundle_id: int, done: int) -> None:
    """Note that the first ``done`` payloads of a grouped message were accepted; they are not sent again."""
    connection.execute(update(bundle).where(bundle.c.id == bundle_id, bundle.c.done < done).values(done=done))


_INSERT = (
    "INSERT INTO frozen (reminder_id, language, channel_id, variant, content, frozen_at)"
    " SELECT id, :language, :channel_id, :variant, :content, :frozen_at FROM reminder"
    " WHERE id = :reminder_id AND detail = :detail{lock} ON CONFLICT DO NOTHING"
)
_FREEZE = text(_INSERT.format(lock=""))
_FREEZE_SHARED = text(_INSERT.format(lock=" FOR SHARE"))
"""The lock lets an edit that is being accepted come first, and its detail be seen."""
