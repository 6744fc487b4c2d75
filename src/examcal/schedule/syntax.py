"""What is wrong with a text that is not YAML, in words that help; libyaml's own are for its authors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import yaml

from examcal.errors import Sentence
from examcal.schedule.problems import Findings, Place, shortened
from examcal.schedule.slips import LINES_BACK, report_slip
from examcal.schedule.spelling import half_width

LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTE = Sentence("put the whole text in quotes: {quoted}")
_ESCAPE = Sentence("this escape does not exist in double quotes")
_ESCAPE_HINT = Sentence(r'in double quotes "\" begins an escape: write "\\", or put the text in single quotes')
_UNCLOSED = Sentence("what opens here is not closed")
_NOT_HERE = Sentence('": " is not allowed here')
_NO_COLON = Sentence('this line has no ": " after its key')
_NO_LIST = Sentence('a list cannot begin here with "-"')
_NO_KEY = Sentence("a key was expected here; look at the indentation and the quotes")
_NO_COMMA = Sentence("a comma or the closing bracket is missing before this")
_DIRECTIVE = Sentence('a line cannot begin with "%"')
_OTHERWISE = Sentence("this line is not YAML")

_MAPPING_VALUES = "mapping values are not allowed in this context"
_NO_VALUE = "did not find expected node content"
_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
# What libyaml says, and what we say: a sentence and a hint of ours for each complaint about a place.
_COMPLAINTS: Mapping[str, tuple[Sentence, Sentence | None]] = MappingProxyType(
    {
        _MAPPING_VALUES: (_NOT_HERE, None),
        "did not find expected key": (_NO_KEY, None),
        "did not find expected '-' indicator": (
            Sentence('the list goes on here without its "-"; look at the indentation'),
            None,
        ),
        "block sequence entries are not allowed in this context": (
            _NO_LIST,
            Sentence("write each entry on a line of its own, below the key"),
        ),
        "found unknown escape character": (_ESCAPE, _ESCAPE_HINT),
        "did not find expected hexdecimal number": (_ESCAPE, _ESCAPE_HINT),
        "found invalid Unicode character escape code": (Sentence("this escape names no character"), _ESCAPE_HINT),
        "did not find expected <document start>": (
            Sentence("the document ends here, but more text follows"),
            None,
        ),
        _NO_VALUE: (
            Sentence("a value was expected here"),
            Sentence("delete a comma too many, or put a text with such signs in quotes"),
        ),
        "found incompatible YAML document": (_DIRECTIVE, None),
    }
)
_KEY = "while scanning a simple key"
_QUOTES, _CLOSING = frozenset("\"'"), frozenset("]}")
# What stands before a list entry's "-", and before a key.
_ENTRY, _KEYED = re.compile(r" *(?=- )"), re.compile(r" *(?:- +)?(?=[\w-]+:(?: |$))")
_WIDE_SIGN = re.compile("[，、：］｝]")
_WIDE_BRACKET = re.compile(r"[\s-]*(?:[\w-]+: +)?(?P<sign>[｛［])")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece of the text stands: its first character and what follows its last; lines and columns from 1."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class _Trouble:
    """A syntax error as libyaml tells it, with the lines of the text; ``at`` and ``since`` count from 1."""

    file: str
    lines: Sequence[str]
    at: Place
    since: Place
    complaint: str
    context: str

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def before(self, place: Place) -> str:
        """Return the line up to ``place``."""
        return self.line(place.line)[: max(place.column - 1, 0)]

    def rest(self, place: Place) -> str:
        """Return the line from ``place`` on; in brackets only the entry."""
        rest = self.line(place.line)[max(place.column - 1, 0) :].rstrip()
        return re.split(r"[,\]}]", rest)[0].rstrip() or rest if _open_bracket([self.before(place)]) else rest


def report_syntax(
    file: str, text: str, error: yaml.MarkedYAMLError, findings: Findings, depth: int, last: Span | None = None
) -> None:
    """Report a syntax error where a person would look for it.

    ``depth`` is the allowed nesting; ``last`` is what was read just before, where that was in quotes or brackets.
    """
    at = _place(file, error.problem_mark or error.context_mark)
    complaint = str(error.problem or error.context or "")
    if complaint == _TOO_DEEP_FOR_LIBYAML:
        findings.report("too-deep", at, "", Sentence("nesting deeper than {limit} levels", {"limit": depth}))
        return
    since = _place(file, error.context_mark) if error.context_mark else at
    trouble = _Trouble(file, LINE_END.split(text), at, since, complaint, str(error.context or ""))
    found = _after(last, trouble) if last else None
    place = since if trouble.context == _KEY else at
    back = LINES_BACK if complaint == _MAPPING_VALUES else 0
    if found or not report_slip(place, trouble.lines, findings, back):
        place, message, hint, value = found or _explained(trouble)
        findings.report("bad-yaml", place, "", message, hint=hint, value=value)


def _place(file: str, mark: yaml.Mark | None) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)


_Finding = tuple[Place, Sentence, Sentence | None, str | None]


def _explained(trouble: _Trouble) -> _Finding:
    """Return place, message, hint and value of a syntax error that no slip explains."""
    explain = _BY_CONTEXT.get(trouble.context) or _BY_COMPLAINT.get(trouble.complaint) or _in_general
    return explain(trouble)


def _in_general(trouble: _Trouble) -> _Finding:
    """Return the finding about the place that libyaml names."""
    if not any(line.strip() for line in trouble.lines[trouble.at.line - 1 :]):
        return _before_the_end(trouble)
    found = _WIDE_BRACKET.match(trouble.before(trouble.at))
    if found:
        return _full_width(Place(trouble.file, trouble.at.line, found.start("sign") + 1), found["sign"])
    if about := _about_indentation(trouble):
        return about
    message, hint = _COMPLAINTS.get(trouble.complaint, (_OTHERWISE, None))
    return trouble.at, message, hint or _colon_hint(trouble), None


def _sign_before(trouble: _Trouble) -> _Finding:
    return _needs_quotes(trouble, trouble.since)


def _sign_here(trouble: _Trouble) -> _Finding:
    return _needs_quotes(trouble, trouble.at)


def _without_value(trouble: _Trouble) -> _Finding:
    is_sign = trouble.context == "while parsing a block node" and trouble.rest(trouble.at)
    return _sign_here(trouble) if is_sign else _in_general(trouble)


def _directive(trouble: _Trouble) -> _Finding:
    return trouble.since, _DIRECTIVE, Sentence("delete the sign, or put the text in quotes"), None


def _in_quotes(trouble: _Trouble) -> _Finding:
    if trouble.complaint.startswith("found unexpected"):
        return trouble.since, _UNCLOSED, Sentence("close it on this line, or delete it"), None
    return _in_general(trouble)


def _needs_quotes(trouble: _Trouble, place: Place) -> _Finding:
    """Return the finding about a text that begins with a sign of YAML."""
    text = trouble.rest(place)
    message = Sentence('a text that begins with "{sign}" must be in quotes', {"sign": text[:1]})
    return place, message, _quote_hint(text), text


def _quote_hint(text: str) -> Sentence:
    return Sentence(_QUOTE.msgid, {"quoted": quoted(shortened(text, 40) or "")})


def quoted(text: str) -> str:
    """Return a text as YAML reads it for certain: in double quotes, or in single ones where it has double ones."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _without_colon(trouble: _Trouble) -> _Finding:
    text = trouble.rest(trouble.since)
    hint = Sentence('write "key: value"; a text of several lines goes in quotes, or below "key: |", indented')
    return trouble.since, _NO_COLON, hint, text.split(":")[0]


