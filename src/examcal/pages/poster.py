"""How large the letters of an A4 poster can be, so that it stays on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from examcal.pages.entries import Entry
from examcal.pages.timeline import columns

ROOM = 172.0  # millimetres between title and codes
TITLE_COLUMNS = 36
TITLE_LINE = 13.0  # millimetres of every further line of the title


@dataclass(frozen=True, slots=True)
class Size:
    """One size of letters: its class in the style sheet, columns of both cells, millimetres of a line and a row."""

    css: str
    name_columns: int
    when_columns: int
    line: float
    row: float


SIZES = (Size("", 30, 44, 6.2, 2.8), Size("many", 36, 52, 5.2, 1.4), Size("many dense", 47, 68, 3.6, 1.1))


@dataclass(frozen=True, slots=True)
class Fit:
    """The class to print with and how many rows the sheet holds."""

    css: str
    rows: int


def fit(entries: Sequence[Entry], title: str, language: str) -> Fit:
    """Return the largest letters with which all rows fit, else the smallest ones and the rows that still do."""
    room = ROOM - TITLE_LINE * (ceil(columns(title) / TITLE_COLUMNS) - 1)
    for size in SIZES:
        if sum(_height(entry, size, language) for entry in entries) <= room:
            return Fit(size.css, len(entries))
    smallest, rows = SIZES[-1], 0
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
