"""Access tokens of a WeCom application (document 91039).

Kept in memory, fetched by one task at a time, never in a loop.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from examcal.channels.http_exchange import HttpExchange
from examcal.channels.port import ChannelError, Outcome
from examcal.channels.redaction import quote_answer
from examcal.channels.wecom_replies import WecomReply, read_reply, refusal

EARLY_SECONDS = 300.0  # a token is renewed this long before it ends
SHORTEST_LIFE = 60.0  # also for a token that claims to live shorter, or WeCom would be asked for every message
HOLD_AUTH, HOLD_OTHER = 60.0, 2.0  # how long a failed fetch is not repeated: wrong secrets get an address blocked


class AccessToken:
    """The token of one application. ``egress`` is our address as WeCom last saw it."""

    def __init__(self, exchange: HttpExchange, corp_id: str, secret: str) -> None:
        self._exchange, self._corp_id, self._secret = exchange, corp_id, secret
        self._token = ""
        self._ends = 0.0
        self._failure: tuple[float, ChannelError] | None = None
        self._flight: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None
        self.egress: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not be shown."""
        return (self._secret, self._token, self._corp_id)

    async def current(self, refused: str = "") -> str:
        """Return a token other than ``refused``, fetching one if needed. Raises ChannelError."""
        loop = asyncio.get_running_loop()
        if self._token and self._token != refused and loop.time() < self._ends:
            return self._token
        async with self._lock(loop):
            if self._token and self._token != refused and loop.time() < self._ends:
                return self._token  # another task fetched it meanwhile
            if self._failure and loop.time() < self._failure[0]:
                raise self._failure[1]
            return await self._fetch(loop)

    def _lock(self, loop: asyncio.AbstractEventLoop) -> asyncio.Lock:
        if self._flight is None or self._flight[0] is not loop:
            self._flight = (loop, asyncio.Lock())
        return self._flight[1]

    async def _fetch(self, loop: asyncio.AbstractEventLoop) -> str:
        try:
            reply = await self._ask()
        except ChannelError as error:
            hold = error.retry_after or (HOLD_AUTH if error.outcome is Outcome.AUTH else HOLD_OTHER)
            self._failure = (loop.time() + hold, error)
            raise
        self._failure = None
        self._token = str(reply.fields["access_token"])
        self._ends = loop.time() + max(_seconds(reply.fields.get("expires_in")) - EARLY_SECONDS, SHORTEST_LIFE)
        return self._token

    async def _ask(self) -> WecomReply:
        query = urlencode({"corpid": self._corp_id, "corpsecret": self._secret})
        try:
            reply = read_reply(await self._exchange.call("GET", f"/cgi-bin/gettoken?{query}"))
        except ChannelError as error:
            if error.outcome is Outcome.AMBIGUOUS:  # asking for a token sends no message
                raise ChannelError(Outcome.TRANSIENT, error.detail, code=error.code) from None
            raise
        self.egress = reply.egress or self.egress
        if reply.errcode != 0:
            raise _token_refusal(reply, self.secrets)
        token = reply.fields.get("access_token")
        if not isinstance(token, str) or not token or len(token) > 512 or not token.isprintable():  # noqa: PLR2004
            raise ChannelError(Outcome.TRANSIENT, "WeCom gave no token", code="not-wecom")
        return reply


def _token_refusal(reply: WecomReply, secrets: tuple[str, ...]) -> ChannelError:
    """Any documented refusal of a token is a matter of configuration."""
    error = refusal(reply, secrets)
    if error.outcome in {Outcome.PERMANENT_CONTENT, Outcome.PERMANENT_RECIPIENT}:
        return ChannelError(Outcome.AUTH, quote_answer(reply.errmsg, secrets), code=error.code)
    return error


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 10**6 else 0.0
