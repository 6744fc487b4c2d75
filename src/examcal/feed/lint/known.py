"""The lint of feeds that share most of their events: an event that was found clean once is not read again.

An edit changes one event of many, and an event stands in several feeds. What events must have in common (no identity
twice, zones that are there and true) is checked over all of them each time. Where anything at all is found, the whole
feed is read, so that findings are the same as without remembering.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from examcal.feed.lint.content import Component
from examcal.feed.lint.finding import Finding
from examcal.feed.lint.inspection import MOST_OCTETS, examine, identity_of, lint, uses_of
from examcal.feed.lint.zones import Use

MOST_KNOWN = 50_000
_EVENT = re.compile(rb"(?<=\r\n)(?=BEGIN:VEVENT\r\n)")
_END = b"\r\nEND:VEVENT\r\n"
_FOOTER = b"END:VCALENDAR\r\n"
_AFTER_ALL_ZONES = 10**9


@dataclass(frozen=True, slots=True)
class _Clean:
    identity: tuple[str, str]
    uses: tuple[Use, ...]


class KnownEvents:
    """Remembers clean events by a digest of their octets."""

    def __init__(self) -> None:
        self._clean: dict[bytes, _Clean] = {}

    def lint(self, octets: bytes) -> tuple[Finding, ...]:
        """Return what ``feed.lint.lint`` returns."""
        return () if self._is_clean(octets) else lint(octets)

    def forget(self) -> None:
        """Remember nothing, as in a new process."""
        self._clean.clear()

    def _is_clean(self, octets: bytes) -> bool:
        """Return whether nothing is wrong; False also where only the whole lint can tell."""
        head, events = _taken_apart(octets)
        if not events or len(octets) > MOST_OCTETS or b"METHOD" in head:
            return False
        digests = [hashlib.blake2b(event, digest_size=16).digest() for event in events]
        new = {digest: event for digest, event in zip(digests, events, strict=True) if digest not in self._clean}
        read = new or {digests[0]: events[0]}
        known = [self._clean[digest] for digest in digests if digest not in read]
        elsewhere = [use for one in known for use in one.uses]
        findings, roots = examine(b"".join((head, *read.values(), _FOOTER)), elsewhere)
        if findings or len(set(digests)) != len(digests):
            return False
        self._remember(read, roots[0].named("VEVENT"))
        identities = [self._clean[digest].identity for digest in digests]
        return len(set(identities)) == len(identities)

    def _remember(self, digests: Iterable[bytes], events: Sequence[Component]) -> None:
        if len(self._clean) > MOST_KNOWN:
            self.forget()
        for digest, event in zip(digests, events, strict=True):
            uses = tuple(replace(use, line=_AFTER_ALL_ZONES) for use in uses_of(event))
            self._clean[digest] = _Clean(identity_of(event), uses)


def _taken_apart(octets: bytes) -> tuple[bytes, list[bytes]]:
    """Return what comes before the events, and the events; none where a feed is built in another way than ours."""
    head, *events = _EVENT.split(octets)
    if not events or not events[-1].endswith(_FOOTER):
        return head, []
    events[-1] = events[-1].removesuffix(_FOOTER)
    if any(event.find(_END) != len(event) - len(_END) for event in events):
        return head, []
    return head, events
