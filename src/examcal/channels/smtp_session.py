"""Opening an SMTP session: connection, certificate checks, required STARTTLS, at most one log-in.

aiosmtplib does the protocol; what it would do too kindly is not left to it: it would go on in clear text without
STARTTLS, and try a second mechanism after a refused password, which locks accounts.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import ssl
from dataclasses import dataclass, field

import aiosmtplib

from examcal.channels.loopback import is_loopback
from examcal.channels.port import ChannelError, Outcome
from examcal.channels.smtp_lane import TOO_LATE, Lane, RefusedBySmtpError, SessionLostError, Timeouts, take_over
from examcal.channels.smtp_replies import Reply, Step
from examcal.errors import reason_of

MAILS, NETEASE_MAILS = 20, 5  # in one session


class Security(enum.StrEnum):
    """How the connection is protected. STARTTLS is required, never opportunistic (RFC 8314)."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail is handed over.

    ``connections`` caps the sends in flight; one session carries at most ``per_session`` mails. NetEase answers
    MI:DMC to more than a few in one session, so its relays get fewer if nothing is said.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    connections: int = 4
    per_session: int | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def mails_a_session(self) -> int:
        """How many mails one session carries at most."""
        if self.per_session:
            return self.per_session
        netease = self.host.lower().endswith((".163.com", ".126.com", ".yeah.net"))
        return NETEASE_MAILS if netease else MAILS


async def open_session(relay: Relay, context: ssl.SSLContext | None, helo: str) -> Lane:
    """Connect, secure, log in, and return a lane. Raises ChannelError, RefusedBySmtpError or SessionLostError."""
    if relay.username and relay.security is Security.NONE and not is_loopback(relay.host):
        raise ChannelError(Outcome.AUTH, "log-in without TLS is refused", code="no-tls")
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.security is Security.TLS,
        start_tls=False,
        tls_context=context,
        local_hostname=helo,
        timeout=relay.timeouts.connect,
    )
    try:
        async with asyncio.timeout(relay.timeouts.opening):
            return await _open(client, relay)
    except BaseException:
        client.close()
        raise


async def _open(client: aiosmtplib.SMTP, relay: Relay) -> Lane:
    with _translated(Step.CONNECT):
        await client.connect()
    with _translated(Step.GREETING):
        await _greet(client)
    if relay.security is Security.STARTTLS:
        if not client.supports_extension("starttls"):
            raise ChannelError(Outcome.AUTH, "the server does not offer STARTTLS", code="no-starttls")
        with _translated(Step.STARTTLS):
            await client.starttls()
            await _greet(client)
    if relay.username:
        with _translated(Step.AUTH):
            await _log_in(client, relay)
    transport, keywords = client.transport, frozenset(client.esmtp_extensions)
    if transport is None:
        raise SessionLostError("connection lost", Step.GREETING)
    return take_over(transport, keywords, relay.timeouts)


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as refused:
        if not client.is_connected or refused.code < 500:  # noqa: PLR2004 - only a server without EHLO gets HELO
            raise
        await client.helo()


async def _log_in(client: aiosmtplib.SMTP, relay: Relay) -> None:
    """Log in once, by the first mechanism of PLAIN and LOGIN that is offered."""
    offered = {method.lower() for method in client.server_auth_methods}
    if "plain" in offered:
        await client.auth_plain(relay.username, relay.password)
    elif "login" in offered:
        await client.auth_login(relay.username, relay.password)
    else:
        raise ChannelError(Outcome.AUTH, "the server offers neither AUTH PLAIN nor AUTH LOGIN", code="no-auth")


@contextlib.contextmanager
def _translated(step: Step):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a generator for contextlib
    """Turn aiosmtplib's and the operating system's errors into ours."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as refused:
        if not 200 <= refused.code < 600:  # noqa: PLR2004 - no code of SMTP, or aiosmtplib's own for nonsense
            raise SessionLostError("the answer is not SMTP", step) from None
        raise RefusedBySmtpError(Reply(refused.code, refused.message.replace("\n", " ")), step) from None
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise _tls_error(error) from None
    except aiosmtplib.SMTPTimeoutError:
        raise SessionLostError(TOO_LATE, step) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLError):
            raise _tls_error(cause) from None
        raise SessionLostError(_reason(cause if isinstance(cause, OSError) else error), step) from None
    except ValueError:  # a control character in a command, or a reply that is no number
        raise SessionLostError("the answer is not SMTP", step) from None


def _tls_error(error: ssl.SSLError) -> ChannelError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ChannelError(Outcome.AUTH, f"certificate refused: {error.verify_message}", code="certificate")
    return ChannelError(Outcome.AUTH, f"TLS failed: {error.reason or 'handshake'}", code="tls")


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and (error.strerror or isinstance(error, TimeoutError)):
        return str(reason_of(error))
    return "the server closed the connection" if isinstance(error, ConnectionError) else "connection failed"
