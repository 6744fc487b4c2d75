"""Faults of WeCom (rows F79 to F91 that are about one channel), on real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from examcal.channels.http_exchange import HttpTimeouts
from examcal.channels.port import Addressee, ChannelError, Outcome, Receipt
from examcal.channels.wecom_app import WecomAppChannel
from examcal.channels.wecom_robot import WecomRobotChannel
from examcal.errors import ConfigurationError
from support.mails import addressee, message
from support.tls import Authority
from support.wecom_server import WecomFault, WecomServer

KEY = "canary-key-693axxx6-7aoc-4bc4-97a0"
SECRET = "canary-secret-5e1d"
CORP, AGENT = "ww-canary-corp", 1000002
QUICK = HttpTimeouts(connect=0.5, read=0.3, total=0.6)

Made = WecomRobotChannel | WecomAppChannel


@asynccontextmanager
async def robot(server: WecomServer, **changes: object) -> AsyncIterator[WecomRobotChannel]:
    made = WecomRobotChannel("Staff", KEY, base_url=server.base_url, **changes)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def app(server: WecomServer, **changes: object) -> AsyncIterator[WecomAppChannel]:
    settings = {"corp_id": CORP, "agent_id": AGENT, "secret": SECRET, "base_url": server.base_url} | changes
    made = WecomAppChannel("Main", **settings)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


def wecom(**changes: object) -> WecomServer:
    usual: dict[str, object] = {"robots": {KEY}, "apps": {(CORP, SECRET): AGENT}}
    return WecomServer(**(usual | changes))  # type: ignore[arg-type]


async def send(made: Made, to: Addressee, **changes: object) -> Receipt:
    receipt = Receipt()
    for payload in made.compose([made.freeze(message(**changes))], to):
        receipt = await made.send(payload, to)
    return receipt


async def refused(made: Made, to: Addressee, **changes: object) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(made, to, **changes)
    return caught.value


GROUP = addressee(1, address="")
MEMBER = addressee(1, address="LiSi")


# The robot


async def test_a_robot_posts_markdown_in_raw_utf8() -> None:
    async with wecom() as server, robot(server) as made:
        await send(made, GROUP)
        (post,) = server.posts
        assert post.json["msgtype"] == "markdown"
        assert "网上报名".encode() in post.octets
        assert post.content.endswith('<font color="comment">编号：ABCDE</font>')


async def test_who_must_be_mentioned_is_mentioned_in_a_text() -> None:
    async with wecom() as server, robot(server) as made:
        await send(made, addressee(1, address="", mentions=("@all", "zhangsan", "13800001111")))
        text = server.posts[0].json["text"]
        assert text["mentioned_list"] == ["@all", "zhangsan"]
        assert text["mentioned_mobile_list"] == ["13800001111"]


@pytest.mark.parametrize(
    ("errcode", "outcome"),
    [
        (-1, Outcome.TRANSIENT),
        (45009, Outcome.THROTTLED),
        (45033, Outcome.THROTTLED),
        (93000, Outcome.AUTH),
        (93004, Outcome.AUTH),
        (93008, Outcome.AUTH),
        (93017, Outcome.AUTH),
        (40008, Outcome.PERMANENT_CONTENT),
        (40033, Outcome.PERMANENT_CONTENT),
        (40058, Outcome.PERMANENT_CONTENT),
        (44004, Outcome.PERMANENT_CONTENT),
        (45002, Outcome.PERMANENT_CONTENT),
        (777777, Outcome.TRANSIENT),
    ],
)
async def test_http_200_with_an_errcode_is_not_a_success(errcode: int, outcome: Outcome) -> None:
    async with wecom(faults=[WecomFault("send", errcode=errcode)]) as server, robot(server) as made:
        error = await refused(made, GROUP)
        assert (error.outcome, error.code) == (outcome, str(errcode))
        assert error.final_after == (2 if errcode == 777777 else None)


async def test_busy_twice_then_fine_takes_three_calls_with_the_same_octets() -> None:
    busy = [WecomFault("send", nth=n, errcode=-1) for n in (1, 2)]
    async with wecom(faults=busy) as server, robot(server) as made:
        await refused(made, GROUP)
        await refused(made, GROUP)
        await send(made, GROUP)
        assert len({post.octets for post in server.posts}) == 1
        assert len(server.shown) == 1


async def test_the_twenty_first_message_of_a_minute_is_throttled_for_a_minute() -> None:
    async with wecom() as server, robot(server) as made:
        for number in range(20):
            await send(made, addressee(number, address=""))
        error = await refused(made, GROUP)
        assert error.outcome is Outcome.THROTTLED
        assert error.retry_after is not None
        assert error.retry_after >= 60


NOT_ANSWERS: dict[str, WecomFault] = {
    "502 with a page": WecomFault("send", status=502, body=b"<html>nginx</html>"),
    "log-in page": WecomFault("send", body=b"<html>please log in</html>"),
    "empty": WecomFault("send", body=b""),
    "empty object": WecomFault("send", body=b"{}"),
    "list": WecomFault("send", body=b"[0]"),
    "truncated": WecomFault("send", act="truncate"),
    "huge number": WecomFault("send", body=b'{"errcode":' + b"9" * 400 + b"}"),
    "very huge number": WecomFault("send", body=b'{"errcode":' + b"9" * 9000 + b"}"),
    "NaN": WecomFault("send", body=b'{"errcode":NaN}'),
    "true": WecomFault("send", body=b'{"errcode":false}'),
    "zero point zero": WecomFault("send", body=b'{"errcode":0.0}'),
    "deeply nested": WecomFault("send", body=b"[" * 60_000),
    "not UTF-8": WecomFault("send", body=b'{"errcode":0,"errmsg":"\xff"}'),
    "gzip bomb": WecomFault("send", body=gzip.compress(b" " * 30_000_000), headers={"Content-Encoding": "gzip"}),
    "not gzip": WecomFault("send", body=b"abc", headers={"Content-Encoding": "gzip"}),
    "100 MB": WecomFault("send", act="flood", size=100_000_000),
}


@pytest.mark.parametrize("name", NOT_ANSWERS)
async def test_what_is_no_answer_of_wecom_is_transient_and_bounded(name: str) -> None:
    async with wecom(faults=[NOT_ANSWERS[name]]) as server, robot(server) as made:
        tracemalloc.start()
        try:
            error = await refused(made, GROUP)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert error.outcome is Outcome.TRANSIENT
        assert peak < 20_000_000


@pytest.mark.parametrize(
    "fault",
    [
        WecomFault("send", errcode="0"),
        WecomFault("send", body=b'\xef\xbb\xbf{"errcode":0,"errmsg":"ok"}'),
        WecomFault("send", act="gzip"),
        WecomFault("send", status=200, body=b'{"errcode":0}'),
    ],
)
async def test_odd_forms_of_a_good_answer_are_good(fault: WecomFault) -> None:
    async with wecom(faults=[fault]) as server, robot(server) as made:
        await send(made, GROUP)


async def test_an_errcode_as_a_string_is_read() -> None:
    async with wecom(faults=[WecomFault("send", errcode="93000")]) as server, robot(server) as made:
        assert (await refused(made, GROUP)).outcome is Outcome.AUTH


@pytest.mark.parametrize("act", ["store-drop", "store-hang", "drip"])
async def test_silence_after_the_request_was_read_is_ambiguous(act: str) -> None:
    fault = WecomFault("send", nth=1, act=act, delay=0.1)
    async with wecom(faults=[fault]) as server, robot(server, timeouts=QUICK) as made:
        async with asyncio.timeout(5):
            assert (await refused(made, GROUP)).outcome is Outcome.AMBIGUOUS
        assert len(server.shown) == 1


async def test_a_refused_connection_is_transient() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        made = WecomRobotChannel("staff", KEY, base_url=base)
        assert (await refused(made, GROUP)).outcome is Outcome.TRANSIENT
        await made.close()


@pytest.mark.parametrize("where", ["http://127.0.0.1:1/", "https://evil.example/", "//evil.example"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_and_pauses_the_channel(where: str, status: int) -> None:
    fault = WecomFault("send", status=status, body=b"", headers={"Location": where})
    async with wecom(faults=[fault]) as server, robot(server) as made:
        error = await refused(made, GROUP)
        assert (error.outcome, error.code) == (Outcome.AUTH, "redirect")
        assert len(server.posts) == 1


FORBIDDEN = ["127.0.0.1", "169.254.169.254", "100.64.0.1", "10.0.0.8", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::1",
             "::ffff:127.0.0.1", "0.0.0.0", "fe80::1"]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_leads_inside_is_refused_before_connecting(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    async def resolve(*_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
        return [(family, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    made = WecomRobotChannel("staff", KEY)
    error = await refused(made, GROUP)
    await made.close()
    assert (error.outcome, error.code) == (Outcome.AUTH, "forbidden-address")


async def test_a_configured_name_inside_is_reached_by_its_checked_address_with_its_own_certificate() -> None:
    authority = Authority()
    async with wecom(tls=authority.server_context("localhost")) as server:
        base = f"https://localhost:{server.port}"
        made = WecomRobotChannel("staff", KEY, base_url=base, context=authority.client_context())
        await send(made, GROUP)
        await made.close()
        assert server.posts[0].headers["host"] == f"localhost:{server.port}"
        other = WecomRobotChannel("staff", KEY, base_url=server.base_url, context=authority.client_context())
        error = await refused(other, GROUP)
        await other.close()
        assert (error.outcome, error.code) == (Outcome.AUTH, "tls")


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
        f"qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
        f"  https://qyapi.weixin.qq.com/cgi-bin/webhook/send?debug=1&key={KEY}\n",
    ],
)
async def test_a_key_or_its_whole_address_is_accepted(text: str) -> None:
    async with wecom() as server:
        made = WecomRobotChannel("staff", text, base_url=server.base_url)
        await send(made, GROUP)
        await made.close()
        assert server.shown[0].to == KEY


async def test_a_whole_address_on_this_machine_needs_no_base_url() -> None:
    async with wecom() as server:
        made = WecomRobotChannel("staff", server.webhook(KEY))
        await send(made, GROUP)
        await made.close()
        assert len(server.shown) == 1


@pytest.mark.parametrize(
    "text", ["", "a b", "https://evil.example/cgi-bin/webhook/send?key=canary", "https://qyapi.weixin.qq.com/?x=canary",
             "canary&x=1", "ftp://127.0.0.1/?key=canary", "http:///?key=canary", "canary\r\nX: y"]
)  # fmt: skip
def test_a_bad_robot_setting_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WecomRobotChannel("staff", text)
    assert "canary" not in str(caught.value)


async def test_long_markdown_is_split_at_line_borders_and_never_refused() -> None:
    names = [f"【{n}】" + "医师资格考试实践技能考试" * 4 + "😀" for n in range(60)]
    body = "\n".join([*names, "说明" * 1500])
    async with wecom() as server, robot(server) as made:
        await send(made, GROUP, markdown=body)
        parts = [shown.content for shown in server.shown]
        assert all(len(part.encode()) <= 4096 for part in parts)
        assert [part.split("\n")[0] for part in parts] == [f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)]
        lines = "\n".join(parts).split("\n")
        assert all(name in lines for name in names)
        assert "".join(line for line in lines if set(line) <= {"说", "明"}) == "说明" * 1500


# The application


async def test_an_application_message_has_the_documented_fields() -> None:
    async with wecom() as server, app(server) as made:
        receipt = await send(made, MEMBER)
        sent = server.of("app")[0].json
        assert receipt.provider_id == "m1"
        assert (sent["touser"], sent["agentid"], sent["msgtype"]) == ("LiSi", AGENT, "text")
        assert (sent["enable_duplicate_check"], sent["duplicate_check_interval"]) == (1, 14400)


@pytest.mark.parametrize("lost", ["expire_tokens", "revoke_tokens"])
async def test_one_new_token_serves_four_senders_and_none_is_lost(lost: str) -> None:
    async with wecom() as server, app(server) as made:
        await send(made, addressee(100, address="first"))
        getattr(server, lost)()
        await asyncio.gather(*(send(made, addressee(n, address=f"m{n}")) for n in range(4)))
        assert len(server.of("token")) == 2
        assert len(server.shown) == 5
        resent = [post.octets for post in server.of("app") if post.answer["errcode"] != 0]
        assert set(resent) <= {post.octets for post in server.of("app") if post.answer["errcode"] == 0}


async def test_a_token_that_is_withdrawn_twice_is_transient_without_a_loop() -> None:
    async with wecom(faults=[WecomFault("app", errcode=40014)]) as server, app(server) as made:
        error = await refused(made, MEMBER)
        assert error.outcome is Outcome.TRANSIENT
        assert len(server.of("app")) == 2
        assert len(server.of("token")) <= 2


async def test_a_wrong_credential_on_sending_pauses_after_one_new_token() -> None:
    async with wecom(faults=[WecomFault("app", errcode=40001)]) as server, app(server) as made:
        assert (await refused(made, MEMBER)).outcome is Outcome.AUTH
        assert len(server.of("app")) == 2


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (WecomFault("token", errcode=-1), Outcome.TRANSIENT),
        (WecomFault("token", errcode=40013), Outcome.AUTH),
        (WecomFault("token", errcode=40001), Outcome.AUTH),
        (WecomFault("token", errcode=60020), Outcome.AUTH),
        (WecomFault("token", errcode=45009), Outcome.THROTTLED),
        (WecomFault("token", body=b'{"errcode":0,"access_token":"","expires_in":7200}'), Outcome.TRANSIENT),
        (WecomFault("token", body=b'{"errcode":0}'), Outcome.TRANSIENT),
        (WecomFault("token", act="hang"), Outcome.TRANSIENT),
    ],
)
async def test_a_refused_token_does_not_spin(fault: WecomFault, outcome: Outcome) -> None:
    async with wecom(faults=[fault]) as server, app(server, timeouts=QUICK) as made:
        results = await asyncio.gather(*(send(made, MEMBER) for _ in range(6)), return_exceptions=True)
        assert {result.outcome for result in results if isinstance(result, ChannelError)} == {outcome}
        assert len(results) == 6
        assert len(server.of("token")) == 1
        assert server.of("app") == []
        assert SECRET not in repr(results)


@pytest.mark.parametrize("life", [0, -5, "7200", 10**400, None])
async def test_a_token_with_an_odd_life_is_used_for_a_minute(life: object) -> None:
    body = json.dumps({"errcode": 0, "access_token": "accesstoken000001", "expires_in": life}).encode()
    async with wecom(faults=[WecomFault("token", body=body)]) as server, app(server) as made:
        for number in range(5):
            await refused(made, addressee(number, address="m"))  # the server does not know that token
        assert len(server.of("token")) <= 6
    async with wecom(faults=[WecomFault("token", fields={"expires_in": life})]) as server, app(server) as made:
        for number in range(5):
            await send(made, addressee(number, address="m"))
        assert len(server.of("token")) == 1


async def test_our_own_address_is_told_with_60020() -> None:
    async with wecom(faults=[WecomFault("app", errcode=60020)]) as server, app(server) as made:
        error = await refused(made, MEMBER)
        words = made.explain(error.code)
        assert error.outcome is Outcome.AUTH
        assert "127.0.0.1" not in error.detail
        assert words is not None
        assert "127.0.0.1" in words.text()
        assert "127.0.0.1" in words.text("en")


async def test_an_invalid_member_is_refused_though_errcode_is_0() -> None:
    async with wecom(members={"lisi", "wangwu"}, unlicensed={"wangwu"}) as server, app(server) as made:
        await send(made, MEMBER)
        error = await refused(made, addressee(2, address="WangWu"))
        assert (error.outcome, error.code) == (Outcome.PERMANENT_RECIPIENT, "unlicenseduser")
        error = await refused(made, addressee(3, address="Nobody"))
        assert (error.outcome, error.code) == (Outcome.PERMANENT_RECIPIENT, "81013")
    partial = WecomFault("app", fields={"invaliduser": "someone|lisi"})
    async with wecom(faults=[partial]) as server, app(server) as made:
        assert (await refused(made, MEMBER)).outcome is Outcome.PERMANENT_RECIPIENT
        await send(made, addressee(4, address="other"))


@pytest.mark.parametrize("user", ["", "a|b", "a b", "x" * 65, "a\nb"])
async def test_what_is_not_one_user_id_never_reaches_wecom(user: str) -> None:
    async with wecom() as server, app(server) as made:
        assert (await refused(made, addressee(1, address=user))).outcome is Outcome.PERMANENT_RECIPIENT
        assert server.posts == []


async def test_a_resend_after_silence_is_shown_once() -> None:
    fault = WecomFault("app", nth=1, act="store-drop")
    async with wecom(faults=[fault]) as server, app(server) as made:
        assert (await refused(made, MEMBER)).outcome is Outcome.AMBIGUOUS
        await send(made, MEMBER)
        assert len(server.shown) == 1
        assert len(server.duplicates) == 1


async def test_two_reminders_with_the_same_words_are_both_shown() -> None:
    async with wecom() as server, app(server) as made:
        await send(made, addressee(1, address="lisi", reference="ABCDE"))
        await send(made, addressee(2, address="lisi", reference="FGHIJ"))
        assert len(server.shown) == 2


async def test_a_long_application_message_is_split_so_that_nothing_is_cut_off() -> None:
    body = (
        "\n".join(f"第{n}项：" + "上传近6个月小2寸白底证件照" * 3 + "👨‍👩‍👧‍👦" for n in range(60)) + "\n" + "长" * 2000
    )
    async with wecom() as server, app(server) as made:
        await send(made, MEMBER, text=body)
        parts = [shown.content for shown in server.shown]
        assert all(len(part.encode()) <= 2048 for part in parts)
        assert sum(part.count("👨‍👩‍👧‍👦") for part in parts) == 60
        assert sum(part.count("长") for part in parts) == 2000
        assert len(set(parts)) == len(parts)
