"""What a command shows: JSON for programs, sentences and tables for people.

Tables count Chinese characters as two columns; colour is used on a terminal only. Texts from files and servers lose
their control characters, so that none of them can move the cursor.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from examcal.redaction import shown

if TYPE_CHECKING:
    from rich.console import Console

_PIPED_WIDTH = 400
_LONG_TABLE = 200  # rows
_ONE_LINE = {9: " ", 10: " "}
_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if code not in {9, 10}}


def plain(text: object) -> str:
    """Return a text without control characters (tab and line feed stay)."""
    return str(text).translate(_CONTROLS)


def write_json(value: object) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(plain(text) + "\n")


def warn(text: str) -> None:
    """Write a line to standard error; whatever it quotes, no secret is in it."""
    sys.stderr.write(shown(plain(text)) + "\n")


def console() -> Console:
    """Return a console on standard output; wide enough for any table when piped."""
    from rich.console import Console  # noqa: PLC0415 - only tables need it

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def write_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, styles: Sequence[str] = ()) -> None:
    """Write a table; ``styles`` has one rich style for each row, or is empty.

    A long table is set by hand, without colours and folding: rich takes a millisecond for each row.
    """
    rows = list(rows)
    if len(rows) > _LONG_TABLE:
        _write_long_table(headings, rows)
        return
    from rich import box  # noqa: PLC0415 - only tables need it
    from rich.table import Table  # noqa: PLC0415 - only tables need it
    from rich.text import Text  # noqa: PLC0415 - only tables need it

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        table.add_row(*(Text(plain(cell), style=style) for cell in row))
    console().print(table)


def _write_long_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = [[plain(cell).translate(_ONE_LINE) for cell in row] for row in (headings, *rows)]
    widths = [max(_columns(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = [" " + "   ".join(cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True))
             for row in table]  # fmt: skip
    rule = " " + "─" * (sum(widths) + 3 * (len(widths) - 1))
    sys.stdout.write("\n".join(["", lines[0].rstrip(), rule, *(line.rstrip() for line in lines[1:]), "", ""]))


def room_beside(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Return how many columns of the terminal a table of these cells leaves for one more; piped there are plenty."""
    widths = [max(_columns(plain(cell)) for cell in column) for column in zip(headings, *rows, strict=True)]
    return console().width - sum(widths) - _GAP * (len(widths) + 1)


_GAP = 3
"""Columns between two cells."""


@lru_cache(maxsize=1 << 14)
def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide letters take two, those that combine take none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def write_csv(rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows with a heading; cells that a spreadsheet would compute are quoted with an apostrophe."""
    if not rows:
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    text = "" if value is None else plain(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
