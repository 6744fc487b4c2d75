"""A web server over files in memory, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from examcal.clock import SystemClock
from examcal.web.app import Site
from examcal.web.router import Hosts
from examcal.web.server import DateField, WebServer
from examcal.web.shelf import Published, Select, Shelf, fill_shelf

MODIFIED = 1_790_000_000
CALENDAR = b"BEGIN:VCALENDAR\r\n" + b"X-LINE:0123456789\r\n" * 300 + b"END:VCALENDAR\r\n"
FILES = {"feeds/all.ics": CALENDAR, "feeds/x.ics": CALENDAR, "index.html": b"<p>hello" * 50, "x/index.html": b"<p>x"}


def shelf(
    files: Mapping[str, bytes] = FILES, select: Select | None = None, *, earlier: Shelf | None = None, name: str = "one"
) -> Shelf:
    return fill_shelf(name, {path: Published(body, MODIFIED) for path, body in files.items()}, select, earlier=earlier)


def site_of(found: Shelf | None, base_url: str | None = None) -> Site:
    return Site(Hosts(base_url), DateField(SystemClock()), shelf=found)


@contextmanager
def serving(site: Site) -> Iterator[tuple[str, int]]:
    """Serve on a free port; yield host and port."""
    ready = threading.Event()
    found: list[WebServer] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        found.append(WebServer(site, "127.0.0.1", 0))
        serving = asyncio.create_task(found[0].serve())
        ready.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0].address
    finally:
        loops[0].call_soon_threadsafe(found[0].stop)
        thread.join(15)
