"""An announcement as lines of plain text with their numbers, from text or from pasted HTML."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser

from typing_extensions import override

from examcal.errors import RefusedError

LONGEST_ANNOUNCEMENT = 1_000_000
"""Characters; the longest official notice is about 60,000."""

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
    if len(text) > LONGEST_ANNOUNCEMENT:
        raise RefusedError(
            "The text has {count} characters, the limit is {limit}", count=len(text), limit=LONGEST_ANNOUNCEMENT
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _LOOKS_LIKE_HTML.search(text):
        found = _blocks(text)
    else:
        found = [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    return [Line(line.number, shown) for line in found if (shown := _shown(line.text))]


_SPACES = re.compile(r"\s+")


def _shown(text: str) -> str:
    """Return the characters that people see: no controls, no marks of direction, spaces single."""
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return _SPACES.sub(" ", visible).strip()


class _Blocks(HTMLParser):
    """Collects the text of each block; tags inside a block leave no trace, as Word's spans inside a date must not."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Line] = []
        self._pieces: list[str] = []
        self._number = 1
        self._hidden = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        self._border(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        self._border(tag)

    @override
    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if not self._pieces and data.strip():
            leading = len(data) - len(data.lstrip())
            self._number = self.getpos()[0] + data[:leading].count("\n")
        if self._pieces or data.strip():
            self._pieces.append(data)

    def _border(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
        elif tag in _CELLS:
            self._pieces.append(" ")

    def end_block(self) -> None:
        """Close the block that is open."""
        if self._pieces:
            self.found.append(Line(self._number, "".join(self._pieces)))
            self._pieces.clear()


def _blocks(text: str) -> list[Line]:
    parser = _Blocks()
    parser.feed(text)
    parser.close()
    parser.end_block()
    return parser.found
