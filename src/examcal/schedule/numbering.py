"""Numbers of an outline, which look like days (3.1, 3.2): those that the text counts up from .1 are none."""

from __future__ import annotations

import re
from collections.abc import Iterable

from examcal.schedule.lines import Line
from examcal.schedule.phrases import folded

_NUMBER = re.compile(r" *(\d{1,2}(?:\.\d{1,2}){1,3})\.?(?![\d.:年月日号时点/-]| ?[-至到])", re.ASCII)
_FIRST_YEAR = 20
"""Three numbers that begin with 20 or more may be a day with its year cut to two digits: ``26.1.29``."""


def outline_numbers(lines: Iterable[Line]) -> frozenset[str]:
    """Return the outline numbers that lines begin with."""
    found = {match[1] for line in lines if (match := _NUMBER.match(folded(line.text)))}
    return frozenset(number for number in found if _is_counted(number, found))


def _is_counted(number: str, found: set[str]) -> bool:
    above, _, last = number.rpartition(".")
    if "." in above:
        return int(above.split(".")[0]) < _FIRST_YEAR
    siblings = {f"{above}.{count}" for count in range(1, max(int(last), 2) + 1)}
    return siblings <= found or any(other.startswith(f"{number}.") for other in found)


def without_outline_number(text: str, numbers: frozenset[str]) -> str:
    """Return a line with spaces in place of its outline number."""
    match = _NUMBER.match(folded(text))
    return " " * match.end() + text[match.end() :] if match and match[1] in numbers else text
