"""An announcement as lines of plain text with their numbers, from text or from pasted HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from examcal.errors import RefusedError

LONGEST_ANNOUNCEMENT = 1_000_000
"""Characters, with the mark-up of a pasted page."""
LONGEST_TEXT = 200_000
"""Characters that people see; the longest official notice has about 60,000, and each takes some 10 microseconds."""

_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li"),
        *("main", "nav", "ol", "option", "p", "pre", "section", "select", "table", "tbody", "tfoot", "thead", "title"),
        *("tr", "ul"),
    }
)
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset({"script", "style", "template", "noscript"})
_LOOKS_LIKE_HTML = re.compile(
    r"<(?:!doctype|html|head|body|p|div|br|span|table|tr|td|li|ul|h[1-6]|section|font|b|strong|a)[\s/>]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text with its number, from 1, in what was given."""

    number: int
    text: str


def lines(text: str) -> list[Line]:
    """Return the non-empty lines of an announcement; of HTML the text of each block, at the line where it starts.

    Raises RefusedError for a text that is too long.
    """
    _refuse_length(len(text), LONGEST_ANNOUNCEMENT)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _LOOKS_LIKE_HTML.search(text):
        found = _blocks(text)
    else:
        found = [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    shown = [Line(line.number, text) for line in found if (text := _shown(line.text))]
    _refuse_length(sum(len(line.text) for line in shown), LONGEST_TEXT)
    return shown


def _refuse_length(count: int, limit: int) -> None:
    if count > limit:
        raise RefusedError("The text has {count} characters, the limit is {limit}", count=count, limit=limit)


_SPACES = re.compile(r"\s+")


def _shown(text: str) -> str:
    """Return the characters that people see: no controls, no marks of direction, spaces single."""
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return _SPACES.sub(" ", visible).strip()


# A tag has no other tag inside; that keeps the search linear for text full of "<".
_TAG = re.compile(r"</?(?P<name>[A-Za-z][A-Za-z0-9]{0,20})[^<>]{0,5000}>|<[!?][^<>]{0,5000}>")


def _blocks(text: str) -> list[Line]:
    """Return the text of each block; tags inside one leave no trace, as Word's spans inside a date must not."""
    found: list[Line] = []
    pieces: list[tuple[int, str]] = []
    number, at, hidden = 1, 0, ""
    text = _without_comments(text)
    for match in [*_TAG.finditer(text), None]:
        end = match.start() if match else len(text)
        if not hidden:
            pieces.append((number, text[at:end]))
        number += text.count("\n", at, end)
        if match is None:
            break
        name = (match["name"] or "").lower()
        hidden = _still_hidden(hidden, name, is_end=match.group().startswith("</"))
        if name in _BLOCKS:
            _end_block(pieces, found)
        elif name in _CELLS:
            pieces.append((number, " "))
        number += match.group().count("\n")
        at = match.end()
    _end_block(pieces, found)
    return found


def _still_hidden(hidden: str, name: str, *, is_end: bool) -> str:
    """Return the name of the tag whose content is not shown, or nothing."""
    if hidden:
        return "" if is_end and name == hidden else hidden
    return name if name in _HIDDEN and not is_end else ""


def _end_block(pieces: list[tuple[int, str]], found: list[Line]) -> None:
    first = next(((number, piece) for number, piece in pieces if piece.strip()), None)
    if first:
        number, piece = first
        leading = piece[: len(piece) - len(piece.lstrip())]
        found.append(Line(number + leading.count("\n"), html.unescape("".join(piece for _, piece in pieces))))
    pieces.clear()


def _without_comments(text: str) -> str:
    """Drop comments, but not their line breaks."""
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept += [text[at:start], "\n" * text.count("\n", start, end)]
        at = end + len("-->")
    return "".join(kept) + text[at:]
