"""What a command shows: JSON for programs, sentences and tables for people.

Tables count Chinese characters as two columns; colour is used on a terminal only. Texts from files and servers lose
their control characters, so that none of them can move the cursor.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from examcal.redaction import shown

if TYPE_CHECKING:
    from rich.console import Console

_PIPED_WIDTH = 400
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
    """Write a table; ``styles`` has one rich style for each row, or is empty."""
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
