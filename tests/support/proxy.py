"""A TCP proxy on loopback that misbehaves on command: pass, black-hole, reset, delay, cut after a number of octets.

``async with Proxy(("127.0.0.1", port)) as proxy:`` then connect to ``proxy.port`` and set ``proxy.mode`` at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Proxy:
    """``mode``: "pass", "hole" (swallow both ways), "reset" (close at once); ``cut_after`` octets from the client."""

    def __init__(self, target: tuple[str, int], *, mode: str = "pass", delay: float = 0.0) -> None:
        self.target, self.mode, self.delay = target, mode, delay
        self.cut_after: int | None = None
        self.host, self.port = "127.0.0.1", 0
        self.seen = bytearray()  # what clients sent
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        upstream: asyncio.StreamWriter | None = None
        try:
            if self.mode == "reset":
                return
            source, upstream = await asyncio.open_connection(*self.target)
            await asyncio.wait(
                [
                    asyncio.create_task(self._pump(reader, upstream, count=True)),
                    asyncio.create_task(self._pump(source, writer, count=False)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, upstream):
                if end is not None:
                    end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, count: bool) -> None:
        with contextlib.suppress(OSError):
            while octets := await source.read(65536):
                if count:
                    self.seen += octets
                    if self.cut_after is not None and len(self.seen) >= self.cut_after:
                        return
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.mode == "pass":
                    sink.write(octets)
                    await sink.drain()
