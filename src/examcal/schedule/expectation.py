"""From when on a date may be expected to be published, as ``expected:`` says it in words. Pure.

People write last year's days, a part of a month, or a distance from the exam, seldom with a year. The year is that of
the exam, moved where the milestones before or after this one leave another one only. What names no time gives None;
the answer decides about a warning, so the nearest sensible reading is enough.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from examcal.schedule.checks import FULL_WIDTH
from examcal.schedule.model import Anchor, Kind, Occurrence
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.when import read_window

_FURTHEST = 100
"""So many milestones are looked at along the ways before and after one."""
_BEFORE_THE_EXAM = frozenset({Kind.REGISTRATION, Kind.REVIEW, Kind.PAYMENT, Kind.TICKET})
_AFTER_THE_EXAM = frozenset({Kind.SCORE, Kind.CERTIFICATE})

_NUMERALS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)", re.ASCII)
_LAST_YEAR = re.compile(r"去年|上一?年|往年|20\d\d ?年?[为是]|last year", re.IGNORECASE)
_NEXT_YEAR = re.compile(r"明年|次年|翌年|第二年|next year", re.IGNORECASE)
_MONTH = re.compile(rf"({_NUMBER})月(?:份)?(?:({_NUMBER})[日号])?")
_NUMERIC = re.compile(r"(?<![\d.:\-/])(\d{1,2})[-/.](\d{1,2})(?![\d.:\-/天日周个月])", re.ASCII)
_YEAR_MONTH = re.compile(r"(20\d\d)[-/.](\d{1,2})(?!\d)", re.ASCII)
_ENGLISH_MONTH = re.compile(rf"\b({'|'.join(_ENGLISH)})[a-z]*\.?(?: (\d{{1,2}})\b)?", re.IGNORECASE)
_SPELLS = {  # of a year: the first and the last month
    r"(?:第?[一1]季度|Q1)": (1, 3), r"(?:第?[二2]季度|Q2)": (4, 6), r"(?:第?[三3]季度|Q3)": (7, 9),
    r"(?:第?[四4]季度|Q4)": (10, 12), r"上半年": (1, 6), r"下半年": (7, 12), r"年初": (1, 2), r"年[底末]": (12, 12),
}  # fmt: skip
_PARTS = (
    (re.compile(r"下旬|月?底|月末|\b(?:late|end)\b", re.IGNORECASE), 21, 31),
    (re.compile(r"中旬|\bmid", re.IGNORECASE), 11, 20),
    (re.compile(r"上旬|月初|\bearly\b", re.IGNORECASE), 1, 10),
)
_AMOUNT = rf"\s*({_NUMBER}|半)\s*个?\s*"
_UNIT = r"(工作日|天|日|周|星期|月)"
_TO = r"[—–~至到-]+"
_DISTANCE = re.compile(
    r"(考试|笔试|机考|考|报名|审核|缴费|成绩|查分|准考证)[^前后\d,，;；。]{0,8}?(前|后)[约大概的]*"
    rf"{_AMOUNT}(?:{_TO}{_AMOUNT})?{_UNIT}\s*(以?内)?(?:{_TO}{_AMOUNT}{_UNIT})?"
)
_ENGLISH_DISTANCE = re.compile(r"(\d{1,3}) (day|week|month)s? (before|after) the exam", re.IGNORECASE)
_DAYS = {"工作日": 1.4, "天": 1, "日": 1, "周": 7, "星期": 7, "月": 30, "day": 1, "week": 7, "month": 30}
_KINDS = {
    "报名": Kind.REGISTRATION, "审核": Kind.REVIEW, "缴费": Kind.PAYMENT, "成绩": Kind.SCORE, "查分": Kind.SCORE,
    "准考证": Kind.TICKET,
}  # fmt: skip


@dataclass(frozen=True)
class Season:
    """The milestones of one exam as far as they are dated: what lies before and after each, and the exam's year.

    ``names`` are its id and name. Ways along ``requires`` are followed a hundred milestones far, the nearest first.
    """

    names: Sequence[str]
    areas: Mapping[str, Occurrence]

    @classmethod
    def of(cls, names: Iterable[str], areas: Iterable[Occurrence]) -> Season:
        """Return the season of an exam's area-wide occurrences, in the order of the file."""
        return cls(tuple(names), {area.milestone: area for area in areas})

    @cached_property
    def _dependents(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for area in self.areas.values():
            for needed in area.requires:
                found.setdefault(needed, []).append(area.milestone)
        return found

    @cached_property
    def year(self) -> int | None:
        """The exam's year: as its id or name says, else the one in the middle of its dates."""
        named = next((found for name in self.names if (found := _YEAR.search(name))), None)
        if named:
            return int(named[1])
        days = sorted(edge.named_on for area in self.areas.values() if (edge := area.opens or area.closes))
        return days[len(days) // 2].year if days else None

    @cached_property
    def _requirements(self) -> dict[str, tuple[str, ...]]:
        return {key: area.requires for key, area in self.areas.items()}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.areas)}

    @cached_property
    def _dated(self) -> dict[Kind, list[Occurrence]]:
        found: dict[Kind, list[Occurrence]] = {}
        for area in self.areas.values():
            if area.is_dated:
                found.setdefault(area.kind, []).append(area)
        return found

    @cached_property
    def _exams(self) -> tuple[date, date]:
        """The first day of the first exam and the last day of the last one."""
        exams = self._dated.get(Kind.EXAM, ())
        return min(map(_first, exams), default=date.min), max(map(_last, exams), default=date.max)

    def required_by(self, area: Occurrence) -> Iterator[Occurrence]:
        """Yield what must be over before ``area``, the nearest first."""
        return self._along(area.requires, self._requirements)

    def waiting_for(self, area: Occurrence) -> Iterator[Occurrence]:
        """Yield what cannot begin before ``area``, the nearest first."""
        return self._along(self._dependents.get(area.milestone, ()), self._dependents)

    def _along(self, first: Iterable[str], links: Mapping[str, Iterable[str]]) -> Iterator[Occurrence]:
        waiting, seen = list(first), set(first)
        while waiting and len(seen) <= _FURTHEST:
            one = waiting.pop(0)
            if one in self.areas:
                yield self.areas[one]
            further = [key for key in links.get(one, ()) if key not in seen]
            seen.update(further)
            waiting += further

    def bounds(self, area: Occurrence) -> tuple[date, date]:
        """Return the days between which ``area`` must lie, as far as other dates tell."""
        over = [_last(one) for one in self.required_by(area) if one.is_dated]
        begun = [_first(one) for one in self.waiting_for(area) if one.is_dated]
        if area.kind in _AFTER_THE_EXAM:
            over.append(self._exams[0])
        if area.kind in _BEFORE_THE_EXAM:
            begun.append(self._exams[1])
        return max(over, default=date.min), min(begun, default=date.max)

    def nearest(self, area: Occurrence, kind: Kind, *, ahead: bool) -> Occurrence | None:
        """Return the dated milestone of a kind that comes next after ``area``, or came last before it."""
        linked = self.waiting_for(area) if ahead else self.required_by(area)
        alike = self._dated.get(kind, [])
        place = bisect(alike, self._places[area.milestone], key=lambda one: self._places[one.milestone])
        earlier, later = alike[max(0, place - _FURTHEST) : place][::-1], alike[place : place + _FURTHEST]
        for one in (*linked, *(later if ahead else earlier), *(earlier if ahead else later)):
            if one.kind is kind and one.is_dated and _share_a_track(one, area):
                return one
        return None


