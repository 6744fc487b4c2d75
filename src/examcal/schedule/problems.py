"""Findings in a document: collecting them, and showing them with their place, a code frame and a hint.

Every finding has a stable code (documented one page each under ``docs/reference/problems/``). Warnings do not keep a
document from being accepted; everything else does.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from examcal.errors import Problem, Sentence, Severity
from examcal.schedule.remedies import REMEDIES
from examcal.schedule.synonyms import meant
from examcal.texts import DEFAULT_LANGUAGE, translate

WARNINGS = frozenset(
    {
        "equal-reminders",
        "far-date",
        "hidden-character",
        "long-window",
        "no-source",
        "office-closed",
        "reminders-past",
        "reversed-timezone",
        "split-by-comma",
        "tba-due",
        "track-without-path",
        "unknown-workdays",
        "unserved-site",
        "unverified",
        "weekend-window",
    }
)

MOST_FINDINGS = 500
"""Errors, and warnings, after which no more are collected: nobody reads them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, line and column (both from 1; 0 means the file as a whole)."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Findings:
    """What was found so far, errors and warnings, in the order of discovery.

    ``spent`` counts costly reading, ``remembered`` keeps what it came to, both for one load.
    """

    problems: list[Problem] = field(default_factory=list)
    spent: dict[str, int] = field(default_factory=dict)
    remembered: dict[tuple[object, ...], object] = field(default_factory=dict)

    def spend(self, what: str, limit: int, amount: int = 1) -> bool:
        """Count a piece of costly reading; return False once ``limit`` is passed, which bounds the time of a load."""
        self.spent[what] = self.spent.get(what, 0) + amount
        return self.spent[what] <= limit

    @property
    def is_full(self) -> bool:
        """Whether further errors are not collected, so that working out their hints is a waste."""
        return self.spent.get(Severity.ERROR, 0) >= MOST_FINDINGS

    @property
    def is_full_of_warnings(self) -> bool:
        """Whether further warnings are not collected, so that looking for them is a waste."""
        return self.spent.get(Severity.WARNING, 0) >= MOST_FINDINGS

    @property
    def is_exhausted(self) -> bool:
        """Whether a limit on costly reading was passed, so that the rest is not worth its time."""
        return any(what.endswith("-reported") for what in self.spent)

    def report(
        self,
        code: str,
        place: Place,
        path: str,
        message: Sentence,
        *,
        hint: Sentence | None = None,
        value: str | None = None,
    ) -> None:
        """Add one finding; its code decides whether it is an error, and gives it a hint where there is none."""
        severity = Severity.WARNING if code in WARNINGS else Severity.ERROR
        if not self.spend(severity, MOST_FINDINGS):
            return
        remedy = hint or REMEDIES.get(code)
        self.problems.append(
            Problem(code, severity, place.file, place.line, place.column, path, message, remedy, shortened(value))
        )

    def errors(self) -> tuple[Problem, ...]:
        """Return the errors, by file and place."""
        return in_order(p for p in self.problems if p.severity is Severity.ERROR)

    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings, by file and place."""
        return in_order(p for p in self.problems if p.severity is Severity.WARNING)

    @property
    def has_errors(self) -> bool:
        """Whether anything found so far keeps the document from being accepted."""
        return any(p.severity is Severity.ERROR for p in self.problems)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort findings by file, line, column and code; equal ones are shown once."""
    distinct = {(p.file, p.line, p.column, p.code, p.path, str(p.message)): p for p in problems}
    return tuple(p for _, p in sorted(distinct.items(), key=lambda row: row[0]))


def shortened(value: str | None, limit: int = 80) -> str | None:
    """Return a value short enough to be quoted in a message, without control characters."""
    if value is None:
        return None
    visible = "".join(c if c.isprintable() or _is_blank(c) else _UNSEEN for c in value[: limit + 1])
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


NEAR, SLIP = 0.65, 0.8
"""How alike two words are at least, from 0 to 1: to ask after, and to be sure that one is the other misspelt."""


def closest(word: str, known: Iterable[str], alike: float = NEAR) -> str | None:
    """Return the known word that was most likely meant: one of another name or language, or of near spelling."""
    folded = {_folded(k): k for k in known}
    near = difflib.get_close_matches(_folded(word[:64]), folded, n=1, cutoff=alike)
    return meant(word, folded.values()) or (folded[near[0]] if near else None)


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold().replace("_", "-")


def did_you_mean(word: str, known: Iterable[str]) -> Sentence | None:
    """Return the question "did you mean …?", or None where nothing is near."""
    near = closest(word, known)
    return Sentence('did you mean "{near}"?', {"near": near}) if near else None


