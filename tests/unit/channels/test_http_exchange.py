"""Which servers may be spoken to, and by which addresses."""

from ipaddress import ip_address

import pytest

from examcal.channels.http_exchange import HttpExchange, is_allowed
from examcal.errors import ConfigurationError
from support.wecom_server import WecomServer

OFFICIAL, OWN = "qyapi.weixin.qq.com", "wecom.corp.example"


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        (OFFICIAL, "121.51.49.1", True),
        (OFFICIAL, "240e:95c:1003::1", True),
        (OFFICIAL, "10.0.0.8", False),
        (OFFICIAL, "127.0.0.1", False),
        (OFFICIAL, "100.64.0.1", False),
        (OFFICIAL, "fd00::1", False),
        (OWN, "10.0.0.8", True),
        (OWN, "fd00::1", True),
        (OWN, "127.0.0.1", False),
        (OWN, "::ffff:127.0.0.1", False),
        (OWN, "169.254.169.254", False),
        (OWN, "64:ff9b::a9fe:a9fe", False),
        (OWN, "2002:a9fe:a9fe::", False),
        (OWN, "224.0.0.1", False),
        (OWN, "0.0.0.0", False),
        ("localhost", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "121.51.49.1", False),
    ],
)
def test_where_a_name_may_lead(host: str, address: str, *, allowed: bool) -> None:
    assert is_allowed(host, ip_address(address)) is allowed


@pytest.mark.parametrize(
    "base",
    ["http://wecom.corp.example", "ftp://localhost", "https://", "https://user:pw@h.example", "https://h/?key=x", ""],
)
def test_a_base_that_is_not_https_or_local_is_refused(base: str) -> None:
    with pytest.raises(ConfigurationError):
        HttpExchange(base)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with WecomServer(robots={"key"}) as server:
        exchange = HttpExchange(server.base_url + "/")
        answer = await exchange.call(
            "POST", "/cgi-bin/webhook/send?key=key", b'{"msgtype":"text","text":{"content":"x"}}'
        )
        await exchange.close()
    assert (answer.status, b'"errcode":0' in answer.body) == (200, True)


async def test_a_base_may_have_a_path() -> None:
    async with WecomServer(robots={"key"}) as server:
        exchange = HttpExchange(server.base_url + "/relay/")
        answer = await exchange.call("GET", "/cgi-bin/gettoken")
        await exchange.close()
    assert answer.status == 404  # the server knows no /relay, so the path was kept
