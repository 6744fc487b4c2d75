"""What servers answer, made fit for logs and screens: bounded, one line, without addresses and secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence

SHORTEST_SECRET = 4  # characters; a shorter value would blot out ordinary words
LONGEST = 200  # characters of a server's text that are kept

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]]+@[^\s<>\"',;:()\[\]]+")
_SECRET_QUERY = re.compile(r"(?i)\b(key|access_token|corpsecret|secret|token)=[^&\s\"']+")


def quote_answer(text: str, secrets: Sequence[str] = ()) -> str:
    """Return ``text`` as one bounded line: control characters, addresses, secret values and query secrets replaced."""
    text = text[: LONGEST * 20]
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    text = _CONTROL.sub(" ", text)
    text = _SECRET_QUERY.sub(r"\1=***", text)
    text = _ADDRESS.sub("***", text).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