def _in_brackets(trouble: _Trouble) -> _Finding:
    """Return the finding about brackets: not closed, or with something inside that needs a comma or quotes."""
    opened = _open_bracket(trouble.lines[trouble.since.line - 1 : trouble.at.line])
    if opened or not trouble.rest(trouble.at):
        return trouble.since, _UNCLOSED, Sentence("close it, or put the text in quotes"), None
    found = _WIDE_SIGN.search(trouble.before(trouble.at))
    if found:
        return _full_width(Place(trouble.file, trouble.at.line, found.start() + 1), found[0])
    hint = Sentence("put a text with colons, commas, quotes or brackets in quotes")
    return trouble.at, _NO_COMMA, hint, None


def _full_width(place: Place, sign: str) -> _Finding:
    message = Sentence('"{wide}" is full-width, and no sign to YAML', {"wide": sign})
    return place, message, Sentence('change it to the half-width "{narrow}"', {"narrow": half_width(sign)}), sign


def _about_indentation(trouble: _Trouble) -> _Finding | None:
    """Return what to say where a line begins in a column in which nothing above it begins."""
    line = trouble.line(trouble.at.line)
    if trouble.complaint == _MAPPING_VALUES and line.count(": ") + line.endswith(":") == 1 and trouble.at.line > 1:
        hint = Sentence("align it with the keys above; put a text that goes on over lines in quotes")
        start = Place(trouble.file, trouble.at.line, len(line) - len(line.lstrip()) + 1)
        message = Sentence("this line is indented deeper, so that it goes on with the text of the line above")
        return start, message, hint, line.strip().partition(":")[0]
    if not trouble.complaint.startswith("did not find expected") or trouble.before(trouble.at).strip():
        return None
    column = _nearest_column(trouble)
    if column and trouble.at.column not in {column, trouble.since.column}:
        params = {"column": trouble.at.column, "expected": column}
        hint = Sentence("align it: as many spaces as the lines that belong together have")
        message = Sentence("this line begins in column {column}, those above in column {expected}", params)
        return trouble.at, message, hint, None
    if trouble.complaint == "did not find expected key" and trouble.rest(trouble.at).startswith("- "):
        return trouble.at, _NO_LIST, Sentence("a key takes one value or a list: delete one of them"), None
    return None


