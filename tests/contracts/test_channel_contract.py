"""What every channel must keep: pure freezing and composing, one classified outcome, no secret and no address shown."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from examcal.channels import smtp_session
from examcal.channels.email import EmailChannel
from examcal.channels.http_exchange import HttpTimeouts
from examcal.channels.outbox import OutboxChannel
from examcal.channels.port import Addressee, Channel, ChannelError, Outcome, Receipt
from examcal.channels.smtp_lane import RefusedBySmtpError, SessionLostError
from examcal.channels.smtp_replies import Reply, Step
from examcal.channels.smtp_session import Relay, Security
from examcal.channels.wecom_app import WecomAppChannel
from examcal.channels.wecom_robot import WecomRobotChannel
from support.mails import PLAIN, addressee, message
from support.smtp_server import SmtpServer
from support.wecom_server import WecomServer

SECRET = "canary-secret-c0ffee"
ADDRESS = "canary-reader"


@dataclass(frozen=True)
class Case:
    """A channel with a living server behind it, and the addressee it can reach."""

    channel: Channel
    reader: Addressee
    arrived: Callable[[], list[bytes]]


KINDS = ["email", "outbox", "wecom", "wecom-app"]


@pytest.fixture(params=KINDS)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    timeouts = HttpTimeouts(connect=1, read=1, total=2)
    mail_server = SmtpServer(users={"who": SECRET})
    async with mail_server as mail, WecomServer(robots={SECRET}, apps={("corp", SECRET): 7}) as wecom:
        relay = Relay("127.0.0.1", mail.port, Security.NONE, username="who", password=SECRET)
        base = wecom.base_url
        made: dict[str, tuple[Channel, str, Callable[[], list[bytes]]]] = {
            "email": (EmailChannel(relay, sender="a@b.example"), f"{ADDRESS}@x.example",
                      lambda: [each.octets for each in mail.mails]),
            "outbox": (OutboxChannel(tmp_path), f"{ADDRESS}@x.example",
                       lambda: [path.read_bytes() for path in tmp_path.glob("*.eml")]),
            "wecom": (WecomRobotChannel("Staff", SECRET, base_url=base, timeouts=timeouts), "",
                      lambda: [each.octets for each in wecom.shown]),
            "wecom-app": (WecomAppChannel("Main", corp_id="corp", agent_id=7, secret=SECRET, base_url=base,
                                          timeouts=timeouts), ADDRESS, lambda: [each.octets for each in wecom.shown]),
        }  # fmt: skip
        channel, address, arrived = made[request.param]
        yield Case(channel, addressee(1, address=address), arrived)
        await channel.close()


async def test_names_are_lower_case_and_the_contract_is_whole(case: Case) -> None:
    assert case.channel.name == case.channel.name.lower()
    assert case.channel.groups is (case.channel.name.startswith("wecom:"))
    assert case.channel.longest_send > 0
    assert case.channel.explain("no such code") is None


async def test_freezing_and_composing_give_equal_octets_every_time(case: Case) -> None:
    first = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    second = case.channel.compose([case.channel.freeze(message())], case.reader)
    assert first == second
    other = case.channel.compose([case.channel.freeze(PLAIN)], addressee(2, address="other", reference="FGHIJ"))
    assert other != first


async def test_a_sent_payload_can_be_sent_again_as_it_is(case: Case) -> None:
    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    kept = bytes(payload)
    assert isinstance(await case.channel.send(payload, case.reader), Receipt)
    assert isinstance(await case.channel.send(payload, case.reader), Receipt)
    assert payload == kept
    assert len(set(case.arrived())) == 1


async def test_a_message_waits_until_it_may_leave(case: Case) -> None:
    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    asked, allowed = asyncio.Event(), asyncio.Event()

    async def leaving() -> None:
        asked.set()
        await allowed.wait()

    sending = asyncio.ensure_future(case.channel.send(payload, case.reader, leaving))
    await asked.wait()
    await asyncio.wait([sending], timeout=0.1)
    assert case.arrived() == []
    allowed.set()
    await sending
    assert len(case.arrived()) == 1


async def test_a_message_that_must_not_leave_is_not_seen_and_the_next_one_is(case: Case) -> None:
    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)

    async def turned_back() -> None:
        raise ChannelError(Outcome.TRANSIENT, "turned back")

    with pytest.raises(ChannelError, match="turned back"):
        await case.channel.send(payload, case.reader, turned_back)
    await asyncio.sleep(0.05)
    assert case.arrived() == []
    await case.channel.send(payload, case.reader)
    assert len(case.arrived()) == 1


async def test_closing_twice_and_sending_after_it_works(case: Case) -> None:
    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    await case.channel.send(payload, case.reader)
    await case.channel.close()
    await case.channel.close()
    await case.channel.send(payload, case.reader)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00\xff", b"examcal-mail-1", b'{"v":1}', b"[1]"])
async def test_damaged_frozen_bytes_are_refused_as_content(case: Case, damage: bytes) -> None:
    with pytest.raises(ChannelError) as caught:
        case.channel.compose([damage], case.reader)
    assert caught.value.outcome is Outcome.PERMANENT_CONTENT


async def test_everything_a_schedule_may_say_can_be_sent(case: Case) -> None:
    odd = "=?utf-8?q?x=0D=0ABcc:_e@x?= <@all> [a](http://evil) \\ \" ' 😀👨‍👩‍👧 é \u202e " + "很长" * 200
    frozen = case.channel.freeze(message(subject=odd, text=odd, html=odd, markdown=odd))
    for payload in case.channel.compose([frozen], case.reader):
        assert isinstance(await case.channel.send(payload, case.reader), Receipt)


SMTP_ERRORS: list[Callable[[], BaseException]] = [
    lambda: ConnectionRefusedError(111, "Connection refused"),
    lambda: OSError(101, f"Network is unreachable {SECRET}"),
    lambda: SessionLostError(f"{ADDRESS}@x.example {SECRET}", Step.MAIL),
    lambda: RefusedBySmtpError(Reply(550, f"5.7.1 <{ADDRESS}@x.example> refused"), Step.DOT),
    TimeoutError,
    lambda: ChannelError(Outcome.AUTH, "no"),
]
HTTP_ERRORS: list[Callable[[], BaseException]] = [
    lambda: httpx.ConnectError(f"https://h/?key={SECRET}"),
    lambda: httpx.ConnectTimeout(f"https://h/?key={SECRET}"),
    lambda: httpx.ReadError(SECRET),
    lambda: httpx.ReadTimeout(SECRET),
    lambda: httpx.WriteError(SECRET),
    lambda: httpx.PoolTimeout(SECRET),
    lambda: httpx.RemoteProtocolError(f"Server disconnected {SECRET}"),
    lambda: httpx.DecodingError(SECRET),
    lambda: httpx.UnsupportedProtocol(SECRET),
    lambda: httpx.TooManyRedirects(SECRET),
    lambda: OSError(24, "Too many open files"),
    lambda: TimeoutError(SECRET),
]
DISK_ERRORS: list[Callable[[], BaseException]] = [
    lambda: OSError(28, "No space left on device"),
    lambda: PermissionError(13, "Permission denied"),
    lambda: OSError(5, "Input/output error"),
    OSError,
]


@pytest.mark.parametrize("number", range(12))
async def test_any_error_of_a_library_becomes_one_classified_error_that_shows_nothing(
    case: Case, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    errors = {"email": SMTP_ERRORS, "outbox": DISK_ERRORS}.get(case.channel.name, HTTP_ERRORS)
    make = errors[number % len(errors)]

    async def fail(*_args: object, **_kwargs: object) -> None:
        raise make()

    def fail_now(*_args: object, **_kwargs: object) -> None:
        raise make()

    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    monkeypatch.setattr(smtp_session.aiosmtplib.SMTP, "connect", fail)
    if isinstance(make(), (SessionLostError, RefusedBySmtpError, ChannelError)):
        monkeypatch.setattr("examcal.channels.email.open_session", fail)
    monkeypatch.setattr(httpx.AsyncClient, "send", fail)
    monkeypatch.setattr(os, "fsync", fail_now)
    with pytest.raises(ChannelError) as caught:
        await case.channel.send(payload, case.reader)
    shown = caplog.text + repr(caught.value) + str(caught.value) + caught.value.detail + caught.value.code
    shown += caught.value.text("zh-CN") + caught.value.text("en")
    assert SECRET not in shown
    assert ADDRESS not in shown
    assert caught.value.__cause__ is None
    assert case.arrived() == []


async def test_nothing_is_logged_that_shows_secret_or_address(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    await case.channel.send(payload, case.reader)
    assert SECRET not in caplog.text
    assert ADDRESS not in caplog.text
    assert SECRET not in repr(case.channel)


async def test_a_cancelled_send_stays_cancelled(case: Case) -> None:
    (payload,) = case.channel.compose([case.channel.freeze(PLAIN)], case.reader)
    task = asyncio.create_task(case.channel.send(payload, case.reader))  # type: ignore[arg-type,var-annotated]
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


PROGRAM = """
import sys, hashlib
sys.path.insert(0, {tests!r})
from pathlib import Path
from support.mails import PLAIN, addressee
from examcal.channels.email import EmailChannel
from examcal.channels.outbox import OutboxChannel
from examcal.channels.smtp_session import Relay
from examcal.channels.wecom_app import WecomAppChannel
from examcal.channels.wecom_robot import WecomRobotChannel
for made in (EmailChannel(Relay("h", 25), sender="a@b.example"), OutboxChannel(Path("/nowhere")),
             WecomRobotChannel("a", "key"), WecomAppChannel("a", corp_id="c", agent_id=1, secret="s")):
    for payload in made.compose([made.freeze(PLAIN)], addressee()):
        print(hashlib.sha256(payload).hexdigest())
