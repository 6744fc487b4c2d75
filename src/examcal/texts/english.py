"""English beside the number 1: sentences are written for many, and here their nouns lose the plural where it is one."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NOUNS = {
    **{f"{noun}s": noun for noun in ("byte", "channel", "character", "date", "day", "error", "exam", "file", "hour")},
    **{
        f"{noun}s": noun for noun in ("message", "milestone", "minute", "octet", "recipient", "reminder", "row", "rule")
    },
    **{f"{noun}s": noun for noun in ("site", "subscriber", "value", "warning")},
    "coming events": "coming event",
    "deliveries": "delivery",
}
_VERBS = {"are": "is", "lead": "leads", "name": "names", "were": "was"}
_COUNTED = re.compile(rf"\{{(\w+)\}} ({'|'.join(_NOUNS)})\b(?: ({'|'.join(_VERBS)})\b)?")


def in_number(sentence: str, params: Mapping[str, object]) -> str:
    """Return a sentence with parameters in braces, its nouns in the singular where they follow a 1."""

    def counted(found: re.Match[str]) -> str:
        name, noun, verb = found.groups()
        if params.get(name) != 1:
            return found.group()
        return f"{{{name}}} {_NOUNS[noun]}" + (f" {_VERBS[verb]}" if verb else "")

    return _COUNTED.sub(counted, sentence)