def expected_since(text: str, area: Occurrence, season: Season, today: date) -> date | None:
    """Return from when on the date of ``area`` is expected according to ``text``; None where it names no time."""
    text = text.translate(FULL_WIDTH)
    is_last_years = bool(_LAST_YEAR.search(text))
    if not is_last_years and (stated := _with_its_year(text, area.zone)):
        return stated
    distance = _by_distance(text, area, season)
    if distance:
        return distance
    spell = _spell(_YEAR.sub("", text) if is_last_years else text)
    if spell is None:
        return None
    year = None if is_last_years else _stated_year(text)
    return _in_its_year(spell, area, season, today, year=year, is_later=bool(_NEXT_YEAR.search(text)))


def _with_its_year(text: str, zone: str) -> date | None:
    """Return the beginning of a whole date phrase, as ``window:`` takes it."""
    if not _YEAR.search(text):
        return None
    try:
        reading = read_window(text, zone=ZoneInfo(zone))
    except PhraseError:
        return None
    return reading.opens.named_on if reading.opens else None


def _stated_year(text: str) -> int | None:
    found = _YEAR.search(text)
    return int(found[1]) if found else None


# Distances --------------------------------------------------------------------------------------------------------


def _by_distance(text: str, area: Occurrence, season: Season) -> date | None:
    """Read ``考试前10天至1周``, ``笔试结束后30个工作日内``: the earliest day that is meant."""
    english = _ENGLISH_DISTANCE.search(text)
    if english:
        days = int(english[1]) * _DAYS[english[2].lower()]
        return _from_anchor(Kind.EXAM, area, season, days, ahead=english[3].lower() == "before")
    found = _DISTANCE.search(text)
    if found is None:
        return None
    what, side, first, second, unit, within, third, other = found.groups()
    spans = [_amount(one) * _DAYS[each] for one, each in ((first, unit), (second, unit), (third, other)) if one]
    kind, ahead = _KINDS.get(what, Kind.EXAM), side == "前"
    days = max(spans) if ahead else 0.0 if within else min(spans)
    return _from_anchor(kind, area, season, days, ahead=ahead)


