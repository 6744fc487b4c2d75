"""What a command shows: JSON for programs, sentences and tables for people.

Tables count Chinese characters as two columns; colour is used on a terminal only. Texts from files and servers lose
their control characters, so that none of them can move the cursor.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
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


def write_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    styles: Sequence[str] = (),
    widths: Sequence[int] = (),
    rigid: Collection[int] = (),
) -> None:
    """Write a table; ``styles`` has one rich style for each row, or is empty.

    ``widths`` are the columns of each cell; a longer one is folded. Without them each column takes what it needs, and
    where that is too much, all but the ``rigid`` ones are folded.
    A long table is set by hand, without colours and folding: rich takes a millisecond for each row.
    """
    rows = list(rows)
    if len(rows) > _LONG_TABLE:
        _write_long_table(headings, rows, widths)
        return
    from rich import box  # noqa: PLC0415 - only tables need it
    from rich.table import Table  # noqa: PLC0415 - only tables need it
    from rich.text import Text  # noqa: PLC0415 - only tables need it

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    needed = widths_of(headings, [[str(cell) for cell in row] for row in rows]) if rigid else ()
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", width=widths[number] if widths else None,
                         min_width=needed[number] if number in rigid else None)  # fmt: skip
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        table.add_row(*(Text(plain(cell), style=style) for cell in row))
    console().print(table)


def _write_long_table(headings: Sequence[str], rows: Sequence[Sequence[object]], limits: Sequence[int]) -> None:
    table = [[plain(cell).translate(_ONE_LINE) for cell in row] for row in (headings, *rows)]
    if limits:
        table = [[_cut(cell, limit) for cell, limit in zip(row, limits, strict=True)] for row in table]
    widths = [max(width_of(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = [" " + "   ".join(cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True))
             for row in table]  # fmt: skip
    rule = " " + "─" * (sum(widths) + 3 * (len(widths) - 1))
    sys.stdout.write("\n".join(["", lines[0].rstrip(), rule, *(line.rstrip() for line in lines[1:]), "", ""]))


def widths_of(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    """Return how many columns of a terminal each column of a table needs."""
    return [max(width_of(plain(cell)) for cell in column) for column in zip(headings, *rows, strict=True)]


def fits(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bool:
    """Return whether a table of these cells has room on the terminal without folding."""
    return room_for(len(headings)) >= sum(widths_of(headings, rows))


def room_for(columns: int) -> int:
    """Return how many columns of the terminal the cells of a table have, without its gaps; piped there are plenty."""
    return console().width - _GAP * columns


_GAP = 3
"""Columns between two cells."""


def _cut(text: str, limit: int) -> str:
    """Return a text that takes at most ``limit`` columns, with an ellipsis where something is left out."""
    if width_of(text) <= limit:
        return text
    while text and width_of(text) > limit - 1:
        text = text[:-1]
    return text + "…"


@lru_cache(maxsize=1 << 14)
def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide letters take two, those that combine take none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def write_csv(rows: Sequence[Mapping[str, object]], *, excel: bool = False) -> None:
    """Write rows with a heading; cells that a spreadsheet would compute are quoted with an apostrophe.

    ``excel`` begins with a byte order mark: without it Chinese Excel takes UTF-8 for GBK, with it programs find it in
    the first column's name.
    """
    if not rows:
        return
    if excel:
        sys.stdout.write("\ufeff")
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    text = "" if value is None else plain(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
