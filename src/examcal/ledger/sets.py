"""Set-based SQL that the two engines spell differently: a list of numbers, a table of rows, and the time.

A statement per row would cost three times as much as the work itself, so many rows travel as one JSON parameter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, bindparam, cast, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from examcal.ledger.tables import meta


def is_postgres(connection: Connection) -> bool:
    """Return whether this connection speaks to PostgreSQL."""
    return connection.dialect.name == "postgresql"


def among(connection: Connection, column: ColumnElement[int], ids: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``ids``, with one parameter however many they are."""
    numbers = list(ids)
    if is_postgres(connection):
        return column == func.any(cast(literal(numbers, ARRAY(BigInteger)), ARRAY(BigInteger)))
    rows = func.json_each(json.dumps(numbers)).table_valued("value")
    return column.in_(select(rows.c.value))


def insert_ignoring(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT whose rows that exist already are left as they are, and that counts the new ones."""
    made = postgresql.insert(table) if is_postgres(connection) else sqlite.insert(table)
    return made.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def settle_rows(connection: Connection, rows: Sequence[Mapping[str, object]], *, token: str, now: int) -> list[int]:
    """Write the ends of attempts where ``token`` still holds; return the ids written. Rows not returned are fenced."""
    source = _SETTLE_POSTGRES if is_postgres(connection) else _SETTLE_SQLITE
    statement = text(source).bindparams(bindparam("rows"), bindparam("token"), bindparam("now"))
    found = connection.execute(statement, {"rows": json.dumps(list(rows)), "token": token, "now": now})
    return [row[0] for row in found]


def count_up(connection: Connection, key: str, amount: int) -> int:
    """Add to a number kept in ``meta`` and return the sum."""
    found = connection.execute(_COUNT_UP, {"key": key, "amount": amount})
    return int(found.scalar_one())


def read_meta(connection: Connection, key: str) -> str | None:
    """Return a value of ``meta``, or None."""
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()


def write_meta(connection: Connection, key: str, value: str) -> None:
    """Set a value of ``meta``."""
    connection.execute(_WRITE_META, {"key": key, "value": value})


def database_now(connection: Connection, now: int) -> int:
    """Return the time that leases are measured with: the database's own on PostgreSQL, else ``now`` (microseconds)."""
    if is_postgres(connection):
        return int(connection.execute(_CLOCK).scalar_one())
    return now


_COUNT_UP = text(
    "INSERT INTO meta (key, value) VALUES (:key, CAST(CAST(:amount AS BIGINT) AS TEXT)) ON CONFLICT (key) DO UPDATE SET"
    " value = CAST(CAST(meta.value AS BIGINT) + CAST(:amount AS BIGINT) AS TEXT) RETURNING value"
)
_WRITE_META = text(
    "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_CLOCK = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")

_SETTLE = """
UPDATE delivery SET
  state = j.state, next_at = coalesce(j.next_at, delivery.next_at), reason = j.reason, code = j.code,
  provider_id = coalesce(j.provider_id, delivery.provider_id), ambiguous = delivery.ambiguous + j.ambiguous,
  attempts = delivery.attempts - 1 + j.counted, unfinished = 0, token = NULL, owner = NULL, lease_until = NULL,
  ended_at = CASE WHEN j.ended = 1 THEN :now END
FROM {source}
WHERE delivery.id = j.id AND delivery.state = 'sending' AND delivery.token = :token
RETURNING delivery.id
"""
_SETTLE_SQLITE = _SETTLE.format(
    source="""(
  SELECT value ->> 'id' AS id, value ->> 'state' AS state, value ->> 'next_at' AS next_at, value ->> 'reason' AS reason,
    value ->> 'code' AS code, value ->> 'provider_id' AS provider_id, value ->> 'ambiguous' AS ambiguous,
    value ->> 'counted' AS counted, value ->> 'ended' AS ended
  FROM json_each(:rows)) AS j"""
)
_SETTLE_POSTGRES = _SETTLE.replace(":now", "CAST(:now AS BIGINT)").format(
    source="""jsonb_to_recordset(CAST(:rows AS jsonb)) AS j(id bigint, state text, next_at bigint, reason text,
  code text, provider_id text, ambiguous integer, counted integer, ended integer)"""
)
