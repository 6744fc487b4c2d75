"""From the parser's events to nodes, without recursion, each limit checked before anything is built.

A document that breaks a limit costs no more than reading up to there. Where an author's slip has one certain meaning
(an entry without its "-"), the nodes have it, so that what follows is still checked.
"""

from __future__ import annotations

import re

import yaml

from examcal.errors import Sentence
from examcal.schedule.nodes import Mapping, Node, Scalar, Sequence
from examcal.schedule.problems import Findings, Place
from examcal.schedule.trouble import LINE_END, Span

# Left behind by copying from web pages; invisible, and they make equal words differ.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")

# A line that an author took for a list entry of its own; YAML folds it into the text above. Not every bullet is one
# there: an arrow or a double dash may well begin a line of a text.
_ENTRY_BELOW = re.compile(r"[\r\n] *(?:-(?= )|[•●·▪■◆○☐☑－]|[—–](?![—–]))")

_ENTRY_HINT = Sentence('begin it with "- ", aligned with the other entries; put a text of several lines in quotes')

_MOST_DUPLICATES = 100


def _start(event: yaml.Event) -> tuple[int, int]:
    """Return where an event begins, from 1; libyaml counts from 0 and always knows."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


class RefusedError(Exception):
    """The document breaks a limit; it has been reported and nothing more is read."""


class Builder:
    """Builds nodes from parser events, without recursion, and stops at the first broken limit."""

    def __init__(self, file: str, text: str, findings: Findings, *, most_depth: int, most_nodes: int) -> None:
        self.file, self.findings, self.most_depth, self.most_nodes = file, findings, most_depth, most_nodes
        self.text = text
        self.has_invisible = bool(_INVISIBLE.search(text))
        self.parser = yaml.CSafeLoader(text)
        self.outer: list[Sequence | Mapping | None] = []
        self.parent: Sequence | Mapping | None = None
        self.key: Scalar | None = None
        self.nodes = 0
        self.documents = 0
        self.duplicates = 0
        self.root: Node | None = None
        self.event: yaml.Event | None = None
        self.closed: Node | None = None
        self.torn: list[tuple[Mapping, Mapping]] = []

    @property
    def last(self) -> Span | None:
        """What was read last, where it stands in quotes or brackets: a text that goes on after them is a mistake."""
        event, end = self.event, self.event.end_mark if self.event else None
        if isinstance(event, yaml.ScalarEvent) and event.style in {"'", '"'} and end:
            return Span(*_start(event), end.line + 1, end.column + 1)
        closed = self.closed
        if isinstance(event, yaml.CollectionEndEvent) and isinstance(closed, Sequence | Mapping) and end:
            return Span(closed.line, closed.column, end.line + 1, end.column + 1) if closed.is_flow else None
        return None

    def build(self) -> Node | None:
        """Return the document's root, or None where the file has no content."""
        next_event = self.parser.get_event
        while (event := next_event()) is not None:
            self.event = event
            if isinstance(event, yaml.ScalarEvent):
                self._add(self._scalar(event))
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._settle()
                self.closed, self.parent = self.parent, self.outer.pop()
            elif isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self._refuse("several-documents", event, Sentence('one document only; delete the "---" here'))
            elif isinstance(event, yaml.AliasEvent):
                self._refuse_anchor(event)
            elif isinstance(event, yaml.StreamEndEvent):
                break
        return self.root

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        line, column = _start(event)
        self._check(event)
        if len(self.outer) >= self.most_depth:
            params = {"limit": self.most_depth}
            self._refuse("too-deep", event, Sentence("nesting deeper than {limit} levels", params))
        node: Sequence | Mapping
        if isinstance(event, yaml.MappingStartEvent):
            node = Mapping(line, column, is_flow=bool(event.flow_style))
        else:
            node = Sequence(line, column, is_flow=bool(event.flow_style))
        self._add(node)
        self.outer.append(self.parent)
        self.parent = node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        (line, column), parent = _start(event), self.parent
        if event.anchor or event.tag:
            self._check(event)
        text = event.value
        if self.has_invisible and _INVISIBLE.search(text):
            text = _INVISIBLE.sub("", text)
            self._report_invisible(event)
        if not event.style and event.end_mark and event.end_mark.line >= line and not (parent and parent.is_flow):
            self._check_continuation(event)
        return Scalar(line, column, text, not event.style)

    def _check_continuation(self, event: yaml.ScalarEvent) -> None:
        """Report a line that only goes on with a text without quotes, though it begins as a list entry does."""
        place = self._find(_ENTRY_BELOW, event)
        if place:
            message = Sentence("this line goes on with the text above, though it begins like a list entry")
            self.findings.report("bad-yaml", place, "", message, hint=_ENTRY_HINT)

    def _report_invisible(self, event: yaml.ScalarEvent) -> None:
        """Report the first invisible character of a text where it stands; one that an escape writes, at the text."""
        place = self._find(_INVISIBLE, event) or Place(self.file, *_start(event))
        self.findings.report("hidden-character", place, "", Sentence("an invisible character was left out here"))

    def _find(self, pattern: re.Pattern[str], event: yaml.ScalarEvent) -> Place | None:
        """Return where, inside a text as written, what ``pattern`` finds has its last character."""
        start, end = event.start_mark, event.end_mark
        found = pattern.search(self.text, start.index, end.index) if start and end else None
        if not found or not start:
            return None
        before = LINE_END.split(self.text[start.index : found.end() - 1])
        column = len(before[-1]) + (1 if len(before) > 1 else start.column + 1)
        return Place(self.file, start.line + len(before), column)

    def _add(self, node: Node) -> None:
        self.nodes += 1
        if self.nodes > self.most_nodes:
            message = Sentence("the file has more than {limit} values", {"limit": self.most_nodes})
            self.findings.report("too-many-values", Place(self.file, node.line, node.column), "", message)
            raise RefusedError
        parent, key = self.parent, self.key
        if isinstance(parent, Sequence):
            parent.entries.append(node)
        elif parent is None:
            self.root = node
        elif key is None:
            self._begin(parent, node)
        else:
            self.key = None
            parent.values.setdefault(key.text, node)

    def _begin(self, parent: Mapping, key: Node) -> None:
        """Take a key; a second one of the same name is reported and its value dropped."""
        if not isinstance(key, Scalar):
            message = Sentence("a key must be a word")
            remedy = Sentence('quote a value that begins with "{", "[" or "?"')
            self.findings.report("bad-key", Place(self.file, key.line, key.column), "", message, hint=remedy)
            raise RefusedError
        self.key = key
        first = parent.keys.get(key.text)
        if first is None:
            parent.keys[key.text] = key
            return
        self.duplicates += 1
        if self.duplicates > _MOST_DUPLICATES:
            raise RefusedError
        hint: Sentence | None = None
        if first is next(iter(parent.keys.values())) and not parent.is_flow and isinstance(self.outer[-1], Sequence):
            hint = Sentence('where a new entry begins, write "- " before it; else keep one of the two lines')
            self.parent = Mapping(key.line, key.column, {key.text: key})
            self.torn.append((self.parent, parent))
        params = {"key": key.text[:64], "line": first.line}
        message = Sentence('duplicate key "{key}" (first at line {line})', params)
        place = Place(self.file, key.line, key.column)
        self.findings.report("duplicate-key", place, key.text, message, hint=hint, value=key.text)

    def _settle(self) -> None:
        """Decide about what follows a first key that stands twice: an entry that lacks its "-", or more of the same."""
        while self.torn and self.torn[-1][0] is self.parent:
            rest, self.parent = self.torn.pop()
            if len(rest.keys.keys() & self.parent.keys.keys()) > 1 and isinstance(self.outer[-1], Sequence):
                self.outer[-1].entries.append(rest)
                continue
            self.parent.keys.update((name, key) for name, key in rest.keys.items() if name not in self.parent.keys)
            self.parent.values.update((k, value) for k, value in rest.values.items() if k not in self.parent.values)

    def _check(self, event: yaml.NodeEvent) -> None:
        if event.anchor:
            self._refuse_anchor(event)
        if event.tag:  # type: ignore[attr-defined]  # the stubs leave it out of the common class
            message = Sentence("tags are not allowed")
            self._refuse("tags-not-allowed", event, message, Sentence('put a value that begins with "!" in quotes'))

    def _refuse_anchor(self, event: yaml.Event) -> None:
        message = Sentence("anchors and aliases are not allowed")
        hint = Sentence('write the value again, or quote a value that begins with "&" or "*"')
        self._refuse("aliases-not-allowed", event, message, hint)

    def _refuse(self, code: str, event: yaml.Event, message: Sentence, hint: Sentence | None = None) -> None:
        line, column = _start(event)
        self.findings.report(code, Place(self.file, line, column), "", message, hint=hint)
        raise RefusedError
