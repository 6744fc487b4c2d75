"""Tokens of personal addresses: 32 octets, one purpose each, known to us by their digest only.

Feed, confirmation and self-service tokens are random and shown once. The unsubscribe token stands in every mail, so it
is derived from a random salt and the site's key: the ledger keeps the salt, and a copy of the ledger without the key
gives nobody an address that works.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from examcal.subscription.addresses import comparable, variant

OCTETS = 32
KEY_OCTETS = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)  # 256 bits: the last letter has two spare ones


class Purpose(enum.StrEnum):
    """What a token is for; it is part of what is hashed, so that no token works for another purpose."""

    FEED = "feed"
    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsub"
    MANAGE = "manage"


def new_token() -> str:
    """Return a new random token, 43 letters of the URL-safe alphabet."""
    return _text(secrets.token_bytes(OCTETS))


def is_token(text: str) -> bool:
    """Return whether ``text`` has the one form that tokens have; anything else is not worth a look-up."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(purpose: Purpose, token: str) -> str:
    """Return the digest under which a token is kept (SHA-256; the token itself has 256 bits of entropy)."""
    return hashlib.sha256(f"{purpose}|{token}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The secret of this installation; it never stands in the database of an embedded ledger."""

    octets: bytes = field(repr=False)

    def address(self, address: str) -> str:
        """Return the digest by which one address is known, also after the address itself was erased."""
        return self._digest("address", comparable(address))

    def variants(self, address: str) -> str:
        """Return the digest that all spellings of a mailbox share (``+tag``, dots, case)."""
        return self._digest("variant", variant(address))

    def network(self, client: str) -> str:
        """Return the digest of a client's network: /24 of IPv4, /64 of IPv6."""
        return self._digest("network", network_of(client))

    def unsubscribe_token(self, salt: str) -> str:
        """Return the unsubscribe token that belongs to a salt: always the same one."""
        return _text(hmac.digest(self.octets, f"unsub|{salt}".encode(), "sha256"))

    @property
    def fingerprint(self) -> str:
        """What tells that a key is still the same one."""
        return self._digest("fingerprint", "")[:16]

    def _digest(self, label: str, text: str) -> str:
        return hmac.digest(self.octets, f"{label}|{text}".encode(), "sha256").hex()


def network_of(client: str) -> str:
    """Return the network of a client's address; what is no address counts as one network of its own."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))  # noqa: PLR2004 - IPv4


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
