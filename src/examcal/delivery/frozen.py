"""The bytes of a message: rendered and frozen once per (reminder, language, channel, lateness), then read back.

Blocks; called where the ledger is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from examcal.channels.port import Addressee, Channel, Message
from examcal.delivery.fan_out import Reach
from examcal.delivery.port import Renderer
from examcal.errors import ExamcalError
from examcal.identity import delivery_key, short_reference
from examcal.ledger.bytes_kept import FrozenKey
from examcal.ledger.port import Ledger
from examcal.ledger.restating import RESTATED
from examcal.ledger.rows import Claim
from examcal.plan.reminder import Purpose
from examcal.schedule.rules import parse_rule


class NothingToSayError(ExamcalError):
    """The accepted schedule no longer has what a claimed reminder speaks of."""


def frozen_key(claim: Claim) -> FrozenKey:
    """Return which frozen message a claim is sent from."""
    return (claim.reminder.id, claim.language, claim.channel_id, claim.variant)


def addressee_of(claim: Claim) -> Addressee:
    """Return whom a claim is addressed to."""
    key = key_of(claim)
    return Addressee(key, short_reference(key), claim.address, claim.unsubscribe_url, claim.mentions)


def key_of(claim: Claim) -> str:
    """Return the delivery key of a claim."""
    return _key(claim.reminder.entry.key, claim.recipient_key, claim.channel)


_key = lru_cache(maxsize=4096)(delivery_key)  # asked for when a message is addressed, and when its outcome is recorded


def _since(claim: Claim) -> object:
    """Return since which version the reminder says what it says."""
    return claim.reminder.entry.detail.get(RESTATED)


class Freezer:
    """Renders what is not frozen yet, and keeps the last few frozen messages at hand."""

    KEPT = 64

    def __init__(self, ledger: Ledger, channels: Mapping[str, Channel], renderer: Renderer, reach: Reach) -> None:
        self._ledger = ledger
        self._channels = channels
        self._renderer = renderer
        self._reach = reach
        self._kept: dict[tuple[FrozenKey, object], bytes] = {}

    def frozen(
        self, claims: Iterable[Claim], now: datetime
    ) -> tuple[dict[FrozenKey, bytes], dict[FrozenKey, Exception]]:
        """Return the frozen bytes for ``claims``, and for those that cannot be rendered the reason."""
        wanted = {frozen_key(claim): claim for claim in claims}
        found = {
            key: self._kept[key, _since(claim)] for key, claim in wanted.items() if (key, _since(claim)) in self._kept
        }
        missing = [key for key in wanted if key not in found]
        if not missing:
            return found, {}
        stored = self._ledger.read_frozen(missing)
        new, failed = self._render({key: wanted[key] for key in missing if key not in stored}, now)
        if new:
            stored |= self._ledger.freeze(new, [wanted[key].reminder for key in new], now)
        self._keep({(key, _since(wanted[key])): content for key, content in stored.items()})
        return found | new | stored, failed

    def _render(
        self, wanted: Mapping[FrozenKey, Claim], now: datetime
    ) -> tuple[dict[FrozenKey, bytes], dict[FrozenKey, Exception]]:
        done: dict[FrozenKey, bytes] = {}
        failed: dict[FrozenKey, Exception] = {}
        for key, claim in wanted.items():
            try:
                done[key] = self._channels[claim.channel].freeze(self._message(claim, now))
            except Exception as error:  # noqa: BLE001 - a template may raise anything; only its own rows may suffer
                failed[key] = error
        return done, failed

    def _message(self, claim: Claim, now: datetime) -> Message:
        row, subject = claim.reminder, self._reach.subject(claim.reminder)
        if subject is None:
            raise NothingToSayError("the schedule no longer has {occurrence}", occurrence=row.entry.occurrence)
        occurrence, exam, schedule = subject
        if row.entry.purpose == Purpose.CHANGE:
            change = self._reach.change(row)
            if change is None:
                raise NothingToSayError("the schedule no longer has {occurrence}", occurrence=row.entry.occurrence)
            return self._renderer.change(change, exam, schedule, language=claim.language, now=now)
        return self._renderer.reminder(
            occurrence,
            exam,
            schedule,
            parse_rule(row.entry.rule),
            language=claim.language,
            now=now,
            late=claim.variant > 0,
            due_at=row.entry.due_at,
        )

    def _keep(self, found: Mapping[tuple[FrozenKey, object], bytes]) -> None:
        self._kept |= found
        while len(self._kept) > self.KEPT:
            del self._kept[next(iter(self._kept))]
