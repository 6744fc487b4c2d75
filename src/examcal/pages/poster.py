"""How large the letters of an A4 poster can be, so that it stays on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from examcal.pages.entries import Entry
from examcal.pages.timeline import columns

TITLE_COLUMNS = 36
TITLE_LINE = 13.0  # millimetres of every further line of the title


@dataclass(frozen=True, slots=True)
class Size:
    """One size of letters: its class, columns of both cells, and in millimetres the room for all rows and heights."""

    css: str
    room: float
    name_columns: int
    when_columns: int
    line: float
    row: float


SIZES = (
    Size("", 168, 30, 50, 6.2, 2.9),
    Size("many", 179, 36, 58, 5.2, 1.7),
    Size("many dense", 180, 48, 76, 3.6, 1.2),
)


@dataclass(frozen=True, slots=True)
class Fit:
    """The class to print with and how many rows the sheet holds."""

    css: str
    rows: int


def fit(entries: Sequence[Entry], title: str, language: str) -> Fit:
    """Return the largest letters with which all rows fit, else the smallest ones and the rows that still do."""
    more_title = TITLE_LINE * (ceil(columns(title) / TITLE_COLUMNS) - 1)
    for size in SIZES:
        if sum(_height(entry, size, language) for entry in entries) <= size.room - more_title:
            return Fit(size.css, len(entries))
    smallest, rows = SIZES[-1], 0
    room = smallest.room - more_title
    for entry in entries:
        room -= _height(entry, smallest, language)
        if room < 0:
            break
        rows += 1
    return Fit(smallest.css, rows)


def _height(entry: Entry, size: Size, language: str) -> float:
    name = columns(" ".join((entry.occurrence.name.in_(language), entry.badge, *entry.tracks))) + 4
    when = columns(entry.when) + (columns(entry.moved.text) + 6 if entry.moved else 0)
    return size.row + size.line * max(ceil(name / size.name_columns), ceil(when / size.when_columns))
