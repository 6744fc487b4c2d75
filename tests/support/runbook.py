"""What ``deploy/README.md`` tells an operator to type, done on a machine that is a folder."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from support.office import Office, Running, ahead
from support.postgres import PostgresServer, binaries
from support.wheels import ROOT, Environment

RUNBOOK = (ROOT / "deploy" / "README.md").read_text("utf-8")
_DATABASE = "EXAMCAL_DATABASE_URL"
_PLACES = {"useradd", "python3", "install", "cp", "chown", "/opt/examcal/bin/examcal"}
"""Begin lines about users, units and places, which a folder has not."""


def console(heading: str) -> list[list[str]]:
    """Return the lines of each console block of a section."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)]


@dataclass
class Machine:
    """An installed examcal with its office, on SQLite or on a server's database; its clock is ``shift`` ahead."""

    office: Office
    environment: Environment
    server: PostgresServer | None = None
    shift: timedelta = timedelta()
    daemon: Running | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def copies(self) -> Path:
        return self.office.folder / "backups"

    @property
    def clock(self) -> dict[str, str]:
        return ahead(self.shift) if self.shift else {}

    def go_ahead(self, shift: timedelta) -> None:
        """Put the clock ahead from now on, and the database's, by which is sent."""
        self.shift = shift
        if self.server is not None:
            self.server.stop("fast")
            self.server.environment |= self.clock
            self.server.start()

    def say(self, *words: str) -> str:
        """Run a command, which must succeed; return what it wrote."""
        done = self.office.examcal(*words, **self.clock)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, wheel: Path | None) -> None:
        if wheel is not None:
            self.environment.install(wheel)

    def start(self) -> Running:
        self.stop()
        self.daemon = self._open.enter_context(self.office.running(**self.clock))
        return self.daemon

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the daemon, if one runs."""
        if self.daemon is not None:
            assert self.daemon.stop(number) == (0 if number is signal.SIGTERM else -number)
        self._open.close()
        self.daemon = None

    def follow(self, lines: list[str], wheel: Path | None = None) -> None:
        """Do what the runbook says, line by line; ``wheel`` is the version that it installs, None what is there."""
        for line in lines:
            for command in line[2:].split(" && "):
                words = shlex.split(command)
                if words[0] not in _PLACES and words != ["systemctl", "daemon-reload"]:
                    self._follow(words, wheel)

    def _follow(self, words: list[str], wheel: Path | None) -> None:
        match words:
            case ["examcal", "ledger", "reconcile", *_]:  # the journals of workers; there are none on this machine
                self.say("ledger", "reconcile")
            case ["examcal", *rest]:
                self.say(*map(self._here, rest))
            case ["/opt/examcal/bin/pip", "install", *_]:
                self.install(wheel)
            case ["systemctl", "start" | "restart", "examcal.service", *_]:
                self.start()
            case ["systemctl", "enable", "--now", "examcal.service", *_]:
                self.start()
            case ["systemctl", "stop", "examcal.service", *_]:
                self.stop()
            case ["sudo", "-u", "postgres", "pg_dump", form, "--file=/var/backups/examcal.dump", "examcal"]:
                address = self.office.environment[_DATABASE]
                subprocess.run([binaries() / "pg_dump", form, f"--file={self._dump}", address], check=True)
            case ["sudo", "-u", "postgres", "pg_restore", "--dbname=examcal", "/var/backups/examcal.dump"]:
                assert self.server is not None
                empty = self.office.environment[_DATABASE] = self.server.database()
                subprocess.run([binaries() / "pg_restore", f"--dbname={empty}", self._dump], check=True)
            case _:
                raise AssertionError(words)

    def _here(self, word: str) -> str:
        """Return where a path of the runbook is on this machine; a copy is the one that was made."""
        if re.fullmatch(r"/var/lib/examcal/backups/examcal-\w+\.db", word):
            (copy,) = self.copies.glob("examcal-*.db")
            return str(copy)
        return word.replace("/var/lib/examcal/backups", str(self.copies))

    @property
    def _dump(self) -> Path:
        return self.copies / "examcal.dump"

    def outlast_claims(self) -> None:
        """Let the minute pass, on the database's clock, after which a lost process is given up; SQLite keeps none."""
        if self.server is not None:
            with psycopg.connect(self.office.environment[_DATABASE]) as connection:
                connection.execute("UPDATE delivery SET lease_until = 0 WHERE state = 'sending'")
                connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
