"""Keep secrets and people's addresses out of whatever is shown or logged: by value where they are known, and by shape.

A secret is known by the value of its setting and by the forms in which it travels: percent-encoded, in Base64, escaped
in JSON, and the parts of an address that are secret by themselves (password, token in the path, key in the query).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

HIDDEN = "***"
SHORTEST = 4
"""Characters. A shorter value would blot out ordinary words."""
_SHORTEST_PART = 8
_QUERY = re.compile(r"(?i)\b(key|access_token|corpsecret|secret|token|password|passwd|pwd)=[^&\s\"']+")
_USER_INFO = re.compile(r"(?<=://)[^/\s@\"']+@")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]/=]+@[^\s<>\"',;:()\[\]]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class Redaction:
    """Replaces secrets and addresses in texts. ``people`` are user ids (mail addresses are known by their shape)."""

    def __init__(self, secrets: Iterable[str] = (), people: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in forms_of(secret) if len(form) >= SHORTEST}
        # Longer ones first, so that a secret that contains another one goes as a whole.
        self._values = _either(known)
        self._people = _either({one for one in people if len(one) > 1}, whole=True)

    def by_value(self, text: str) -> str:
        """Return ``text`` without the values that are known to be secret."""
        return self._values.sub(HIDDEN, text) if self._values else text

    def text(self, text: str) -> str:
        """Return ``text`` on one line, without anything that is secret or an address."""
        text = self.by_value(text)
        if self._people:
            text = self._people.sub(HIDDEN, text)
        text = _USER_INFO.sub(f"{HIDDEN}@", _QUERY.sub(rf"\1={HIDDEN}", text))
        return _CONTROLS.sub("\ufffd", _ADDRESS.sub(HIDDEN, text))


def forms_of(secret: str) -> Iterator[str]:
    """Yield the texts by which a secret can be recognised."""
    for value in (secret, *_parts(secret)):
        yield value
        yield quote(value, safe="")
        yield quote_plus(value)
        yield json.dumps(value)[1:-1]
        yield base64.b64encode(value.encode()).decode().rstrip("=")


def _parts(secret: str) -> Iterator[str]:
    """Yield what is secret by itself in an address: password, long steps of the path, long values of the query."""
    try:
        address = urlsplit(secret)
    except ValueError:
        return
    if "://" not in secret or address.scheme == "sqlite":
        return
    if address.password:
        yield from (address.password, unquote(address.password))
    if address.scheme.startswith("postgres"):
        return
    steps = [*address.path.split("/"), *(value for _, value in parse_qsl(address.query))]
    if not address.scheme.startswith("http") and "." not in address.netloc:
        steps.append(address.netloc.rpartition("@")[2])  # a token in the place of a host, as Apprise writes them
    yield from (step for step in steps if len(step) >= _SHORTEST_PART)


def _either(values: set[str], *, whole: bool = False) -> re.Pattern[str] | None:
    if not values:
        return None
    either = "|".join(re.escape(value) for value in sorted(values, key=lambda value: (-len(value), value)))
    return re.compile(rf"(?<![\w.-])(?:{either})(?![\w-])" if whole else either)


class _Known:
    """What this process knows to be secret."""

    redaction = Redaction()


def keep_out(secrets: Iterable[str]) -> None:
    """Remember the secrets of this process, for ``shown``."""
    _Known.redaction = Redaction(secrets)


def shown(text: str) -> str:
    """Return ``text`` as it may be shown to whoever started this process: without the values of secrets."""
    return _Known.redaction.by_value(text)
