"""What a subscription request brings: who sends it, from where, and a small form. Everything is bounded and checked.

Only ``application/x-www-form-urlencoded`` is parsed, by the standard library, up to 4 kB and 32 fields; no multipart
parser is involved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

LARGEST_BODY: Final = 4096
MOST_FIELDS: Final = 40
BODY_DEADLINE: Final = 10.0
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_OURS: Final = frozenset({"same-origin", "none"})

Fields = Mapping[str, Sequence[str]]
Networks = tuple[IPv4Network | IPv6Network, ...]


class RequestRefusedError(Exception):
    """A request that is not answered as asked; ``msgid`` says why, ``status`` is that of the answer."""

    def __init__(self, status: HTTPStatus, msgid: str) -> None:
        self.status = status
        self.msgid = msgid
        super().__init__(msgid)


def networks(addresses: Sequence[str]) -> Networks:
    """Return the networks of trusted proxies. Raises ValueError for what is none."""
    return tuple(ip_network(address, strict=False) for address in addresses)


def client_of(request: Request, trusted: Networks) -> str:
    """Return the address of the client: the peer, or what the last trusted proxy says of its own peer.

    ``X-Forwarded-For`` of anybody else is ignored, and so is everything left of the first entry that is not a proxy.
    """
    peer = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while _is_trusted(peer, trusted) and forwarded and forwarded[-1].strip():
        peer = forwarded.pop().strip()[:64]
    return peer


def refuse_foreign_origin(request: Request) -> None:
    """Refuse a form that another site's page sends. Raises RequestRefusedError (403).

    Our pages have ``Referrer-Policy: no-referrer``, for which browsers send ``Origin: null``.
    """
    fetched = request.headers.get("sec-fetch-site", "none").lower()
    origin = request.headers.get("origin", "null")
    host = request.headers.get("host", "")
    if fetched not in _OURS or (origin != "null" and fetched != "same-origin" and urlsplit(origin).netloc != host):
        raise RequestRefusedError(HTTPStatus.FORBIDDEN, "This form was not sent from this site.")


async def read_form(request: Request) -> Fields:
    """Return the fields of a form. Raises RequestRefusedError (408, 413, 415, 422)."""
    if _content_type(request) != _FORM:
        raise RequestRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This address takes an ordinary form only.")
    return _parsed(await read_body(request))


async def read_one_click(request: Request) -> Fields:
    """Return the fields of an unsubscribe request. RFC 8058 lets mail programs send multipart; it is not parsed.

    Raises RequestRefusedError (408, 413, 415, 422).
    """
    kind, body = _content_type(request), await read_body(request)
    if body and kind not in {_FORM, _MULTIPART}:
        raise RequestRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This address takes an ordinary form only.")
    return _parsed(body) if kind == _FORM else {}


async def read_body(request: Request) -> bytes:
    """Return at most 4 kB within ten seconds. Raises RequestRefusedError."""
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared[:12]) > LARGEST_BODY:
        raise RequestRefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large.")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise RequestRefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large.")
    except TimeoutError:
        raise RequestRefusedError(HTTPStatus.REQUEST_TIMEOUT, "The form took too long to arrive.") from None
    return bytes(body)


def _parsed(body: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict", encoding="utf-8"
        )
    except ValueError:
        raise _unfit() from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if any(not (letter.isprintable() or letter == "\t") for letter in name + value):
            raise _unfit()
        fields.setdefault(name, []).append(value)
    return fields


def _unfit() -> RequestRefusedError:
    return RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "The form was not filled in as it can be.")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_trusted(address: str, trusted: Networks) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in trusted)
