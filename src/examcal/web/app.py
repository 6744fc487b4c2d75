"""The ASGI application: published files first, from memory; then health, and what else is mounted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from examcal.web.representation import SECURITY, Answer
from examcal.web.router import FAILED, WRONG_HOST, Hosts, missing_answer, published_answer
from examcal.web.shelf import Shelf

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


Recorder = Callable[[str, bytes, int, int], None]
"""Hears of every response: method, target, status and octets of the body; must be quick."""


def _ignore(method: str, target: bytes, status: int, size: int) -> None:
    del method, target, status, size


def _swallow(error: BaseException) -> None:
    del error


@dataclass(slots=True)
class Site:
    """What the web server serves. ``shelf`` is exchanged by whoever publishes; everything else is fixed at start.

    ``dynamic`` answers addresses below ``prefixes`` that are not published files (health, subscriptions). ``date``
    gives the Date field, ``record`` hears of every response, ``fail`` of every error.
    """

    hosts: Hosts
    date: Callable[[], bytes]
    dynamic: AsgiApp | None = None
    shelf: Shelf | None = None
    record: Recorder = _ignore
    fail: Callable[[BaseException], None] = _swallow
    prefixes: tuple[str, ...] = ()

    def quick(self, method: str, target: bytes, headers: dict[bytes, bytes]) -> Answer | None:
        """Return the answer where it needs no further work; None leaves the request to the ASGI application."""
        if not self.hosts.know(headers.get(b"host", b"")):
            return WRONG_HOST
        return published_answer(self.shelf, method, target, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] != "http":
            return
        method, target = scope["method"], _target(scope)
        sent = _Sent(send, self.date())
        try:
            await self._respond(scope, receive, sent)
        except Exception as error:  # noqa: BLE001 - the last net: the client gets a 500 without details
            self.fail(error)
            if not sent.status:
                await _send(sent, FAILED, method)
        self.record(method, target, sent.status, sent.size)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, target = scope["method"], _target(scope)
        headers = dict(reversed(scope["headers"]))  # of a repeated field the first one counts
        found = self.quick(method, target, headers)
        if found is not None:
            await _send(send, found, method)
        elif self.dynamic is not None and scope["path"].startswith(self.prefixes):
            await self.dynamic(scope, receive, send)
        else:
            await _send(send, missing_answer(self.shelf), method)


class _Sent:
    """Passes messages on, adds the date and the security headers, and remembers status and size."""

    def __init__(self, send: Send, date: bytes) -> None:
        self._send = send
        self._date = date
        self.status = 0
        self.size = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name for name, _ in message["headers"]}
            missing = [field for field in SECURITY if field[0] not in present]
            message["headers"] = [*message["headers"], (b"date", self._date), *missing]
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)


def _target(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw + b"?" + scope["query_string"] if scope["query_string"] else raw


async def _send(send: Send, response: Answer, method: str) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": list(response.headers)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})
