"""Any target that Apprise knows (the ``apprise`` extra), for channels that examcal does not speak itself.

Apprise says only yes or no, and for several Chinese services it says yes to any HTTP 200; so WeCom and mail have
channels of their own. A "no" is taken as transient. Apprise blocks, so it runs in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from types import ModuleType

from examcal.channels.port import Addressee, ChannelError, Leaving, Message, Outcome, Receipt, at_once
from examcal.channels.wecom_message import dump, reference_line
from examcal.errors import ConfigurationError, Sentence

DEADLINE_SECONDS = 60.0


class AppriseChannel:
    """Sends to one configured Apprise URL."""

    groups = False
    longest_send = DEADLINE_SECONDS

    def __init__(self, name: str, url: str) -> None:
        """Take one URL; raises ConfigurationError, which never shows the URL, for one that Apprise does not know."""
        self.name = f"apprise:{name.lower()}"
        apprise = _library()
        asset = apprise.AppriseAsset(app_id="examcal", app_desc="examcal", secure_logging=True, async_mode=False)
        self._apprise = apprise.Apprise(asset=asset)
        with contextlib.suppress(Exception):  # a plugin may fail on a URL in any way
            self._apprise.add(url)
        if len(self._apprise) != 1:
            raise ConfigurationError("the Apprise URL of {channel} is not one that Apprise knows", channel=self.name)

    def freeze(self, message: Message) -> bytes:
        """Return title and text. Raises ChannelError (permanent-content) for an empty text."""
        if not message.text.strip():
            raise ChannelError(Outcome.PERMANENT_CONTENT, "the message is empty")
        return dump({"title": message.subject, "body": message.text.strip(), "language": message.language})

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return title and text with the reference."""
        return tuple(_compose(part, addressee.reference) for part in frozen)

    async def send(
        self,
        payload: bytes,
        addressee: Addressee,  # noqa: ARG002 - the URL says to whom
        leaving: Leaving = at_once,
    ) -> Receipt:
        """Hand one message to Apprise. Raises ChannelError only (and CancelledError)."""
        fields = json.loads(payload)
        await leaving()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                accepted = await asyncio.to_thread(self._notify, fields["title"], fields["body"])
        except TimeoutError:
            raise ChannelError(Outcome.AMBIGUOUS, "Apprise did not return in time", code="timeout") from None
        if not accepted:
            raise ChannelError(Outcome.TRANSIENT, "Apprise could not deliver the message", code="apprise")
        return Receipt()

    async def close(self) -> None:
        """Nothing is held."""

    def explain(self, code: str) -> Sentence | None:
        """Return what an error code means, or None."""
        if code != "apprise":
            return None
        return Sentence("Apprise could not deliver the message and does not say why; check the URL of {channel}.",
                        {"channel": self.name})  # fmt: skip

    def _notify(self, title: str, body: str) -> bool:
        """Send; whatever a plugin raises is a "no", because it may hold the URL."""
        try:
            return bool(self._apprise.notify(body=body, title=title))
        except Exception:  # noqa: BLE001 - see the docstring
            return False


def _compose(frozen: bytes, reference: str) -> bytes:
    try:
        fields = json.loads(frozen)
        body = f"{fields['body']}\n{reference_line(reference, fields['language'])}"
        return dump({"title": fields["title"], "body": body})
    except (ValueError, KeyError, TypeError):
        raise ChannelError(Outcome.PERMANENT_CONTENT, "the stored message is damaged") from None


def _library() -> ModuleType:
    try:
        import apprise  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise ConfigurationError('Apprise is not installed; install it with: pip install "examcal[apprise]"') from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs addresses and answers
    return apprise
