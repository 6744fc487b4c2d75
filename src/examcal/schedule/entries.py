"""What the clauses of an announcement mean, or why that is not certain: above all in which year they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from examcal.schedule.clauses import Clause, clauses
from examcal.schedule.lines import Line
from examcal.schedule.mentions import as_window
from examcal.schedule.model import Shape, Status
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.reading import WindowReading
from examcal.schedule.when import read_window

_ZONE = ZoneInfo("Asia/Shanghai")
_PUT_OFF = WindowReading(status=Status.TBA, shape=Shape.TBA)


@dataclass(frozen=True, slots=True)
class Entry:
    """A clause and what it means, or why that is not certain."""

    clause: Clause
    reading: WindowReading | PhraseError


def entries_of(announcement: Sequence[Line], year: int | None) -> Iterator[Entry]:
    """Read the clauses in turn; a year that the text used last and that differs from ``year`` makes a doubt."""
    spoken: date | None = None
    for clause in clauses(announcement):
        try:
            reading = _read(clause, year, spoken)
        except PhraseError as error:
            yield Entry(clause, error)
            continue
        edge = reading.closes or reading.opens
        spoken = edge.named_on if edge else spoken
        yield Entry(clause, reading)


_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?= ?年)", re.ASCII)
_LONGEST_WAY_BACK = timedelta(days=183)
"""A notice that goes back by more, in dates without a year, has gone on to the next year (12月…, then 1月…)."""


def _read(clause: Clause, year: int | None, spoken: date | None) -> WindowReading:
    """Read a clause; where it leaves the year out, ``year`` must agree with the dates that the text spoke of before."""
    if not clause.has_date:
        return _PUT_OFF
    if clause.is_hidden:
        raise PhraseError("The page does not show this text", readings=_texts(clause, year))
    if clause.torn:
        whole = replace(clause, phrase=f"{clause.torn}{clause.phrase}")
        raise PhraseError(
            "The line before ends in {digit}, which may belong to this date",
            readings=[*_texts(whole, year), *_texts(clause, year)],
            digit=clause.torn,
        )
    spoken_year = spoken.year if spoken else None
    try:
        reading = read_window(clause.phrase, zone=_ZONE, year=year)
    except PhraseError as error:
        window = as_window(clause.phrase)
        joined = _texts(replace(clause, phrase=window), year or spoken_year) if window else []
        raise error.with_readings([*joined, *(error.readings or _texts(clause, spoken_year))]) from None
    _refuse_other_year(clause, reading, year, spoken)
    return reading


def _refuse_other_year(clause: Clause, reading: WindowReading, year: int | None, spoken: date | None) -> None:
    """Refuse a clause without a year that ``year`` puts into another one than the text spoke of, or goes on to."""
    edge = reading.opens or reading.closes
    if year is None or edge is None:
        return
    named = [int(match) for match in _YEAR.findall(clause.phrase)]
    last = year if year in named else [spoken.year if spoken else year, *named][-1]
    if last != year and (other := _texts(clause, last)) not in ([], [reading.text]):
        raise PhraseError(
            "The year is left out, and the text spoke of {spoken} before, not of {year}",
            readings=[reading.text, *other],
            spoken=last,
            year=year,
        )
    if spoken is None:
        return
    if spoken - edge.named_on > _LONGEST_WAY_BACK and (following := _texts(clause, year + 1)) not in (
        [],
        [reading.text],
    ):
        raise PhraseError(
            "The year is left out, and the text spoke of {spoken} before: this may be the year after",
            readings=[reading.text, *following],
            spoken=spoken.isoformat(),
        )


def _texts(clause: Clause, year: int | None) -> list[str]:
    """Return the canonical reading of a clause in ``year``, if there is one."""
    if year is None:
        return []
    try:
        return [read_window(clause.phrase, zone=_ZONE, year=year).text]
    except PhraseError:
        return []
