"""Faults of SMTP servers (rows F61 to F77 that are about one channel), on real sockets."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from examcal.channels.email import EmailChannel
from examcal.channels.port import ChannelError, Outcome, Receipt
from examcal.channels.smtp_lane import Timeouts
from examcal.channels.smtp_session import Relay, Security
from support.mails import PLAIN, addressee, message
from support.ports import free_port
from support.proxy import Proxy
from support.smtp_server import Fault, SmtpServer
from support.tls import Authority

QUICK = Timeouts(connect=0.3, opening=0.5, command=0.3, body=0.5, dot=0.3)
SECRET = "canary-password-1f3c"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@asynccontextmanager
async def channel(server: SmtpServer, **changes: object) -> AsyncIterator[EmailChannel]:
    security = Security(changes.pop("security", "none"))
    context = changes.pop("context", None)
    relay = Relay(str(changes.pop("host", "127.0.0.1")), server.port, security, **changes)  # type: ignore[arg-type]
    made = EmailChannel(relay, sender="考试提醒 <exam@sender.example>", context=context)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


async def send(made: EmailChannel, number: int = 1, **changes: object) -> Receipt:
    to = addressee(number, **changes)
    (payload,) = made.compose([made.freeze(PLAIN)], to)
    return await made.send(payload, to)


async def refused(made: EmailChannel, number: int = 1, **changes: object) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(made, number, **changes)
    return caught.value


async def test_an_accepted_mail_arrives_as_it_was_composed() -> None:
    async with SmtpServer() as server, channel(server) as made:
        await send(made)
        (mail,) = server.mails
        assert (mail.octets,) == made.compose([made.freeze(PLAIN)], addressee())
        assert mail.recipients == ("reader1@example.cn",)
        assert mail.sender == "exam@sender.example"


@pytest.mark.parametrize("offer", [("PIPELINING",), ()])
async def test_lines_that_begin_with_a_dot_are_not_shortened(offer: tuple[str, ...]) -> None:
    async with SmtpServer(offer=offer) as server, channel(server) as made:
        await made.send(b"Message-ID: <a@b>\r\n\r\n.\r\n..two\r\n", addressee())
        assert server.mails[0].octets == b"Message-ID: <a@b>\r\n\r\n.\r\n..two\r\n"


async def test_refused_connection_is_transient() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        made = EmailChannel(Relay("127.0.0.1", closed.getsockname()[1], Security.NONE), sender="a@b.example")
        error = await refused(made)
    assert error.outcome is Outcome.TRANSIENT


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_tarpit_before_any_answer_is_transient_and_bounded(step: str) -> None:
    async with SmtpServer(faults=[Fault(step, delay=30)]) as server, channel(server, timeouts=QUICK) as made:
        async with asyncio.timeout(5):
            assert (await refused(made)).outcome is Outcome.TRANSIENT
        assert server.mails == []


@pytest.mark.parametrize("step", ["CONNECT", "MAIL"])
async def test_an_answer_dripped_for_ever_is_stopped(step: str) -> None:
    fault = Fault(step, tarpit=b"250-and more\r\n" if step == "MAIL" else b"220-and more\r\n", delay=0.05)
    async with SmtpServer(faults=[fault]) as server, channel(server, timeouts=QUICK) as made:
        async with asyncio.timeout(5):
            assert (await refused(made)).outcome is Outcome.TRANSIENT


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
async def test_421_at_any_step_is_transient_and_the_connection_is_dropped(step: str) -> None:
    faults = [Fault(step, nth=1, reply="421 4.3.2 closing")]
    async with SmtpServer(faults=faults) as server, channel(server) as made:
        error = await refused(made)
        assert (error.outcome, error.code) == (Outcome.TRANSIENT, "421 4.3.2")
        await send(made)
        assert len(server.mails) == 1
        assert server.connections == 2


async def test_greylisting_asks_for_five_minutes() -> None:
    async with SmtpServer(faults=[Fault("RCPT", nth=1, reply="451 4.7.1 greylisted")]) as server:
        async with channel(server) as made:
            error = await refused(made)
            assert (error.outcome, error.retry_after) == (Outcome.TRANSIENT, 300.0)
            await send(made)
        assert len(server.mails) == 1
        assert server.connections == 1  # a refused recipient does not cost the session


async def test_one_bad_recipient_of_three_does_not_touch_the_others() -> None:
    faults = [Fault("RCPT", contains="reader2", reply="550 5.1.1 <reader2@example.cn>: no such user")]
    async with SmtpServer(faults=faults) as server, channel(server) as made:
        results = await asyncio.gather(*(send(made, n) for n in (1, 2, 3)), return_exceptions=True)
        errors = [result for result in results if isinstance(result, ChannelError)]
        assert [error.outcome for error in errors] == [Outcome.PERMANENT_RECIPIENT]
        assert "reader2" not in errors[0].detail
        assert sorted(mail.recipients[0] for mail in server.mails) == ["reader1@example.cn", "reader3@example.cn"]


@pytest.mark.parametrize("reply", ["552 5.2.2 mailbox full", "452 4.2.2 mailbox full", "552 over quota"])
async def test_a_full_mailbox_is_transient(reply: str) -> None:
    async with SmtpServer(faults=[Fault("RCPT", nth=1, reply=reply)]) as server, channel(server) as made:
        assert (await refused(made)).outcome is Outcome.TRANSIENT
        await send(made)


async def test_a_refused_password_is_tried_once_by_many_senders_and_shown_nowhere(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    faults = [Fault("AUTH", reply=f"535 5.7.8 bad password {SECRET} for who@sender.example")]
    async with SmtpServer(
        tls=authority.server_context(), users={"who@sender.example": "other"}, faults=faults
    ) as server:
        settings = {"username": "who@sender.example", "password": SECRET, "context": authority.client_context()}
        async with channel(server, host="localhost", security="starttls", **settings) as made:
            results = await asyncio.gather(*(send(made, n) for n in range(9)), return_exceptions=True)
            results.append(await refused(made, 10))
        assert {result.outcome for result in results if isinstance(result, ChannelError)} == {Outcome.AUTH}
        assert len(results) == 10
        assert server.auth_attempts == 1
        assert SECRET not in caplog.text + repr(results) + repr([str(r) for r in results])
        assert "who@" not in repr(results)


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
async def test_logging_in_over_starttls(authority: Authority, method: str) -> None:
    server = SmtpServer(tls=authority.server_context(), users={"who": SECRET}, auth_methods=method)
    settings = {"username": "who", "password": SECRET, "context": authority.client_context()}
    async with server, channel(server, host="localhost", security="starttls", **settings) as made:
        await send(made)
        assert (server.mails[0].tls, server.mails[0].user) == (True, "who")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_many_mails_over_tls(authority: Authority, security: str) -> None:
    server = SmtpServer(tls=authority.server_context(), implicit=security == "tls", users={"who": SECRET})
    settings = {"username": "who", "password": SECRET, "context": authority.client_context(), "per_session": 9}
    async with server, channel(server, host="localhost", security=security, **settings) as made:
        async with asyncio.timeout(30):
            await asyncio.gather(*(send(made, number) for number in range(60)))
        big = message(text="很长的一行\n" * 60_000)
        (payload,) = made.compose([made.freeze(big)], addressee(99))
        await made.send(payload, addressee(99))
        assert len({mail.message_id for mail in server.mails}) == 61
        assert server.mails[-1].octets == payload


async def test_implicit_tls(authority: Authority) -> None:
    server = SmtpServer(tls=authority.server_context(), implicit=True)
    async with server, channel(server, host="localhost", security="tls", context=authority.client_context()) as made:
        await send(made)
        assert server.mails[0].tls


async def test_no_log_in_without_tls_to_another_machine() -> None:
    made = EmailChannel(Relay("mail.example", 25, Security.NONE, "who", SECRET), sender="a@b.example")
    error = await refused(made)
    assert (error.outcome, error.code) == (Outcome.AUTH, "no-tls")


async def test_a_drop_after_354_is_not_ambiguous() -> None:
    async with SmtpServer(faults=[Fault("BODY", nth=1, drop=True)]) as server, channel(server, connections=1) as made:
        big = message(text="很长的一行\n" * 400_000)  # more than the sockets hold, so that the dot cannot have left
        (payload,) = made.compose([made.freeze(big)], addressee())
        with pytest.raises(ChannelError) as caught:
            await made.send(payload, addressee())
        assert caught.value.outcome is Outcome.TRANSIENT
        assert server.mails == []


async def test_a_small_mail_dropped_half_way_is_not_ambiguous() -> None:
    class Rude(SmtpServer):
        """Reads some of the mail, then drops the connection."""

        @override
        async def _read_mail(self, session: Any) -> None:
            await session.reader.readexactly(64)
            session.writer.transport.abort()

    async with Rude() as server, channel(server, timeouts=Timeouts(settle=0.5)) as made:
        assert (await refused(made)).outcome is Outcome.TRANSIENT


async def test_a_drop_after_the_final_dot_is_ambiguous_and_the_second_copy_is_identical() -> None:
    faults = [Fault("DOT", nth=1, store=True, drop=True)]
    async with SmtpServer(faults=faults) as server, channel(server) as made:
        assert (await refused(made)).outcome is Outcome.AMBIGUOUS
        await send(made)
        assert server.dropped[0].octets == server.mails[0].octets
        assert server.dropped[0].message_id == server.mails[0].message_id


async def test_no_answer_to_the_final_dot_is_ambiguous() -> None:
    async with SmtpServer(faults=[Fault("DOT", delay=30)]) as server, channel(server, timeouts=QUICK) as made:
        assert (await refused(made)).outcome is Outcome.AMBIGUOUS


async def test_the_answer_to_the_final_dot_is_waited_for_longer_than_any_other() -> None:
    assert Timeouts().dot >= 600
    waits = Timeouts(connect=0.3, opening=0.5, command=0.3, body=0.3, dot=10)
    async with SmtpServer(faults=[Fault("DOT", delay=0.8)]) as server, channel(server, timeouts=waits) as made:
        await send(made)
        assert len(server.mails) == 1


async def test_a_reset_after_250_changes_nothing() -> None:
    async with SmtpServer(faults=[Fault("QUIT", reset=True)]) as server:
        async with channel(server, per_session=1) as made:
            await send(made)
        assert len(server.mails) == 1


async def test_without_starttls_nothing_leaves_in_clear(authority: Authority) -> None:
    async with SmtpServer(users={"who": SECRET}) as server:
        settings = {"username": "who", "password": SECRET, "context": authority.client_context()}
        async with channel(server, host="localhost", security="starttls", **settings) as made:
            error = await refused(made)
        assert (error.outcome, error.code) == (Outcome.AUTH, "no-starttls")
        assert [line.split()[0] for _, _, line in server.commands] == ["EHLO"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["expired", "name", "unknown authority"])
async def test_a_bad_certificate_is_refused_before_the_log_in(authority: Authority, security: str, fault: str) -> None:
    names = ("other.example",) if fault == "name" else ("localhost",)
    issuer = Authority() if fault == "unknown authority" else authority
    server_side = issuer.server_context(*names, expired=fault == "expired")
    async with SmtpServer(tls=server_side, implicit=security == "tls", users={"who": SECRET}) as server:
        settings = {"username": "who", "password": SECRET, "context": authority.client_context()}
        async with channel(server, host="localhost", security=security, **settings) as made:
            error = await refused(made)
        assert (error.outcome, error.code) == (Outcome.AUTH, "certificate")
        assert server.auth_attempts == 0
        assert server.mails == []


async def test_the_default_trust_store_of_openssl_is_used(
    authority: Authority, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.write(tmp_path / "root.pem")))  # type: ignore[operator]
    async with SmtpServer(tls=authority.server_context()) as server:
        async with channel(server, host="localhost", security="starttls") as made:
            await send(made)
        assert server.mails[0].tls


async def test_plain_text_behind_the_answer_to_starttls_is_not_believed(authority: Authority) -> None:
    injected = Fault("STARTTLS", raw=b"220 go ahead\r\n250 SIZE 1\r\n235 welcome\r\n")
    server = SmtpServer(tls=authority.server_context(), users={"who": SECRET}, faults=[injected])
    settings = {"username": "who", "password": SECRET, "context": authority.client_context(), "timeouts": QUICK}
    async with server, channel(server, host="localhost", security="starttls", **settings) as made:
        await send(made)
        assert server.mails[0].user == "who"


GARBAGE: dict[str, bytes] = {
    "10 MB in lines": b"250-" + b"x" * 76 + b"\r\n",
    "a line of 1 MB": b"250 " + b"x" * 1_000_000 + b"\r\n",
    "binary": bytes(range(256)) * 4 + b"\r\n",
    "code 999": b"999 no such code\r\n",
    "no code": b"hello\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "DOT"])
@pytest.mark.parametrize("garbage", GARBAGE)
async def test_an_answer_that_is_not_smtp_is_bounded(step: str, garbage: str) -> None:
    raw = GARBAGE[garbage] * (120_000 if garbage.startswith("10 MB") else 1)
    faults = [Fault(step, raw=raw, drop=not raw)]
    async with SmtpServer(faults=faults) as server, channel(server, timeouts=QUICK) as made:
        tracemalloc.start()
        try:
            error = await refused(made)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert error.outcome is (Outcome.AMBIGUOUS if step == "DOT" else Outcome.TRANSIENT)
        assert len(error.detail) < 300
        assert peak < 20_000_000 + 2 * len(raw)


async def test_an_answer_that_nobody_asked_for_does_not_count_for_the_next_mail() -> None:
    faults = [Fault("DOT", nth=1, reply="250 2.0.0 Ok\r\n250 2.0.0 and one more")]
    async with SmtpServer(faults=faults) as server, channel(server) as made:
        await send(made, 1)
        await send(made, 2)
        assert [mail.recipients[0] for mail in server.mails] == ["reader1@example.cn", "reader2@example.cn"]


async def test_terminal_sequences_in_answers_are_not_passed_on() -> None:
    reply = "550 5.7.1 \x1b[31mred\x1b[0m \x07bell\x9b1m"
    async with SmtpServer(faults=[Fault("DOT", reply=reply)]) as server, channel(server) as made:
        error = await refused(made)
        assert error.outcome is Outcome.PERMANENT_CONTENT
        assert error.detail.isprintable()


async def test_a_non_ascii_local_part_needs_smtputf8() -> None:
    plain = ("PIPELINING", "8BITMIME")
    async with SmtpServer(offer=plain) as server, channel(server) as made:
        error = await refused(made, address="张三@example.cn")
        assert (error.outcome, error.code) == (Outcome.PERMANENT_RECIPIENT, "no-smtputf8")
        await send(made, 2)
        assert len(server.mails) == 1
    async with SmtpServer() as server, channel(server) as made:
        await send(made, address="张三@例子.cn")
        assert server.mails[0].recipients == ("张三@xn--fsqu00a.cn",)
        assert any("SMTPUTF8" in line for _, _, line in server.commands)


async def test_a_relay_that_takes_one_mail_a_connection_gets_all() -> None:
    async with SmtpServer(per_connection=1) as server, channel(server, connections=2) as made:
        await asyncio.gather(*(send(made, n) for n in range(12)))
        assert len({mail.recipients for mail in server.mails}) == 12
        assert len(server.mails) == 12


async def test_sends_in_flight_and_mails_a_session_are_capped() -> None:
    faults = [Fault("DOT", delay=0.02)]
    async with SmtpServer(faults=faults) as server, channel(server, connections=3, per_session=5) as made:
        await asyncio.gather(*(send(made, n) for n in range(30)))
        assert server.most_in_data == 3
        assert server.most_open <= 6  # a used-up session is closed while its successor opens
        per_session = [sum(m.connection == n for m in server.mails) for n in range(1, server.connections + 1)]
        assert max(per_session) == 5


async def test_a_session_that_died_while_idle_is_replaced_unseen() -> None:
    async with SmtpServer() as server, channel(server) as made:
        await send(made, 1)
        for task in list(server._tasks):
            task.cancel()
        await asyncio.gather(*server._tasks, return_exceptions=True)
        await send(made, 2)
        assert len(server.mails) == 2


async def test_a_recipient_refused_though_354_follows_sends_no_dot() -> None:
    faults = [Fault("RCPT", nth=1, reply="550 5.1.1 no"), Fault("DATA", nth=1, reply="354 go on")]
    async with SmtpServer(faults=faults) as server, channel(server) as made:
        assert (await refused(made)).outcome is Outcome.PERMANENT_RECIPIENT
        await send(made, 2)
        assert [mail.recipients for mail in server.mails] == [("reader2@example.cn",)]


@pytest.mark.parametrize(
    "address", ["", "a@b,evil@y", "evil@y <b@x>", "a@b\r\nRCPT TO:<c@d>", "a b@c", "<a@b>", "a@@b", "x"]
)
async def test_what_is_not_one_address_never_reaches_the_server(address: str) -> None:
    async with SmtpServer() as server, channel(server) as made:
        assert (await refused(made, address=address)).outcome is Outcome.PERMANENT_RECIPIENT
        assert server.commands == []


async def test_a_daily_quota_waits_for_tomorrow_in_china() -> None:
    class Noon:
        def now(self) -> datetime:
            return datetime(2026, 2, 8, 4, 0, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

        boottime = monotonic

    async with SmtpServer(faults=[Fault("DOT", reply="554 MI:STC daily quota exceeded")]) as server:
        relay = Relay("127.0.0.1", server.port, Security.NONE)
        made = EmailChannel(relay, sender="a@b.example", clock=Noon())
        error = await refused(made)
        await made.close()
    assert (error.outcome, error.retry_after) == (Outcome.TRANSIENT, 12 * 3600 + 600)


async def test_a_cancelled_send_leaves_no_half_used_session() -> None:
    async with SmtpServer(faults=[Fault("DOT", nth=1, delay=30)]) as server, channel(server) as made:
        task = asyncio.create_task(send(made, 1))
        while not server.in_data:  # noqa: ASYNC110 - the state of another task
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await send(made, 2)
        assert [mail.recipients[0] for mail in server.mails] == ["reader2@example.cn"]


def test_one_channel_serves_several_event_loops_one_after_the_other() -> None:
    async def once(make: Callable[[], EmailChannel], number: int) -> None:
        async with SmtpServer(port=port) as server:
            await send(make(), number)
            assert len(server.mails) == 1

    port = free_port()
    made = EmailChannel(Relay("127.0.0.1", port, Security.NONE, per_session=1), sender="a@b.example")
    for number in (1, 2):
        asyncio.run(once(lambda: made, number))


@pytest.mark.parametrize("mode", ["hole", "reset"])
async def test_a_network_that_swallows_or_resets_is_transient(mode: str) -> None:
    async with SmtpServer() as server, Proxy((server.host, server.port), mode=mode) as proxy:
        made = EmailChannel(Relay(proxy.host, proxy.port, Security.NONE, timeouts=QUICK), sender="a@b.example")
        assert (await refused(made)).outcome is Outcome.TRANSIENT
        proxy.mode = "pass"
        await send(made)
        await made.close()
        assert len(server.mails) == 1


@pytest.mark.needs("smtp-sink")
@pytest.mark.parametrize("pipelining", [True, False])
async def test_an_independent_server_takes_the_mails(pipelining: bool, tmp_path: Path) -> None:  # noqa: FBT001
    command = [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", *([] if pipelining else ["-p"]), "-c"]
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = await asyncio.create_subprocess_exec(*command, *user, f"127.0.0.1:{port}", "10", cwd=tmp_path,
                                                stdout=asyncio.subprocess.DEVNULL)  # fmt: skip
    made = EmailChannel(Relay("127.0.0.1", port, Security.NONE, per_session=7), sender="a@b.example")
    try:
        await until_it_listens(port)
        results = await asyncio.gather(*(send(made, number) for number in range(40)))
        assert len(results) == 40
    finally:
        await made.close()
        sink.terminate()
        await sink.wait()


async def until_it_listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.transport.abort()
                return
