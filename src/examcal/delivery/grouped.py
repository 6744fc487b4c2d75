"""The lane of a channel that groups: what is due to a robot in one minute becomes one message, across audiences.

Its payloads are fixed before the first of them is sent, and parts that were accepted are not sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from typing_extensions import override

from examcal.channels.port import Addressee, ChannelError, Outcome
from examcal.delivery import outcomes
from examcal.delivery.frozen import addressee_of, frozen_key
from examcal.delivery.lane import Lane
from examcal.delivery.lease import Lease
from examcal.delivery.outcomes import Sent
from examcal.ledger.rows import Bundle, Claim, Settlement


class GroupedLane(Lane):
    """Delivers what is due on a robot, one message at a time."""

    @override
    async def _deliver(self, claims: Sequence[Claim], lease: Lease) -> None:
        token = claims[0].token
        async with lease.renewed(token):
            known = await self._without_known(claims, token)
            groups = await self._bundled(known, token)
            for position, (bundle, members) in enumerate(groups):
                if position and not await self._take_token():
                    await self.record(
                        [outcomes.given_back(claim, self._now(), ambiguous=False) for claim in members], token
                    )
                    continue
                sent = await self._send_parts(bundle, members, lease)
                await self.record([self.ended(claim, sent) for claim in members], token)

    @override
    def signs(self, group: Sequence[Settlement]) -> Sequence[Settlement]:
        return group[:1]

    async def _bundled(self, claims: Sequence[Claim], token: str) -> list[tuple[Bundle, list[Claim]]]:
        """Return the messages to send: those that were tried before, unchanged, and one new one for all the rest."""
        old = sorted({claim.bundle_id for claim in claims if claim.bundle_id is not None})
        ledger = self._tools.ledger
        bundles = await self._tools.until_recorded(lambda: ledger.read_bundles(old)) if old else {}
        groups = [(bundles[number], [c for c in claims if c.bundle_id == number]) for number in old]
        new = [claim for claim in claims if claim.bundle_id is None]
        ready = await self._frozen(new, token) if new else []
        if ready:
            bundle = await self._make(ready, token)
            if bundle is not None:
                groups.append((bundle, [claim for claim, _ in ready]))
        return groups

    async def _make(self, ready: Sequence[tuple[Claim, bytes]], token: str) -> Bundle | None:
        claims = [claim for claim, _ in ready]
        contents = list({frozen_key(claim): frozen for claim, frozen in ready}.values())
        addressee = _together(claims)
        try:
            payloads = self.channel.compose(contents, addressee)
        except ChannelError as error:
            await self.record([outcomes.unrendered(claim, error) for claim in claims], token)
            return None
        ids, now = [claim.delivery_id for claim in claims], self._now()
        return await self._tools.until_recorded(
            lambda: self._tools.ledger.make_bundle(self.channel_id, addressee.key, payloads, ids, now)
        )

    async def _send_parts(self, bundle: Bundle, members: Sequence[Claim], lease: Lease) -> Sent:
        addressee = replace(_together(members), key=bundle.key)
        sent = Sent(Outcome.ACCEPTED)
        for position in range(bundle.done, len(bundle.payloads)):
            if position > bundle.done and not await self._take_token():
                return Sent(Outcome.TRANSIENT, "stopped")
            with self.gate.passage(lease.is_held) as passage:
                sent = await outcomes.hand_over(self.channel, bundle.payloads[position], addressee, passage.leave)
                passage.answered()
                if sent.outcome is not Outcome.ACCEPTED:
                    break
                await self._tools.until_recorded(partial(self._tools.ledger.part_done, bundle.id, position + 1))
        if sent.outcome is Outcome.ACCEPTED:
            for claim in members:
                await self.note_accepted(claim, sent, lease)
        return sent

    async def _take_token(self) -> bool:
        """Take one more token of the robot's rate and wait for it; return False where everything stops."""
        rate = self.pace.rate
        if rate is None:
            return True
        wait = await self._tools.until_recorded(
            lambda: self._tools.ledger.take_token(self.channel_id, self._now(), rate)
        )
        return await self._tools.pause(wait)

    def _now(self) -> datetime:
        return self._tools.clock.now()


def _together(claims: Sequence[Claim]) -> Addressee:
    """Return whom a grouped message is addressed to: the first delivery's name, and everybody to be mentioned."""
    first = min(claims, key=lambda claim: claim.delivery_id)
    mentions = tuple(dict.fromkeys(one for claim in claims for one in claim.mentions))
    return replace(addressee_of(first), mentions=mentions)
