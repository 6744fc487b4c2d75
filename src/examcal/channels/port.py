"""The contract of a channel: freeze a message once, splice in one addressee, send bytes, tell the truth.

``send`` returns a Receipt or raises ChannelError with an Outcome, and nothing else. It never retries (retries are
rows in the ledger), never renders, and never puts a secret or an address into an error.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from examcal.errors import ExamcalError, Sentence


class Outcome(enum.StrEnum):
    """What an attempt came to. Ambiguous only if the final dot or the last request byte may have left."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    AMBIGUOUS = "ambiguous"
    AUTH = "auth"  # credentials or configuration: the channel pauses
    PERMANENT_RECIPIENT = "permanent-recipient"
    PERMANENT_CONTENT = "permanent-content"


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, ready for any channel, the same for everybody who reads one language.

    ``subject`` has no line breaks. ``markdown`` is WeCom's version 1 subset, ``text`` is plain. ``calendar`` is the
    milestone's VCALENDAR (CRLF, no METHOD) or None. ``written_at`` is the frozen Date of the message. ``action_url``
    is where more is said. ``category`` is "reminder", "change", "summary", "confirmation" or "test".
    """

    subject: str
    text: str
    html: str
    markdown: str
    written_at: datetime
    language: str
    category: str = "reminder"
    calendar: bytes | None = None
    action_url: str | None = None
    list_id: str | None = None


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person or group a frozen message is addressed to.

    ``key`` is the delivery key (32 hexadecimal digits; makes the Message-ID); ``reference`` its five letters.
    ``address`` is an e-mail address, a WeCom user id, or empty for a robot. ``mentions`` are WeCom user ids or "@all".
    """

    key: str
    reference: str
    address: str = ""
    unsubscribe_url: str | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The next system took responsibility. ``provider_id`` is its own id for the message, if it gave one."""

    provider_id: str | None = None
    detail: str = ""


class ChannelError(ExamcalError):
    """A classified refusal or failure of one attempt.

    ``code`` is the server's own code ("450 4.2.0", "93000"); ``detail`` is the server's text, redacted and bounded.
    ``retry_after`` are seconds that the server or its documented rule asks to wait, or None. ``final_after`` is the
    number of attempts after which a transient failure is final, or None (an errcode that nobody documents: 2).
    """

    def __init__(
        self,
        outcome: Outcome,
        detail: str,
        *,
        code: str = "",
        retry_after: float | None = None,
        final_after: int | None = None,
    ) -> None:
        super().__init__("{detail}", detail=detail)
        self.final_after = final_after
        self.outcome = outcome
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


Leaving = Callable[[], Awaitable[None]]
"""Awaited by a channel when everything is ready and the last octets of a message are about to leave.

It may take its time, and raises ChannelError (transient) if the message must not leave any more.
"""


async def at_once() -> None:
    """Let a message leave without waiting."""


class Channel(Protocol):
    """A configured way out, e.g. ``email`` or ``wecom:staff``."""

    @property
    def name(self) -> str:
        """The name that audiences use, lower case."""

    @property
    def groups(self) -> bool:
        """Whether what is due to one address in the same minute is sent as one message (WeCom robots)."""

    def freeze(self, message: Message) -> bytes:
        """Return the bytes that are stored once per (reminder, language). Pure and deterministic.

        Raises ChannelError (permanent-content) for a message that this channel cannot carry.
        """

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return the payloads to send, in order, for one addressee: one, or several where a limit forces a split.

        ``frozen`` has one entry, or several for a channel that groups. Pure and deterministic: every retry
        composes the same bytes. Raises ChannelError (permanent-content) for damaged frozen bytes.
        """

    async def send(self, payload: bytes, addressee: Addressee, leaving: Leaving = at_once) -> Receipt:
        """Hand one payload to the next system. Raises ChannelError, and nothing else."""

    @property
    def longest_send(self) -> float:
        """Seconds that one send can take at most; a lease must be longer."""

    def explain(self, code: str) -> Sentence | None:
        """Return what an error's ``code`` means and what to do about it, or None."""

    async def close(self) -> None:
        """Release connections; sending again opens new ones."""
