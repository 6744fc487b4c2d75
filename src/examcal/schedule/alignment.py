"""Findings about lines that begin in the wrong column."""

from __future__ import annotations

import re

from examcal.errors import Sentence
from examcal.schedule.problems import Place, shortened
from examcal.schedule.trouble import NO_COLON, NO_LIST, Finding, Trouble

# What stands before a key, and before a list entry that is a text.
_KEYED = re.compile(r" *(?:- +)?(?=[\w-]+:(?: |$))")
_TEXT_ENTRY = re.compile(r" *(?=- )(?!- +(?:[\w-]+:(?: |$)|[{\[]))")
_ENTRY_KEY = re.compile(r"- +[\w-]+:(?= |$)")
_FORM = Sentence(
    'write "key: value", or "# " before a remark; a text of several lines goes in quotes, or below "key: |", indented'
)
_WORD_FIRST = re.compile(r"([a-z_]+)(?:[\s=,]+(.*))?$")
_NO_SPACE = re.compile(r"""["']?[\w-]+["']?:[^\s/]""", re.ASCII)
_LONE_WORD = re.compile(r"[\w-]+", re.ASCII)
_LINES_ABOVE = 100
_NEAR = 3
"""Columns by which a slip of the space bar or of a paste moves a line; what is farther away belongs elsewhere."""


def about_indentation(trouble: Trouble) -> Finding | None:
    """Return what to say where a line begins in a column in which nothing above it begins."""
    if trouble.is_continuation:
        return _about_the_line_above(trouble)
    if not trouble.complaint.startswith("did not find expected") or trouble.before(trouble.at).strip():
        return None
    is_entry = trouble.rest(trouble.at).startswith("- ")
    if is_entry and trouble.at.column + 2 == trouble.since.column:
        message = Sentence('this entry has no "- " before it, as those below have')
        return trouble.since, message, Sentence('write "- key: value"'), None
    column = _nearest_column(trouble)
    if column and trouble.at.column != column and (is_entry or trouble.at.column != trouble.since.column):
        return _misaligned(trouble.at, column)
    if trouble.complaint == "did not find expected key" and is_entry:
        return trouble.at, NO_LIST, Sentence("a key takes one value or a list: delete one of them"), None
    return None


def without_colon(trouble: Trouble, place: Place, *, is_value: bool = True) -> Finding:
    """Return the finding about a line that is no key with a value; its hint is how it was probably meant.

    ``is_value`` tells that it may be the value of a key on the line above.
    """
    text = trouble.rest(place)
    above = trouble.line(place.line - 1).rstrip()
    word = _WORD_FIRST.match(text)
    if above.endswith((": |", ": >")):
        hint = Sentence("indent it deeper than the key above")
    elif is_value and above.endswith(":"):
        hint = Sentence("write it after the colon of the line above")
    elif _NO_SPACE.match(text):
        hint = Sentence('put a space after the colon: "key: value"')
    elif word:
        hint = Sentence("write {example}", {"example": shortened(f"{word[1]}: {word[2] or '…'}")})
    elif "\t" in text:
        hint = Sentence('a row of a table does not fit here: write each cell on a line of its own, as "key: value"')
    else:
        hint = _FORM
    return place, NO_COLON, hint, text.split(":")[0]


def _about_the_line_above(trouble: Trouble) -> Finding:
    """Return the finding about a key that YAML reads as more of the text above: one of the lines is out of place."""
    here = trouble.start_of(trouble.at.line)
    above, before = trouble.two_above(trouble.at.line)
    if above.column == here.column or _LONE_WORD.fullmatch(trouble.rest(above)):
        return without_colon(trouble, above, is_value=False)
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
    """Return the column in which lines of the same kind begin above, where one is near: keys, or equal list entries."""
    pattern = _KEYED
    if trouble.rest(trouble.at).startswith("- "):
        key = _ENTRY_KEY.match(trouble.rest(trouble.at))
        pattern = re.compile(rf" *(?=- +{re.escape(key[0][2:].strip())}(?: |$))") if key else _TEXT_ENTRY
    above = range(trouble.at.line - 1, max(trouble.at.line - _LINES_ABOVE, 0), -1)
    columns = [found.end() + 1 for number in above if (found := pattern.match(trouble.line(number)))]
    nearest = min(columns, key=lambda column: abs(column - trouble.at.column), default=None)
    return nearest if nearest and abs(nearest - trouble.at.column) <= _NEAR else None
