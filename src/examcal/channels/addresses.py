"""One strict e-mail address: what a library would split, rewrite or interpret is refused.

aiosmtplib sends "b@x,evil@y" to b@x alone and an empty string to nobody, both without an error; so every address is
checked here before a library sees it. Groups, comments, quoted local parts and address literals are not accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import idna
from typing_extensions import override

LONGEST_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
LONGEST_PATH = 254  # octets, RFC 5321 section 4.5.3.1.3 less the brackets

_LETTERS = r"\u00a1-\u1fff\u2010-\u2027\u2030-\u205e\u2c00-\ud7ff\uf900-\ufdcf\U00010000-\U0002fa1f"  # RFC 6531
_ATEXT = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_LETTERS}-]"
_LOCAL = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A local part as written and a domain of A-labels."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> EmailAddress:
        """Read exactly one address. Raises ValueError, whose text does not repeat the address."""
        return _parse(text)

    @property
    def needs_utf8(self) -> bool:
        """Whether the relay must offer SMTPUTF8 (RFC 6531)."""
        return not self.local.isascii()

    @override
    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


@lru_cache(maxsize=4096)  # composing and sending read the same one
def _parse(text: str) -> EmailAddress:
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise ValueError("not one e-mail address")
    ascii_domain = _a_labels(domain)
    if len(local.encode()) > LONGEST_LOCAL or len(local.encode()) + 1 + len(ascii_domain) > LONGEST_PATH:
        raise ValueError("the e-mail address is too long")
    return EmailAddress(local, ascii_domain)


@lru_cache(maxsize=1024)
def _a_labels(domain: str) -> str:
    """Return ``domain`` in A-labels (RFC 5890), lower case. Raises ValueError."""
    if domain.isascii():
        if not _DOMAIN.fullmatch(domain):
            raise ValueError("the domain of the e-mail address is not valid")
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise ValueError("the domain of the e-mail address is not valid") from None


def split_sender(text: str) -> tuple[str, EmailAddress]:
    """Return display name and address of ``Name <address>`` or ``address``. Raises ValueError."""
    found = re.fullmatch(r"\s*(.*?)\s*<([^<>]*)>\s*", text, re.DOTALL)
    name, address = found.groups() if found else ("", text.strip())
    if re.search(r"[\x00-\x1f\x7f]", name):
        raise ValueError("the sender's name holds control characters")
    return name.strip('"').strip(), EmailAddress.parse(address)
