"""Unsubscribe addresses, put together when a mail is composed: the ledger keeps a salt, this process knows the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from examcal.channels.port import Addressee, Channel, Leaving, Message, Receipt, at_once
from examcal.errors import Sentence
from examcal.subscription.subscribers import SALT
from examcal.subscription.tokens import SiteKey


class PersonalChannel:
    """A channel that gives each subscriber its own https unsubscribe address (RFC 8058); else the channel it wraps.

    The key and the public address are asked for when a subscriber's first mail is composed.
    """

    def __init__(self, channel: Channel, key: Callable[[], SiteKey], base_url: Callable[[], str]) -> None:
        self._channel = channel
        self._key = key
        self._base_url = base_url
        self._known: SiteKey | None = None

    @property
    def name(self) -> str:
        """The name that audiences use."""
        return self._channel.name

    @property
    def groups(self) -> bool:
        """Whether messages are grouped."""
        return self._channel.groups

    @property
    def longest_send(self) -> float:
        """Seconds that one send can take at most."""
        return self._channel.longest_send

    def freeze(self, message: Message) -> bytes:
        """Return the bytes that are stored once."""
        return self._channel.freeze(message)

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return the payloads for one addressee: the same ones for every retry."""
        return self._channel.compose(frozen, self._addressed(addressee))

    async def send(self, payload: bytes, addressee: Addressee, leaving: Leaving = at_once) -> Receipt:
        """Hand one payload to the next system."""
        return await self._channel.send(payload, addressee, leaving)

    async def close(self) -> None:
        """Release connections."""
        await self._channel.close()

    def explain(self, code: str) -> Sentence | None:
        """Return what an error's code means."""
        return self._channel.explain(code)

    def _addressed(self, addressee: Addressee) -> Addressee:
        kept = addressee.unsubscribe_url or ""
        if not kept.startswith(SALT):
            return addressee
        if self._known is None:
            self._known = self._key()
        return replace(addressee, unsubscribe_url=unsubscribe_url(self._base_url(), self._known, kept))


def unsubscribe_url(base_url: str, key: SiteKey, kept: str) -> str:
    """Return the unsubscribe address of a recipient from what the ledger keeps."""
    return f"{base_url}/unsubscribe/{key.unsubscribe_token(kept.removeprefix(SALT))}"
