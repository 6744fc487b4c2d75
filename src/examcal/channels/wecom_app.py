"""Messages of a WeCom application (自建应用): to one member each, with WeCom's own duplicate check switched on."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from urllib.parse import quote

from examcal.channels.explanations import explain_wecom
from examcal.channels.http_exchange import WECOM_BASE, HttpExchange, HttpTimeouts
from examcal.channels.port import Addressee, ChannelError, Leaving, Message, Outcome, Receipt, at_once
from examcal.channels.wecom_message import dump, freeze_texts, reference_line, thaw_texts
from examcal.channels.wecom_replies import MINUTE, TOKEN_CODES, WecomReply, read_reply, refusal
from examcal.channels.wecom_text import split_messages
from examcal.channels.wecom_token import AccessToken
from examcal.errors import ConfigurationError, Sentence

TEXT_LIMIT = 2048  # octets; what is longer is cut off by WeCom without an error
DUPLICATE_SECONDS = 14400  # the longest that WeCom offers

_USER = re.compile(r"[^\s|\x00-\x1f\x7f]{1,64}")
_CREDENTIAL = 40001


class WecomAppChannel:
    """Sends to members one by one, as text: markdown is not shown to members who read in personal WeChat."""

    groups = False

    def __init__(
        self,
        name: str,
        *,
        corp_id: str,
        agent_id: int,
        secret: str,
        base_url: str | None = None,
        context: ssl.SSLContext | None = None,
        timeouts: HttpTimeouts | None = None,
    ) -> None:
        """Take the credentials of one application; raises ConfigurationError for a missing one."""
        if not (corp_id and secret):
            raise ConfigurationError("a WeCom application needs CORP_ID, AGENT_ID and SECRET")
        self.name = f"wecom-app:{name.lower()}"
        self._agent_id = int(agent_id)
        self._exchange = HttpExchange(base_url or WECOM_BASE, context=context, timeouts=timeouts)
        self._token = AccessToken(self._exchange, corp_id, secret)

    @property
    def longest_send(self) -> float:
        """Seconds that one send can take at most: a token, a message, a new token, the message again."""
        return 4 * self._exchange.timeouts.total

    def freeze(self, message: Message) -> bytes:
        """Return both forms of the text. Raises ChannelError (permanent-content) for an empty message."""
        return freeze_texts(message)

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return the payloads for one member. They hold no token, so a resend has the same octets."""
        texts = thaw_texts(frozen)
        reference = reference_line(addressee.reference, texts[0].language) if texts else ""
        parts = split_messages([each.text for each in texts], limit=TEXT_LIMIT, tail=reference)
        return tuple(self._payload(part, addressee.address) for part in parts)

    async def send(self, payload: bytes, addressee: Addressee, leaving: Leaving = at_once) -> Receipt:
        """Post one payload; a token that WeCom withdrew is renewed once. Raises ChannelError only."""
        if not _USER.fullmatch(addressee.address):
            raise ChannelError(Outcome.PERMANENT_RECIPIENT, "not a WeCom user id", code="address")
        token = await self._token.current()
        await leaving()
        reply = await self._post(payload, token)
        if reply.errcode in TOKEN_CODES or reply.errcode == _CREDENTIAL:
            reply = await self._post(payload, await self._token.current(refused=token))
            if reply.errcode in TOKEN_CODES:  # somebody else renews tokens too; do not race
                raise ChannelError(Outcome.TRANSIENT, "the token was withdrawn twice", code=str(reply.errcode),
                                   retry_after=MINUTE)  # fmt: skip
        return self._judge(reply, addressee)

    async def close(self) -> None:
        """Close connections; the token is kept."""
        await self._exchange.close()

    def explain(self, code: str) -> Sentence | None:
        """Return what an error code means and what to do, or None; for 60020 with our own address."""
        return explain_wecom(code, self._token.egress)

    def _payload(self, content: str, user: str) -> bytes:
        return dump({
            "touser": user, "msgtype": "text", "agentid": self._agent_id, "text": {"content": content},
            "enable_duplicate_check": 1, "duplicate_check_interval": DUPLICATE_SECONDS,
        })  # fmt: skip

    async def _post(self, payload: bytes, token: str) -> WecomReply:
        target = f"/cgi-bin/message/send?access_token={quote(token, safe='')}"
        reply = read_reply(await self._exchange.call("POST", target, payload))
        self._token.egress = reply.egress or self._token.egress
        return reply

    def _judge(self, reply: WecomReply, addressee: Addressee) -> Receipt:
        """Errcode 0 may still name the member as invalid or without a licence (document 90236; in lower case)."""
        if reply.errcode != 0:
            raise refusal(reply, self._token.secrets)
        for field in ("invaliduser", "unlicenseduser"):
            if addressee.address.lower() in str(reply.fields.get(field) or "").lower().split("|"):
                raise ChannelError(Outcome.PERMANENT_RECIPIENT, f"WeCom names the member in {field}", code=field)
        provider_id = reply.fields.get("msgid")
        return Receipt(provider_id=str(provider_id)[:128] if provider_id else None)
