"""Texts: escapes and characters that do not belong into one (RFC 5545 section 3.3.11)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from examcal.feed.lint.content import Property
from examcal.feed.lint.finding import Broken

TEXTS = frozenset(
    {
        "SUMMARY",
        "DESCRIPTION",
        "LOCATION",
        "COMMENT",
        "CONTACT",
        "NAME",
        "UID",
        "TZNAME",
        "PRODID",
        "RELATED-TO",
        "X-WR-CALNAME",
        "X-WR-CALDESC",
        "X-EXAMCAL-ID",
    }
)
LISTS = frozenset({"CATEGORIES", "RESOURCES"})
_BAD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\\;,nN])")
_UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[,;]")
_UNESCAPED_IN_LIST = re.compile(r"(?<!\\)(?:\\\\)*;")
_SEPARATORS = re.compile("[\x85\u2028\u2029]")
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")


def broken_text(found: Property) -> Iterator[Broken]:
    """Yield what is wrong with a text; other properties are left alone."""
    is_list = found.name in LISTS
    if not is_list and found.name not in TEXTS:
        return
    params = {"name": found.name}
    if "\\" in found.value and _BAD_ESCAPE.search(found.value):
        yield Broken("T01", found.line, params)
    if (_UNESCAPED_IN_LIST if is_list else _UNESCAPED).search(found.value):
        yield Broken("T02", found.line, params)
    if found.value.isascii():
        return
    if _SEPARATORS.search(found.value):
        yield Broken("T03", found.line, params)
    if _OVERRIDES.search(found.value):
        yield Broken("T04", found.line, params)
