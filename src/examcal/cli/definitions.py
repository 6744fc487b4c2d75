"""Help as two columns that stay straight where some letters, the Chinese ones, take two columns of the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from examcal.cli.output import width_of

_INDENT, _GAP = 2, 2
_LONGEST_TERM = 30


def definitions(records: Sequence[tuple[str, str]], width: int) -> str:
    """Return terms and what they mean, beside each other; ``width`` is the terminal's."""
    column = _INDENT + min(max((width_of(term) for term, _ in records), default=0), _LONGEST_TERM) + _GAP
    return "".join(line + "\n" for term, about in records for line in _definition(term, about, column, width))


def _definition(term: str, about: str, column: int, width: int) -> Iterator[str]:
    first = " " * _INDENT + term
    lines = folded(about, max(width - column, 20))
    if width_of(first) + _GAP > column:  # too long a term stands on a line of its own
        yield first
        first = ""
    yield (first + " " * (column - width_of(first)) + (lines[0] if lines else "")).rstrip()
    yield from (" " * column + line for line in lines[1:])


def folded(text: str, width: int) -> list[str]:
    """Return a text in lines of at most ``width`` columns: broken at blanks, and between Chinese letters."""
    lines, line = [], ""
    for piece in re.findall(r"\s+|[!-~]+[，。；：、）]*|.[，。；：、）]*", text):
        if width_of(line + piece.rstrip()) > width and line:
            lines.append(line.rstrip())
            line = ""
        line += piece if line or piece.strip() else ""
    return [*lines, line.rstrip()] if line.strip() else lines
