"""The journal: one line per accepted delivery in an append-only file beside the ledger, without addresses.

It outlives the restore of an old ledger: what it names is not sent again. It is derived, so a line that is lost in a
crash costs nothing but one duplicate after a restore.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

FILE = "sent.jsonl"


class Journal:
    """Appends to ``FILE`` in a state directory; ``sync`` makes it durable, at most as often as the caller asks.

    To read a copy of another process's journal, its file may be given instead of the directory.
    """

    def __init__(self, place: Path) -> None:
        self.path = place if place.is_file() else place / FILE
        self._unsynced = False

    def append(self, lines: Sequence[tuple[str, str | None]], at: datetime) -> None:
        """Add (delivery key, provider id) pairs accepted at ``at``. Raises OSError."""
        if not lines:
            return
        stamp = at.isoformat(timespec="milliseconds")
        words = "".join(_line(key, provider_id, stamp) for key, provider_id in lines)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, words.encode())
        finally:
            os.close(descriptor)
        self._unsynced = True

    def sync(self) -> None:
        """Make everything appended durable. Raises OSError."""
        if not self._unsynced:
            return
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._unsynced = False

    def keys(self) -> Iterator[str]:
        """Yield the delivery keys in the journal; a torn last line is skipped."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                try:
                    yield str(json.loads(line)["key"])
                except (ValueError, KeyError, TypeError):
                    continue

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())


def _line(key: str, provider_id: str | None, stamp: str) -> str:
    return json.dumps({"key": key, "at": stamp, "provider_id": provider_id}, separators=(",", ":")) + "\n"
