"""Mail: one reminder to 5,000 addresses on a local ``smtp-sink``, from the plan to the recorded outcome.

Ours is the whole way with default settings: fan-out, claims, the message frozen once and personalised in octets, four
sessions of 20 mails each, outcomes committed to the ledger with synchronous=FULL. Beside it, mails of the same size:
``smtp-source`` (C, the same octets again and again, no record) as it is by default, a session per mail, and with
``-d``, sessions kept; one kept ``smtplib`` connection for which each mail is built as an ``EmailMessage``; Apprise.
"""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from benchmarks.peers import has_module, program, smtp_sink
from benchmarks.reminders import CONNECTIONS, SENDER, LateClock, add_recipients, deliverer_for, mail_to, plan_one, timed
from benchmarks.rows import Row, skipped
from examcal.channels.port import Addressee
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State

MAILS = 5_000
SLOWER = 20
"""The slow peers send this part of the mails; their rates do not depend on the number."""


def deliver_all(port: int, mails: int) -> tuple[float, bytes]:
    """Deliver one reminder; return the seconds from its due instant to the last outcome, and one of the mails."""

    async def all_of_it(folder: Path) -> tuple[float, bytes]:
        clock, channel = LateClock(), mail_to(port)
        ledger = open_ledger(f"sqlite:///{folder}/a.db", folder, clock.now()).ledger
        add_recipients(ledger, mails)
        loop = deliverer_for(ledger, {channel.name: channel}, clock)
        await plan_one(loop, clock)
        began = time.perf_counter()
        await loop.finish()
        took = timed(began)
        if ledger.counts().by_state != {State.SENT: mails}:
            raise RuntimeError(ledger.counts().by_state)
        with ledger.snapshot() as connection:
            frozen = connection.exec_driver_sql("SELECT content FROM frozen").scalar_one()
        await loop.drain()
        await channel.close()
        ledger.close()
        return took, channel.compose([bytes(frozen)], Addressee("0" * 32, "ABCDE", "u1@example.org"))[0]

    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(all_of_it(Path(name)))


def smtp_source(port: int, mails: int, size: int, *, keeps: bool) -> float:
    """Let Postfix's load generator send; ``-d`` keeps its sessions."""
    command = [program("smtp-source") or "smtp-source", "-s", str(CONNECTIONS), "-m", str(mails), "-l", str(size)]
    began = time.perf_counter()
    subprocess.run([*command, *(["-d"] if keeps else []), f"127.0.0.1:{port}"], check=True)
    return timed(began)


def built(subject: str, parts: list[tuple[str, str]], number: int) -> EmailMessage:
    """Build a mail of the same texts and attachments, as everybody does with the standard library."""
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, SENDER, f"u{number}@example.org"
    made["Date"], made["Message-ID"] = formatdate(), make_msgid(domain="example.org")
    for kind, content in parts:
        if kind == "plain" and not made.is_multipart():
            made.set_content(content)
        elif kind == "html":
            made.add_alternative(content, subtype="html")
        else:
            made.add_attachment(content, subtype=kind, filename="event.ics")
    return made


def with_smtplib(port: int, mails: int, mail: bytes) -> float:
    """Send over one connection that is kept."""
    given = message_from_bytes(mail, policy=policy.default)
    subject = str(given["Subject"])
    parts = [(p.get_content_subtype(), p.get_content()) for p in given.walk() if not p.is_multipart()]
    with smtplib.SMTP("127.0.0.1", port) as client:
        began = time.perf_counter()
        for number in range(mails):
            client.send_message(built(subject, parts, number))
        return timed(began)


def with_apprise(port: int, mails: int, mail: bytes) -> float:
    """Notify each address, as reminder scripts do."""
    import apprise  # noqa: PLC0415 - an optional peer

    given = message_from_bytes(mail, policy=policy.default)
    body = next(part.get_content() for part in given.walk() if part.get_content_subtype() == "html")
    began = time.perf_counter()
    for number in range(mails):
        sender = apprise.Apprise()
        sender.add(f"mailto://127.0.0.1:{port}?mode=insecure&from=from@example.org&to=u{number}@example.org")
        if not sender.notify(title=str(given["Subject"]), body=body, body_format=apprise.NotifyFormat.HTML):
            raise RuntimeError("Apprise did not send")
    return timed(began)


def _peers(port: int, mails: int, mail: bytes) -> Iterator[tuple[str, float, float | None]]:
    some = max(5, mails // SLOWER)
    yield "smtp-source, a session per mail", mails / smtp_source(port, mails, len(mail), keeps=False), 0.25
    yield "smtp-source -d, sessions kept", mails / smtp_source(port, mails, len(mail), keeps=True), None
    yield "one smtplib connection, EmailMessage", some / with_smtplib(port, some, mail), 8
    if has_module("apprise"):
        yield "Apprise", some / with_apprise(port, some, mail), 50


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield a row for each peer."""
    mails = max(20, round(MAILS * scale))
    title = f"{mails:,} mails, recorded"
    if not program("smtp-sink"):
        yield skipped(title, "smtp-sink")
        return
    with smtp_sink() as port:
        took, mail = deliver_all(port, mails)
        rate = mails / took
        rates = {"mails_per_second": rate, "octets_per_mail": float(len(mail))}
        for name, theirs, target in _peers(port, mails, mail):
            yield Row(f"{title}, vs {name}", f"{rate:,.0f}/s", f"{theirs:,.0f}/s", rate / theirs, target, rates=rates)
    if not has_module("apprise"):
        yield skipped(f"{title}, vs Apprise", "apprise")
