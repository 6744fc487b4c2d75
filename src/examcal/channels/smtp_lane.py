"""One open SMTP session that sends mails, one after the other, with as few octets and round trips as the rules allow.

aiosmtplib opens the session (greeting, EHLO, STARTTLS, AUTH); then the lane takes over its transport, for three
reasons: MAIL, RCPT and DATA go out in one write where PIPELINING is offered (RFC 2920), which aiosmtplib cannot read
the answers of; the final dot is written apart from the body, so that a session lost before it is known not to be
ambiguous; and a lane costs a quarter of the processor time per mail (figures in docs/reference/channels.md).
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from dataclasses import dataclass
from typing import cast

from typing_extensions import override

from examcal.channels.port import Leaving, at_once
from examcal.channels.smtp_replies import Reply, Step

LONGEST_LINE = 8192  # octets of one line of an answer
LONGEST_REPLY = 32768  # octets of a whole answer
TOO_LATE = "no answer in time"

_FINAL_LINE = re.compile(rb"([2-5]\d\d)(?: ([^\r\n]*))?\r?\n?")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. RFC 5321 section 4.5.3.2 asks for ten minutes at the end of DATA, or copies multiply."""

    connect: float = 30.0  # each of TCP, TLS handshake, greeting, EHLO, AUTH
    opening: float = 90.0  # all of these together
    command: float = 60.0  # MAIL, RCPT and DATA together
    body: float = 180.0
    dot: float = 600.0
    settle: float = 0.001  # between body and dot

    @property
    def total(self) -> float:
        """The longest that one send can take."""
        return self.opening + self.command + self.body + self.dot


class RefusedBySmtpError(Exception):
    """The server answered a step with a refusal; the session is usable unless it was 421."""

    def __init__(self, reply: Reply, step: Step) -> None:
        super().__init__(reply.label)
        self.reply, self.step = reply, step


class SessionLostError(Exception):
    """The session ended or misbehaved at ``step``; the text names how."""

    def __init__(self, text: str, step: Step) -> None:
        super().__init__(text)
        self.text, self.step = text, step