def expected_one_of(known: Iterable[str], word: str = "", near: str | None = None) -> Sentence:
    """Return the hint that lists what is allowed, and asks first for what was meant: ``near``, or what is near."""
    words = list(known)
    listed = ", ".join(words)
    near = near or (closest(word, words) if word else None)
    if near:
        return Sentence('did you mean "{near}"? allowed: {words}', {"near": near, "words": listed})
    return Sentence("allowed: {words}", {"words": listed})


# Showing ----------------------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """Return how many terminal columns a text takes: wide characters two, combining marks none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0f\ufe0e":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def render(problem: Problem, source_lines: Sequence[str], language: str = DEFAULT_LANGUAGE) -> str:
    """Return a finding for a terminal: ``file:line:column: error[code]: …``, a code frame and the hint.

    ``source_lines`` are the lines of the problem's own file, without line ends; an empty one leaves the frame out.
    """
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    severity = translate(problem.severity.value, language)
    shown = [f"{place}: {severity}[{problem.code}]: {problem.message.text(language)}"]
    if 0 < problem.line <= len(source_lines):
        shown += _frame(problem, source_lines[problem.line - 1])
    if problem.hint:
        shown.append(f"  = {translate('hint', language)}: {problem.hint.text(language)}")
    return "\n".join(shown)


def _frame(problem: Problem, line: str) -> list[str]:
    """Return the source line with carets under the value; a long line is cut around the place."""
    start = max(problem.column - 1, 0)
    before = _shown(line[max(0, start - _NEAR) : start])
    written = line[start : start + _NEAR]
    mark, at = _shown(_marked(written, problem.value)), _shown(written)
    if start > _NEAR or width(before) > 60:  # noqa: PLR2004  # a frame fits a terminal of 100 columns
        before = "…" + before[-30:]
    if len(at) > 60:  # noqa: PLR2004  # same
        at = at[:60] + "…"
    gutter = str(problem.line)
    margin = " " * len(gutter)
    carets = "^" * max(1, min(width(mark), width(at)))
    return [f" {gutter} | {(before + at).rstrip()}", f" {margin} | {' ' * width(before)}{carets}"]


def _shown(text: str) -> str:
    """Return a text as a terminal shows it column by column: blanks of any kind as blanks, what is invisible marked."""
    return "".join(c if c.isprintable() else " " * _columns(c) if _is_blank(c) else _UNSEEN for c in text)


def _is_blank(character: str) -> bool:
    return character == "\t" or unicodedata.category(character) == "Zs"


_UNSEEN = "\N{REPLACEMENT CHARACTER}"


_NEAR = 200
"""Characters of a line that are looked at on either side: a line may have millions, and a hundred problems."""


def _marked(at: str, value: str | None) -> str:
    """Return what to underline: the value as it stands there, with its quotes, else one character."""
    if value:
        for written in (value, f'"{value}"', f"'{value}'"):
            if at.startswith(written):
                return written
    return at[:1]


def as_json(file: str, problems: Sequence[Problem], language: str = DEFAULT_LANGUAGE) -> str:
    """Return the report of the public contract: ``{"file", "problems": [...]}``."""
    report = {"file": file, "problems": [p.as_json(language) for p in problems]}
    return json.dumps(report, ensure_ascii=False, indent=2)


def as_github(problems: Sequence[Problem], language: str = DEFAULT_LANGUAGE) -> str:
    """Return workflow commands that GitHub shows beside the changed lines of a pull request."""
    return "\n".join(_annotation(problem, language) for problem in problems)


def _annotation(problem: Problem, language: str) -> str:
    text = problem.message.text(language) + (f"\n{problem.hint.text(language)}" if problem.hint else "")
    place = f"file={_escaped(problem.file)}"
    if problem.line:
        place += f",line={problem.line},col={problem.column}"
    return f"::{problem.severity} {place},title={problem.code}::{_escaped(text, in_property=False)}"


def _escaped(text: str, *, in_property: bool = True) -> str:
    """Escape as the workflow command syntax asks."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


def as_sarif(problems: Sequence[Problem], language: str = DEFAULT_LANGUAGE) -> str:
    """Return SARIF 2.1.0, which code hosts and editors read."""
    rules = [{"id": code} for code in sorted({p.code for p in problems})]
    run: Mapping[str, object] = {
        "tool": {"driver": {"name": "examcal", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(problem, language) for problem in problems],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _sarif_result(problem: Problem, language: str) -> Mapping[str, object]:
    text = problem.message.text(language) + (f" {problem.hint.text(language)}" if problem.hint else "")
    place: dict[str, object] = {"artifactLocation": {"uri": problem.file}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    return {
        "ruleId": problem.code,
        "level": problem.severity.value,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
