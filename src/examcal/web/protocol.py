"""The connection: uvicorn's h11 protocol with a short way for plain requests, and deadlines for slow clients.

Calendars and browsers poll with small, complete GET requests. Those are recognised by one strict pattern and answered
from prepared bytes; everything else (bodies, pipelining, odd syntax, other methods) takes the ordinary way through
h11 and ASGI. Both ways ask the same router, so they give the same answers.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from examcal.web.app import Site
from examcal.web.representation import Answer

HEADER_DEADLINE: Final = 10.0
"""Seconds in which a request must arrive completely."""
IDLE_DEADLINE: Final = 75.0
"""Seconds that a connection may wait for the next request."""
WRITE_DEADLINE: Final = 120.0
"""Seconds in which a response must have left."""
LARGEST_HEAD: Final = 16_384
MOST_CONNECTIONS: Final = 2_000
_LARGEST_QUICK: Final = 4_096
_MOST_REMEMBERED: Final = 512
_REQUEST: Final = re.compile(
    rb"(GET|HEAD) (/[!-~]*) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\x20-\x7e\x80-\xff\t]*\r\n)+)\r\n"
)
_UNUSUAL: Final = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect", b"te", b"trailer"})


class QuickProtocol(H11Protocol):
    """One connection of one client. Made by ``protocol_for``, which fills in ``site``."""

    site: Site
    remembered: tuple[object, dict[bytes, tuple[Answer, bytes, bytes]]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own parameters
        super().__init__(*args, **kwargs)
        self._since = 0.0
        self._awaited = 0  # requests that have begun, but not arrived completely
        self._watch: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._since = self.loop.time()
        self._awaited = 1
        self._watch = self.loop.call_later(HEADER_DEADLINE, self._look)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch:
            self._watch.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_idle() and self._answer_quickly(data):
            self._since = self.loop.time()
            self._awaited = 0
            return
        if self._is_idle() and not self._awaited:
            self._since = self.loop.time()
            self._awaited = 1
        super().data_received(data)
        if not self._is_idle():
            self._awaited = 0

    @override
    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the deadlines here replace uvicorn's timer per response

    def _is_idle(self) -> bool:
        """Whether no request is in progress and nothing is waiting to be parsed or written."""
        cycle = self.cycle
        return (cycle is None or cycle.response_complete) and self.conn.our_state is h11.IDLE

    def _answer_quickly(self, data: bytes) -> bool:
        if len(data) > _LARGEST_QUICK or self.conn.trailing_data[0] or self.transport.get_write_buffer_size():
            return False
        found = self._remembered(data) or self._recognised(data)
        if found is None:
            return False
        response, method, target = found
        body = b"" if method == b"HEAD" else response.body
        self.transport.write(b"%sdate: %s\r\n\r\n%s" % (response.head, self.site.date(), body))
        self.site.record(method.decode(), target, response.status, len(body))
        return True

    def _remembered(self, data: bytes) -> tuple[Answer, bytes, bytes] | None:
        """Return the answer to exactly these bytes; pollers send the same ones again and again."""
        shelf, answers = type(self).remembered
        if shelf is not self.site.shelf:
            type(self).remembered = (self.site.shelf, {})
            return None
        return answers.get(data)

    def _recognised(self, data: bytes) -> tuple[Answer, bytes, bytes] | None:
        request = _REQUEST.fullmatch(data)
        if request is None:
            return None
        method, target, lines = request.groups()
        headers: dict[bytes, bytes] = {}
        for line in lines[:-2].split(b"\r\n"):
            name, _, value = line.partition(b":")
            name = name.lower()
            if name in headers or name in _UNUSUAL:
                return None
            headers[name] = value.strip()
        if b"host" not in headers or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
            return None
        response = self.site.quick(method.decode(), target, headers)
        if response is None:
            return None
        answers = type(self).remembered[1]
        if len(answers) < _MOST_REMEMBERED:
            answers[data] = (response, method, target)
        return response, method, target

    def _look(self) -> None:
        """Close the connection where its client is too slow; look again when the next deadline may pass."""
        limit = self._limit()
        left = self._since + limit - self.loop.time()
        if left > 0:
            self._watch = self.loop.call_later(min(left, HEADER_DEADLINE), self._look)
        elif not self.transport.is_closing():
            self.transport.abort()

    def _limit(self) -> float:
        if self._awaited:
            return HEADER_DEADLINE
        return IDLE_DEADLINE if self._is_idle() and not self.transport.get_write_buffer_size() else WRITE_DEADLINE


def protocol_for(site: Site) -> type[QuickProtocol]:
    """Return the protocol class for one site."""
    return type("SiteProtocol", (QuickProtocol,), {"site": site, "remembered": (None, {})})
