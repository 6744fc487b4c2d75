"""The HTTP server: uvicorn with limits, without its access log, its signals and its ten ticks a second."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate

import uvicorn

from examcal.clock import Clock
from examcal.errors import UnavailableError, reason_of
from examcal.web.app import AsgiApp, Site
from examcal.web.protocol import LARGEST_HEAD, protocol_for

_BACKLOG = 1024


class WebServer:
    """Serves one application on one address until stopped. Binding happens in the constructor, so errors come early.

    ``setting`` names what the address was read from, for whoever has to choose another one.
    """

    def __init__(self, app: AsgiApp, host: str, port: int, *, setting: str = "EXAMCAL_LISTEN") -> None:
        self.socket = _bound(host, port, setting)
        self._stopped = asyncio.Event()
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=protocol_for(app) if isinstance(app, Site) else "h11",
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=10,
                h11_max_incomplete_event_size=LARGEST_HEAD,
            )
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, with the port that the system chose for port 0."""
        host, port = self.socket.getsockname()[:2]
        return str(host), int(port)

    async def serve(self) -> None:
        """Serve until ``stop``; open downloads get ten seconds."""
        config = self._server.config
        if not config.loaded:
            config.load()
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[self.socket])
        await self._stopped.wait()
        await self._server.shutdown(sockets=[self.socket])

    def stop(self) -> None:
        """Let ``serve`` end."""
        self._stopped.set()


class DateField:
    """The value of the Date field, formatted once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._text = b""

    def __call__(self) -> bytes:
        """Return the present second as an HTTP date."""
        second = int(self._clock.now().timestamp())
        if second != self._second:
            self._second, self._text = second, formatdate(second, usegmt=True).encode()
        return self._text


def _bound(host: str, port: int, setting: str) -> socket.socket:
    """Return a listening socket. Raises UnavailableError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise UnavailableError(
            "cannot listen on {address}: {reason}; set {setting} to another address",
            address=f"{host}:{port}",
            setting=setting,
            reason=reason,
        ) from None
    bound.setblocking(False)  # noqa: FBT003 - the socket's own signature
    bound.set_inheritable(False)
    return bound
