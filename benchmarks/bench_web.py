"""Requests a second: our server beside nginx with the same octets, and beside Radicale with the same events.

One client process keeps a few connections busy with the same request, as many small pollers do; the ratio in the same
run is what counts. The feed is a real one of 20 milestones, the page is that exam's, and both are served from memory by
ours, from the page cache by nginx with ``gzip_static``; Radicale answers GET on a collection of 500 events.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import http.client
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.peers import free_port, has_module, program, started
from benchmarks.rows import Row, skipped
from examcal.feed.calendar import EventBook
from examcal.pages.render import render
from support import schedules

CONNECTIONS = 8
SECONDS = 3.0
MILESTONES = 20
LARGE = 250
RADICALE_REQUESTS = 8
USER = "Authorization: Basic " + base64.b64encode(b"bench:bench").decode()
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; gzip_static on; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  types {{ text/calendar ics; text/html html; }} keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; root {folder}/site; }}
}}
"""
SERVER = """
import asyncio, sys
from pathlib import Path
from examcal.clock import SystemClock
from examcal.web.app import Site
from examcal.web.router import Hosts
from examcal.web.server import DateField, WebServer
from examcal.web.shelf import Published, fill_shelf
there = [file for file in Path(sys.argv[2]).iterdir() if file.suffix != ".gz"]
files = {file.name: Published(file.read_bytes(), 1790000000) for file in there}
site = Site(Hosts(None), DateField(SystemClock()), shelf=fill_shelf("x", files))
asyncio.run(WebServer(site, "127.0.0.1", int(sys.argv[1])).serve())
"""
TARGETS = {"full": 0.5, "gzip": None, "304": 0.2}


async def one_client(port: int, request: bytes, size: int, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    done = 0
    while time.monotonic() < until:
        writer.write(request)
        await reader.readexactly(size)
        done += 1
    writer.close()
    return done


def answer_of(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        octets = b""
        while piece := client.recv(1 << 20):
            octets += piece
    return octets


def length_of(port: int, request: bytes) -> int:
    """Return how many octets the answer on a kept connection has."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(request)
        client.settimeout(0.5)
        size = 0
        with contextlib.suppress(TimeoutError):
            while piece := client.recv(1 << 20):
                size += len(piece)
    return size


def rate(port: int, request: bytes, seconds: float) -> float:
    size = length_of(port, request)

    async def all_clients() -> int:
        until = time.monotonic() + seconds
        return sum(await asyncio.gather(*(one_client(port, request, size, until) for _ in range(CONNECTIONS))))

    return asyncio.run(all_clients()) / seconds


def requests_for(port: int, name: str) -> dict[str, bytes]:
    plain = f"GET /{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n".encode()
    head = answer_of(port, plain + b"\r\n").partition(b"\r\n\r\n")[0].lower()
    etag = next(line for line in head.split(b"\r\n") if line.startswith(b"etag:")).partition(b":")[2].strip()
    return {
        "full": plain + b"\r\n",
        "gzip": plain + b"Accept-Encoding: gzip\r\n\r\n",
        "304": plain + b"If-None-Match: " + etag + b"\r\n\r\n",
    }


def files(milestones: int) -> dict[str, bytes]:
    """Return a feed and the page of its exam."""
    schedule = schedules.many(milestones, exams=1)
    pages = render(schedule, base_url="https://exam.example.org")
    page = next(body for path, body in pages.items() if path.endswith(f"{schedule.exams[0].id}/index.html"))
    return {"all.ics": EventBook(schedule).feed(), "exam.html": page}


def large_feed(milestones: int) -> bytes:
    """Return a feed of many events."""
    return EventBook(schedules.many(milestones, exams=1)).feed()


def beside_nginx(name: str, ours: int, theirs: int, size: int, seconds: float) -> Iterator[Row]:
    """Yield a row for each kind of request."""
    what = "feed" if name.endswith(".ics") else "page"
    cases = requests_for(ours, name), requests_for(theirs, name)
    for case, target in TARGETS.items():
        here, there = rate(ours, cases[0][case], seconds), rate(theirs, cases[1][case], seconds)
        rates = {f"{what}_{case}_per_second": here}
        title = f"{what} of {size / 1000:.0f} kB, {case}, vs nginx"
        yield Row(title, f"{here:,.0f}/s", f"{there:,.0f}/s", here / there, target, rates=rates)


def radicale(feed: bytes, folder: Path, ours: float, requests: int) -> Row:
    """Fill a collection of Radicale with the same events, and read it."""
    port = free_port()
    command = [sys.executable, "-m", "radicale", "--server-hosts", f"127.0.0.1:{port}", "--auth-type", "none"]
    storage = ["--storage-filesystem-folder", str(folder / "radicale"), "--rights-type", "authenticated"]
    with started([*command, *storage], port):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        field, value = USER.split(": ")
        client.request("PUT", "/bench/all/", feed, {field: value, "Content-Type": "text/calendar"})
        answer = client.getresponse()
        if answer.status != http.HTTPStatus.CREATED:
            raise RuntimeError(answer.read())
        answer.read()
        request = f"GET /bench/all/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{USER}\r\n\r\n".encode()
        body = answer_of(port, request)
        if body.count(b"BEGIN:VEVENT") != feed.count(b"BEGIN:VEVENT"):
            raise RuntimeError(body[:500])
        began = time.perf_counter()
        for _ in range(requests):
            answer_of(port, request)
        theirs = requests / (time.perf_counter() - began)
    title = f"feed of {feed.count(b'BEGIN:VEVENT')} events, full, vs Radicale"
    return Row(title, f"{ours:,.0f}/s", f"{theirs:,.2f}/s", ours / theirs, 200)


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield a row for each kind of file, request and peer."""
    seconds, milestones = max(0.2, SECONDS * min(scale, 1)), max(10, round(MILESTONES * min(scale, 1)))
    large = large_feed(max(10, round(LARGE * scale)))
    nginx = program("nginx")
    if nginx is None:
        yield skipped("feeds and pages vs nginx", "nginx")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "site").mkdir()
        served = files(milestones)
        (folder / "site" / "large.ics").write_bytes(large)
        for path, body in served.items():
            (folder / "site" / path).write_bytes(body)
            (folder / "site" / f"{path}.gz").write_bytes(gzip.compress(body, 9, mtime=0))
        folder.chmod(0o755)
        ours, theirs = free_port(), free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=theirs))
        us = started([sys.executable, "-c", SERVER, str(ours), str(folder / "site")], ours)
        with us, started([nginx, "-p", name, "-c", f"{name}/nginx.conf"], theirs):
            rows = [
                row for path, body in served.items() for row in beside_nginx(path, ours, theirs, len(body), seconds)
            ]
            full = rate(ours, requests_for(ours, "large.ics")["full"], seconds)
        yield from rows
        if not has_module("radicale"):
            yield skipped("feed vs Radicale", "radicale")
            return
        yield radicale(large, folder, full, max(2, round(RADICALE_REQUESTS * scale)))
