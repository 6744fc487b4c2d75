"""Sends the letters of subscriptions beside the deliveries, one after another, and forgets what is over."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import structlog

from examcal.channels.port import Addressee, Channel, ChannelError, Outcome
from examcal.clock import Clock
from examcal.errors import ExamcalError
from examcal.identity import short_reference
from examcal.subscription.desk import Desk
from examcal.subscription.letters import Letter
from examcal.subscription.wording import Controller, write_letter

LOOK_EVERY = 3.0
"""Seconds between two looks; a letter that this process queued itself is looked at once."""
PRUNE_EVERY = timedelta(hours=1)
LONGEST_PAUSE = timedelta(minutes=36)
AMBIGUOUS_PAUSE = timedelta(minutes=10)
_FINAL = frozenset({Outcome.PERMANENT_RECIPIENT, Outcome.PERMANENT_CONTENT})
_log = structlog.get_logger()
P = ParamSpec("P")
R = TypeVar("R")


class Postman:
    """A part of the daemon that runs until stopped. ``base_url`` has no slash at its end."""

    def __init__(self, desk: Desk, channel: Channel, clock: Clock, base_url: str, controller: Controller) -> None:
        self._desk = desk
        self._channel = channel
        self._clock = clock
        self._base_url = base_url
        self._controller = controller
        self._stopping = False
        self._wake = asyncio.Event()
        self._pruned_at: datetime | None = None

    async def serve(self) -> None:
        """Send letters until stopped; trouble is logged and tried again."""
        while not self._stopping:
            self._wake.clear()
            try:
                await self.flush()
                await self._prune()
            except ExamcalError as error:
                _log.warning("letters wait", reason=error.text("en"))
            except Exception as error:  # noqa: BLE001 - letters must never end the daemon
                _log.error("a letter failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY)

    def stop(self) -> None:
        """Let ``serve`` end after the letter that is on its way."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Look for letters now; call it in the event loop."""
        self._wake.set()

    async def flush(self) -> None:
        """Send every letter that is due."""
        while not self._stopping and await _aside(self._desk.has_letters, self._clock.now()):
            letter = await _aside(self._desk.take_letter, self._clock.now())
            if letter is None:
                return
            await self._send(letter)

    async def _send(self, letter: Letter) -> None:
        now = self._clock.now()
        message = write_letter(letter, self._desk.schedule, self._base_url, now, self._controller)
        key = secrets.token_hex(16)
        addressee = Addressee(key, short_reference(key), letter.subscriber.address)
        try:
            for payload in self._channel.compose([self._channel.freeze(message)], addressee):
                await self._channel.send(payload, addressee)
        except ChannelError as error:
            await self._after(letter, error, now)
        else:
            _log.info("letter sent", kind=letter.kind.value, reference=addressee.reference)
            await _aside(self._desk.finish_letter, letter)

    async def _after(self, letter: Letter, error: ChannelError, now: datetime) -> None:
        _log.warning("letter not sent", kind=letter.kind.value, outcome=error.outcome.value, code=error.code)
        if error.outcome in _FINAL:
            await _aside(self._desk.finish_letter, letter)
            return
        await _aside(self._desk.postpone_letter, letter, now + _pause(letter, error))

    async def _prune(self) -> None:
        now = self._clock.now()
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_EVERY or now < self._pruned_at:
            await _aside(self._desk.prune, now)
            self._pruned_at = now


def _pause(letter: Letter, error: ChannelError) -> timedelta:
    """Return how long a letter waits after a failure: longer each time, and ten minutes where it may have arrived."""
    if error.outcome is Outcome.AMBIGUOUS:
        return AMBIGUOUS_PAUSE
    pause = timedelta(seconds=error.retry_after or 15 * 2 ** min(letter.attempts, 8))
    return pause if error.retry_after else min(pause, LONGEST_PAUSE)


async def _aside(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await asyncio.to_thread(call, *args, **kwargs)
