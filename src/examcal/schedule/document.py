"""The YAML as written: nodes with line and column, every scalar as text.

Nothing is built before it is checked: size and encoding on the bytes, depth, number of nodes, anchors and tags on the
parser's events as they come (libyaml's composer overruns the stack on deep nesting; its event parser does not). So no
input costs more than the limits allow. YAML 1.1's typing never happens: ``10:30``, ``no`` and ``0123`` are texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from examcal.errors import Sentence
from examcal.schedule.builder import Builder, RefusedError
from examcal.schedule.encoding import is_gbk, program_of, wide_encoding
from examcal.schedule.nodes import Mapping, Node, Scalar, Sequence
from examcal.schedule.problems import Findings, Place
from examcal.schedule.syntax import report_syntax
from examcal.schedule.trouble import LINE_END

__all__ = ["Limits", "Mapping", "Node", "Scalar", "Sequence", "SourceText", "decode", "lines_of", "parse"]


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


# Control characters, and the two line separators that YAML 1.1 takes for line ends but no editor shows as such.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def decode(source: SourceText, findings: Findings, limits: Limits) -> str | None:
    """Return the text of a file, or None after reporting why it is not one. A UTF-8 byte order mark is skipped."""
    place = Place(source.name, 1, 1)
    if len(source.content) > limits.octets:
        message = Sentence("the file has more than {limit} bytes", {"limit": limits.octets})
        findings.report("too-large", place, "", message, hint=Sentence("take out what is over"))
        return None
    program = program_of(source.content)
    if program:
        message = Sentence("this is no text but a file of another program ({program})", {"program": program})
        hint = Sentence("copy its text into a text editor, and save that as UTF-8")
        findings.report("not-utf8", place, "", message, hint=hint)
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
    builder = Builder(source.name, text, findings, most_depth=limits.depth, most_nodes=limits.nodes)
    try:
        root = builder.build()
    except yaml.MarkedYAMLError as error:
        report_syntax(source.name, text, error, findings, limits.depth, builder.last)
        return None
    except yaml.reader.ReaderError as error:
        findings.report("bad-yaml", _place_at(source.name, text, error.position), "", Sentence("this line is not YAML"))
        return None
    except RefusedError:
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
