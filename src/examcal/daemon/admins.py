"""Tell the admins of trouble: what belongs together in one message, the same thing not again for hours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from examcal.channels.port import Addressee, Channel, ChannelError, Message
from examcal.clock import Clock
from examcal.errors import Sentence
from examcal.identity import content_digest, short_reference

GATHERED_FOR = 5.0
"""Seconds in which further trouble joins the first one's message."""
SILENCE = timedelta(hours=6)
"""The same code is told again only after this long."""
CLOSING = 3.0
"""Seconds that the end waits for what is on its way; the daemon's deliveries need the rest of theirs."""
MOST_LINES = 40
_log = structlog.get_logger()


class Summarizes(Protocol):
    """Puts several lines into one message; ``delivery.message.Renderer`` does."""

    def summary(self, title: Sentence, lines: Sequence[Sentence], *, language: str, now: datetime) -> Message:
        """Return the message."""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing to tell. Equal ``key``s within the silence are told once; ``then`` is awaited when it was told."""

    key: str
    sentences: tuple[Sentence, ...]
    then: Callable[[], Awaitable[None]] | None = None


@dataclass(slots=True)
class Admins:
    """Sends straight through channels, without the ledger: trouble may be the ledger's own.

    ``reach`` are (channel, address) pairs; with none, trouble is only logged. What a channel does not take, often the
    very one that is in trouble, goes to ``last_resort``.
    """

    reach: Sequence[tuple[Channel, str]]
    renderer: Summarizes
    clock: Clock
    language: str
    last_resort: Channel | None = None
    _told: dict[str, datetime] = field(default_factory=dict)
    _waiting: list[Word] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, key: str, *sentences: Sentence, then: Callable[[], Awaitable[None]] | None = None) -> None:
        """Log trouble and queue it for the admins, unless they heard of it lately; call it in the event loop."""
        now = self.clock.now()
        told = self._told.get(key)
        if told is not None and timedelta(0) <= now - told < SILENCE:
            return
        self._told[key] = now
        _log.warning("trouble", code=key.partition(" ")[0], detail="; ".join(s.text(self.language) for s in sentences))
        self._waiting.append(Word(key, sentences, then))
        if self._timer is None and self.reach:
            self._timer = asyncio.get_running_loop().call_later(GATHERED_FOR, self._flush)

    def over(self, key: str) -> None:
        """Note that trouble is over, so that its return is told at once. ``key`` may be the first word of several."""
        for told in [one for one in self._told if one == key or one.startswith(f"{key} ")]:
            del self._told[told]

    async def close(self) -> None:
        """Send what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._flush()
        if self._sending:
            await asyncio.wait(self._sending, timeout=CLOSING)

    def summarize(self, title: Sentence, lines: Sequence[Sentence]) -> None:
        """Send a report at once."""
        if self.reach:
            self._start(title, lines)

    def _flush(self) -> None:
        self._timer = None
        words, self._waiting = self._waiting, []
        lines = [sentence for word in words for sentence in word.sentences][:MOST_LINES]
        if lines:
            self._start(Sentence("examcal needs attention"), lines, words)

    def _start(self, title: Sentence, lines: Sequence[Sentence], words: Sequence[Word] = ()) -> None:
        task = asyncio.ensure_future(self._send(title, lines, words))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, title: Sentence, lines: Sequence[Sentence], words: Sequence[Word]) -> None:
        now = self.clock.now()
        message = self.renderer.summary(title, lines, language=self.language, now=now)
        for channel, address in self.reach:
            key = content_digest("admin-v1", now.isoformat(), channel.name, address)[:32]
            addressee = Addressee(key, short_reference(key), address)
            if not await _reached(channel, message, addressee) and self.last_resort is not None:
                await _reached(self.last_resort, message, addressee)
        for word in words:
            if word.then is not None:
                await word.then()


async def _reached(channel: Channel, message: Message, addressee: Addressee) -> bool:
    try:
        for payload in channel.compose([channel.freeze(message)], addressee):
            await channel.send(payload, addressee)
    except ChannelError as error:
        _log.error("an admin could not be told", channel=channel.name, code=error.code)
        return False
    return True


def reach_of(
    admins: Sequence[str], channels: Mapping[str, Channel], fallback: Callable[[], Channel]
) -> list[tuple[Channel, str]]:
    """Return how to reach each admin: mail, a robot, or the fallback (files) where mail is not set up."""
    found: list[tuple[Channel, str]] = []
    for admin in admins:
        if "@" in admin:
            found.append((channels.get("email") or fallback(), admin))
        elif admin.lower() in channels:
            found.append((channels[admin.lower()], ""))
    return found
