"""What settings should make a person look again: values that stand for something else, and mail that comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr

from examcal.errors import Sentence
from examcal.settings.model import Audience, Settings

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EVERYBODY = frozenset({"all", "all-staff", "allstaff", "everybody", "everyone", "list", "staff-all"})


def variable_in(value: object) -> str | None:
    """Return the first ``${NAME}`` in a value, or in one inside it: settings replace no variables."""
    if isinstance(value, str):
        match = _VARIABLE.search(value)
        return match[0] if match else None
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for one in inner if (found := variable_in(one))), None)


def breaks_lines(value: object) -> bool:
    """Return whether a secret has a line break or another control character: two were pasted, or half of a file."""
    return isinstance(value, str) and _CONTROL.search(value) is not None


def doubts(settings: Settings) -> Iterator[Sentence]:
    """Yield what may be meant, but causes a storm of mail where it is not."""
    sender = parseaddr(settings.smtp.sender or "")[1].casefold()
    for audience in settings.audiences:
        if audience.channel == "email":
            yield from _doubts_about(audience, sender)


def _doubts_about(audience: Audience, sender: str) -> Iterator[Sentence]:
    for position, address in enumerate(audience.to, 1):
        params = {"name": audience.name, "position": position}
        if address.casefold() == sender:
            yield Sentence(
                'audience "{name}": entry {position} of its addresses is the sender itself; an automatic answer there'
                " would answer itself",
                params,
            )
        elif address.casefold().partition("@")[0] in _EVERYBODY:
            yield Sentence(
                'audience "{name}": entry {position} of its addresses looks like a mailing list; everybody on it gets'
                " every message, and nobody can stop them alone",
                params,
            )