def _from_anchor(kind: Kind, area: Occurrence, season: Season, days: float, *, ahead: bool) -> date | None:
    anchor = season.nearest(area, kind, ahead=ahead)
    if anchor is None:
        return None
    return _first(anchor) - timedelta(days=round(days)) if ahead else _last(anchor) + timedelta(days=round(days))


# Parts of a year --------------------------------------------------------------------------------------------------

_Spell = tuple[int, int, int, int]  # month and day of its beginning and of its end, the last one perhaps too large


def _spell(text: str) -> _Spell | None:
    """Return the first day or part of a year that a text names."""
    for pattern in (_YEAR_MONTH, _MONTH, _ENGLISH_MONTH, _NUMERIC):
        found = pattern.search(text)
        spell = _spell_of(pattern, found, text) if found else None
        if spell:
            return spell
    for words, (first, last) in _SPELLS.items():
        if re.search(words, text, re.IGNORECASE):
            return first, 1, last, 31
    return None


def _spell_of(pattern: re.Pattern[str], found: re.Match[str], text: str) -> _Spell | None:
    if pattern is _YEAR_MONTH:
        month, day = int(found[2]), 0
    elif pattern is _ENGLISH_MONTH:
        month, day = _ENGLISH.index(found[1].lower()) + 1, int(found[2] or 0)
    else:
        month, day = _number(found[1]), _number(found[2]) if found[2] else 0
    if not 1 <= month <= 12 or not 0 <= day <= 31:  # noqa: PLR2004  # months and days of a year
        return None
    if day:
        return month, day, month, day
    beside = text[max(0, found.start() - 6) : found.start()] if pattern is _ENGLISH_MONTH else text[found.end() :][:4]
    first, last = next(((first, last) for part, first, last in _PARTS if part.search(beside)), (1, 31))
    return month, first, month, last


def _in_its_year(
    spell: _Spell, area: Occurrence, season: Season, today: date, *, year: int | None, is_later: bool
) -> date:
    """Return the beginning of a spell in the year that is meant: the stated one, else the one that fits the exam."""
    if year is not None:
        return _day(year, spell[0], spell[1])
    usual = (season.year or _nearest_year(spell, today, is_later=is_later)) + is_later
    after, before = season.bounds(area)
    for candidate in (usual, usual - 1, usual + 1):
        first, last = _day(candidate, *spell[:2]), _day(candidate, *spell[2:])
        if last >= after and first <= before:
            return first
    return _day(usual, *spell[:2])


def _nearest_year(spell: _Spell, today: date, *, is_later: bool) -> int:
    """Return the year for an exam that has neither a year nor any date."""
    if is_later:
        return today.year
    return min((today.year + n for n in (0, 1, -1)), key=lambda year: abs((_day(year, *spell[:2]) - today).days))


def _day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _amount(text: str) -> float:
    return 0.5 if text == "半" else _number(text)


def _number(text: str) -> int:
    """Return the value of ``15``, ``十五`` or ``两``."""
    if text.isdecimal():
        return int(text)
    tens, has_ten, ones = text.rpartition("十")
    return (_NUMERALS[tens] if tens else 1) * 10 * bool(has_ten) + (_NUMERALS[ones] if ones else 0)


def _first(area: Occurrence) -> date:
    edge = area.edge(Anchor.OPENS) or area.edge(Anchor.CLOSES)
    return edge.named_on if edge else date.max


def _last(area: Occurrence) -> date:
    edge = area.edge(Anchor.CLOSES) or area.edge(Anchor.OPENS)
    return edge.named_on if edge else date.min


def _share_a_track(one: Occurrence, other: Occurrence) -> bool:
    return not one.tracks or not other.tracks or not set(one.tracks).isdisjoint(other.tracks)
