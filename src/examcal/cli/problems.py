"""Problems of a schedule, as people and as programs read them."""

from __future__ import annotations

from collections.abc import Sequence

from examcal.cli.output import warn
from examcal.cli.words import language
from examcal.errors import Problem


def warn_about(problems: Sequence[Problem]) -> None:
    """Write every problem to standard error, one paragraph each."""
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
        warn(f"{place}: {problem.message.text(language())} [{problem.code}]")
        if problem.hint:
            warn(f"    {problem.hint.text(language())}")
