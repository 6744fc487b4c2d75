"""``examcal draft``: an announcement's text becomes a schedule to review."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

import click

from examcal.cli.command import argument, command, option
from examcal.cli.invocation import Invocation
from examcal.cli.output import warn, write
from examcal.cli.progress import waiting
from examcal.cli.words import language, say
from examcal.errors import NoInputError, PermissionDeniedError
from examcal.schedule.draft import draft

_LARGEST = 4_000_000
_NOTHING = "    milestones:\n      []"


@command("draft", "Turn an announcement into a schedule to review.")
@argument("file", metavar="FILE|-")
@option("--year", type=click.IntRange(1970, 2200), metavar="YEAR", about="The year where the announcement has none.")
def COMMAND(invocation: Invocation, file: str, year: int | None) -> None:  # noqa: N802 - looked up by this name
    """Write YAML to standard output."""
    del invocation
    octets = sys.stdin.buffer.read(_LARGEST) if file == "-" else _read(Path(file))
    name = say("announcement") if file == "-" else Path(file).name
    with waiting(say("Reading the announcement")):
        written = draft(_decoded(octets), year=year, source_name=name, language=language()).rstrip("\n")
    write(written)
    if written.endswith(_NOTHING):
        warn(say("No date was found; dates in a picture must be typed by a person."))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST)
    except PermissionError:
        raise PermissionDeniedError("{path} may not be read", path=path) from None
    except IsADirectoryError:
        raise NoInputError("{path} is a folder; name one file, e.g. {path}/notice.txt", path=path) from None
    except FileNotFoundError:
        raise NoInputError("{path} does not exist", path=path) from None


def _decoded(octets: bytes) -> str:
    """Return the text; announcements are often saved in GB18030, and by Notepad as "Unicode", which is UTF-16."""
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("gb18030", "replace")
