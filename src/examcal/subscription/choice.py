"""What a subscriber chose: one exam or all, a site, tracks, kinds and a language. Bounded and checked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from examcal.errors import ExamcalError
from examcal.feed.selection import Selection as FeedSelection
from examcal.ledger.rows import Selection
from examcal.plan.audience import Audience, concerns
from examcal.schedule.model import Kind, Schedule
from examcal.texts import DEFAULT_LANGUAGE, LANGUAGES

MOST_TRACKS = 16


class UnfitChoiceError(ExamcalError):
    """A form asks for an exam, site, track, kind or language that there is not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An empty ``exam`` means all exams; an empty ``site`` the area-wide dates; empty tracks and kinds mean all."""

    exam: str = ""
    site: str = ""
    tracks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    language: str = DEFAULT_LANGUAGE

    @property
    def selection(self) -> Selection:
        """The choice as the ledger knows it."""
        return Selection(_one(self.exam), _one(self.site), self.tracks, self.kinds)

    @property
    def wishes(self) -> FeedSelection:
        """The choice as a feed knows it, below the path of its exam and site."""
        kinds = tuple(kind for kind in Kind if kind.value in self.kinds)
        return FeedSelection(tracks=tuple(sorted(self.tracks)), kinds=kinds, language=self.language)

    def covers(self, schedule: Schedule, occurrence_id: str) -> bool:
        """Return whether an occurrence concerns this choice, by the rule that ``examcal plan`` shows."""
        return covers(self.selection, schedule, occurrence_id)

    def as_json(self) -> str:
        """Return the part that is stored beside exam and language."""
        return json.dumps([self.site, self.tracks, self.kinds], ensure_ascii=False)

    @classmethod
    def of_row(cls, exam: str, stored: str, language: str) -> Self:
        """Return a stored choice."""
        site, tracks, kinds = json.loads(stored)
        return cls(exam, site, tuple(tracks), tuple(kinds), language)


def covers(selection: Selection, schedule: Schedule, occurrence_id: str) -> bool:
    """Return whether a recipient with this selection hears of an occurrence."""
    occurrence = schedule.occurrence(occurrence_id)
    exam = schedule.exam(occurrence.exam) if occurrence else None
    if occurrence is None or exam is None:
        return False
    choice = Audience("", "", (), selection.exams, selection.sites, selection.tracks, selection.kinds)
    return concerns(choice, occurrence, exam)


def read_choice(fields: Mapping[str, Sequence[str]], schedule: Schedule, *, exam: str | None = None) -> Choice:
    """Return the choice of a form's fields (exam, site, track, kind, lang). ``exam`` fixes the exam.

    Raises UnfitChoiceError for what the schedule does not have, and for a field given twice that may be given once.
    """
    chosen = _single(fields, "exam") if exam is None else exam
    found = schedule.exam(chosen) if chosen else None
    if chosen and found is None:
        raise UnfitChoiceError("There is no such exam.")
    site = _single(fields, "site")
    if site and (found is None or found.site(site) is None):
        raise UnfitChoiceError("This exam has no such site.")
    tracks = _several(fields, "track", [track.id for track in found.tracks] if found else [])
    kinds = _several(fields, "kind", [kind.value for kind in Kind])
    language = _single(fields, "lang") or schedule.language
    if language not in LANGUAGES:
        raise UnfitChoiceError("This language is not offered.")
    return Choice(chosen, site, tracks, kinds, language)


def _single(fields: Mapping[str, Sequence[str]], name: str) -> str:
    values = fields.get(name, ())
    if len(values) > 1:
        raise UnfitChoiceError("The form was not filled in as it can be.")
    return values[0] if values else ""


def _several(fields: Mapping[str, Sequence[str]], name: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the chosen values in the order of the schedule; all of them are the same as none."""
    values = set(_split(fields.get(name, ())))
    if len(values) > MOST_TRACKS or values - set(known):
        raise UnfitChoiceError("This exam has no such track or kind of date.")
    return () if values == set(known) else tuple(value for value in known if value in values)


def _split(values: Iterable[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
