"""Ports for servers that are told which port to listen on, because somebody must know it before they start.

A port that the system gives out for outgoing connections may be taken by one between the look and the server's start;
so these lie below that range. Each test process has a part of it to itself, and gives no port out twice.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
PARTS, IN_PART = 8, 1_500


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    return next(port for port in _PORTS if _is_free(port))


def _ports() -> Iterator[int]:
    first_ephemeral = int(EPHEMERAL.read_text(encoding="ascii").split()[0]) if EPHEMERAL.exists() else 32_768
    part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PARTS
    first = max(1_024, first_ephemeral - PARTS * IN_PART) + part * IN_PART
    for number in itertools.count(os.getpid()):
        yield first + number % IN_PART


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_PORTS = _ports()
