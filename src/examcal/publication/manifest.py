"""The manifest of an edition: a digest of every file, and for every event what the next edition must know of it.

It is all that a later publication needs: sequences are taken up from it, also by a machine that has never
published before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from examcal.errors import StorageError
from examcal.feed.event import SPAN, Event
from examcal.feed.revision import Revision
from examcal.publication.lines import written

CURRENT = "current"  # the name by which the published edition is found
MANIFEST = "manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One published event. ``removed_on`` is the day on which its milestone was taken out of the schedule."""

    digest: str
    sequence: int
    last_modified: datetime
    id: str
    name: str
    starts: str
    ends: str
    zone: str
    status: str
    wall: str
    removed_on: date | None = None

    @classmethod
    def of(cls, event: Event, digest: str, revision: Revision, removed_on: date | None = None) -> EventRecord:
        """Return the record of ``event`` under ``revision``."""
        return cls(
            digest,
            revision.sequence,
            revision.modified_at,
            event.id,
            event.name,
            event.starts.isoformat(),
            event.ends.isoformat(),
            event.zone,
            event.status,
            event.wall,
            removed_on,
        )

    @property
    def revision(self) -> Revision:
        """Which version of the event was published."""
        return Revision(self.sequence, self.last_modified)

    @property
    def milestone_id(self) -> str:
        """The id of the event's milestone, ``{exam}/{milestone}``."""
        return self.id.partition("#")[0].partition("@")[0]

    @property
    def is_optional(self) -> bool:
        """Whether the event stands only in feeds whose address asks for it."""
        return self.id.endswith(f"#{SPAN}")

    @property
    def is_cancelled(self) -> bool:
        """Whether the event was published as called off or removed."""
        return self.status == "CANCELLED"


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files`` are digests by path (without the manifest and the compressed twins), ``events`` records by UID.

    ``milestones`` are the ids in the schedule; ``retired`` the last revisions of UIDs no longer published; ``known``
    every track and site that an address may name; ``newest_at`` is the last real change.
    """

    files: Mapping[str, str]
    events: Mapping[str, EventRecord]
    milestones: tuple[str, ...] = ()
    retired: Mapping[str, Revision] = field(default_factory=dict)
    known: tuple[str, ...] = ()

    @property
    def newest_at(self) -> datetime | None:
        """The instant of the last change to any event."""
        return max((record.last_modified for record in self.events.values()), default=None)

    def revision(self, uid: str) -> Revision | None:
        """Return the last revision under which ``uid`` was ever published."""
        record = self.events.get(uid)
        return record.revision if record else self.retired.get(uid)

    def octets(self) -> bytes:
        """Return the manifest as JSON, the same octets for the same content."""
        ordered = sorted(self.events.items())
        content = {
            "version": VERSION,
            "files": dict(sorted(self.files.items())),
            "events": {uid: _record_json(record) for uid, record in ordered if not record.is_optional},
            "optional": [[uid, _record_json(record)] for uid, record in ordered if record.is_optional],
            "milestones": list(self.milestones),
            "known": list(self.known),
            "retired": [[uid, old.sequence, _instant(old.modified_at)] for uid, old in sorted(self.retired.items())],
        }
        return written(content)

    @classmethod
    def parse(cls, octets: bytes) -> Manifest:
        """Read what ``octets`` wrote. Raises StorageError for anything else."""
        try:
            content = json.loads(octets)
            if content["version"] != VERSION:
                raise StorageError(
                    "the manifest has version {version}, which this examcal cannot read", version=content["version"]
                )
            return cls(
                files={str(path): str(digest) for path, digest in content["files"].items()},
                events={uid: _record(values) for uid, values in (*content["events"].items(), *content["optional"])},
                milestones=tuple(content["milestones"]),
                retired={uid: Revision(int(seq), datetime.fromisoformat(at)) for uid, seq, at in content["retired"]},
                known=tuple(content["known"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError("the manifest of the published edition is damaged") from error


def _record_json(record: EventRecord) -> dict[str, Any]:
    values: dict[str, Any] = {
        "digest": record.digest,
        "sequence": record.sequence,
        "last_modified": _instant(record.last_modified),
        "id": record.id,
        "name": record.name,
        "starts": record.starts,
        "ends": record.ends,
        "zone": record.zone,
        "status": record.status,
        "wall": record.wall,
    }
    return values if record.removed_on is None else values | {"removed_on": record.removed_on.isoformat()}


def _record(values: Mapping[str, Any]) -> EventRecord:
    removed_on = values.get("removed_on")
    return EventRecord(
        digest=values["digest"],
        sequence=int(values["sequence"]),
        last_modified=datetime.fromisoformat(values["last_modified"]),
        id=values["id"],
        name=values["name"],
        starts=values["starts"],
        ends=values["ends"],
        zone=values["zone"],
        status=values["status"],
        wall=values["wall"],
        removed_on=date.fromisoformat(removed_on) if removed_on else None,
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest_of(octets: bytes) -> str:
    """Return a file's digest as the manifest writes it: SHA-256, hexadecimal."""
    return hashlib.sha256(octets).hexdigest()
