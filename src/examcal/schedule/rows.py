"""Rows of HTML tables as lines: cells side by side, what a cell over several rows says in each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from examcal.schedule.lines import Line
from examcal.schedule.wrapping import unwrapped

_MOST_SPANNED = 20
_LONGEST_SPANNED = 80
_MOST_COLUMNS = 100


@dataclass(slots=True)
class Cell:
    """A cell with its lines, and over how many rows and columns it stands."""

    rows: int = 1
    columns: int = 1
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Rows:
    """The open row of a table, and the cells of rows above that reach into it (by column: rows left, width, text)."""

    cells: list[Cell] = field(default_factory=list)
    spanned: dict[int, tuple[int, int, str]] = field(default_factory=dict)

    @property
    def cell(self) -> Cell | None:
        """The cell that takes text now, or None outside a row."""
        return self.cells[-1] if self.cells else None

    def open(self, rows: int, columns: int) -> None:
        """Begin a cell."""
        self.cells.append(Cell(rows, columns))

    def forget(self) -> None:
        """End a table."""
        self.spanned.clear()

    def close(self) -> list[Line]:
        """End the row and return its lines."""
        if not self.cells:
            return []
        own = [(cell, _gathered(cell.lines)) for cell in self.cells]
        self.cells = []
        return list(_row_lines(self._columns(own)))

    def _columns(self, own: Sequence[tuple[Cell, list[Line]]]) -> list[list[Line]]:
        """Return the lines of each column, those of cells above with the number of this row."""
        columns: list[list[Line]] = []
        number = next((lines[0].number for _, lines in own if lines), 0)
        for cell, lines in own:
            self._reach_down(columns, number)
            if cell.rows > 1 and len(lines) == 1 and len(self.spanned) < _MOST_SPANNED:
                self._span(len(columns), cell, lines[0].text)
            columns += _wide(lines, cell.columns)
        self._reach_down(columns, number)
        return columns

    def _span(self, column: int, cell: Cell, text: str) -> None:
        if len(text) <= _LONGEST_SPANNED:
            self.spanned[column] = (cell.rows - 1, cell.columns, text)

    def _reach_down(self, columns: list[list[Line]], number: int) -> None:
        while len(columns) in self.spanned:
            left, width, text = self.spanned.pop(len(columns))
            if left > 1:
                self.spanned[len(columns)] = (left - 1, width, text)
            columns += _wide([Line(number, text)] if number else [], width)


def _wide(lines: list[Line], width: int) -> list[list[Line]]:
    """Return the columns of a cell over several: all but the first are empty."""
    return [lines, *([] for _ in range(min(width - 1, _MOST_COLUMNS)))]


_TELEPHONE = re.compile(r"[\d /、,，;；()（）-]{7,}", re.ASCII)


def _gathered(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of one cell; telephone numbers under each other, and words without a number, are one line."""
    lines = unwrapped(lines)
    if len(lines) > 1 and all(_TELEPHONE.fullmatch(line.text) for line in lines):
        return [replace(lines[0], text="、".join(line.text for line in lines))]
    if len(lines) > 1 and not any(_DIGIT.search(line.text) for line in lines):
        return [replace(lines[0], text="".join(line.text for line in lines))]
    return list(lines)


_DIGIT = re.compile(r"\d")


def _row_lines(columns: Sequence[Sequence[Line]]) -> Iterator[Line]:
    """Yield a row in one line, or in several where cells have several lines that do not belong together."""
    height = max((len(lines) for lines in columns), default=0)
    tall = [lines for lines in columns if len(lines) > 1]
    if height <= 1:
        if any(columns):
            yield Line.of_cells(
                next(lines[0].number for lines in columns if lines),
                [lines[0].text if lines else "" for lines in columns],
            )
        return
    if len(tall) > 1 and all(len(lines) == height for lines in tall):
        for index in range(height):
            yield Line.of_cells(
                tall[0][index].number, [lines[index].text if len(lines) > index else "" for lines in columns]
            )
        return
    yield from _unequal(columns)


def _unequal(columns: Sequence[Sequence[Line]]) -> Iterator[Line]:
    """Yield cells one under the other; each line of a tall one knows what the row says before it."""
    before: list[str] = []
    for lines in columns:
        if len(lines) > 1:
            context = " ".join(before)
            yield Line(lines[0].number, f"{context} {lines[0].text}".strip())
            yield from (replace(line, context=context) for line in lines[1:])
            before = []
        elif lines:
            before.append(lines[0].text)
    if before:
        yield Line(next(lines[0].number for lines in reversed(columns) if lines), " ".join(before))