class Lane(asyncio.Protocol):
    """A logged-in session. Not for two tasks at a time."""

    def __init__(self, transport: asyncio.Transport, keywords: frozenset[str], timeouts: Timeouts) -> None:
        self._transport, self._timeouts = transport, timeouts
        self._pipelining, self.utf8 = "pipelining" in keywords, {"smtputf8", "8bitmime"} <= keywords
        self.sent = 0
        self.idle_since = 0.0
        self.step = Step.MAIL
        self._stale_envelope = False
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._broken = ""
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self._limit = math.inf
        self._watch: asyncio.TimerHandle | None = None
        self.closed = self._loop.create_future()
        transport.set_protocol(self)
        # Paused means: octets of ours have not reached the kernel. asyncio's TLS transport pauses at "size >= high",
        # so a limit of 0 would pause it for ever.
        transport.set_write_buffer_limits(high=1, low=0)

    @property
    def usable(self) -> bool:
        """Whether another mail may be tried: nothing was lost and nothing unasked has arrived."""
        return not (self._broken or self._replies or self._buffer or self._lines or self._transport.is_closing())

    async def deliver(
        self,
        sender: str,
        recipient: str,
        mail: bytes,
        leaving: Leaving = at_once,
        *,
        utf8: bool = False,
        patient: bool = True,
    ) -> Reply:
        """Send one mail, whose line ends are CRLF, and return the answer to its end.

        ``leaving`` is awaited between body and dot, as long as it takes. ``patient`` waits a millisecond there, for a
        sharper line between transient and ambiguous.

        Raises RefusedBySmtpError or SessionLostError, and what ``leaving`` raises; ``step`` says how far it came.
        """
        try:
            self.step = Step.MAIL
            self._allow(self._timeouts.command)
            await self._envelope(sender, recipient, utf8=utf8)
            self.step = Step.BODY
            self._allow(self._timeouts.body)
            await self._body(mail, patient=patient)
            self._limit = math.inf
            await leaving()
            self._look_for_loss()
            self.step = Step.DOT
            self._write(b".\r\n")
            self._allow(self._timeouts.dot)
            reply = await self._next()
        finally:
            self._limit = math.inf
        if not reply.good:
            raise RefusedBySmtpError(reply, Step.DOT)
        self.sent += 1
        return reply

    def quit(self) -> None:
        """Say goodbye and close; the answer is not waited for."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def abort(self) -> None:
        """Close at once; nothing more leaves."""
        self._transport.abort()

    # Envelope and body

    async def _envelope(self, sender: str, recipient: str, *, utf8: bool) -> None:
        options = " BODY=8BITMIME SMTPUTF8" if utf8 else ""
        commands = [
            (Step.MAIL, f"MAIL FROM:<{sender}>{options}\r\n".encode()),
            (Step.RCPT, f"RCPT TO:<{recipient}>\r\n".encode()),
            (Step.DATA, b"DATA\r\n"),
        ]
        if self._stale_envelope:
            commands.insert(0, (Step.MAIL, b"RSET\r\n"))
        self._stale_envelope = True
        if self._pipelining:
            await self._envelope_at_once(commands)
        else:
            await self._envelope_by_steps(commands)
        self._stale_envelope = False

    async def _envelope_at_once(self, commands: list[tuple[Step, bytes]]) -> None:
        self._write(b"".join(octets for _, octets in commands))
        refusal: RefusedBySmtpError | None = None
        code = 0
        for step, _ in commands:
            self.step = step
            reply = await self._next()
            code = reply.code
            if code == 421:  # noqa: PLR2004 - the server closes
                raise refusal or RefusedBySmtpError(reply, step)
            if not _agrees(reply, step):
                refusal = refusal or RefusedBySmtpError(reply, step)
        if refusal:
            if code == 354:  # noqa: PLR2004 - it waits for a mail without a recipient: leave before a dot
                self.abort()
            raise refusal

    async def _envelope_by_steps(self, commands: list[tuple[Step, bytes]]) -> None:
        for step, octets in commands:
            self.step = step
            self._write(octets)
            reply = await self._next()
            if not _agrees(reply, step):
                raise RefusedBySmtpError(reply, step)

    async def _body(self, mail: bytes, *, patient: bool) -> None:
        """Write the mail without its final dot, and wait until the kernel has it all."""
        if b"\n." in mail or mail.startswith(b"."):
            mail = re.sub(rb"(?m)^\.", b"..", mail)
        self._write(mail if mail.endswith(b"\r\n") else mail + b"\r\n")
        while self._paused and not self._broken:
            await self._wake()
        if patient:
            await self._settle()
        else:
            await asyncio.sleep(0)  # an end that already arrived is seen all the same

    def _look_for_loss(self) -> None:
        """Notice, before the dot, that the server has refused the body or is gone."""
        if self._replies:
            reply = self._replies.popleft()
            self.abort()
            raise RefusedBySmtpError(reply, Step.BODY)
        if self._broken or self._transport.is_closing():
            raise SessionLostError(self._broken or "connection lost", Step.BODY)

    async def _settle(self) -> None:
        """Give an end of the session the time to be seen before the dot.

        A server nearby that drops a mail half-way does it within a millisecond; it is then not ambiguous.
        """
        timer = self._loop.call_later(self._timeouts.settle, self._notify)
        try:
            await self._wake()
        finally:
            timer.cancel()

    # Time: one timer for the session, which is moved only when it fires; asyncio.timeout would cost three a mail

    def _allow(self, seconds: float) -> None:
        self._limit = self._loop.time() + seconds
        if self._watch is None or self._watch.when() > self._limit:
            self._set_watch()

    def _set_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(self._limit, self._look_at_watch) if self._limit < math.inf else None

    def _look_at_watch(self) -> None:
        self._watch = None
        if self._loop.time() >= self._limit:
            self._break(TOO_LATE)
        else:
            self._set_watch()

    # Octets out and in

    def _write(self, octets: bytes) -> None:
        if self._broken or self._transport.is_closing():
            raise SessionLostError(self._broken or "connection lost", self.step)
        self._transport.write(octets)

    async def _next(self) -> Reply:
        while not self._replies:
            if self._broken:
                raise SessionLostError(self._broken, self.step)
            await self._wake()
        return self._replies.popleft()

    async def _wake(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _notify(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break(self, text: str) -> None:
        self._broken = self._broken or text
        self._transport.abort()
        self._notify()

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) + sum(map(len, self._lines)) > LONGEST_REPLY or len(self._replies) > len(Step):
            self._buffer.clear()
            self._break("the answer is too long")
            return
        while (end := self._buffer.find(b"\n") + 1) and not self._broken:
            line = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._take_line(line)
        self._notify()

    def _take_line(self, line: bytes) -> None:
        if len(line) > LONGEST_LINE:
            self._break("the answer is too long")
        elif line[3:4] == b"-" and line[:3].isdigit():
            self._lines.append(line[4:].decode("utf-8", "replace").strip())
        elif found := _FINAL_LINE.fullmatch(line):
            text = " ".join([*self._lines, (found.group(2) or b"").decode("utf-8", "replace").strip()])
            self._lines.clear()
            self._replies.append(Reply(int(found.group(1)), text))
        else:
            self._break("the answer is not SMTP")

    @override
    def eof_received(self) -> bool:
        self._broken = self._broken or "the server closed the connection"
        self._notify()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._broken = self._broken or "connection lost"
        self._limit = math.inf
        if self._watch is not None:
            self._set_watch()
        if not self.closed.done():
            self.closed.set_result(None)
        self._notify()

    @override
    def pause_writing(self) -> None:
        self._paused = True

    @override
    def resume_writing(self) -> None:
        self._paused = False
        self._notify()


def _agrees(reply: Reply, step: Step) -> bool:
    return reply.code == 354 if step is Step.DATA else reply.good  # noqa: PLR2004 - start mail input


def take_over(transport: asyncio.BaseTransport, keywords: frozenset[str], timeouts: Timeouts) -> Lane:
    """Make a lane of an open session's transport."""
    return Lane(cast("asyncio.Transport", transport), keywords, timeouts)
