"""From a request to a prepared answer: methods, hosts, addresses of pages. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from examcal.web.representation import Answer, answer, plain_answer
from examcal.web.shelf import Shelf

_LONGEST_TARGET: Final = 4096
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_READING: Final = frozenset({"GET", "HEAD"})

NOT_FOUND: Final = plain_answer(HTTPStatus.NOT_FOUND, "这里没有内容。 Nothing is here.\n")
WRONG_HOST: Final = plain_answer(HTTPStatus.MISDIRECTED_REQUEST, "本站不使用这个域名。 Not a name of this site.\n")
NO_EDITION: Final = plain_answer(
    HTTPStatus.SERVICE_UNAVAILABLE, "尚未发布。 Nothing is published yet.\n", ((b"retry-after", b"30"),)
)
FAILED: Final = plain_answer(
    HTTPStatus.INTERNAL_SERVER_ERROR, "服务器出错。 The server failed.\n", ((b"connection", b"close"),)
)
TOO_LONG: Final = plain_answer(HTTPStatus.REQUEST_URI_TOO_LONG, "网址过长。 The address is too long.\n")


def not_allowed(allowed: Iterable[str] = ("GET", "HEAD")) -> Answer:
    """Return the answer to a method that an address does not have."""
    fields = ((b"allow", ", ".join(allowed).encode()),)
    return plain_answer(HTTPStatus.METHOD_NOT_ALLOWED, "不支持这个请求方法。 Method not allowed.\n", fields)


_READ_ONLY: Final = not_allowed()


class Hosts:
    """The names under which this site answers: that of its public address, this machine, and those configured.

    Without a public address any numeric address is one of ours, too: nobody can rebind a number.
    """

    def __init__(self, site_address: str | None, allowed: Collection[str] = ()) -> None:
        named = urlsplit(site_address).hostname if site_address else None
        self._names = {name.lower() for name in allowed} | _LOOPBACK | ({named} if named else set())
        self._any_number = named is None or named in _LOOPBACK
        self._known: dict[bytes, bool] = {}

    def know(self, field: bytes) -> bool:
        """Return whether a Host field names this site; the port does not matter."""
        known = self._known.get(field)
        if known is None:
            known = self._judge(field)
            if len(self._known) < 64:  # noqa: PLR2004 - bounded, as the field comes from outside
                self._known[field] = known
        return known

    def _judge(self, field: bytes) -> bool:
        try:
            parts = urlsplit(f"//{field.decode('ascii')}")
            name = (parts.hostname or "").removesuffix(".")
            if parts.path or parts.query or parts.username is not None or (parts.port or 0) < 0:
                return False
        except ValueError:
            return False
        return name in self._names or (self._any_number and _is_number(name))


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def missing_answer(shelf: Shelf | None) -> Answer:
    """Return the answer to an address that has nothing: the edition's own page for it, where there is one."""
    if shelf is None:
        return NO_EDITION
    page = shelf.pages.get("404.html")
    if page is None:
        return NOT_FOUND
    body = page.full.body
    fields = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    )
    return answer(HTTPStatus.NOT_FOUND, fields, body)


def published_answer(shelf: Shelf | None, method: str, target: bytes, headers: dict[bytes, bytes]) -> Answer | None:
    """Return the answer of a published file; None where no file has that address.

    ``target`` is the path with its query as it was sent; ``headers`` have lower-case names.
    """
    if len(target) > _LONGEST_TARGET:
        return TOO_LONG
    raw, _, query = target.partition(b"?")
    path = _as_path(raw)
    if shelf is None or path is None:
        return None
    page = shelf.find(path, query)
    if page is None:
        return _redirect(shelf, path)
    if method not in _READING:
        return _READ_ONLY
    return page.respond(
        encodings=headers.get(b"accept-encoding", b""),
        if_none_match=headers.get(b"if-none-match"),
        if_modified_since=headers.get(b"if-modified-since"),
    )


def _as_path(raw: bytes) -> str | None:
    """Return the path of a file; a folder is its index page."""
    try:
        path = unquote(raw.decode("ascii"), errors="strict").removeprefix("/")
    except (UnicodeDecodeError, ValueError):
        return None
    return f"{path}index.html" if not path or path.endswith("/") else path


def _redirect(shelf: Shelf, path: str) -> Answer | None:
    """Send a page's address without its last slash to the one with it, so that relative links work."""
    if f"{path}/index.html" not in shelf.pages or path.startswith("/"):
        return None
    name = path.rpartition("/")[2].encode("ascii", "ignore")
    return answer(HTTPStatus.PERMANENT_REDIRECT, ((b"location", b"./%s/" % name), (b"content-length", b"0")))
