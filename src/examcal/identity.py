"""Identifiers that survive edits: of events in calendars, of reminders, and of deliveries.

None of them contains a host name, a person's address or a row number, so a rebuilt ledger and a second
machine give the same ones.
"""

from __future__ import annotations

import hashlib
import uuid

# A fixed, private namespace (RFC 9562 section 6.6); changing it would renew every subscriber's events.
UID_NAMESPACE = uuid.UUID("5d0c6b52-2f6a-5c0e-9f0b-3f1f1c0f7a41")


def occurrence_id(exam: str, milestone: str, site: str | None = None) -> str:
    """Return the id of a milestone at one site, ``{exam}/{milestone}[@site]``."""
    return f"{exam}/{milestone}@{site}" if site else f"{exam}/{milestone}"


def event_id(occurrence: str, part: str) -> str:
    """Return an event's readable id (``X-EXAMCAL-ID``): occurrence and part, e.g. ``…#closes``."""
    return f"{occurrence}#{part}"


def event_uid(event: str) -> str:
    """Return the UID of an event: a UUIDv5 of its id, without host (RFC 7986 section 5.3)."""
    return str(uuid.uuid5(UID_NAMESPACE, event))


def content_digest(*parts: str | bytes) -> str:
    """Return a hexadecimal SHA-256 over length-prefixed parts."""
    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode() if isinstance(part, str) else part
        digest.update(len(octets).to_bytes(8, "big"))
        digest.update(octets)
    return digest.hexdigest()


def delivery_key(reminder_key: str, recipient_key: str, channel: str) -> str:
    """Return the digest of a delivery's identity, 32 hexadecimal digits, equal on every machine."""
    return content_digest("delivery-v1", reminder_key, recipient_key, channel)[:32]


def short_reference(key: str) -> str:
    """Return five letters of a delivery key, for people to quote and to keep equal texts distinct."""
    return "".join(chr(ord("A") + int(key[i : i + 2], 16) % 26) for i in range(0, 10, 2))
