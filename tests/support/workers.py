"""Workers as processes of their own, and what the shared ledger says of them."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from support.office import Office
from support.ports import free_port
from support.smtp_server import SmtpServer


def worker(office: Office, name: str = "worker", **extra: str) -> subprocess.Popen[bytes]:
    """Start ``examcal worker``; what it says is in ``NAME.log``."""
    return _start(office, "worker", name, extra)


def daemon(office: Office, name: str, **extra: str) -> subprocess.Popen[bytes]:
    """Start ``examcal run`` like a worker, with a state directory and an address of its own."""
    return _start(office, "run", name, {"EXAMCAL_LISTEN": f"127.0.0.1:{free_port()}", **extra})


def _start(office: Office, word: str, name: str, extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
    folder = office.folder / name
    own = {"EXAMCAL_STATE_DIR": str(folder), "EXAMCAL_PUBLIC_DIR": str(folder / "public")}
    command, variables = [*office.program, word], office.all_variables({**own, **extra})
    with (office.folder / f"{name}.log").open("w") as log:
        return subprocess.Popen(command, cwd=office.folder, env=variables, stdout=log, stderr=subprocess.STDOUT)


@contextmanager
def ended(processes: Iterable[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Kill what is left of some processes at the end of a block."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait(10)


def said(office: Office, name: str = "worker") -> str:
    """Return what a process of ``worker`` has said."""
    return (office.folder / f"{name}.log").read_text("utf-8", "replace")


def ask(office: Office, statement: str, *values: object) -> Any:
    """Run a statement in the ledger's database; return its first value, or how many rows it changed."""
    with psycopg.connect(office.environment["EXAMCAL_DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(statement, values)  # type: ignore[arg-type]
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else cursor.rowcount


def claims(office: Office, pid: int) -> int:
    """Return how many deliveries a process has claimed and not ended."""
    return int(ask(office, "SELECT count(*) FROM delivery WHERE owner LIKE %s", f"%:{pid}"))


def end_leases(office: Office, pid: int) -> int:
    """Do to the claims of a process what a minute does when it renews them no more; return how many there were."""
    return int(ask(office, "UPDATE delivery SET lease_until = 1 WHERE owner LIKE %s", f"%:{pid}"))


def fenced(office: Office) -> int:
    """Return how many ends of attempts came too late to count."""
    return int(ask(office, "SELECT count(*) FROM attempt WHERE outcome LIKE 'fenced-%%'"))


def are_sent(office: Office, count: int) -> Callable[[], bool]:
    """Return a look whether ``count`` deliveries, which are all, are sent; False while the database is away."""

    def look() -> bool:
        try:
            return bool(ask(office, "SELECT count(*) = %s AND bool_and(state = 'sent') FROM delivery", count))
        except psycopg.Error:
            return False

    return look


def copies(office: Office, smtp: SmtpServer, count: int) -> int:
    """Return how many mails came twice, having made sure that all came, alike, and that those are marked."""
    taken = Counter(mail.message_id for mail in (*smtp.mails, *smtp.dropped))
    assert len(taken) == count
    assert len({(mail.message_id, mail.octets) for mail in smtp.mails}) == count
    marked = ask(office, "SELECT count(*) FROM delivery WHERE ambiguous > 0")
    twice = sum(taken.values()) - count
    assert twice <= marked
    assert office.examcal("ledger", "verify").returncode == 0
    return twice
