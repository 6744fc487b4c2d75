"""Blocking work beside the event loop that may be cut off when the process ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


async def in_background(call: Callable[[], R]) -> R:
    """Run ``call`` in a daemon thread and return its result.

    The process does not wait for such a thread at its end, so only work that may stop anywhere (reading, publishing,
    which is atomic) belongs here.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def work() -> None:
        result: R | None = None
        problem: BaseException | None = None
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the result is awaited
            problem = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=work, name="background", daemon=True).start()
    return await outcome
