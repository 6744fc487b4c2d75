"""What all readings of a phrase come to: the only one, or a refusal that names them."""

from __future__ import annotations

import re
from typing import TypeVar

from examcal.errors import Sentence
from examcal.schedule.model import Edge
from examcal.schedule.moments import Point
from examcal.schedule.outline import Outline
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.reading import WindowReading

ANY_LEAP_YEAR = 2000
"""Stands for an unknown year while readings of damaged digits are listed."""
Meaning = TypeVar("Meaning", Edge, WindowReading)


def only(parts: Outline, readings: dict[str, Meaning], failures: list[PhraseError]) -> Meaning:
    """Return the only reading of an intact phrase."""
    if parts.damaged:
        raise damage_of(parts, possible(readings, failures))
    if not readings:
        raise failures[0]
    if len(readings) > 1:
        raise PhraseError("The phrase has more than one reading", readings=list(readings))
    return next(iter(readings.values()))


def possible(readings: dict[str, Meaning], failures: list[PhraseError]) -> list[str]:
    """Return the readings as text; where every choice was refused, those that the refusals offer."""
    return list(readings) or [text for failure in failures for text in failure.readings]


def damage_of(parts: Outline, readings: list[str]) -> PhraseError:
    """Return the refusal of lost digits, with every reading that they allow."""
    first = parts.damaged[0]
    return PhraseError(
        "Parts of the date are lost in {written}",
        hint=Sentence("Compare with the original and write the date in full"),
        readings=readings,
        offset=first.start,
        written=first.text,
    )


_UNKNOWN_DAY = re.compile(rf"({ANY_LEAP_YEAR}|{ANY_LEAP_YEAR + 1})-(\d\d)-(\d\d)", re.ASCII)


def without_year(text: str) -> str:
    """Return a reading without the year that stood in for the unknown one, as ``1月29日 10:00``."""
    return _UNKNOWN_DAY.sub(_yearless_day, text)


def _yearless_day(match: re.Match[str]) -> str:
    following = "" if match[1] == str(ANY_LEAP_YEAR) else "次年"
    return f"{following}{int(match[2])}月{int(match[3])}日"


def refuse_failures(points: list[Point]) -> None:
    """Raise the refusal of the first point that cannot be read."""
    for point in points:
        if point.failure is not None:
            raise point.failure
