"""An announcement as lines of plain text with their numbers, from text or from pasted HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from examcal.errors import RefusedError
from examcal.schedule.lines import Line, shown
from examcal.schedule.markup import blocks, looks_like_html
from examcal.schedule.wrapping import unwrapped

__all__ = ["LONGEST_ANNOUNCEMENT", "LONGEST_TEXT", "Line", "lines"]

LONGEST_ANNOUNCEMENT = 1_000_000
"""Characters, with the mark-up of a pasted page."""
LONGEST_TEXT = 200_000
"""Characters that people see; the longest official notice has about 60,000, and each takes some 10 microseconds."""


def lines(text: str) -> list[Line]:
    """Return the non-empty lines of an announcement; of HTML the text of each block, at the line where it starts.

    A row of a table is one line. A line that breaks inside a date or a window is put together again.

    Raises RefusedError for a text that is too long.
    """
    _refuse_length(len(text), LONGEST_ANNOUNCEMENT)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = blocks(text) if looks_like_html(text) else _plain(text)
    _refuse_length(sum(len(line.text) for line in found), LONGEST_TEXT)
    return unwrapped([line for line in found if not _PAGE_NUMBER.fullmatch(line.text)])


_PAGE_NUMBER = re.compile(r"[-—–－] ?\d{1,3} ?[-—–－]|第 ?\d{1,3} ?页(?: ?[,，/]? ?共 ?\d{1,3} ?页)?", re.ASCII)


def _refuse_length(count: int, limit: int) -> None:
    if count > limit:
        raise RefusedError("The text has {count} characters, the limit is {limit}", count=count, limit=limit)


_CELL_BORDER = re.compile(r"[|｜]")
_FEWEST_BARS = 2


def _plain(text: str) -> Sequence[Line]:
    found = (_plain_line(number, line) for number, line in enumerate(text.split("\n"), 1))
    return [line for line in found if line.text]


def _plain_line(number: int, line: str) -> Line:
    """Return a line; one with tabs, or with bars as in Markdown, is a row of a table."""
    if "\t" in line.strip():
        return Line.of_cells(number, [shown(cell) for cell in line.split("\t")])
    if len(_CELL_BORDER.findall(line)) >= _FEWEST_BARS:
        return Line(number, shown(line), tuple(shown(cell) for cell in _CELL_BORDER.split(line.strip())))
    return Line(number, shown(line))
