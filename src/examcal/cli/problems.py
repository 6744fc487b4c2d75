"""Problems of a schedule, as people and as programs read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from examcal.cli.output import warn, write
from examcal.cli.words import language, say
from examcal.errors import Problem, Severity
from examcal.schedule.document import SourceText, lines_of
from examcal.schedule.problems import as_github, as_json, as_sarif, render


def warn_about(problems: Sequence[Problem], sources: Mapping[str, bytes] | None = None) -> None:
    """Write problems to standard error, with their lines where the source is at hand; errors alone, if any."""
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    for text in _rendered(errors or problems, sources or {}):
        warn(text)


def write_report(path: Path, problems: Sequence[Problem], sources: Mapping[str, bytes], form: str) -> None:
    """Write all problems to standard output in one of the forms of ``check``."""
    match form:
        case "json":
            write(as_json(str(path), problems, language()))
        case "github":
            write(as_github(problems, language()))
        case "sarif":
            write(as_sarif(problems, language()))
        case _:
            _write_for_people(path, problems, sources)


def _write_for_people(path: Path, problems: Sequence[Problem], sources: Mapping[str, bytes]) -> None:
    for text in _rendered(problems, sources):
        write(text + "\n")
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if errors:
        write(say("{file}: {errors} errors, {warnings} warnings", file=path, errors=errors,
                  warnings=len(problems) - errors))  # fmt: skip
    elif problems:
        write(say("{file}: fine, with {warnings} warnings", file=path, warnings=len(problems)))
    else:
        write(say("{file}: fine", file=path))


def _rendered(problems: Sequence[Problem], sources: Mapping[str, bytes]) -> Iterator[str]:
    """Yield each problem with its lines; a file is split once, however many problems it has."""
    named = {problem.file for problem in problems}
    lines = {name: lines_of(SourceText(name, content)) for name, content in sources.items() if name in named}
    for problem in problems:
        yield render(problem, lines.get(problem.file, []), language())
