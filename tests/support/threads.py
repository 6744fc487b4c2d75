"""Run an asynchronous test server in a thread of its own, for tests that start processes or block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

S = TypeVar("S", bound=AbstractAsyncContextManager[object])


@contextmanager
def in_thread(server: S) -> Iterator[S]:
    """Enter ``server`` in a new event loop in a thread; leave it, and wait for the thread, at the end."""
    ready, failure = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        try:
            async with server:
                ready.set()
                await stop.wait()
        except BaseException as error:
            failure.append(error)
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()), daemon=True)
    thread.start()
    ready.wait(10)
    if failure:
        raise failure[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
