"""What follows from the end of an attempt: the next state and instant of a delivery, the health of its channel. Pure.

The rows of delays are those of ``docs/explanation/delivery-guarantee.md``; ``useful_until`` is the only limit in time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from examcal.channels.port import Outcome
from examcal.ledger.rows import ChannelRow, Reason, State

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LAST_CHANCE = 2 * MINUTE
"""How long before the end of its usefulness a delivery gets one more attempt, whatever its back-off says."""
MOST_ATTEMPTS = 50
BREAKS_AFTER = 5

MAIL = (1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 30 * MINUTE)
GREYLISTED = 5 * MINUTE
MAIL_AMBIGUOUS = (13 * MINUTE, 25 * MINUTE, 30 * MINUTE)
WECOM = (5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND, 80 * SECOND, 160 * SECOND, 5 * MINUTE, 8 * MINUTE)
WECOM_BUSY = (2 * SECOND, 10 * SECOND, 60 * SECOND, 8 * MINUTE)
WECOM_AMBIGUOUS = (30 * SECOND, 2 * MINUTE, 8 * MINUTE)
THROTTLED = (75 * SECOND, 3 * MINUTE, 6 * MINUTE, 12 * MINUTE, 25 * MINUTE, 50 * MINUTE)
LONGEST_TRANSIENT = 36 * MINUTE
LONGEST_THROTTLE = timedelta(days=1)
SPREAD = 0.2
"""Delays vary by a fifth either way, so that what failed together does not come back together."""

PAUSE_AUTH = (15 * MINUTE, 60 * MINUTE)
PAUSE_THROTTLED = 62 * SECOND
WHOLE_CHANNEL = frozenset({"45009", "45033"})
"""WeCom's answers that concern everything sent through a robot or application; the block lasts a minute."""
PAUSE_BROKEN = (60 * SECOND, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 15 * MINUTE)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended. ``attempts`` counts this one; ``share`` in [0, 1) places the delay within its spread."""

    outcome: Outcome
    attempts: int
    now: datetime
    useful_until: datetime
    is_mail: bool = True
    code: str = ""
    retry_after: float | None = None
    share: float = 0.5
    holds_ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the delivery."""

    state: State
    next_at: datetime | None = None
    reason: str = ""
    counted: bool = True
    ambiguous: bool = False


def share_of(delivery_id: int, attempts: int) -> float:
    """Return a fraction that looks random and is the same for the same attempt."""
    digest = hashlib.blake2b(f"{delivery_id}/{attempts}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / (1 << 32)


def judge(ending: Ending) -> Verdict:
    """Return what follows from an attempt's end."""
    match ending.outcome:
        case Outcome.ACCEPTED:
            return Verdict(State.SENT)
        case Outcome.PERMANENT_RECIPIENT | Outcome.PERMANENT_CONTENT:
            return Verdict(State.DEAD, reason=ending.outcome.value)
        case Outcome.AUTH:
            return _again(ending, _varied(PAUSE_AUTH[0], ending.share), counted=False)
        case Outcome.AMBIGUOUS if ending.holds_ambiguous:
            return Verdict(State.HELD, reason=Reason.AMBIGUOUS.value, ambiguous=True)
        case Outcome.TRANSIENT | Outcome.THROTTLED | Outcome.AMBIGUOUS:
            return _again(ending, _delay(ending), counted=True)


def _again(ending: Ending, delay: timedelta, *, counted: bool) -> Verdict:
    ambiguous = ending.outcome is Outcome.AMBIGUOUS
    if counted and ending.attempts >= MOST_ATTEMPTS:
        return Verdict(State.DEAD, reason=Reason.ATTEMPTS.value, ambiguous=ambiguous)
    at = ending.now + delay
    if at >= ending.useful_until - LAST_CHANCE:
        at = max(ending.useful_until - LAST_CHANCE, ending.now + min(delay, MINUTE))
    return Verdict(State.RETRY, at, counted=counted, ambiguous=ambiguous)


def _delay(ending: Ending) -> timedelta:
    asked = timedelta(seconds=ending.retry_after or 0)
    if ending.outcome is Outcome.THROTTLED:
        longer = _step(THROTTLED, ending.attempts)
        return min(max(asked, longer * (1 + SPREAD * (ending.share - 0.5))), LONGEST_THROTTLE)
    if ending.outcome is Outcome.AMBIGUOUS:
        return _varied(_step(MAIL_AMBIGUOUS if ending.is_mail else WECOM_AMBIGUOUS, ending.attempts), ending.share)
    if ending.is_mail:
        least = GREYLISTED if ending.code.startswith("45") else timedelta()
        return min(max(asked, least, _varied(_step(MAIL, ending.attempts), ending.share)), LONGEST_TRANSIENT)
    row = WECOM_BUSY if ending.code == "-1" else WECOM
    return min(max(asked, _varied(_step(row, ending.attempts), ending.share)), LONGEST_TRANSIENT)


def _step(row: tuple[timedelta, ...], attempts: int) -> timedelta:
    return row[min(max(attempts, 1), len(row)) - 1]


def _varied(delay: timedelta, share: float) -> timedelta:
    return delay * (1 + SPREAD * (2 * share - 1))


def health_after(row: ChannelRow, outcome: Outcome, now: datetime, code: str = "") -> ChannelRow:
    """Return a channel's health after an outcome: refused credentials pause it, failures in a row open its breaker."""
    if outcome is Outcome.AUTH:
        pause = _step(PAUSE_AUTH, row.logins + 1)
        return replace(row, logins=row.logins + 1, open_at=now + pause, reason=code or Outcome.AUTH.value)
    if outcome is Outcome.THROTTLED and code in WHOLE_CHANNEL:
        return replace(row, open_at=now + PAUSE_THROTTLED, reason=code)
    if outcome is Outcome.TRANSIENT and not code.startswith(("45", "5")):
        failures = row.failures + 1
        if failures < BREAKS_AFTER:
            return replace(row, failures=failures)
        pause = _step(PAUSE_BROKEN, failures - BREAKS_AFTER + 1)
        return replace(row, failures=failures, open_at=now + pause, reason=code or Outcome.TRANSIENT.value)
    if outcome in {Outcome.TRANSIENT, Outcome.THROTTLED}:
        return row
    return replace(row, failures=0, logins=0, open_at=None, reason="")
