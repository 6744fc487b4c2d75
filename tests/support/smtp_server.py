"""A scripted SMTP server on loopback (raw asyncio, real sockets), for tests of delivery.

In an asynchronous test::

    async with SmtpServer(faults=[Fault("RCPT", nth=1, reply="451 4.7.1 greylisted")]) as server:
        ...  # server.host, server.port
        mails = await server.received(2)      # waits until two mails were accepted

From a test that starts processes::

    with in_thread(SmtpServer()) as server:
        mails = server.wait_for(2, timeout=20)

A fault names a step, which occurrence of it (``nth``, counted over the server's life from 1; None is every one), and
optionally a text that the client's line must contain. Steps: CONNECT EHLO STARTTLS AUTH MAIL RCPT DATA BODY DOT RSET
NOOP QUIT. BODY is right after the 354, before any byte of the mail is read; DOT is after the final dot was read.
What it does, in this order: wait ``delay`` seconds; ``store`` the mail without answering (DOT only); send ``raw``
octets; drip ``tarpit`` lines for ever (one a ``delay``); ``drop`` the connection; send ``reply`` instead of the usual.

``TLS``: give ``tls=context`` and ``implicit=True`` (465) or False (STARTTLS offered). ``users={"name": "password"}``
offers and requires AUTH. Accepted mails are recorded in ``mails`` at the moment the 250 is written.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted deviation; see the module."""

    step: str
    nth: int | None = None
    contains: str = ""
    reply: str | None = None
    delay: float = 0.0
    drop: bool = False
    reset: bool = False
    store: bool = False
    raw: bytes = b""
    tarpit: bytes = b""
    until: float | None = None  # time.time() after which the fault is over


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as it came: octets without dot-stuffing, envelope, time (Unix seconds), session."""

    octets: bytes
    sender: str
    recipients: tuple[str, ...]
    at: float
    tls: bool
    user: str | None
    connection: int
    message_id: str


@dataclass(slots=True)
class _Session:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    tls: bool
    user: str | None = None
    greeted: bool = False
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class _Hangup(Exception):  # noqa: N818 - ends a session, not an error
    pass


class SmtpServer:
    """See the module. ``offer`` are the EHLO keywords; ``login_plain_too`` allows AUTH without TLS."""

    def __init__(  # noqa: PLR0913 - a test names the few it needs
        self,
        *,
        faults: list[Fault] | None = None,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: dict[str, str] | None = None,
        offer: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"),
        auth_methods: str = "PLAIN LOGIN",
        per_connection: int | None = None,
        banner: str = "220 sink.test ESMTP",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.faults = list(faults or [])
        self.tls, self.implicit, self.users = tls, implicit, users
        self.offer, self.auth_methods = offer, auth_methods
        self.per_connection, self.banner = per_connection, banner
        self.host, self.port = host, port
        self.mails: list[Received] = []
        self.dropped: list[Received] = []  # stored, or read to the dot, but never answered
        self.commands: list[tuple[float, int, str]] = []  # (time, connection, line); AUTH arguments are kept
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.in_data = 0
        self.most_in_data = 0
        self.unanswered = 0  # mails of which the dot was read
        self.most_unanswered = 0
        self.auth_attempts = 0
        self.counts: dict[str, int] = {}
        self._changed = threading.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, self.host, self.port, ssl=self.tls if self.implicit else None, limit=2**20
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    # Waiting

    async def received(self, count: int, timeout: float = 10.0) -> list[Received]:  # noqa: ASYNC109 - a test's limit
        """Wait until ``count`` mails were accepted and return all."""
        return await asyncio.to_thread(self.wait_for, count, timeout)

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Received]:
        """Block until ``count`` mails were accepted and return all; for use from another thread."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.mails) >= count, timeout):
                msg = f"{len(self.mails)} of {count} mails after {timeout} s"
                raise TimeoutError(msg)
            return list(self.mails)

    def count(self, step: str) -> int:
        """Return how often ``step`` was reached."""
        return self.counts.get(step, 0)

    # Sessions

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        session = _Session(reader, writer, self.connections, tls=self.implicit)
        try:
            await self._converse(session)
        except (_Hangup, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        except (ValueError, TimeoutError):
            pass  # an overlong line, or a handshake that the client gave up
        finally:
            self.open_now -= 1
            self._tasks.discard(task)
            session.writer.transport.abort()

    async def _converse(self, session: _Session) -> None:
        await self._answer(session, "CONNECT", "", self.banner)
        while line := await session.reader.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.commands.append((time.time(), session.number, text))
            verb = text.split(" ", 1)[0].upper()
            step = {"HELO": "EHLO"}.get(verb, verb)
            await getattr(self, f"_do_{step.lower()}", self._do_unknown)(session, text)

    async def _answer(self, session: _Session, step: str, line: str, usual: str) -> str:
        """Count the step, act the fault if one applies, else send the usual reply; return what was sent."""
        self.counts[step] = self.counts.get(step, 0) + 1
        reply = usual
        if fault := self._fault(step, line):
            reply = await self._act(session, fault, usual)
        if reply:
            session.writer.write(reply.encode("utf-8", "surrogateescape") + b"\r\n")
            await session.writer.drain()
            if reply.startswith("421"):
                raise _Hangup
        return reply

    def _fault(self, step: str, line: str) -> Fault | None:
        for fault in self.faults:
            over = fault.until is not None and time.time() > fault.until
            if fault.step == step and fault.nth in (None, self.counts[step]) and fault.contains in line and not over:
                return fault
        return None

    async def _act(self, session: _Session, fault: Fault, usual: str) -> str:
        if fault.delay and not fault.tarpit:
            await asyncio.sleep(fault.delay)
        if fault.raw:
            session.writer.write(fault.raw)
            await session.writer.drain()
        while fault.tarpit:
            session.writer.write(fault.tarpit)
            await session.writer.drain()
            await asyncio.sleep(fault.delay)
        if fault.drop or fault.reset:
            if fault.reset:
                session.writer.transport.abort()
            raise _Hangup
        if fault.raw and fault.reply is None:
            return ""
        return usual if fault.reply is None else fault.reply

    # Verbs

    async def _do_ehlo(self, session: _Session, line: str) -> None:
        session.greeted = True
        words = list(self.offer)
        if self.tls is not None and not session.tls:
            words.append("STARTTLS")
        if self.users is not None:
            words.append(f"AUTH {self.auth_methods}")
        lines = ["sink.test", *words]
        usual = "\r\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{word}" for i, word in enumerate(lines))
        await self._answer(session, "EHLO", line, usual)

    async def _do_starttls(self, session: _Session, line: str) -> None:
        offered = self.tls is not None and not session.tls
        sent = await self._answer(session, "STARTTLS", line, "220 go ahead" if offered else "502 5.5.1 no")
        if sent.startswith("220") or (not sent and offered):
            assert self.tls is not None
            await session.writer.start_tls(self.tls)
            session.tls = True
            session.user = None

    async def _do_auth(self, session: _Session, line: str) -> None:
        self.auth_attempts += 1
        _, method, *initial = line.split(" ")
        if method.upper() == "PLAIN":
            token = initial[0] if initial else await self._ask(session, "")
            _, name, password = base64.b64decode(token).decode().split("\0")
        else:
            name = base64.b64decode(initial[0] if initial else await self._ask(session, "VXNlcm5hbWU6")).decode()
            password = base64.b64decode(await self._ask(session, "UGFzc3dvcmQ6")).decode()
        known = self.users is not None and self.users.get(name) == password
        usual = "235 2.7.0 welcome" if known else "535 5.7.8 Error: authentication failed"
        if (await self._answer(session, "AUTH", method, usual)).startswith("235"):
            session.user = name

    async def _ask(self, session: _Session, challenge: str) -> str:
        session.writer.write(f"334 {challenge}\r\n".encode())
        await session.writer.drain()
        return (await session.reader.readline()).decode().strip()

    async def _do_mail(self, session: _Session, line: str) -> None:
        usual = "530 5.7.0 Authentication required" if self.users is not None and not session.user else "250 2.1.0 Ok"
        session.sender, session.recipients = None, []
        if (await self._answer(session, "MAIL", line, usual)).startswith("2"):
            session.sender = _path(line)

    async def _do_rcpt(self, session: _Session, line: str) -> None:
        usual = "250 2.1.5 Ok" if session.sender is not None else "503 5.5.1 need MAIL"
        if (await self._answer(session, "RCPT", line, usual)).startswith("2"):
            session.recipients.append(_path(line))

    async def _do_data(self, session: _Session, line: str) -> None:
        usual = "354 End data with <CR><LF>.<CR><LF>" if session.recipients else "554 5.5.1 no valid recipients"
        if not (await self._answer(session, "DATA", line, usual)).startswith("354"):
            return
        self.in_data += 1
        self.most_in_data = max(self.most_in_data, self.in_data)
        try:
            await self._read_mail(session)
        finally:
            self.in_data -= 1

    async def _read_mail(self, session: _Session) -> None:
        await self._answer(session, "BODY", "", "")
        lines: list[bytes] = []
        while (row := await session.reader.readuntil(b"\n")) != b".\r\n":
            lines.append(row[1:] if row.startswith(b".") else row)
        mail = self._record(session, b"".join(lines))
        self.counts.setdefault("DOT", 0)
        fault = next(
            (f for f in self.faults if f.step == "DOT" and f.nth in (None, self.counts["DOT"] + 1) and f.store), None
        )
        if fault is not None:
            self.dropped.append(mail)
        self.unanswered += 1
        self.most_unanswered = max(self.most_unanswered, self.unanswered)
        try:
            number = len(self.mails) + 1
            reply = await self._answer(session, "DOT", mail.message_id, f"250 2.0.0 Ok: queued as {number}")
        finally:
            self.unanswered -= 1
        if reply.startswith("2"):
            with self._changed:
                self.mails.append(mail)
                self._changed.notify_all()
        session.sender, session.recipients = None, []
        if self.per_connection and sum(m.connection == session.number for m in self.mails) >= self.per_connection:
            session.writer.write(b"421 4.7.0 too many messages in this connection\r\n")
            await session.writer.drain()
            raise _Hangup

    def _record(self, session: _Session, octets: bytes) -> Received:
        found = re.search(rb"(?im)^Message-ID:\s*(\S+)", octets)
        return Received(
            octets, session.sender or "", tuple(session.recipients), time.time(), session.tls, session.user,
            session.number, found.group(1).decode() if found else "",
        )  # fmt: skip

    async def _do_rset(self, session: _Session, line: str) -> None:
        session.sender, session.recipients = None, []
        await self._answer(session, "RSET", line, "250 2.0.0 Ok")

    async def _do_noop(self, session: _Session, line: str) -> None:
        await self._answer(session, "NOOP", line, "250 2.0.0 Ok")

    async def _do_quit(self, session: _Session, line: str) -> None:
        await self._answer(session, "QUIT", line, "221 2.0.0 Bye")
        raise _Hangup

    async def _do_unknown(self, session: _Session, line: str) -> None:
        await self._answer(session, "UNKNOWN", line, "500 5.5.2 unrecognised")


def _path(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    return found.group(1) if found else ""
