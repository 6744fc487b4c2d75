"""Lines of an announcement: what people see of them, and the cells of those that are rows of a table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text with its number, from 1, in what was given.

    ``cells`` are set for a row of a table, empty ones too. ``context`` is what the row says before a line that
    stands with others in one cell. ``is_hidden`` marks text that the page does not show. ``torn`` is the digit at the
    end of the line before that may belong to the first number of this one.
    """

    number: int
    text: str
    cells: tuple[str, ...] = ()
    context: str = ""
    is_hidden: bool = False
    torn: str = ""

    @classmethod
    def of_cells(cls, number: int, cells: Sequence[str]) -> Line:
        """Return a row of a table."""
        return cls(number, " ".join(cell for cell in cells if cell), tuple(cells))


_SPACED = re.compile(r"(?<![\u4e00-\u9fff])(?:[\u4e00-\u9fff][ \u3000]+)+[\u4e00-\u9fff](?![\u4e00-\u9fff])")


def unspaced(text: str) -> str:
    """Return a text without the spaces that only set characters apart: ``缴　　费``, ``考 试 时 间``."""
    return _SPACED.sub(lambda match: "".join(match.group().split()), text)


_SPACES = re.compile(r"\s+")


def shown(text: str) -> str:
    """Return the characters that people see: no controls, no marks of direction, spaces single."""
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return _SPACES.sub(" ", visible).strip()
