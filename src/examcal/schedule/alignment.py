"""Findings about lines that begin in the wrong column."""

from __future__ import annotations

import re

from examcal.errors import Sentence
from examcal.schedule.problems import Place
from examcal.schedule.trouble import MAPPING_VALUES, NO_COLON, NO_LIST, Finding, Trouble

# What stands before a list entry's "-", and before a key.
_ENTRY, _KEYED = re.compile(r" *(?=- )"), re.compile(r" *(?:- +)?(?=[\w-]+:(?: |$))")
_LINES_ABOVE = 30


def about_indentation(trouble: Trouble) -> Finding | None:
    """Return what to say where a line begins in a column in which nothing above it begins."""
    line = trouble.line(trouble.at.line)
    if trouble.complaint == MAPPING_VALUES and line.count(": ") + line.endswith(":") == 1 and trouble.at.line > 1:
        return _about_the_line_above(trouble)
    if not trouble.complaint.startswith("did not find expected") or trouble.before(trouble.at).strip():
        return None
    column = _nearest_column(trouble)
    if column and trouble.at.column not in {column, trouble.since.column}:
        return _misaligned(trouble.at, column)
    if trouble.complaint == "did not find expected key" and trouble.rest(trouble.at).startswith("- "):
        return trouble.at, NO_LIST, Sentence("a key takes one value or a list: delete one of them"), None
    return None


def _about_the_line_above(trouble: Trouble) -> Finding:
    """Return the finding about a key that YAML reads as more of the text above: one of the lines is out of place."""
    here = trouble.start_of(trouble.at.line)
    above, before = trouble.two_above(trouble.at.line)
    if above.column == here.column:
        return above, NO_COLON, Sentence('write "key: value"'), trouble.rest(above)
    if above.column < here.column == before.column:
        dash = Place(above.file, above.line, trouble.indent_of(above.line) + 1)
        return _misaligned(dash, before.column - above.column + dash.column)
    hint = Sentence("align it with the keys above; put a text that goes on over lines in quotes")
    message = Sentence("this line is indented deeper, so that it goes on with the text of the line above")
    return here, message, hint, trouble.rest(here).partition(":")[0]


def _misaligned(place: Place, column: int) -> Finding:
    params = {"column": place.column, "expected": column}
    message = Sentence("this line begins in column {column}, those above in column {expected}", params)
    return place, message, Sentence("align it: as many spaces as the lines that belong together have"), None


def _nearest_column(trouble: Trouble) -> int | None:
    """Return the column of the keys above, or of the "-" above where the line has one, that was probably meant."""
    is_entry = trouble.rest(trouble.at).startswith("-")
    pattern = _ENTRY if is_entry else _KEYED
    above = range(trouble.at.line - 1, max(trouble.at.line - _LINES_ABOVE, 0), -1)
    found = (pattern.match(trouble.line(number)) for number in above)
    columns = [match.end() + 1 for match in found if match]
    if is_entry is ("'-'" in trouble.complaint):
        columns.append(trouble.since.column)
    return min(columns, key=lambda column: abs(column - trouble.at.column), default=None)
