"""A real PostgreSQL of the tests' own: its own cluster, a free port, and the certainty that it is ours that answers."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import psycopg

from support.ports import free_port

CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 60
shared_buffers = 64MB
timezone = 'UTC'
log_min_messages = fatal
"""


def binaries() -> Path:
    """Return the directory of the newest PostgreSQL on this machine."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if not places:
        raise FileNotFoundError("initdb")
    return places[-1].parent


class PostgresServer:
    """A cluster in a temporary directory; as root it runs as ``postgres`` or ``nobody``, which initdb insists on.

    ``environment`` is added to its variables, for instance a clock that is ahead.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = {**os.environ, **(environment or {})}
        self.folder = Path(tempfile.mkdtemp(prefix="examcal-pg-", dir="/tmp"))
        self.data = self.folder / "data"
        self._bin = binaries()
        self._user = _unprivileged() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.port = free_port()

    def __enter__(self) -> Self:
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb", "-D", str(self.data), "-U", "examcal", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write(CONFIGURATION)
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and make sure that it is our server that answers."""
        options = f"-p {self.port}"
        self._run(
            "pg_ctl", "-D", str(self.data), "-w", "-t", "30", "-o", options, "-l", str(self.folder / "log"), "start"
        )
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        if row is None or Path(row[0]) != self.data:
            raise RuntimeError("another server answers on the port")

    def stop(self, mode: str = "immediate") -> None:
        """Stop: ``immediate`` is a crash, ``fast`` ends sessions in order."""
        subprocess.run(
            [self._bin / "pg_ctl", "-D", self.data, "-m", mode, "-w", "stop"], check=False, **self._as_user()
        )

    def pause(self, seconds_signal: signal.Signals) -> None:
        """Send a signal to the postmaster."""
        os.kill(int((self.data / "postmaster.pid").read_text().splitlines()[0]), seconds_signal)

    def database(self, template: str = "template1") -> str:
        """Make a database like ``template`` and return its address."""
        name = f"t{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://examcal@127.0.0.1:{self.port}/{database}"

    def _run(self, command: str, *arguments: str) -> None:
        subprocess.run([str(self._bin / command), *arguments], check=True, **self._as_user())

    def _as_user(self) -> dict[str, object]:
        quiet: dict[str, object] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self.folder}
        quiet["env"] = self.environment
        if self._user is None:
            return quiet
        return quiet | {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("postgres")
