"""What a text was meant to be, where its characters show it: full-width signs, and lists written as one text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from examcal.errors import Sentence

# Signs that an input method writes for the half-width ones, beside the full-width forms (U+FF01 to U+FF5E).
_SIGNS = str.maketrans("、。—–−‐“”‘’【】「」〔〕《》", ",.----\"\"''[][][]<>")
_WIDE = re.compile("[\uff01-\uff5e、。—–−‐“”‘’【】「」〔〕《》]")
_SEPARATORS = re.compile(r"\s*[,，、;；/|]\s*")
_BLANKS = re.compile(r"\s*[,，、;；/|]\s*|\s+")
_LONGEST = 1000


def full_width_hint(text: str) -> Sentence | None:
    """Return which full-width sign to change, where only such signs keep the text from being ASCII."""
    if text.isascii() or not half_width(text).isascii():
        return None
    found = _WIDE.search(text)
    if found is None:
        return None
    params = {"wide": found[0], "narrow": half_width(text)[:80]}
    return Sentence('"{wide}" in it is full-width; with half-width signs: {narrow}', params)


def full_width_bracket_hint(text: str) -> Sentence | None:
    """Return which bracket to change where a mapping or a list was written between full-width ones."""
    if text[:1] not in {"｛", "［"}:
        return None
    params = {"wide": text[0], "narrow": half_width(text[0])}
    return Sentence('"{wide}" is full-width; write this and the other signs half-width: "{narrow}"', params)


def half_width(text: str) -> str:
    """Return a text with the signs of a keyboard without input method."""
    return unicodedata.normalize("NFKC", text.translate(_SIGNS))


def list_hint(
    text: str, is_entry: Callable[[str], object], *, quoted: bool = False, blanks: bool = True
) -> Sentence | None:
    """Return how to write as a list what was written as one text, where each part could be an entry of it.

    ``blanks`` tells that they divide entries too.
    """
    parts = [part for part in (_BLANKS if blanks else _SEPARATORS).split(text[:_LONGEST].strip(" []")) if part]
    if len(parts) < 2 or not all(map(is_entry, parts)):  # noqa: PLR2004  # one entry is no list
        return None
    written = ", ".join(f'"{part}"' if quoted else part for part in parts)
    return Sentence("for several, write a list: {list}", {"list": f"[{written}]"})
