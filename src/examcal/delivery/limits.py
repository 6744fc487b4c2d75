"""How fast each kind of channel may send, and when it leaves. Pure.

Sources: WeCom robots take 20 messages a minute (developer.work.weixin.qq.com, document 99110); an application that
sends one member more than 30 a minute loses the excess without an error (document 90236), which also asks callers to
keep away from minutes 0 and 30.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from examcal.channels.names import ChannelKind, ChannelName
from examcal.errors import ConfigurationError
from examcal.ledger.rows import Rate

MINUTE = timedelta(minutes=1)
CROWDED_MINUTES = frozenset({0, 30})
MOST_EARLY_SECONDS = 30
ROBOT = Rate(timedelta(seconds=60 / 18), burst=2)
MEMBER = Rate(timedelta(seconds=60 / 17), burst=3)
DEFAULT_CONCURRENCY = 4


@dataclass(frozen=True, slots=True)
class Pace:
    """How a channel is used: sends in flight per process, its rates, and whether it keeps away from full hours.

    ``recognises_copies`` is true where a message that is sent again is not seen twice, so that several may be
    unanswered at a time: WeCom applications check for duplicates, and the outbox writes the same file.
    """

    concurrency: int = DEFAULT_CONCURRENCY
    rate: Rate | None = None
    member_rate: Rate | None = None
    avoids_full_hours: bool = False
    is_mail: bool = False
    recognises_copies: bool = False


def per_minute(number: int) -> Rate:
    """Return the rate of at most ``number`` in any sliding minute, with a burst of a third of them."""
    burst = max(1, number // 3)
    steady = max(1, number - burst) if number > 1 else 1
    return Rate(timedelta(seconds=60 / steady) * 1.02, burst)


def paces(names: Mapping[str, object], *, smtp_per_minute: int | None, smtp_connections: int) -> dict[str, Pace]:
    """Return the pace of every channel by its name."""
    return {name: _pace(name, smtp_per_minute, smtp_connections) for name in names}


def leave_at(due: datetime, channel: str, pace: Pace) -> datetime:
    """Return when a message due at ``due`` leaves: then, or up to 90 seconds earlier where a full hour is crowded.

    Everything due to one channel in one minute leaves together.
    """
    if not pace.avoids_full_hours or due.minute not in CROWDED_MINUTES:
        return due
    minute = due.replace(second=0, microsecond=0)
    digest = hashlib.blake2b(f"{channel}/{minute.astimezone(UTC):%Y%m%d%H%M}".encode(), digest_size=4).digest()
    return minute - timedelta(seconds=1 + int.from_bytes(digest, "big") % MOST_EARLY_SECONDS)


def end_of_minute(moment: datetime) -> datetime:
    """Return the start of the next minute."""
    return moment.replace(second=0, microsecond=0) + MINUTE


def _pace(name: str, smtp_per_minute: int | None, smtp_connections: int) -> Pace:
    try:
        kind = ChannelName.parse(name).kind
    except ConfigurationError:
        return Pace()
    match kind:
        case ChannelKind.EMAIL:
            return Pace(smtp_connections, per_minute(smtp_per_minute) if smtp_per_minute else None, is_mail=True)
        case ChannelKind.WECOM_ROBOT:
            return Pace(1, ROBOT, avoids_full_hours=True)
        case ChannelKind.WECOM_APP:
            return Pace(member_rate=MEMBER, avoids_full_hours=True, recognises_copies=True)
        case ChannelKind.OUTBOX:
            return Pace(recognises_copies=True)
        case ChannelKind.APPRISE:
            return Pace()
