"""What is wrong with a text that is not YAML, in words that help; libyaml's own are for its authors."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from examcal.errors import Sentence
from examcal.schedule.problems import Findings, Place

_UNCLOSED = ("while scanning a quoted scalar", "while parsing a flow sequence", "while parsing a flow mapping")
_STARTS_NO_VALUE = "found character that cannot start any token"
# What libyaml says, and how we say it. Sentences of ours, one for each of its frequent complaints.
_COMPLAINTS = {
    _STARTS_NO_VALUE: Sentence("a value cannot begin with this character"),
    "mapping values are not allowed in this context": Sentence('": " is not allowed here'),
    "did not find expected key": Sentence("a key was expected here; look at the indentation and the quotes"),
    "did not find expected '-' indicator": Sentence('the list goes on here without its "-"; look at the indentation'),
    "could not find expected ':'": Sentence('this line has no ": " after its key'),
    "block sequence entries are not allowed in this context": Sentence('a list cannot begin here with "-"'),
    "found unknown escape character": Sentence("this escape does not exist in double quotes"),
    "did not find expected <document start>": Sentence("the document ends here, but more text follows"),
    "found invalid Unicode character escape code": Sentence("this escape names no character"),
    "did not find expected node content": Sentence("a value was expected here"),
    "did not find expected comment or line break": Sentence("a line break is expected here"),
    "did not find expected alphabetic or numeric character": Sentence("anchors and aliases are not allowed"),
}
_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
_NO_SPACE = re.compile(r"[\s-]*[a-z_]+:[^\s/]")
_INDENT = Sentence("indent with spaces, two for each level")


@dataclass(frozen=True, slots=True)
class _Slip:
    """What an input method or a quick hand leaves at the start of a line; the match ends at the place to show."""

    pattern: re.Pattern[str]
    code: str
    message: Sentence
    hint: Sentence | None = None
    value: str | None = None


_SLIPS = (
    _Slip(
        re.compile(r"[\s-]*[\w-]+\s*："),
        "full-width-colon",
        Sentence('the colon after a key must be the half-width ": ", not "："'),
        value="：",
    ),
    _Slip(re.compile(r"[ -]*\u3000"), "bad-yaml", Sentence("full-width spaces cannot indent YAML"), _INDENT),
    _Slip(
        re.compile(r" *-(?=[a-z_]+:(?: |$))"),
        "bad-yaml",
        Sentence('"-" must be followed by a space'),
        Sentence('write "- key: value"'),
    ),
)


def report_syntax(file: str, text: str, error: yaml.MarkedYAMLError, findings: Findings, depth: int) -> None:
    """Report a syntax error where a person would look for it; ``depth`` is the allowed nesting."""
    mark = error.problem_mark or error.context_mark
    complaint = str(error.problem or error.context or "")
    message = _COMPLAINTS.get(complaint, Sentence("this is not YAML: {reason}", {"reason": complaint}))
    if error.context_mark and error.context in _UNCLOSED and _is_open_ended(complaint):
        mark, message = error.context_mark, Sentence("what opens here is not closed")
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    if complaint == _TOO_DEEP_FOR_LIBYAML:
        findings.report("too-deep", place, "", Sentence("nesting deeper than {limit} levels", {"limit": depth}))
        return
    lines = re.split(r"\r\n|\r|\n", text)
    if _report_known_slip(place, lines, findings):
        return
    if not any(line.strip() for line in lines[place.line - 1 :]):
        place, message = _before_the_end(place.file, lines, message)
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    hint = Sentence("put a text that begins like this in quotes") if complaint == _STARTS_NO_VALUE else None
    findings.report("bad-yaml", place, "", message, hint=hint or _syntax_hint(line))


def _before_the_end(file: str, lines: list[str], message: Sentence) -> tuple[Place, Sentence]:
    """Return what to say where the text ends too early: the bracket that is still open, else the last line."""
    opened = _open_bracket(lines)
    if opened:
        return Place(file, *opened), Sentence("what opens here is not closed")
    written = [number for number, line in enumerate(lines, 1) if line.strip()]
    return Place(file, written[-1] if written else 1, 1), message


_BRACKETS = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|(?<!\S)\#.*|(?P<open>[\[{])|(?P<close>[\]}])""")


def _open_bracket(lines: list[str]) -> tuple[int, int] | None:
    """Return line and column of the last bracket that nothing closes; quoted text and comments hold none."""
    opened: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        for match in _BRACKETS.finditer(line):
            if match["open"]:
                opened.append((number, match.start() + 1))
            elif match["close"] and opened:
                opened.pop()
    return opened[-1] if opened else None


def _is_open_ended(complaint: str) -> bool:
    return complaint.startswith(("found unexpected end of stream", "did not find expected ',' or"))


def _report_known_slip(place: Place, lines: list[str], findings: Findings) -> bool:
    """Report a tab or a full-width colon that explains the trouble at ``place``; it may stand on a line before."""
    for number in range(place.line, max(place.line - 3, 0), -1):
        line = lines[number - 1] if number <= len(lines) else ""
        for slip in _SLIPS:
            found = slip.pattern.match(line)
            if found:
                at = Place(place.file, number, found.end())
                findings.report(slip.code, at, "", slip.message, hint=slip.hint, value=slip.value)
                return True
        if number < place.line and _NO_SPACE.match(line):
            hint = Sentence('put a space after the colon: "key: value"')
            message = Sentence('this line has no ": " after its key')
            findings.report("bad-yaml", Place(place.file, number, 1), "", message, hint=hint)
            return True
        if number == place.line and "\t" in line[: len(line) - len(line.lstrip())]:
            at = Place(place.file, number, 1)
            findings.report("tab-indent", at, "", Sentence("tabs cannot indent YAML"), hint=_INDENT)
            return True
    return False


def _syntax_hint(line: str) -> Sentence | None:
    if _NO_SPACE.match(line):
        return Sentence('put a space after the colon: "key: value"')
    if line.count(": ") > 1 and not line.lstrip().startswith(("{", "- {")):
        return Sentence('put a value that contains ": " in quotes')
    return None
