"""What the cells of a row contribute to its dates: row numbers none, start and end one window, the header its kind."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from examcal.schedule.lines import Line
from examcal.schedule.mentions import has_date, is_dates_alone
from examcal.schedule.phrases import folded

_ROW_NUMBER = re.compile(r"\(?\d{1,3}[.、)]?", re.ASCII)
_STARTS = re.compile("(?:开始|起始|开放|启动)(?:时间|日期|时刻)?$")
_ENDS = re.compile("(?:结束|截止|终止|截至|关闭)(?:时间|日期|时刻)?$")
_MOST_CELLS = 40


def cells_of(line: Line) -> tuple[str, ...]:
    """Return the cells of a row, also of one with commas between them, as in a CSV file."""
    if line.cells or len(line.text) > _LONGEST_ROW:
        return line.cells
    cells = tuple(cell.strip(" \"'") for cell in folded(line.text).split(","))
    is_row = 1 < len(cells) <= _MOST_CELLS and all(len(cell) <= _LONGEST_CELL for cell in cells)
    return cells if is_row else ()


_LONGEST_ROW = 300
_LONGEST_CELL = 25
_FOOTNOTE = re.compile(r"[\[［]\d{1,2}[\]］]", re.ASCII)
_BULLET = re.compile(r"^[-—–－·•●▪◆*] ")
_ISO = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?", re.ASCII)


def edge_columns(cells: Sequence[str]) -> tuple[int, int] | None:
    """Return where a header says that starts and ends stand, if they stand side by side."""
    starts = [column for column, cell in enumerate(cells) if _STARTS.search(cell)]
    ends = [column for column, cell in enumerate(cells) if _ENDS.search(cell)]
    return (starts[0], ends[0]) if len(starts) == len(ends) == 1 and ends[0] == starts[0] + 1 else None


_LONGEST_LABEL = 12


def label_of(cells: Sequence[str]) -> str:
    """Return what a row is about: its first words before any date."""
    before = itertools.takewhile(lambda cell: not has_date(cell), cells)
    words = (cell for cell in before if cell and not _ROW_NUMBER.fullmatch(folded(cell)))
    label = next(words, "").strip(" \"'")
    return label if len(label) <= _LONGEST_LABEL else ""


def dated_cells(cells: Sequence[str]) -> list[int]:
    """Return where the dates of a row stand."""
    return [column for column, cell in enumerate(cells) if has_date(cell)]


def is_edge(header: str) -> bool:
    """Return whether a header says that its column states starts, or ends."""
    return bool(_STARTS.search(header) or _ENDS.search(header))


def phrase_of(line: Line, header: tuple[int, int] | None) -> str:
    """Return the text of a line with its dates as one phrase: as long as the text, so that places agree."""
    cells = cells_of(line)
    if not line.cells and not any(_ISO.fullmatch(cell) for cell in cells):
        return _FOOTNOTE.sub(_blank, _BULLET.sub(_blank, line.text))
    plain, characters, at, ends = folded(line.text), list(line.text), 0, []
    for column, cell in enumerate(cells):
        start = plain.find(folded(cell), at)
        if start < 0:
            return line.text
        if column:
            characters[at:start] = _border(start - at, is_window=_is_window(cells, column, header))
        at = start + len(cell)
        ends.append(at)
        if _ROW_NUMBER.fullmatch(folded(cell)):
            characters[start:at] = " " * (at - start)
    return "".join(characters)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _border(width: int, *, is_window: bool) -> str:
    return ("至" if is_window and width else "").ljust(width)


def _is_window(cells: Sequence[str], column: int, header: tuple[int, int] | None) -> bool:
    return header == (column - 1, column) and all(is_dates_alone(cell) for cell in cells[column - 1 : column + 1])
