"""The e-mail channel: one recipient a mail, frozen bytes, a pool of SMTP sessions, exact outcomes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from datetime import timedelta, timezone

from examcal.channels.addresses import EmailAddress, split_sender
from examcal.channels.email_message import Origin, compose_mail, freeze_mail
from examcal.channels.explanations import explain_smtp
from examcal.channels.port import Addressee, ChannelError, Leaving, Message, Outcome, Receipt, at_once
from examcal.channels.redaction import quote_answer
from examcal.channels.smtp_lane import TOO_LATE, Lane, RefusedBySmtpError, SessionLostError
from examcal.channels.smtp_replies import Reply, Step, judge
from examcal.channels.smtp_session import Relay, Security, open_session
from examcal.clock import Clock, SystemClock
from examcal.errors import ConfigurationError, Sentence

IDLE_SECONDS = 30.0  # a session is not held between ticks; servers close after about five minutes
REFUSED_SECONDS = 900.0  # no second log-in within this time after a refused one
CHINA = timezone(timedelta(hours=8))  # where the providers with daily quotas count their days


class EmailChannel:
    """Sends mails through one relay. Usable from one event loop at a time; a new loop gets new sessions."""

    name = "email"
    groups = False

    def __init__(
        self,
        relay: Relay,
        *,
        sender: str,
        message_domain: str | None = None,
        reply_to: str | None = None,
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        """``sender`` is ``Name <address>`` or an address; ``context`` replaces OpenSSL's default trust store.

        Raises ConfigurationError for a sender that is not one address.
        """
        self._relay = relay
        self._origin = _origin(sender, message_domain, reply_to)
        self._context = context
        self._clock = clock or SystemClock()
        self._pool: _Pool | None = None

    @property
    def longest_send(self) -> float:
        """Seconds that one send can take at most; leases must be longer."""
        return self._relay.timeouts.total

    def freeze(self, message: Message) -> bytes:
        """Return the frozen mail. Raises ChannelError (permanent-content) for a subject that cannot be a header."""
        return freeze_mail(message, self._origin)

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return the one complete mail for ``addressee``."""
        return tuple(compose_mail(part, addressee) for part in frozen)

    async def send(self, payload: bytes, addressee: Addressee, leaving: Leaving = at_once) -> Receipt:
        """Hand one mail to the relay. Raises ChannelError only (and CancelledError)."""
        recipient = _recipient(addressee)
        pool = self._current_pool()
        async with pool.slots:
            return await self._send_in_slot(pool, recipient, payload, leaving)

    async def close(self) -> None:
        """End all idle sessions."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def explain(self, code: str) -> Sentence | None:
        """Return what an error code means and what to do, or None for a code that explains itself."""
        return explain_smtp(code)

    def _current_pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        if self._pool is None or self._pool.loop is not loop:
            self._pool = _Pool(self._relay, self._context, self._origin.address.domain, loop)
        return self._pool

    async def _send_in_slot(self, pool: _Pool, recipient: EmailAddress, payload: bytes, leaving: Leaving) -> Receipt:
        """Send on an idle session if there is one; if that had died unseen, once more on a new one."""
        if lane := pool.idle_lane():
            try:
                return await self._send_on(pool, lane, recipient, payload, leaving)
            except SessionLostError as lost:
                if lost.step is not Step.MAIL or lost.text == TOO_LATE:
                    raise self._lost(lost) from None
            except RefusedBySmtpError as refused:
                if refused.reply.code != 421 or refused.step is not Step.MAIL:  # noqa: PLR2004 - the server had closed
                    raise self._refused(refused) from None
        try:
            return await self._send_on(pool, await pool.new_lane(), recipient, payload, leaving)
        except SessionLostError as lost:
            raise self._lost(lost) from None
        except RefusedBySmtpError as refused:
            raise self._refused(refused) from None
        except TimeoutError:
            raise ChannelError(Outcome.TRANSIENT, TOO_LATE, code="timeout") from None

    async def _send_on(
        self, pool: _Pool, lane: Lane, recipient: EmailAddress, payload: bytes, leaving: Leaving
    ) -> Receipt:
        if recipient.needs_utf8 and not lane.utf8:
            pool.release(lane)
            raise ChannelError(Outcome.PERMANENT_RECIPIENT, "the relay does not offer SMTPUTF8", code="no-smtputf8")
        utf8 = recipient.needs_utf8 or self._origin.address.needs_utf8
        try:
            patient = not pool.slots.locked()  # a millisecond a mail costs nothing unless all sessions are busy
            reply = await lane.deliver(
                str(self._origin.address), str(recipient), payload, leaving, utf8=utf8, patient=patient
            )
        except RefusedBySmtpError as refused:
            pool.release(lane, keep=refused.reply.code != 421)  # noqa: PLR2004 - the server closes
            raise
        except BaseException:
            lane.abort()
            raise
        pool.release(lane)
        return Receipt(detail=quote_answer(reply.text, self._secrets))

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._relay.password, self._relay.username)  # redaction skips what is too short to be recognised

    def _refused(self, refused: RefusedBySmtpError) -> ChannelError:
        verdict = judge(refused.reply, refused.step)
        wait = self._until_tomorrow() if verdict.until_tomorrow else verdict.retry_after
        text = f"{refused.step}: {quote_answer(refused.reply.words, self._secrets)}"
        return ChannelError(verdict.outcome, text, code=refused.reply.label, retry_after=wait)

    def _lost(self, lost: SessionLostError) -> ChannelError:
        outcome = Outcome.AMBIGUOUS if lost.step is Step.DOT else Outcome.TRANSIENT
        return ChannelError(
            outcome,
            f"{lost.step}: {quote_answer(lost.text, self._secrets)}",
            code="timeout" if lost.text == TOO_LATE else "connection",
        )

    def _until_tomorrow(self) -> float:
        """Seconds until ten past midnight in China."""
        now = self._clock.now().astimezone(CHINA)
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=10, second=0, microsecond=0)
        return (tomorrow - now).total_seconds()


class _Pool:
    """The sessions of one event loop."""

    def __init__(
        self, relay: Relay, context: ssl.SSLContext | None, helo: str, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.loop = loop
        self.slots = asyncio.Semaphore(max(1, relay.connections))
        self._relay, self._context, self._helo = relay, context, helo
        self._idle: list[Lane] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._log_in = asyncio.Lock()
        self._trusted = not relay.username  # whether the last log-in succeeded
        self._refusal: tuple[float, Reply] | None = None

    def idle_lane(self) -> Lane | None:
        """Take a session that is open and not used up."""
        while self._idle:
            lane = self._idle.pop()
            if lane.usable:
                return lane
            lane.abort()
        return None

    async def new_lane(self) -> Lane:
        """Open a session; log-ins go one at a time until one succeeded, and none follows a refused one too soon.

        Raises ChannelError, RefusedBySmtpError, SessionLostError or TimeoutError.
        """
        if self._trusted:
            return await self._open()
        async with self._log_in:
            if self._refusal and self.loop.time() < self._refusal[0] + REFUSED_SECONDS:
                raise RefusedBySmtpError(self._refusal[1], Step.AUTH)
            lane = await self._open()
            self._trusted, self._refusal = True, None
            return lane

    async def _open(self) -> Lane:
        if self._context is None and self._relay.security is not Security.NONE:
            self._context = await _default_context()
        try:
            return await open_session(self._relay, self._context, self._helo)
        except RefusedBySmtpError as refused:
            if refused.step is Step.AUTH and judge(refused.reply, refused.step).outcome is Outcome.AUTH:
                self._trusted, self._refusal = False, (self.loop.time(), refused.reply)
            raise

    def release(self, lane: Lane, *, keep: bool = True) -> None:
        """Give a session back; it is ended if it is used up or of no more use."""
        if not keep or lane.sent >= self._relay.mails_a_session or not lane.usable:
            lane.quit()
            return
        lane.idle_since = self.loop.time()
        self._idle.append(lane)
        if self._sweep is None:
            self._sweep = self.loop.call_later(IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        limit = self.loop.time() - IDLE_SECONDS
        for lane in [lane for lane in self._idle if lane.idle_since <= limit]:
            self._idle.remove(lane)
            lane.quit()
        self._sweep = self.loop.call_later(IDLE_SECONDS, self._end_idle) if self._idle else None

    async def close(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        if self.loop is not asyncio.get_running_loop():
            return
        lanes, self._idle = self._idle, []
        for lane in lanes:
            lane.quit()
        if lanes:
            await asyncio.wait([lane.closed for lane in lanes], timeout=1.0)
        for lane in lanes:
            lane.abort()


async def _default_context() -> ssl.SSLContext:
    """Read OpenSSL's default trust store, which takes milliseconds. Raises ChannelError (auth)."""
    try:
        return await asyncio.to_thread(ssl.create_default_context)
    except OSError:
        raise ChannelError(
            Outcome.AUTH, "the store of trusted certificates cannot be read", code="certificate"
        ) from None


def _recipient(addressee: Addressee) -> EmailAddress:
    try:
        return EmailAddress.parse(addressee.address)
    except ValueError as error:
        raise ChannelError(Outcome.PERMANENT_RECIPIENT, str(error), code="address") from None


def _origin(sender: str, message_domain: str | None, reply_to: str | None) -> Origin:
    try:
        name, address = split_sender(sender)
        answers = EmailAddress.parse(reply_to) if reply_to else None
    except ValueError:
        raise ConfigurationError(
            "the sender of mails must be one address, or a name and an address in angle brackets"
        ) from None
    return Origin(name, address, message_domain or address.domain, answers)
