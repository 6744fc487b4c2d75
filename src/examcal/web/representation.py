"""One address's answers, prepared once: full and 304, as it is and compressed, with strong ETags from the content."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from examcal.pages.headers import SECURITY_HEADERS

SECURITY: Final = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
TYPES: Final[Mapping[str, str]] = {
    "ics": "text/calendar; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
_COMPRESSED = frozenset({"png", "ico", "woff2"})
_LARGEST_FIELD = 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response. ``head`` is its status line and headers on the wire, without Date and the blank line."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    head: bytes


def answer(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes = b"") -> Answer:
    """Return a response with the security headers that every route has."""
    complete = (*headers, *SECURITY)
    lines = b"".join(b"%s: %s\r\n" % header for header in complete)
    return Answer(status, complete, body, b"HTTP/1.1 %d %s\r\n%s" % (status, _phrase(status), lines))


def plain_answer(status: int, text: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> Answer:
    """Return a short text that nobody may store."""
    body = text.encode()
    fields = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *headers,
    )
    return answer(status, fields, body)


@dataclass(frozen=True, slots=True)
class Representation:
    """The answers of one address. ``gzipped`` is None where compressing gains nothing. ``modified`` is in seconds."""

    digest: str
    modified: int
    full: Answer
    same: Answer
    etag: bytes
    gzipped: tuple[Answer, Answer, bytes] | None = None

    def respond(
        self, *, encodings: bytes = b"", if_none_match: bytes | None = None, if_modified_since: bytes | None = None
    ) -> Answer:
        """Return the response to a GET (RFC 9110 section 13.2.2: If-None-Match decides alone where it is sent)."""
        full, same, etag = self.full, self.same, self.etag
        if self.gzipped and takes_gzip(encodings):
            full, same, etag = self.gzipped
        if if_none_match is not None:
            return same if _names(if_none_match, etag) else full
        if if_modified_since is not None and self.modified <= (_as_seconds(if_modified_since) or -1):
            return same
        return full


def represent(
    path: str, body: bytes, modified: int, *, gzipped: bytes | None = None, cache: bytes | None = None
) -> Representation:
    """Prepare the answers of ``path``. ``modified`` is the time of the last change in seconds since 1970."""
    kind = path.rpartition(".")[2]
    digest = hashlib.sha256(body).hexdigest()
    shared = (
        (b"content-type", TYPES.get(kind, "application/octet-stream").encode()),
        (b"last-modified", formatdate(modified, usegmt=True).encode()),
        (b"cache-control", cache or _cache_for(path)),
        (b"vary", b"Accept-Encoding"),
        *_disposition(path),
    )
    etag = b'"%s"' % digest[:32].encode()
    full, same = _pair(shared, etag, body)
    if gzipped is None and kind not in _COMPRESSED:
        gzipped = gzip.compress(body, 9, mtime=0)
    if gzipped is None or len(gzipped) >= len(body):
        return Representation(digest, modified, full, same, etag)
    etag_gzip = b'"%s-gzip"' % digest[:32].encode()
    pair = _pair((*shared, (b"content-encoding", b"gzip")), etag_gzip, gzipped)
    return Representation(digest, modified, full, same, etag, (*pair, etag_gzip))


def _pair(shared: Sequence[tuple[bytes, bytes]], etag: bytes, body: bytes) -> tuple[Answer, Answer]:
    """Return the full answer and its 304, which repeats what a cache keeps (RFC 9110 section 15.4.5)."""
    full = answer(HTTPStatus.OK, ((b"content-length", b"%d" % len(body)), (b"etag", etag), *shared), body)
    kept = [field for field in shared if field[0] in {b"last-modified", b"cache-control", b"vary"}]
    return full, answer(HTTPStatus.NOT_MODIFIED, ((b"etag", etag), *kept))


def _cache_for(path: str) -> bytes:
    """Return how long others may keep a file: clients ask for feeds much more rarely than every five minutes."""
    if path.endswith(".ics"):
        return b"public, max-age=300, must-revalidate"
    return b"public, max-age=86400" if path.startswith("assets/") else b"public, max-age=60, must-revalidate"


def _disposition(path: str) -> tuple[tuple[bytes, bytes], ...]:
    if not path.endswith(".ics"):
        return ()
    name = "".join(c for c in path.rpartition("/")[2] if c.isascii() and (c.isalnum() or c in "-_.")) or "exam.ics"
    return ((b"content-disposition", b'inline; filename="%s"' % name.encode()),)


@lru_cache(maxsize=256)
def takes_gzip(field: bytes) -> bool:
    """Return whether an Accept-Encoding field allows gzip; ``q=0`` forbids it (RFC 9110 section 12.5.3)."""
    if not field or len(field) > _LARGEST_FIELD:
        return False
    quality: dict[str, float] = {}
    for entry in field.decode("latin-1").lower().split(","):
        coding, _, parameter = entry.partition(";")
        name, _, value = parameter.strip().partition("=")
        quality[coding.strip()] = _quality(value) if name.strip() == "q" else 1.0
    allowed = quality.get("gzip", quality.get("x-gzip", quality.get("*", 0.0)))
    return allowed > 0 and allowed >= quality.get("identity", 0.0)


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _names(field: bytes, etag: bytes) -> bool:
    """Return whether an If-None-Match field names ``etag`` (weak comparison) or is ``*``."""
    if field.strip() == b"*":
        return True
    if etag not in field or len(field) > 8 * _LARGEST_FIELD:
        return False
    return any(entry.strip().removeprefix(b"W/") == etag for entry in field.split(b","))


@lru_cache(maxsize=256)
def _as_seconds(field: bytes) -> int | None:
    """Return an HTTP date as seconds since 1970, or None where it is none."""
    try:
        return int(parsedate_to_datetime(field[:64].decode("ascii")).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def _phrase(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode()
