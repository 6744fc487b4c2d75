"""What an edit changes beside dates: opening hours, tracks, names, texts. Nobody gets a notice of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from examcal.cli.dates import open_days_text
from examcal.cli.words import language, say
from examcal.schedule.model import Audience, Exam, Occurrence, Schedule
from examcal.schedule.spoken import KINDS, clock_range

_TEXTS = ("tasks", "notes", "location", "url", "contacts", "sources", "expected")
_WORDS = {
    "name": "name", "kind": "kind", "hours": "opening hours", "days": "open days", "tracks": "tracks",
    "audience": "concerns", "tasks": "tasks", "notes": "notes", "location": "place", "url": "address of the page",
    "contacts": "contacts", "sources": "sources", "expected": "expected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Detail:
    """A property of an occurrence that differs. ``old`` and ``new`` are its words; None for texts, which are long."""

    occurrence: str
    name: str
    old: str | None = None
    new: str | None = None

    @property
    def word(self) -> str:
        """What people call the property."""
        return say(_WORDS[self.name])


def details(old: Schedule, new: Schedule) -> tuple[Detail, ...]:
    """Return what differs beside dates, by the occurrences of ``new`` that ``old`` has as well."""
    known = {occurrence.origin_id: (exam, occurrence) for exam in old.exams for occurrence in exam.occurrences()}
    return tuple(
        detail
        for exam in new.exams
        for occurrence in exam.occurrences()
        if occurrence.origin_id in known
        for detail in _between(*known[occurrence.origin_id], exam, occurrence)
    )


def _between(old_exam: Exam, old: Occurrence, exam: Exam, new: Occurrence) -> Iterator[Detail]:
    before, after = _spoken(old_exam, old), _spoken(exam, new)
    for name, words in after.items():
        if words != before[name]:
            yield Detail(new.id, name, before[name], words)
    for name in _TEXTS:
        if getattr(old, name) != getattr(new, name) and not _is_told(name, old, new):
            yield Detail(new.id, name)


def _is_told(name: str, old: Occurrence, new: Occurrence) -> bool:
    """Return whether a difference is told as a change already, or goes with one."""
    if name == "location":
        return bool(old.location and new.location)
    return name == "expected" and new.is_dated


def _spoken(exam: Exam, one: Occurrence) -> Mapping[str, str]:
    """Return what is compared word by word."""
    tracks = [track.name.in_(language()) if (track := exam.track(each)) else each for each in one.tracks]
    return {
        "name": one.name.in_(language()),
        "kind": say(KINDS[one.kind]),
        "hours": ", ".join(clock_range(span, "-") for span in one.hours) or say("all day"),
        "days": open_days_text(one.open_days),
        "tracks": say(", ").join(tracks) or say("everybody"),
        "audience": say("institutions") if one.audience is Audience.INSTITUTION else say("candidates"),
    }