def _nearest_column(trouble: _Trouble) -> int | None:
    """Return the column of the keys above, or of the "-" above where the line has one, that was probably meant."""
    is_entry = trouble.rest(trouble.at).startswith("-")
    pattern = _ENTRY if is_entry else _KEYED
    found = (
        pattern.match(line) for line in reversed(trouble.lines[max(trouble.at.line - 31, 0) : trouble.at.line - 1])
    )
    columns = [match.end() + 1 for match in found if match]
    return min(columns, key=lambda column: abs(column - trouble.at.column), default=None)


def _colon_hint(trouble: _Trouble) -> Sentence | None:
    """Return how to quote a value with a colon and a space in it."""
    line = trouble.line(trouble.at.line)
    found = re.match(r"[\s-]*[\w-]+: +(?P<text>.*: .*|.*:$)", line)
    return _quote_hint(found["text"].rstrip()) if found and trouble.complaint == _MAPPING_VALUES else None


# Quotes and brackets ----------------------------------------------------------------------------------------------


def _after(last: Span, trouble: _Trouble) -> _Finding | None:
    """Return the finding about quotes or brackets after which a text goes on: what they hold is not all of it."""
    between = trouble.line(last.end_line)[last.end_column - 1 : trouble.at.column - 1]
    more = trouble.rest(trouble.at)[:1]
    if last.end_line != trouble.at.line or between.strip() or more in {"", ":"}:
        return None
    if _WIDE_SIGN.match(more):
        return _full_width(trouble.at, more)
    if more in _CLOSING:
        message = Sentence('this "{sign}" closes nothing', {"sign": more})
        return trouble.at, message, Sentence("delete it, or write the sign that it belongs to"), more
    place = Place(trouble.file, last.line, last.column)
    text = trouble.rest(place)
    if last.line < last.end_line:
        hint = Sentence("close it on this line, or delete it; all up to line {line} was taken for one text")
        return place, _UNCLOSED, Sentence(hint.msgid, {"line": last.end_line}), text[:1]
    if text[:1] in _QUOTES:
        message = Sentence("the text goes on after its quotes are closed")
        return place, message, _quote_hint(_bare(text)), text
    return _needs_quotes(trouble, place)


def _bare(text: str) -> str:
    """Return a text without the quotes around the whole of it."""
    return text[1:-1] if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0] else text


def _before_the_end(trouble: _Trouble) -> _Finding:
    """Return what to say where the text ends too early: the bracket that is still open, else the last line."""
    opened = _open_bracket(trouble.lines)
    if opened:
        return Place(trouble.file, *opened), _UNCLOSED, None, None
    written = [number for number, line in enumerate(trouble.lines, 1) if line.strip()]
    message, _ = _COMPLAINTS.get(trouble.complaint, (_OTHERWISE, None))
    return Place(trouble.file, written[-1] if written else 1, 1), message, None, None


_BRACKETS = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|(?<!\S)\#.*|(?P<open>[\[{])|(?P<close>[\]}])""")


def _open_bracket(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return line and column of the last bracket that nothing closes; quoted text and comments hold none."""
    opened: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        for match in _BRACKETS.finditer(line):
            if match["open"]:
                opened.append((number, match.start() + 1))
            elif match["close"] and opened:
                opened.pop()
    return opened[-1] if opened else None


# What to look at for each of libyaml's contexts and complaints; about any other there is only a sentence to say.
_Explain = Callable[[_Trouble], _Finding]
_BY_CONTEXT: Mapping[str, _Explain] = MappingProxyType(
    {
        "while scanning an anchor": _sign_before,
        "while scanning an alias": _sign_before,
        "while scanning a tag": _sign_before,
        "while scanning a block scalar": _sign_before,
        "while scanning a directive": _directive,
        "while scanning a %YAML directive": _directive,
        "while scanning a quoted scalar": _in_quotes,
        _KEY: _without_colon,
    }
)
_BY_COMPLAINT: Mapping[str, _Explain] = MappingProxyType(
    {
        "did not find expected ',' or ']'": _in_brackets,
        "did not find expected ',' or '}'": _in_brackets,
        "found character that cannot start any token": _sign_here,
        "found undefined tag handle": _sign_here,
        "mapping keys are not allowed in this context": _sign_here,
        _NO_VALUE: _without_value,
    }
)
