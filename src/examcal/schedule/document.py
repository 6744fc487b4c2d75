"""The YAML as written: nodes with line and column, every scalar as text.

Nothing is built before it is checked: size and encoding on the bytes, depth, number of nodes, anchors and tags on the
parser's events as they come (libyaml's composer overruns the stack on deep nesting; its event parser does not). So no
input costs more than the limits allow. YAML 1.1's typing never happens: ``10:30``, ``no`` and ``0123`` are texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from examcal.errors import Sentence
from examcal.schedule.encoding import is_gbk, wide_encoding
from examcal.schedule.problems import Findings, Place
from examcal.schedule.syntax import LINE_END, Span, report_syntax


@dataclass(frozen=True, slots=True)
class SourceText:
    """One file of a schedule: the name by which problems call it, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be; for all files of a schedule together, except the depth."""

    octets: int = 4 * 1024 * 1024
    depth: int = 32
    nodes: int = 120_000


@dataclass(slots=True)
class Node:
    """A piece of the document; ``line`` and ``column`` count from 1, in characters."""

    line: int
    column: int


@dataclass(slots=True)
class Scalar(Node):
    """A text. ``is_plain`` tells ``null`` from ``"null"``."""

    text: str
    is_plain: bool = True

    @property
    def is_null(self) -> bool:
        """Whether this stands for "nothing": an empty value, ``~`` or ``null`` without quotes."""
        return self.is_plain and self.text in {"", "~", "null"}


@dataclass(slots=True)
class Sequence(Node):
    """A list. ``is_flow`` where it was written in brackets."""

    entries: list[Node] = field(default_factory=list)
    is_flow: bool = False


@dataclass(slots=True)
class Mapping(Node):
    """A mapping: its keys (as written, with their places) and values, in the order of the file; or in braces."""

    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    is_flow: bool = False


# Control characters, and the two line separators that YAML 1.1 takes for line ends but no editor shows as such.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
# Left behind by copying from web pages; invisible, and they make equal words differ.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")

_MOST_DUPLICATES = 100


def decode(source: SourceText, findings: Findings, limits: Limits) -> str | None:
    """Return the text of a file, or None after reporting why it is not one. A UTF-8 byte order mark is skipped."""
    place = Place(source.name, 1, 1)
    if len(source.content) > limits.octets:
        message = Sentence("the file has more than {limit} bytes", {"limit": limits.octets})
        findings.report("too-large", place, "", message, hint=Sentence("take out what is over"))
        return None
    try:
        text = source.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _report_encoding(source, error.start, findings)
        return None
    found = _FORBIDDEN.search(text)
    if found is None:
        return text
    if found[0] == "\0" and wide_encoding(source.content):  # all ASCII, so it is valid UTF-8 full of NULs
        _report_encoding(source, source.content.index(0), findings)
        return None
    message = Sentence("character U+{number} is not allowed in a schedule", {"number": f"{ord(found[0]):04X}"})
    hint = Sentence("delete it; it often comes along when text is copied from a web page or a PDF")
    findings.report("control-character", _place_at(source.name, text, found.start()), "", message, hint=hint)
    return None


def _place_at(file: str, text: str, offset: int) -> Place:
    before = LINE_END.split(text[:offset])
    return Place(file, len(before), len(before[-1]) + 1)


def _report_encoding(source: SourceText, start: int, findings: Findings) -> None:
    """Report the octet at offset ``start``, which no file in UTF-8 has, and the encoding that the file looks like."""
    octets = source.content
    before = octets[:start].decode("utf-8-sig", errors="replace")
    params = {"octet": f"0x{octets[start]:02x}", "offset": start}
    message = Sentence("the file is not UTF-8 (byte {octet} at offset {offset})", params)
    hint = Sentence("save it as UTF-8")
    wide = wide_encoding(octets)
    if wide:
        hint = Sentence("it looks like {encoding}; save it as UTF-8", {"encoding": wide})
    elif is_gbk(octets):
        hint = Sentence("it looks like GBK; save it as UTF-8, or convert it: iconv -f GBK -t UTF-8")
    findings.report("not-utf8", _place_at(source.name, before, len(before)), "", message, hint=hint)


def lines_of(source: SourceText) -> list[str]:
    """Return the lines of a file for code frames; damaged bytes are shown as replacement characters."""
    return LINE_END.split(source.content.decode("utf-8-sig", errors="replace"))


def parse(source: SourceText, findings: Findings, limits: Limits | None = None) -> Mapping | None:
    """Return the document's top mapping, or None after reporting why there is none."""
    limits = limits or Limits()
    text = decode(source, findings, limits)
    if text is None:
        return None
    builder = _Builder(source.name, text, findings, limits)
    try:
        root = builder.build()
    except yaml.MarkedYAMLError as error:
        report_syntax(source.name, text, error, findings, limits.depth, builder.last)
        return None
    except yaml.reader.ReaderError as error:
        findings.report("bad-yaml", _place_at(source.name, text, error.position), "", Sentence("this line is not YAML"))
        return None
    except _RefusedError:
        return None
    return _top(root, source.name, findings)