"""


def test_octets_do_not_depend_on_hash_seed_zone_or_locale() -> None:
    program = PROGRAM.format(tests=str(Path(__file__).parents[1]))
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=dict(os.environ) | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONUTF8": "0"},
            check=True,
            capture_output=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "America/New_York"))
    }
    assert len(seen) == 1
    assert len(next(iter(seen)).split()) == 4


async def test_a_group_of_messages_to_a_robot_is_one_message() -> None:
    made = WecomRobotChannel("staff", "key")
    frozen = [made.freeze(message(markdown=f"**{n}**")) for n in ("报名", "缴费", "准考证")]
    (payload,) = made.compose(frozen, addressee(1, address=""))
    content = json.loads(payload)["markdown"]["content"]
    assert [line for line in content.split("\n") if line.startswith("**")] == ["**报名**", "**缴费**", "**准考证**"]
    assert content.count("ABCDE") == 1


def test_outbox_files_hold_the_mail_and_its_parts(tmp_path: Path) -> None:
    made = OutboxChannel(tmp_path / "outbox")
    reader = addressee(1, address="r@x.example", unsubscribe_url="https://exam.example/u/T")
    (payload,) = made.compose([made.freeze(PLAIN)], reader)
    receipt = asyncio.run(made.send(payload, reader))
    assert receipt.provider_id == f"{reader.key}.eml"
    files = sorted((tmp_path / "outbox").iterdir())
    assert [path.name for path in files] == [f"{reader.key}.eml", f"{reader.key}.json"]
    mail = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    parts = json.loads(files[1].read_text())
    assert mail["Subject"] == parts["subject"] == PLAIN.subject
    assert parts["text"] == PLAIN.text
    assert parts["to"] == "r@x.example"
    assert oct(files[0].stat().st_mode)[-3:] == "600"


def test_an_outbox_that_cannot_be_a_folder_pauses(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    made = OutboxChannel(tmp_path / "outbox")
    (payload,) = made.compose([made.freeze(PLAIN)], addressee())
    with pytest.raises(ChannelError) as caught:
        asyncio.run(made.send(payload, addressee()))
    assert caught.value.outcome is Outcome.AUTH
    words = made.explain(caught.value.code)
    assert words is not None
    assert "outbox" in words.text()


@pytest.mark.needs("apprise")
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise imports it
def test_apprise_takes_a_no_as_transient_and_hides_its_url(caplog: pytest.LogCaptureFixture) -> None:
    from examcal.channels.apprise_ import AppriseChannel  # noqa: PLC0415 - an optional extra
    from examcal.errors import ConfigurationError  # noqa: PLC0415

    caplog.set_level(logging.DEBUG)
    made = AppriseChannel("Phone", f"json://{ADDRESS}:{SECRET}@127.0.0.1:1/")
    (payload,) = made.compose([made.freeze(PLAIN)], addressee())
    with pytest.raises(ChannelError) as caught:
        asyncio.run(made.send(payload, addressee()))
    assert caught.value.outcome is Outcome.TRANSIENT
    assert SECRET not in caplog.text + repr(caught.value)
    with pytest.raises(ConfigurationError) as refused:
        AppriseChannel("phone", f"nosuch://{SECRET}")
    assert SECRET not in refused.value.text()
