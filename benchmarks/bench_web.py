"""Requests a second for a feed in full, compressed and as 304: our server beside nginx with the same octets.

One client process keeps a few connections busy with the same request, as many small pollers do; the ratio to nginx in
the same run is what counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row

CONNECTIONS = 8
SECONDS = 3.0
BODY = b"BEGIN:VCALENDAR\r\n" + b"SUMMARY:0123456789 0123456789 0123456789\r\n" * 900 + b"END:VCALENDAR\r\n"
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; gzip_static on; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  types {{ text/calendar ics; }} keepalive_requests 1000000;
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
body = Path(sys.argv[2]).read_bytes()
site = Site(Hosts(None), DateField(SystemClock()), shelf=fill_shelf("x", {"all.ics": Published(body, 1790000000)}))
asyncio.run(WebServer(site, "127.0.0.1", int(sys.argv[1])).serve())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(15)


async def one_client(port: int, request: bytes, size: int, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.monotonic() < until:
        writer.write(request)
        await reader.readexactly(size)
        done += 1
    writer.close()
    return done


def answer_of(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
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


def rate(port: int, request: bytes) -> float:
    size = length_of(port, request)

    async def all_clients() -> int:
        until = time.monotonic() + SECONDS
        return sum(await asyncio.gather(*(one_client(port, request, size, until) for _ in range(CONNECTIONS))))

    return asyncio.run(all_clients()) / SECONDS


def requests_for(port: int) -> dict[str, bytes]:
    plain = b"GET /all.ics HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n"
    head = answer_of(port, plain + b"\r\n").partition(b"\r\n\r\n")[0].lower()
    etag = next(line for line in head.split(b"\r\n") if line.startswith(b"etag:")).partition(b":")[2].strip()
    return {
        "full": plain + b"\r\n",
        "gzip": plain + b"Accept-Encoding: gzip\r\n\r\n",
        "304": plain + b"If-None-Match: " + etag + b"\r\n\r\n",
    }


def measure() -> dict[str, tuple[float, float]]:
    """Return by case our rate and that of nginx, in requests a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "site").mkdir()
        feed = folder / "site" / "all.ics"
        feed.write_bytes(BODY)
        (folder / "site" / "all.ics.gz").write_bytes(gzip.compress(BODY, 9, mtime=0))
        folder.chmod(0o755)
        ports = free_port(), free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=ports[1]))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        ours = [sys.executable, "-c", SERVER, str(ports[0]), str(feed)]
        with started(ours, ports[0]), started([nginx, "-p", name, "-c", f"{name}/nginx.conf"], ports[1]):
            cases = [requests_for(port) for port in ports]
            return {case: (rate(ports[0], cases[0][case]), rate(ports[1], cases[1][case])) for case in cases[0]}


def run() -> Iterator[Row]:
    """Yield a row for each kind of request."""
    targets = {"full": 0.5, "gzip": None, "304": 0.2}
    for case, (ours, theirs) in measure().items():
        name = f"feed of {len(BODY) // 1000} kB, {case}"
        yield Row(name, f"{ours:.0f}/s", f"nginx {theirs:.0f}/s", ours / theirs, targets[case])
