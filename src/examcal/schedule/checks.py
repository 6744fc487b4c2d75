"""What single values may be: texts, addresses, opening hours, time zones. Pure functions on strings."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from examcal.errors import Sentence
from examcal.schedule.model import Hours

HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至到]\s*(\d{1,2}):(\d{2})", re.ASCII)
# Unicode's categories Cc and Cs, without line feed and tab.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Characters that reorder what is shown (Unicode TR36, "bidirectional text spoofing").
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_DAY_MINUTES = 24 * 60
URL_LIMIT = 2000
_URL_SHOWN = 300
FULL_WIDTH = str.maketrans("０１２３４５６７８９：－／", "0123456789:-/")


def text_fault(text: str, limit: int) -> tuple[str, Sentence, Sentence | None] | None:
    """Return what is wrong with a text. ``=?`` begins an encoded word, which mail libraries decode into headers."""
    if len(text) > limit:
        params: dict[str, object] = {"length": len(text), "limit": limit}
        return "text-too-long", Sentence("the text has {length} characters, the limit is {limit}", params), None
    control = _CONTROL.search(text)
    if control:
        params = {"number": f"{ord(control[0]):04X}"}
        return "bad-text", Sentence("control characters are not allowed (U+{number})", params), None
    if "=?" in text:
        return "bad-text", Sentence('"=?" is not allowed: mail programs read it as an encoded header'), None
    if _BIDI.search(text):
        hint = Sentence("type the text again instead of copying it")
        return "bad-text", Sentence("characters that change the direction of the text are not allowed"), hint
    return None


# Signs that an address writes in percent form, and those of the Chinese sentence around it.
_NOT_IN_URL = re.compile(r"""[ <>"\\^`{|}。，、；！？“”‘’（）《》【】]""")
_URL_IN_TEXT = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+|\bwww\.[a-z0-9./-]+", re.ASCII | re.IGNORECASE)


def address_in(text: str) -> str | None:
    """Return the web address that a longer text holds, or that lacks only its http."""
    found = _URL_IN_TEXT.search(text[:_URL_SHOWN])
    address = found[0].rstrip(".,;:!?)") if found else text
    address = address if "://" in address[:8] else f"http://{address}"
    return address if len(text) <= _URL_SHOWN and "." in address and url_fault(address) is None else None


@lru_cache(maxsize=256)
def url_fault(text: str) -> Sentence | None:
    """Return what is wrong with a web address, or None."""
    if len(text) > URL_LIMIT:
        return Sentence(
            "the address has {length} characters, the limit is {limit}", {"length": len(text), "limit": URL_LIMIT}
        )
    if _NOT_IN_URL.search(text) or not text.isprintable():
        return Sentence("the address contains a character that is not allowed")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Sentence("this is not a web address")
    if parts.scheme.lower() not in {"http", "https"}:
        return Sentence("only http and https addresses are allowed")
    if "@" in parts.netloc:
        return Sentence("an address must not contain a user name or password")
    return None if host else Sentence("the address has no host name")


@lru_cache(maxsize=256)
def parse_hours(text: str) -> tuple[Hours, ...] | None:
    """Return opening hours such as ``09:00-11:00, 14:00-16:30``, or None where the text is not that.

    They must follow one another without overlap; ``24:00`` may end a day.
    """
    folded = text.translate(FULL_WIDTH)
    spans = [_span(found) for found in HOURS.finditer(folded)]
    if not spans or HOURS.sub("", folded).strip(" ,，、;；"):
        return None
    ranges = tuple(span for span in spans if span)
    is_ordered = all(one.until <= two.since for one, two in pairwise(ranges))
    return ranges if is_ordered and len(ranges) == len(spans) else None


@lru_cache(maxsize=256)
def office_hours(text: str) -> tuple[Hours, ...]:
    """Return all ranges of hours that a free text names, e.g. 工作日 09:00-11:30, 13:30-17:00."""
    spans = (_span(found) for found in HOURS.finditer(text.translate(FULL_WIDTH)))
    return tuple(span for span in spans if span)


def _span(found: re.Match[str]) -> Hours | None:
    since, until = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    is_real = int(found[2]) < 60 and int(found[4]) < 60 and since < until <= _DAY_MINUTES  # noqa: PLR2004  # minutes
    return Hours(since, until) if is_real else None


def is_zone(name: str) -> bool:
    """Return whether ``name`` is a time zone by its full name: abbreviations such as CST have several meanings."""
    if name != "UTC" and ("/" not in name or not re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", name)):
        return False
    if name.startswith("/"):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def offset_of(zone: str) -> str:
    """Return what ``Etc/GMT-8`` means: UTC+8, for its sign is that of POSIX."""
    return f"UTC{'+' if zone[7] == '-' else '-'}{zone[8:]}"


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Return the full names of all time zones, for guesses."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))
