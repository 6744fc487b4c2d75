"""Pasted HTML as lines: the text of each block, each row of a table in one line, what is hidden marked as such."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from examcal.schedule.lines import Line, shown
from examcal.schedule.rows import Cell, Rows

_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li"),
        *("main", "nav", "ol", "option", "p", "pre", "section", "select", "table", "tbody", "tfoot", "thead", "title"),
        *("td", "th", "tr", "ul"),
    }
)
_CELLS = frozenset({"td", "th"})
_ENDS_ROW = frozenset({"tr", "table", "tbody", "thead", "tfoot"})
_NO_CONTENT = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_NEVER_TEXT = frozenset({"script", "style", "template", "noscript"})
_LOOKS_LIKE_HTML = re.compile(
    r"<(?:!doctype|html|head|body|p|div|br|span|table|tr|td|li|ul|h[1-6]|section|font|b|strong|a)[\s/>]", re.IGNORECASE
)


def looks_like_html(text: str) -> bool:
    """Return whether a text has tags."""
    return _LOOKS_LIKE_HTML.search(text) is not None


# A tag has no other tag inside; that keeps the search linear for text full of "<".
_TAG = re.compile(r"</?(?P<name>[A-Za-z][A-Za-z0-9]{0,20})(?P<attributes>[^<>]{0,5000})>|<[!?][^<>]{0,5000}>")


def blocks(text: str) -> list[Line]:
    """Return the text of each block; tags inside one leave no trace, as Word's spans inside a date must not."""
    text = _without_comments(text)
    tags = list(_TAG.finditer(text))
    page = _Page(keeps_breaks=not any((tag["name"] or "").lower() in _BLOCKS for tag in tags))
    at, skipped = 0, ""
    for tag in tags:
        page.read(text[at : tag.start()], is_text=not skipped)
        name = (tag["name"] or "").lower()
        is_end = tag.group().startswith("</")
        if skipped or (name in _NEVER_TEXT and not is_end):
            skipped = "" if is_end and name == skipped else skipped or name
        elif is_end:
            page.end(name)
        else:
            page.start(name, tag["attributes"] or "")
        page.number += tag.group().count("\n")
        at = tag.end()
    page.read(text[at:], is_text=not skipped)
    return page.finished()


def _without_comments(text: str) -> str:
    """Drop comments, but not their line breaks."""
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept += [text[at:start], "\n" * text.count("\n", start, end)]
        at = end + len("-->")
    return "".join(kept) + text[at:]


_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_DISPLAY_NONE = re.compile(r"style\s*=\s*[\"'][^\"']*display\s*:\s*none", re.IGNORECASE)
_HIDDEN = re.compile(r"(?<![-\w])hidden(?![-\w])", re.IGNORECASE)
_SPAN = {
    name: re.compile(rf"{name}\s*=\s*[\"']?(\d{{1,3}})", re.IGNORECASE | re.ASCII) for name in ("rowspan", "colspan")
}
_FOOTNOTE = re.compile(r"\d")


def _is_unseen(attributes: str) -> bool:
    """Return whether an element is not shown; visibility:hidden is, as in WeChat until a script runs."""
    return _DISPLAY_NONE.search(attributes) is not None or _HIDDEN.search(_QUOTED.sub("", attributes)) is not None


def _span(name: str, attributes: str) -> int:
    found = _SPAN[name].search(attributes)
    return int(found[1]) if found else 1


@dataclass(slots=True)
class _Page:
    """Reads a page tag by tag. ``keeps_breaks``: it has no blocks, so its line breaks are those of the text."""

    keeps_breaks: bool
    number: int = 1
    found: list[Line] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    pieces: list[tuple[int, str]] = field(default_factory=list)
    unseen_pieces: list[tuple[int, str]] = field(default_factory=list)
    unseen: str = ""
    depth: int = 0
    raised_at: int | None = None

    def read(self, text: str, *, is_text: bool) -> None:
        """Take the text up to a tag."""
        for position, piece in enumerate(text.split("\n") if self.keeps_breaks else [text]):
            if position:
                self.number += 1
                self._end_line()
            if is_text:
                (self.unseen_pieces if self.unseen else self.pieces).append((self.number, piece))
            self.number += piece.count("\n")

    def start(self, name: str, attributes: str) -> None:
        """Take a tag that begins an element."""
        if self.unseen == "p" and name in _BLOCKS:
            self.unseen = ""
        if name in _BLOCKS:
            self._end_line()
        if self.unseen:
            self.depth += name == self.unseen
        elif name not in _NO_CONTENT and _is_unseen(attributes):
            self.unseen, self.depth = name, 1
        elif name in _ENDS_ROW:
            self._end_row(is_table=name == "table")
        elif name in _CELLS:
            self.rows.open(_span("rowspan", attributes), _span("colspan", attributes))
        elif name == "sup":
            self.raised_at = len(self.pieces)
        if name == "pre":
            self.keeps_breaks = True

    def end(self, name: str) -> None:
        """Take a tag that ends an element."""
        if name in _BLOCKS:
            self._end_line()
        if self.unseen:
            self.depth -= name == self.unseen
            self.unseen = self.unseen if self.depth else ""
        elif name in _ENDS_ROW:
            self._end_row(is_table=name == "table")
        elif name == "sup":
            self._end_raised()
        if name == "pre":
            self.keeps_breaks = False

    def finished(self) -> list[Line]:
        """Return the lines of the whole page."""
        self._end_line()
        self._end_row(is_table=True)
        return self.found

    def _end_raised(self) -> None:
        """Set the number of a footnote apart from a date before it."""
        start = self.raised_at
        if start is not None and _FOOTNOTE.fullmatch("".join(piece for _, piece in self.pieces[start:]).strip()):
            self.pieces.insert(start, (self.number, "["))
            self.pieces.append((self.number, "]"))
        self.raised_at = None

    def _end_line(self) -> None:
        self.raised_at = None
        for pieces, is_hidden in ((self.pieces, False), (self.unseen_pieces, True)):
            line = _line(pieces, is_hidden=is_hidden)
            pieces.clear()
            if line is None:
                continue
            cell: Cell | None = None if is_hidden else self.rows.cell
            (self.found if cell is None else cell.lines).append(line)

    def _end_row(self, *, is_table: bool) -> None:
        self.found += self.rows.close()
        if is_table:
            self.rows.forget()


def _line(pieces: list[tuple[int, str]], *, is_hidden: bool) -> Line | None:
    first = next(((number, piece) for number, piece in pieces if piece.strip()), None)
    text = shown(html.unescape("".join(piece for _, piece in pieces)))
    if first is None or not text:
        return None
    number, piece = first
    leading = piece[: len(piece) - len(piece.lstrip())]
    return Line(number + leading.count("\n"), text, is_hidden=is_hidden)
