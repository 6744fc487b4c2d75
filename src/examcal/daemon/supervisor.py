"""Tell systemd that the service is ready, alive or ending (sd_notify(3)), without a library."""

from __future__ import annotations

import asyncio
import os
import socket

_LISTENS_WITHIN = 0.2
"""Seconds; a supervisor that hears nothing any more must not keep reminders from leaving."""


def notify(state: str) -> bool:
    """Send a state such as ``READY=1``; return False where no supervisor listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(_LISTENS_WITHIN)
            channel.sendto(state.encode(), address)
    except OSError:
        return False
    return True


async def report_to_supervisor() -> None:
    """Say that the service is ready, and then as often as the watchdog wants that its event loop lives."""
    notify("READY=1")
    interval = watchdog_interval()
    while interval is not None:
        await asyncio.sleep(interval)
        notify("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Return how often ``WATCHDOG=1`` is due, in seconds (half of what the unit allows), or None without a watchdog."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(allowed) / 2_000_000 if allowed.isdecimal() and int(allowed) and mine else None
