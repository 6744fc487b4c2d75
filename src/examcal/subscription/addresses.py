"""When two e-mail addresses are the same one, and when they probably reach the same mailbox."""

from __future__ import annotations

import unicodedata

from examcal.channels.addresses import EmailAddress
from examcal.errors import ExamcalError

LONGEST = 254


class UnfitAddressError(ExamcalError):
    """What was typed is not one e-mail address."""


def read_address(text: str) -> str:
    """Return the one address that ``text`` is, its domain in A-labels. Raises UnfitAddressError."""
    trimmed = text.strip(" \t")
    if not trimmed or len(trimmed) > LONGEST or "=?" in trimmed:
        raise UnfitAddressError("This is not an e-mail address.")
    try:
        address = EmailAddress.parse(trimmed)
    except ValueError:
        raise UnfitAddressError("This is not an e-mail address.") from None
    if "." not in address.domain:
        raise UnfitAddressError("This is not an e-mail address.")
    return str(address)


def comparable(address: str) -> str:
    """Return the form in which addresses are compared: no provider tells letter case apart."""
    return unicodedata.normalize("NFKC", address).casefold()


def variant(address: str) -> str:
    """Return the form that counts for limits: without ``+tag`` and dots, which many providers ignore."""
    local, _, domain = comparable(address).rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def masked(address: str) -> str:
    """Return an address for a screen that others may see: its first letter and its domain."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else ""
