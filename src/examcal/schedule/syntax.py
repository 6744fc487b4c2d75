"""What is wrong with a text that is not YAML, in words that help; libyaml's own are for its authors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import yaml

from examcal.errors import Sentence
from examcal.schedule.alignment import about_indentation, without_colon
from examcal.schedule.problems import Findings, Place
from examcal.schedule.quoting import (
    CLOSE_QUOTE,
    CLOSING,
    WIDE_BRACKET,
    after_the_end_of,
    full_width,
    in_brackets,
    needs_quotes,
    quote_hint,
    unclosed_quote,
    wrong_closing,
)
from examcal.schedule.slips import LINES_BACK, report_slip
from examcal.schedule.trouble import (
    LINE_END,
    MAPPING_VALUES,
    NO_LIST,
    UNCLOSED,
    Finding,
    Span,
    Trouble,
    open_bracket,
)

_ESCAPE_HINT = Sentence(r'in double quotes "\" begins an escape: write "\\", or put the text in single quotes')
_ESCAPE_FINDING = (Sentence("this escape does not exist in double quotes"), _ESCAPE_HINT)
_NOT_HERE = Sentence('": " is not allowed here')
_NO_KEY = Sentence("a key was expected here; look at the indentation and the quotes")
_DIRECTIVE = Sentence('a line cannot begin with "%"')
_OTHERWISE = Sentence("this line is not YAML")

_NO_VALUE = "did not find expected node content"
_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
# What libyaml says, and what we say: a sentence and a hint of ours for each complaint about a place.
_COMPLAINTS: Mapping[str, tuple[Sentence, Sentence | None]] = MappingProxyType(
    {
        MAPPING_VALUES: (_NOT_HERE, None),
        "did not find expected key": (_NO_KEY, None),
        "did not find expected '-' indicator": (
            Sentence('the list goes on here without its "-"; look at the indentation'),
            None,
        ),
        "block sequence entries are not allowed in this context": (
            NO_LIST,
            Sentence("write each entry on a line of its own, below the key"),
        ),
        "found unknown escape character": _ESCAPE_FINDING,
        "did not find expected hexdecimal number": _ESCAPE_FINDING,  # codespell:ignore hexdecimal
        "found invalid Unicode character escape code": (Sentence("this escape names no character"), _ESCAPE_HINT),
        _NO_VALUE: (
            Sentence("a value was expected here"),
            Sentence("delete a comma too many, or put a text with such signs in quotes"),
        ),
        "found incompatible YAML document": (_DIRECTIVE, None),
    }
)
_LOOKED_AT = 1000
"""Characters of a line, which may have millions: enough for a hint."""
_KEY = "while scanning a simple key"


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
    trouble = Trouble(file, LINE_END.split(text), at, since, complaint, str(error.context or ""))
    found = after_the_end_of(last, trouble) if last else None
    place = since if trouble.context == _KEY else at
    back = LINES_BACK if trouble.is_continuation else 0
    if found or not report_slip(place, trouble.lines, findings, back):
        place, message, hint, value = found or _explained(trouble)
        findings.report("bad-yaml", place, "", message, hint=hint, value=value)


def _place(file: str, mark: yaml.Mark | None) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)


def _explained(trouble: Trouble) -> Finding:
    """Return place, message, hint and value of a syntax error that no slip explains."""
    explain = _BY_CONTEXT.get(trouble.context) or _BY_COMPLAINT.get(trouble.complaint) or _in_general
    return explain(trouble)


def _in_general(trouble: Trouble) -> Finding:
    """Return the finding about the place that libyaml names."""
    if not any(line.strip() for line in trouble.lines[trouble.at.line - 1 :]):
        return _before_the_end(trouble)
    found = WIDE_BRACKET.match(trouble.before(trouble.at)[:_LOOKED_AT])
    if found:
        return full_width(Place(trouble.file, trouble.at.line, found.start("sign") + 1), found["sign"])
    if trouble.rest(trouble.at)[:1] in CLOSING:
        return wrong_closing(trouble)
    if about := about_indentation(trouble):
        return about
    message, hint = _COMPLAINTS.get(trouble.complaint, (_OTHERWISE, None))
    return trouble.at, message, hint or _colon_hint(trouble), None


def _sign_before(trouble: Trouble) -> Finding:
    return needs_quotes(trouble, trouble.since)


def _sign_here(trouble: Trouble) -> Finding:
    return needs_quotes(trouble, trouble.at)


def _without_value(trouble: Trouble) -> Finding:
    is_sign = trouble.context == "while parsing a block node" and trouble.rest(trouble.at)
    return _sign_here(trouble) if is_sign else _in_general(trouble)


def _directive(trouble: Trouble) -> Finding:
    return trouble.since, _DIRECTIVE, Sentence("delete the sign, or put the text in quotes"), None


def _in_quotes(trouble: Trouble) -> Finding:
    if trouble.complaint.startswith("found unexpected"):
        return unclosed_quote(trouble, trouble.since, CLOSE_QUOTE)
    return _in_general(trouble)


def _after_the_end(trouble: Trouble) -> Finding:
    """Return the finding about a line that ends the document, with more below it."""
    before = range(trouble.at.line - 1, 0, -1)
    ends = next((number for number in before if trouble.line(number).startswith("...")), None)
    if ends is None:  # the text began with a line that is no key
        written = (number for number in reversed(before) if trouble.line(number).lstrip()[:1] not in {"", "#"})
        return without_colon(trouble, Place(trouble.file, next(written, trouble.at.line), 1))
    message = Sentence("the document ends here, but more text follows")
    return Place(trouble.file, ends, 1), message, Sentence("delete this line"), None


def _without_colon(trouble: Trouble) -> Finding:
    return without_colon(trouble, trouble.since)


def _colon_hint(trouble: Trouble) -> Sentence | None:
    """Return how to quote a value with a colon and a space in it."""
    line = trouble.line(trouble.at.line)[:_LOOKED_AT]
    found = re.match(r"[\s-]*(?:[\w-]+: +)?(?P<text>.*: .*|.*:$)", line, re.ASCII)
    return quote_hint(found["text"].rstrip()) if found and trouble.complaint == MAPPING_VALUES else None


def _before_the_end(trouble: Trouble) -> Finding:
    """Return what to say where the text ends too early: the bracket that is still open, else the last line."""
    opened = open_bracket(trouble.lines)
    if opened:
        return Place(trouble.file, *opened), UNCLOSED, None, None
    written = [number for number, line in enumerate(trouble.lines, 1) if line.strip()]
    message, _ = _COMPLAINTS.get(trouble.complaint, (_OTHERWISE, None))
    return Place(trouble.file, written[-1] if written else 1, 1), message, None, None


# What to look at for each of libyaml's contexts and complaints; about any other there is only a sentence to say.
_Explain = Callable[[Trouble], Finding]
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
        "did not find expected ',' or ']'": in_brackets,
        "did not find expected ',' or '}'": in_brackets,
        "found character that cannot start any token": _sign_here,
        "found undefined tag handle": _sign_here,
        "mapping keys are not allowed in this context": _sign_here,
        "did not find expected <document start>": _after_the_end,
        _NO_VALUE: _without_value,
    }
)
