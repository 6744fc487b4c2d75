"""Folding again what ``icalendar`` cut inside an escape (RFC 5545 section 3.1): some readers unescape line by line."""

from __future__ import annotations

MOST_OCTETS = 75
_CUT = b"\\\r\n "
_CONTINUED = 0b1000_0000  # the first two bits of an octet inside a UTF-8 character
_FIRST_TWO = 0b1100_0000


def whole_escapes(octets: bytes) -> bytes:
    """Return content lines (CRLF) folded so that no fold comes after an odd number of backslashes."""
    if _CUT not in octets:
        return octets
    lines = octets.replace(b"\r\n ", b"").removesuffix(b"\r\n").split(b"\r\n")
    return b"".join(folded(line) for line in lines)


def folded(line: bytes) -> bytes:
    """Return one content line (without CRLF) folded to 75 octets, with CRLF; characters and escapes stay whole."""
    pieces = []
    while len(line) > MOST_OCTETS:
        cut = MOST_OCTETS
        while line[cut] & _FIRST_TWO == _CONTINUED:
            cut -= 1
        cut -= (cut - len(line[:cut].rstrip(b"\\"))) % 2
        pieces.append(line[:cut])
        line = b" " + line[cut:]
    return b"".join(piece + b"\r\n" for piece in (*pieces, line))
