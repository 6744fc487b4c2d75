"""Which encoding a file that is not UTF-8 was probably saved in, for the report to name it. Nothing is converted."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

# UTF-32 first: its mark in little-endian order begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# What files of other programs begin with: they are no text, whatever their name says.
_PROGRAMS = (
    (b"PK\x03\x04", "Word, Excel, zip"),
    (b"\xd0\xcf\x11\xe0", "Word, Excel"),
    (b"{\\rtf", "RTF"),
    (b"%PDF", "PDF"),
)
_SAMPLE = 4096
_ENOUGH = 0.25
"""Share of zero octets in one place of two: the keys and digits of a schedule are ASCII, its Chinese words are not."""


def program_of(octets: bytes) -> str | None:
    """Return which program's format a file has that is no plain text."""
    return next((name for mark, name in _PROGRAMS if octets.startswith(mark)), None)


def wide_encoding(octets: bytes) -> str | None:
    """Return UTF-16 or UTF-32 where the file looks like it, with a byte order mark or without one."""
    for mark, name in _MARKS:
        if octets.startswith(mark):
            return name
    sample = octets[:_SAMPLE]
    if len(sample) < 4:  # noqa: PLR2004  # octets of one character in UTF-32
        return None
    zeros = [sample[place::4].count(0) / len(sample[place::4]) for place in range(4)]
    if len(octets) % 4 == 0 and (_is_high(zeros[2:]) or _is_high(zeros[:2])):
        return "UTF-32"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    return "UTF-16" if min(even, odd) < max(even, odd) / 8 and max(even, odd) >= _ENOUGH else None


def _is_high(zeros: Sequence[float]) -> bool:
    """Return whether these two places of four hold the upper half of characters, which is almost always zero."""
    return min(zeros) > 0.9  # noqa: PLR2004  # emoji and rare characters are the rest


def is_gbk(octets: bytes) -> bool:
    """Return whether the whole file reads as GB18030, of which GBK is a part."""
    try:
        octets.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True
