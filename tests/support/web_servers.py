"""Real nginx and Caddy over an edition, with the configuration of ``deploy/`` and a few addresses replaced."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from support.office import eventually
from support.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX_MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 128; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/examcal.conf;
}}
"""


def nginx_command() -> str:
    return shutil.which("nginx") or "/usr/sbin/nginx"


def write_nginx(folder: Path, root: Path, port: int, application: int, patience: int = 10) -> Path:
    """Write the configuration for a test: its port, its folder, its application instead of those of a machine.

    ``patience`` is how many seconds the application may take.
    """
    text = (DEPLOY / "nginx" / "examcal.conf").read_text("utf-8")
    for there, here in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("listen [::]:80;", ""),
        ("exam.example.org", "127.0.0.1"),
        ("/var/lib/examcal/public/current", str(root)),
        ("/var/log/nginx", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{application}"),
        ("proxy_read_timeout 10s", f"proxy_read_timeout {patience}s"),
        ("proxy_read_timeout 30s", f"proxy_read_timeout {patience}s"),
    ):
        assert there in text
        text = text.replace(there, here)
    (folder / "examcal.conf").write_text(text, "utf-8")
    shutil.copy(DEPLOY / "nginx" / "examcal-headers.conf", folder)
    main = folder / "nginx.conf"
    user = "user root;" if Path("/proc/self").owner() == "root" else ""  # the test's folder is closed to others
    main.write_text(NGINX_MAIN.format(folder=folder, user=user), "utf-8")
    return main


def write_caddy(folder: Path, root: Path, port: int, application: int, patience: int = 10) -> Path:
    """Write the configuration for a test, as ``write_nginx`` does."""
    text = (DEPLOY / "caddy" / "Caddyfile").read_text("utf-8")
    for there, here in (
        ("exam.example.org {", f"http://127.0.0.1:{port} {{"),
        ("/var/lib/examcal/public/current", str(root)),
        ("127.0.0.1:8000", f"127.0.0.1:{application}"),
        ("response_header_timeout 10s", f"response_header_timeout {patience}s"),
        ("response_header_timeout 30s", f"response_header_timeout {patience}s"),
    ):
        assert there in text
        text = text.replace(there, here)
    file = folder / "Caddyfile"
    file.write_text(text.replace("\n{\n", "\n{\n\tadmin off\n\tauto_https off\n", 1), "utf-8")
    shutil.copy(DEPLOY / "caddy" / "examcal-headers.caddy", folder)
    return file


def lay_out(folder: Path, files: Mapping[str, bytes], modified: int) -> None:
    """Write files as an edition has them: each with the time of its last change, and a compressed twin."""
    for path, body in files.items():
        for file, octets in ((folder / path, body), (folder / f"{path}.gz", gzip.compress(body, 9, mtime=0))):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(octets)
            os.utime(file, (modified, modified))


@contextmanager
def web_server(kind: str, folder: Path, root: Path, application: int, patience: int = 10) -> Iterator[int]:
    """Run nginx or Caddy in ``folder`` over the files of ``root``; yield its port.

    Its application may take ``patience`` seconds.
    """
    port = free_port()
    folder.mkdir(exist_ok=True)
    if kind == "nginx":
        file = write_nginx(folder, root, port, application, patience)
        command = [nginx_command(), "-p", str(folder), "-c", str(file)]
    else:
        file = write_caddy(folder, root, port, application, patience)
        command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=environment)
        try:
            eventually(lambda: _answers(process, port, folder), within=20)
            yield port
        finally:
            process.terminate()
            process.wait(15)


def _answers(process: subprocess.Popen[bytes], port: int, folder: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError((folder / "out").read_text("utf-8"))
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=2).status_code < 500
    except httpx.HTTPError:
        return False
