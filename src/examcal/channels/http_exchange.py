"""One HTTP exchange with a configured server, bounded in every direction and closed to every other server.

The address is resolved and checked here and connected to as checked, so a name that leads to the machine itself or to
a metadata service is refused. Redirects, proxies from the environment and the libraries' logging of addresses (which
hold keys) are off. Whether the last request byte may have left is observed, not guessed; connections are not reused,
because a server that closes an idle one in that moment would make every such send ambiguous.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from examcal.channels.loopback import is_loopback
from examcal.channels.port import ChannelError, Outcome
from examcal.errors import ConfigurationError, reason_of

WECOM_BASE = "https://qyapi.weixin.qq.com"
LONGEST_BODY = 65536  # octets of an answer; WeCom's have a few hundred

_WRAPPED = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "100.64.0.0/10"))
)


@dataclass(frozen=True, slots=True)
class HttpTimeouts:
    """Seconds. ``total`` bounds the whole exchange, because a dripped body never times out by itself."""

    connect: float = 10.0
    read: float = 15.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and at most LONGEST_BODY octets of body."""

    status: int
    body: bytes


class HttpExchange:
    """Exchanges with one server. Usable from one event loop at a time; a new loop gets new connections."""

    def __init__(
        self, base_url: str, *, context: ssl.SSLContext | None = None, timeouts: HttpTimeouts | None = None
    ) -> None:
        """Take a base URL that is https, or http on this machine; else raises ConfigurationError."""
        url = urlsplit(base_url)
        self.host = url.hostname or ""
        if not self.host or url.username or url.query or url.fragment:
            raise ConfigurationError("BASE_URL of WECOM must be an address such as https://qyapi.weixin.qq.com")
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(self.host)):
            raise ConfigurationError("BASE_URL of WECOM must begin with https://")
        self._scheme, self._netloc, self._prefix = url.scheme, url.netloc, url.path.rstrip("/")
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._context = context
        self.timeouts = timeouts or HttpTimeouts()
        self._client: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)

    async def call(self, method: str, target: str, content: bytes | None = None) -> Answer:
        """Do one exchange; ``target`` is path and query. Raises ChannelError, which never shows the target."""
        progress = _Progress()
        try:
            async with asyncio.timeout(self.timeouts.total):
                return await self._call(method, target, content, progress)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise _failure(error, progress) from None
        except TimeoutError:
            raise ChannelError(progress.outcome, "no answer in time", code="timeout") from None
        except OSError as error:
            raise ChannelError(progress.outcome, str(reason_of(error)), code="connection") from None

    async def close(self) -> None:
        """Close connections."""
        client, self._client = self._client, None
        if client and client[0] is asyncio.get_running_loop():
            await client[1].aclose()

    async def _call(self, method: str, target: str, content: bytes | None, progress: _Progress) -> Answer:
        client = await self._current_client()
        addresses = await self._addresses()
        for number, address in enumerate(addresses, 1):
            try:
                return await self._call_address(client, address, method, target, content, progress)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if number == len(addresses) or _tls_cause(error):
                    raise
        raise ChannelError(Outcome.TRANSIENT, "the name has no address", code="connection")

    async def _call_address(
        self,
        client: httpx.AsyncClient,
        address: str,
        method: str,
        target: str,
        content: bytes | None,
        progress: _Progress,
    ) -> Answer:
        literal = f"[{address}]" if ":" in address else address
        request = client.build_request(
            method,
            f"{self._scheme}://{literal}:{self._port}{self._prefix}{target}",
            content=content,
            headers={
                "Host": self._netloc,
                "Accept-Encoding": "identity",
                "User-Agent": "examcal",
                "Connection": "close",
            }
            | ({"Content-Type": "application/json; charset=utf-8"} if content is not None else {}),
            extensions={"sni_hostname": self.host, "trace": progress.observe},
        )
        response = await client.send(request, stream=True)
        try:
            return Answer(response.status_code, await _body(response))
        finally:
            await response.aclose()

    async def _current_client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            if self._context is None and self._scheme == "https":
                self._context = await asyncio.to_thread(ssl.create_default_context)
            client = httpx.AsyncClient(
                verify=self._context or False,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self.timeouts.read, connect=self.timeouts.connect),
                limits=httpx.Limits(max_connections=16, max_keepalive_connections=0),
            )
            self._client = (loop, client)
        return self._client[1]

    async def _addresses(self) -> list[str]:
        """Resolve the server's name to at most four addresses, all of which are allowed. Raises ChannelError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self.host, self._port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not all(is_allowed(self.host, ipaddress.ip_address(address.partition("%")[0])) for address in addresses):
            raise ChannelError(Outcome.AUTH, "the name leads to a forbidden address", code="forbidden-address")
        return addresses[:4]


def is_allowed(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether ``host`` may lead to ``address``.

    A loopback name only to loopback; WeCom's own name only to public addresses; another configured server also to a
    private network, but never to loopback, link-local (metadata services) or an address that wraps another one.
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if is_loopback(host):
        return address.is_loopback
    if any(address in network for network in _WRAPPED if network.version == address.version):
        return False
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return address.is_global or host != urlsplit(WECOM_BASE).hostname


class _Progress:
    """Observes whether the whole request was handed to the kernel."""

    def __init__(self) -> None:
        self.sent = False

    async def observe(self, event: str, _details: object) -> None:
        if event == "http11.send_request_body.complete":
            self.sent = True

    @property
    def outcome(self) -> Outcome:
        return Outcome.AMBIGUOUS if self.sent else Outcome.TRANSIENT


async def _body(response: httpx.Response) -> bytes:
    """Read at most LONGEST_BODY octets, also after decompression; more means that it is not our server."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise ChannelError(Outcome.TRANSIENT, "the answer is too long", code="not-wecom")
    if response.headers.get("content-encoding", "identity").lower() in {"gzip", "deflate"}:
        return _inflate(bytes(body))
    return bytes(body)


def _inflate(octets: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=47)
    try:
        body = unpacker.decompress(octets, LONGEST_BODY)
    except zlib.error:
        return b""
    if unpacker.unconsumed_tail:
        raise ChannelError(Outcome.TRANSIENT, "the answer is too long", code="not-wecom")
    return body


def _tls_cause(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _failure(error: Exception, progress: _Progress) -> ChannelError:
    if not progress.sent and (cause := _tls_cause(error)):
        verified = isinstance(cause, ssl.SSLCertVerificationError)
        text = f"certificate refused: {cause.verify_message}" if verified else "TLS failed"  # type: ignore[attr-defined]
        return ChannelError(Outcome.AUTH, text, code="tls")
    if isinstance(error, httpx.TimeoutException):
        return ChannelError(progress.outcome, "no answer in time", code="timeout")
    return ChannelError(
        progress.outcome, "connection lost" if progress.sent else "connection failed", code="connection"
    )
