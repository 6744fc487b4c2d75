"""The command line inside this process: what a user types, what is printed, and how it ends."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import icalendar

from examcal.cli.main import run


@dataclass(frozen=True)
class Said:
    """The end of a command."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which must hold JSON and nothing else."""
        return json.loads(self.out)


def examcal(*arguments: str | Path) -> Said:
    """Run a command in the current folder."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]  # both hold BytesIO
    return Said(code, *said)


@dataclass(frozen=True)
class Seen:
    """One event of a feed, as a reader takes it in."""

    uid: str
    sequence: int
    stamped: str
    modified: str
    starts: Any
    ends: Any
    status: str
    summary: str
    description: str
    triggers: tuple[str, ...]


def edition(folder: Path) -> Path:
    """The published files: ``DIR/current`` or ``DIR`` itself."""
    return folder / "current" if (folder / "current").exists() else folder


def events(feed: bytes) -> dict[str, Seen]:
    """The events of a feed by X-EXAMCAL-ID."""
    calendar = icalendar.Calendar.from_ical(feed)
    return {
        str(found["X-EXAMCAL-ID"]): Seen(
            str(found["UID"]),
            int(found["SEQUENCE"]),
            found["DTSTAMP"].to_ical().decode(),
            found["LAST-MODIFIED"].to_ical().decode(),
            found.decoded("DTSTART"),
            found.decoded("DTEND"),
            str(found["STATUS"]),
            str(found["SUMMARY"]),
            str(found.get("DESCRIPTION", "")),
            tuple(alarm["TRIGGER"].to_ical().decode() for alarm in found.walk("VALARM")),
        )
        for found in calendar.walk("VEVENT")
    }
