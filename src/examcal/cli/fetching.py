"""Why something could not be fetched over HTTP, in words. httpx speaks English, and its errors name classes."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from examcal.errors import Sentence, reason_of


def why_unreachable(error: Exception) -> Sentence:
    """Return the reason of an error of httpx: what the system refused, where that is its cause."""
    return next(_reasons(error), None) or _kind_of(error)


def _reasons(error: BaseException | None) -> Iterator[Sentence]:
    """Yield what lies behind an error, and behind that."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            yield Sentence("its certificate is not trusted")
        elif isinstance(error, ssl.SSLError):
            yield Sentence("no encrypted connection comes about")
        elif isinstance(error, OSError):
            yield reason_of(error)
        error = error.__cause__ or error.__context__


def _kind_of(error: Exception) -> Sentence:
    import httpx  # noqa: PLC0415 - whoever has such an error has imported it already

    match error:
        case httpx.TimeoutException():
            return Sentence("timed out")
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return Sentence("this is no valid address")
        case httpx.TooManyRedirects():
            return Sentence("it redirects in a circle")
        case _:
            return Sentence("the connection broke off")
