"""``examcal lint``: calendar feeds, ours or anybody's, against the rules that clients trip over."""

from __future__ import annotations

import sys
from pathlib import Path

from examcal.cli.command import argument, command
from examcal.cli.fetching import why_unreachable
from examcal.cli.invocation import Invocation
from examcal.cli.output import write, write_json
from examcal.cli.words import language, say
from examcal.errors import (
    ExitCode,
    NoInputError,
    PermissionDeniedError,
    Severity,
    StorageError,
    UnavailableError,
    reason_of,
)
from examcal.feed.lint import Finding, lint

_LARGEST = 20_000_000  # octets; calendars refuse a tenth of it
_FETCH_SECONDS = 30.0


@command("lint", "Check calendar feeds, also other people's.", formats=("text", "json"))
@argument("places", nargs=-1, required=True, metavar="FILE|URL…")
def COMMAND(invocation: Invocation, places: tuple[str, ...]) -> int:  # noqa: N802 - looked up by this name
    """Report every finding; 1 where a feed breaks a rule."""
    found = {place: lint(_octets(place)) for place in places}
    if invocation.wants_json:
        write_json([
            {"feed": place, "findings": [finding.as_json(language()) for finding in findings]}
            for place, findings in found.items()
        ])  # fmt: skip
    else:
        for place, findings in found.items():
            _write(place, findings)
    broken = any(finding.severity is Severity.ERROR for findings in found.values() for finding in findings)
    return int(ExitCode.NO if broken else ExitCode.FINE)


def _octets(place: str) -> bytes:
    if place == "-":
        return sys.stdin.buffer.read(_LARGEST)
    if place.startswith(("http://", "https://", "webcal://")):
        return _fetched(place.replace("webcal://", "https://", 1))
    if Path(place).is_dir() or Path(place).is_char_device():
        raise NoInputError("{path} is not a regular file", path=place)
    try:
        with Path(place).open("rb") as stream:
            return stream.read(_LARGEST)
    except PermissionError:
        raise PermissionDeniedError("{path} may not be read", path=place) from None
    except FileNotFoundError:
        raise NoInputError("{path} does not exist", path=place) from None
    except OSError as error:
        raise StorageError("{path} cannot be read: {reason}", path=place, reason=reason_of(error)) from None


def _fetched(address: str) -> bytes:
    import httpx  # noqa: PLC0415 - only for feeds that lie elsewhere

    try:
        response = httpx.get(address, timeout=_FETCH_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnavailableError(
            "{address} cannot be reached: {reason}", address=address.partition("?")[0], reason=why_unreachable(error)
        ) from None
    if response.is_error:
        raise UnavailableError(
            "{address} answers {status}", address=address.partition("?")[0], status=response.status_code
        )
    return response.content[:_LARGEST]


def _write(place: str, findings: list[Finding] | tuple[Finding, ...]) -> None:
    for finding in findings:
        severity, message = say(finding.severity.value), finding.message.text(language())
        write(f"{place}:{finding.line}: {severity}[{finding.rule}]: {message} ({finding.section})")
    if not findings:
        write(say("{feed}: fine", feed=place))
