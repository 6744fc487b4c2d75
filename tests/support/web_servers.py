"""Real nginx and Caddy over an edition, with the configuration of ``deploy/`` and a few addresses replaced."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
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


def write_nginx(folder: Path, root: Path, port: int, application: int) -> Path:
    """Write the configuration for a test: its port, its folder, its application instead of those of a machine."""
    text = (DEPLOY / "nginx" / "examcal.conf").read_text("utf-8")
    for there, here in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("listen [::]:80;", ""),
        ("exam.example.org", "127.0.0.1"),
        ("/var/lib/examcal/public/current", str(root)),
        ("/var/log/nginx", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{application}"),
    ):
        assert there in text
        text = text.replace(there, here)
    (folder / "examcal.conf").write_text(text, "utf-8")
    shutil.copy(DEPLOY / "nginx" / "examcal-headers.conf", folder)
    main = folder / "nginx.conf"
    user = "user root;" if Path("/proc/self").owner() == "root" else ""  # the test's folder is closed to others
    main.write_text(NGINX_MAIN.format(folder=folder, user=user), "utf-8")
    return main


def write_caddy(folder: Path, root: Path, port: int, application: int) -> Path:
    """Write the configuration for a test, as ``write_nginx`` does."""
    text = (DEPLOY / "caddy" / "Caddyfile").read_text("utf-8")
    for there, here in (
        ("exam.example.org {", f"http://127.0.0.1:{port} {{"),
        ("/var/lib/examcal/public/current", str(root)),
        ("127.0.0.1:8000", f"127.0.0.1:{application}"),
    ):
        assert there in text
        text = text.replace(there, here)
    file = folder / "Caddyfile"
    file.write_text(text.replace("\n{\n", "\n{\n\tadmin off\n\tauto_https off\n", 1), "utf-8")
    shutil.copy(DEPLOY / "caddy" / "examcal-headers.caddy", folder)
    return file


@contextmanager
def web_server(kind: str, folder: Path, root: Path, application: int) -> Iterator[int]:
    """Run nginx or Caddy in ``folder`` over the files of ``root``; yield its port."""
    port = free_port()
    folder.mkdir(exist_ok=True)
    if kind == "nginx":
        command = [nginx_command(), "-p", str(folder), "-c", str(write_nginx(folder, root, port, application))]
    else:
        file = write_caddy(folder, root, port, application)
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