def _top(root: Node | None, file: str, findings: Findings) -> Mapping | None:
    if isinstance(root, Mapping):
        return root
    if root is None or (isinstance(root, Scalar) and root.is_null):
        hint = Sentence('write "version: 1" and "exams:"; "examcal init" makes a file to start from')
        findings.report("empty-file", Place(file, 1, 1), "", Sentence("the schedule is empty"), hint=hint)
        return None
    hint = Sentence('write keys such as "version: 1" and "exams:" at the left margin')
    message = Sentence("the top of the file must be a mapping")
    findings.report("not-a-mapping", Place(file, root.line, root.column), "", message, hint=hint)
    return None


def _start(event: yaml.Event) -> tuple[int, int]:
    """Return where an event begins, from 1; libyaml counts from 0 and always knows."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


class _RefusedError(Exception):
    """The document breaks a limit; it has been reported and nothing more is read."""


class _Builder:
    """Builds nodes from parser events, without recursion, and stops at the first broken limit."""

    def __init__(self, file: str, text: str, findings: Findings, limits: Limits) -> None:
        self.file, self.findings, self.limits = file, findings, limits
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
        if len(self.outer) >= self.limits.depth:
            params = {"limit": self.limits.depth}
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
        line, column = _start(event)
        if event.anchor or event.tag:
            self._check(event)
        text = event.value
        if self.has_invisible and _INVISIBLE.search(text):
            text = _INVISIBLE.sub("", text)
            self._report_invisible(event)
        return Scalar(line, column, text, not event.style)

    def _report_invisible(self, event: yaml.ScalarEvent) -> None:
        """Report the first invisible character of a text where it stands; one that an escape writes, at the text."""
        line, column = _start(event)
        start, end = event.start_mark, event.end_mark
        found = _INVISIBLE.search(self.text, start.index, end.index) if start and end else None
        if found and start:
            before = LINE_END.split(self.text[start.index : found.start()])
            line += len(before) - 1
            column = len(before[-1]) + (1 if len(before) > 1 else column)
        message = Sentence("an invisible character was left out here")
        self.findings.report("hidden-character", Place(self.file, line, column), "", message)

    def _add(self, node: Node) -> None:
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            message = Sentence("the file has more than {limit} values", {"limit": self.limits.nodes})
            self.findings.report("too-many-values", Place(self.file, node.line, node.column), "", message)
            raise _RefusedError
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
            hint = Sentence('quote a value that begins with "{", "[" or "?"')
            self.findings.report("bad-key", Place(self.file, key.line, key.column), "", message, hint=hint)
            raise _RefusedError
        self.key = key
        first = parent.keys.get(key.text)
        if first is None:
            parent.keys[key.text] = key
            return
        self.duplicates += 1
        if self.duplicates > _MOST_DUPLICATES:
            raise _RefusedError
        params = {"key": key.text[:64], "line": first.line}
        message = Sentence('duplicate key "{key}" (first at line {line})', params)
        place = Place(self.file, key.line, key.column)
        self.findings.report("duplicate-key", place, key.text, message, value=key.text)

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
        raise _RefusedError
