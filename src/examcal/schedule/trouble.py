"""A syntax error as libyaml tells it, with the text around it: what the reports of ``syntax`` are made from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from examcal.errors import Sentence
from examcal.schedule.problems import Place

Finding = tuple[Place, Sentence, Sentence | None, str | None]
"""Place, message, hint and value of what is to be reported."""

LINE_END = re.compile(r"\r\n|\r|\n")
UNCLOSED = Sentence("what opens here is not closed")
NO_COLON = Sentence('this line has no ": " after its key')
NO_LIST = Sentence('a list cannot begin here with "-"')
MAPPING_VALUES = "mapping values are not allowed in this context"
_LEAD = re.compile(r"\s*(?:-\s+)*")
_LINES_ABOVE = 30
_LONGEST_ENTRY = 1000
# Quotes of a value, comments, brackets; quotes that nothing closes reach to the end of the line.
_BRACKETS = re.compile(
    r"""(?<!\w)'[^']*(?:'|$)|(?<!\w)"(?:[^"\\]|\\.)*(?:"|\\?$)|(?<!\S)\#.*|(?P<open>[\[{])|(?P<close>[\]}])"""
)


def open_bracket(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return line and column of the last bracket that nothing closes; quoted text and comments hold none."""
    opened: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        for match in _BRACKETS.finditer(line):
            if match["open"]:
                opened.append((number, match.start() + 1))
            elif match["close"] and opened:
                opened.pop()
    return opened[-1] if opened else None


def _entry(text: str) -> str:
    """Return an entry of a list in brackets, up to the comma or bracket that ends it; a bracket alone is one."""
    depth = 0
    for at, sign in enumerate(text[:_LONGEST_ENTRY]):
        depth += (sign in "[{") - (sign in "]}")
        if at and (depth < 0 or (depth == 0 and sign == ",")):
            return text[:at].rstrip()
    return text


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece of the text stands: its first character and what follows its last; lines and columns from 1."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A syntax error as libyaml tells it, with the lines of the text; ``at`` and ``since`` count from 1."""

    file: str
    lines: Sequence[str]
    at: Place
    since: Place
    complaint: str
    context: str

    @property
    def is_continuation(self) -> bool:
        """Whether a line with one key is read as more of the text above, so that one of the two is out of place."""
        line = self.line(self.at.line)
        return self.complaint == MAPPING_VALUES and line.count(": ") + line.endswith(":") == 1 and self.at.line > 1

    def line(self, number: int) -> str:
        """Return a line by its number, from 1; empty where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def before(self, place: Place) -> str:
        """Return the line up to ``place``."""
        return self.line(place.line)[: max(place.column - 1, 0)]

    def rest(self, place: Place) -> str:
        """Return the line from ``place`` on; in brackets only the entry."""
        rest = self.line(place.line)[max(place.column - 1, 0) :].rstrip()
        return _entry(rest) if open_bracket([self.before(place)]) else rest

    def indent_of(self, number: int) -> int:
        """Return how many blanks a line begins with."""
        return len(self.line(number)) - len(self.line(number).lstrip())

    def start_of(self, number: int) -> Place:
        """Return where the key or the text of a line begins, after the "-" of a list entry."""
        found = _LEAD.match(self.line(number))
        return Place(self.file, number, (found.end() if found else 0) + 1)

    def two_above(self, number: int) -> tuple[Place, Place]:
        """Return where the two lines above begin; lines without text do not count."""
        written = [above for above in range(max(number - _LINES_ABOVE, 1), number) if self.line(above).strip()]
        above, before = (*[0, 0], *written)[-1:-3:-1]
        return self.start_of(above), self.start_of(before)
