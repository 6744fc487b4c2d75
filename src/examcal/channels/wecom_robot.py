"""A WeCom group robot (群机器人, now 消息推送): no token, no trusted address; the key is the whole secret."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from examcal.channels.explanations import explain_wecom
from examcal.channels.http_exchange import WECOM_BASE, HttpExchange, HttpTimeouts
from examcal.channels.loopback import is_loopback
from examcal.channels.port import Addressee, Leaving, Message, Receipt, at_once
from examcal.channels.wecom_message import dump, freeze_texts, reference_line, thaw_texts
from examcal.channels.wecom_replies import read_reply, refusal
from examcal.channels.wecom_text import split_messages
from examcal.errors import ConfigurationError, Sentence

MARKDOWN_LIMIT = 4096  # octets; above it the whole message is refused (40058)
TEXT_LIMIT = 2048  # octets, as documented; the server was seen to accept up to 5120

_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOBILE = re.compile(r"\+?\d{7,15}")


class WecomRobotChannel:
    """Sends to the group a robot lives in. Messages of one minute are grouped into one.

    A message that must mention somebody is sent as text, because markdown mentions nobody by list.
    """

    groups = True

    def __init__(
        self,
        name: str,
        key_or_url: str,
        *,
        base_url: str | None = None,
        context: ssl.SSLContext | None = None,
        timeouts: HttpTimeouts | None = None,
    ) -> None:
        """Take a key or a whole webhook URL; raises ConfigurationError, which never shows the key."""
        self.name = f"wecom:{name.lower()}"
        self._key, base = _key_and_base(key_or_url.strip(), base_url or WECOM_BASE)
        self._exchange = HttpExchange(base, context=context, timeouts=timeouts)
        self._egress: str | None = None

    @property
    def longest_send(self) -> float:
        """Seconds that one send can take at most; leases must be longer."""
        return self._exchange.timeouts.total

    def freeze(self, message: Message) -> bytes:
        """Return both forms of the text. Raises ChannelError (permanent-content) for an empty message."""
        return freeze_texts(message)

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return one payload for all frozen messages, or several where the limit forces it."""
        texts = thaw_texts(frozen)
        reference = reference_line(addressee.reference, texts[0].language) if texts else ""
        if addressee.mentions:
            parts = split_messages([each.text for each in texts], limit=TEXT_LIMIT, tail=reference)
            return tuple(_text_payload(part, addressee.mentions if i == 0 else ()) for i, part in enumerate(parts))
        tail = f'<font color="comment">{reference}</font>'
        parts = split_messages([each.markdown for each in texts], limit=MARKDOWN_LIMIT, tail=tail)
        return tuple(dump({"msgtype": "markdown", "markdown": {"content": part}}) for part in parts)

    async def send(
        self,
        payload: bytes,
        addressee: Addressee,  # noqa: ARG002 - the key says to whom
        leaving: Leaving = at_once,
    ) -> Receipt:
        """Post one payload; accepted means HTTP 200 and errcode 0. Raises ChannelError only (and CancelledError)."""
        await leaving()
        reply = read_reply(await self._exchange.call("POST", f"/cgi-bin/webhook/send?key={self._key}", payload))
        self._egress = reply.egress or self._egress
        if reply.errcode != 0:
            raise refusal(reply, (self._key,))
        return Receipt()

    async def close(self) -> None:
        """Close connections."""
        await self._exchange.close()

    def explain(self, code: str) -> Sentence | None:
        """Return what an error code means and what to do, or None."""
        return explain_wecom(code, self._egress)


def _key_and_base(text: str, configured: str) -> tuple[str, str]:
    """Read a key, or the key of a webhook URL whose server is the configured one, WeCom's own, or this machine.

    WeCom's own address is what people paste, also where a proxy of theirs is configured; so the configured one counts.
    """
    if "/" not in text and "=" not in text:
        key, base = text, configured
    else:
        url = urlsplit(text if "//" in text else f"https://{text}")
        key = parse_qs(url.query).get("key", [""])[0]
        base = f"{url.scheme}://{url.netloc}" if is_loopback(url.hostname or "") else configured
        known = {urlsplit(server).hostname for server in (WECOM_BASE, configured, base)}
        if url.hostname not in known:
            raise ConfigurationError(
                "the webhook address of a robot leads to another server than WeCom's; if that is meant, set BASE_URL "
                "of WECOM to that server"
            )
    if not _KEY.fullmatch(key):
        raise ConfigurationError("a robot needs the key of its webhook address, or the whole webhook address")
    return key, base


def _text_payload(content: str, mentions: Sequence[str]) -> bytes:
    text: dict[str, object] = {"content": content}
    people = [mention for mention in mentions if not _MOBILE.fullmatch(mention)]
    phones = [mention for mention in mentions if _MOBILE.fullmatch(mention)]
    if people:
        text["mentioned_list"] = people
    if phones:
        text["mentioned_mobile_list"] = phones
    return dump({"msgtype": "text", "text": text})
