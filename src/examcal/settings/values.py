"""The forms that single settings take: listen addresses, durations, addresses of people and of servers.

Each ``as_…`` function returns the value or raises UnfitValueError with a sentence that says what would fit. Values
that may be secret never appear in a sentence.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from typing_extensions import override

from examcal.errors import Sentence

_ADDRESS = re.compile(
    r"[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f]+@[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f]+\.?[^\s@<>,;:\"()\[\]\\.]+"
)
_SENDER = re.compile(r"(?P<name>[^<>\r\n]*)<(?P<address>[^<>]+)>")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ROBOT_KEY = re.compile(r"[0-9A-Za-z_-]{8,128}")
_DURATION = re.compile(r"(?P<amount>\d{1,9})\s*(?P<unit>s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_HIGHEST_PORT = 65535
WECOM_HOST = "qyapi.weixin.qq.com"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class UnfitValueError(ValueError):
    """A setting's value does not fit; ``sentence`` says what would."""

    def __init__(self, msgid: str, /, **params: object) -> None:
        self.sentence = Sentence(msgid, params)
        super().__init__(msgid)


class ListenAddress(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def as_listen_address(value: object) -> ListenAddress:
    """Read ``HOST:PORT``, ``[IPv6]:PORT`` or ``:PORT``; port 0 asks the system for a free one."""
    if isinstance(value, ListenAddress):
        return value
    host, colon, port = str(value).strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT or " " in host:
        raise UnfitValueError('"{value}" is not HOST:PORT, for example 127.0.0.1:8000', value=str(value)[:80])
    return ListenAddress(host or "0.0.0.0", int(port))  # noqa: S104 - ":8000" asks for every interface


def as_seconds(value: object) -> int:
    """Read a duration: seconds, or a number with s, m, h or d ("10m")."""
    found = _DURATION.fullmatch(str(value).strip())
    if not found or isinstance(value, bool):
        raise UnfitValueError('"{value}" is not a duration, for example 30s, 10m, 2h or 1d', value=str(value)[:80])
    return int(found["amount"]) * _SECONDS[found["unit"] or "s"]


def as_name(value: object) -> str:
    """Read the name of a robot, application or target; upper and lower case are the same."""
    name = str(value).strip().lower()
    if not _NAME.fullmatch(name):
        raise UnfitValueError(
            'the name "{value}" may hold letters, digits, "-" and "_" only (at most 64)', value=str(value)[:80]
        )
    return name


def as_web_address(value: object) -> str:
    """Read an absolute http or https address without user, query or fragment; the last slash is dropped."""
    text = str(value).strip()
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = None
        parts = urlsplit("")
    if not fits or re.search(r"[\s\x00-\x1f\\<>\"]", text) or ".." in parts.path.split("/"):
        raise UnfitValueError("is not a web address, for example https://exam.example.cn")
    if parts.query or parts.fragment or parts.username is not None:
        raise UnfitValueError("must be a web address without user name, question mark and number sign")
    return text.rstrip("/")


def as_ping_address(value: object) -> str:
    """Read the secret address that is pinged as a sign of life; a query is allowed."""
    text = str(value).strip()
    as_web_address(text.partition("?")[0])
    return text


def as_network(value: str, position: int) -> str:
    """Check an address or network of a proxy (``127.0.0.1``, ``10.0.0.0/8``); ``position`` is its place in a list."""
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise UnfitValueError("entry {position} is not an address or network of a proxy", position=position) from None
    return value


def is_mail_address(text: str) -> bool:
    """Return whether ``text`` is one plain e-mail address (no name, no list, no control characters)."""
    return bool(_ADDRESS.fullmatch(text)) and len(text) <= 254  # noqa: PLR2004 - RFC 5321 section 4.5.3.1.3


def as_sender(value: object) -> str:
    """Read the sender of mail: ``address`` or ``Name <address>``."""
    text = str(value).strip()
    named = _SENDER.fullmatch(text)
    if not is_mail_address(named["address"].strip() if named else text):
        raise UnfitValueError('is not an e-mail address, for example "Exam Office <exam@example.cn>"')
    return text


def as_robot(value: object) -> str:
    """Read a WeCom robot's key or its full webhook address.

    An address must be on qyapi.weixin.qq.com or on this machine, so that a typing error cannot send notices elsewhere.
    """
    text = str(value).strip()
    if "://" not in text:
        if not _ROBOT_KEY.fullmatch(text):
            raise UnfitValueError("is neither a robot key nor a webhook address")
        return text
    parts = urlsplit(text)
    official = parts.scheme == "https" and parts.netloc == WECOM_HOST
    local = parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK and parts.username is None
    if not (official or local) or "key=" not in parts.query:
        raise UnfitValueError(
            "must be https://{host}/cgi-bin/webhook/send?key=… (set WECOM__BASE_URL for a relay)", host=WECOM_HOST
        )
    return text


def as_database_address(value: object) -> str:
    """Read the ledger's address: ``sqlite:///PATH`` or ``postgresql://…``."""
    text = str(value).strip()
    scheme = text.partition("://")[0]
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"} and text.partition("://")[2]:
        return "postgresql://" + text.partition("://")[2]
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///"):
        return text
    raise UnfitValueError("must start with sqlite:/// or postgresql://")
