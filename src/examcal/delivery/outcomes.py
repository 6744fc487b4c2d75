"""Hand one payload over and say what came of it; turn that into the ledger's words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from examcal.channels.port import Addressee, Channel, ChannelError, Leaving, Outcome, Receipt
from examcal.delivery.limits import Pace
from examcal.delivery.retry import Ending, judge, share_of
from examcal.ledger.rows import Claim, Reason, Settlement, State

DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an attempt, by a channel's own words."""

    outcome: Outcome
    code: str = ""
    detail: str = ""
    provider_id: str | None = None
    retry_after: float | None = None


async def hand_over(channel: Channel, payload: bytes, addressee: Addressee, leaving: Leaving) -> Sent:
    """Send one payload. A channel that breaks its contract counts as ambiguous: something may have left."""
    try:
        receipt: Receipt = await channel.send(payload, addressee, leaving)
    except ChannelError as error:
        return of_error(error)
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours must not look like a lost delivery
        return Sent(Outcome.AMBIGUOUS, "fault", type(error).__name__)
    return Sent(Outcome.ACCEPTED, detail=receipt.detail, provider_id=receipt.provider_id)


def of_error(error: ChannelError) -> Sent:
    """Return a channel's refusal as an outcome."""
    return Sent(error.outcome, error.code, error.detail, retry_after=error.retry_after)


def settlement(claim: Claim, sent: Sent, pace: Pace, now: datetime, *, holds_ambiguous: bool = False) -> Settlement:
    """Return the end of an attempt for the ledger, with what follows from it."""
    verdict = judge(
        Ending(
            sent.outcome,
            claim.attempts,
            now,
            claim.reminder.entry.useful_until,
            is_mail=pace.is_mail,
            code=sent.code,
            retry_after=sent.retry_after,
            share=share_of(claim.delivery_id, claim.attempts),
            holds_ambiguous=holds_ambiguous,
        )
    )
    return Settlement(
        claim.delivery_id,
        verdict.state,
        sent.outcome,
        next_at=verdict.next_at,
        reason=verdict.reason,
        code=sent.code[:60],
        detail=sent.detail[:DETAIL_LIMIT],
        provider_id=sent.provider_id,
        ambiguous=verdict.ambiguous,
        counted=verdict.counted,
    )


def unrendered(claim: Claim, error: Exception) -> Settlement:
    """Return the end of a delivery whose message cannot be made; trying again would not help."""
    return Settlement(
        claim.delivery_id,
        State.DEAD,
        Outcome.PERMANENT_CONTENT,
        reason=Reason.CONTENT.value,
        code="render",
        detail=type(error).__name__ if not isinstance(error, ChannelError) else error.detail[:DETAIL_LIMIT],
    )


def given_back(claim: Claim, now: datetime, *, ambiguous: bool) -> Settlement:
    """Return the end of an attempt that a stop cut short."""
    sent = Sent(Outcome.AMBIGUOUS if ambiguous else Outcome.TRANSIENT, "stopped")
    return settlement(claim, sent, Pace(is_mail=True), now)


def not_begun(claim: Claim, now: datetime) -> Settlement:
    """Return the end of a claim that a stop came before: nothing was sent, and no attempt is used up."""
    return Settlement(claim.delivery_id, State.RETRY, None, next_at=now, counted=False)


def known_sent(claim: Claim) -> Settlement:
    """Return the end of a delivery that the journal says was accepted before a restore."""
    return Settlement(claim.delivery_id, State.SENT, None, reason=Reason.JOURNAL.value)
