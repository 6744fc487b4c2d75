"""Look at the schedule file again and again: by content, not by time stamps, and only once an edit has settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from examcal.errors import ExamcalError, Problem, ScheduleRejectedError, Sentence, Severity
from examcal.intake import Settle, digest, read
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.model import Schedule

MOST_PROBLEMS = 20
"""So many problems of a rejected edit are told to the admins."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A schedule that reads well and may be accepted."""

    texts: tuple[SourceText, ...]
    schedule: Schedule
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A settled edit with problems, or a file that cannot be read. ``content`` is its digest, if it has one."""

    error: ExamcalError
    content: str | None = None

    @property
    def problems(self) -> Sequence[Problem]:
        """The problems of a file that was read; none for one that was not."""
        return self.error.problems if isinstance(self.error, ScheduleRejectedError) else ()

    def words(self) -> tuple[Sentence, ...]:
        """Say that the edit is rejected, and why: its first errors with place and remedy.

        Warnings keep no edit from being accepted, so they are left to ``check``.
        """
        errors = [one for one in self.problems if one.severity is Severity.ERROR]
        told = [_told(one) for one in errors[:MOST_PROBLEMS]]
        told = told or [Sentence("{place} {message}", {"place": "", "message": self.error.sentence})]
        if len(errors) > MOST_PROBLEMS:
            told.append(Sentence("and {count} more; see `examcal check`", {"count": len(errors) - MOST_PROBLEMS}))
        return (Sentence("the schedule is rejected; the last good version stays in force"), *told)


def _told(problem: Problem) -> Sentence:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    said = {"place": place, "message": problem.message}
    if problem.hint is None:
        return Sentence("{place} {message}", said)
    return Sentence("{place} {message} ({hint})", {**said, "hint": problem.hint})


class ScheduleWatch:
    """Looks at one schedule file or folder. Blocks for as long as reading takes; ``now`` is monotonic seconds."""

    def __init__(self, path: Path, *, settle: float | None = None) -> None:
        self.path = path
        self._settle = Settle() if settle is None else Settle(settle)
        self._unreadable = ""

    def first(self, today: date) -> Offer | Rejection:
        """Read the file at the start, without waiting."""
        try:
            texts = read(self.path)
        except ExamcalError as error:
            self._unreadable = str(error)
            return Rejection(error)
        self._settle.take(digest(texts))
        return self._loaded(texts, today)

    def look(self, now: float, today: date) -> Offer | Rejection | None:
        """Return what a settled edit came to, once; None where there is nothing new."""
        try:
            texts = read(self.path)
        except ExamcalError as error:
            self._settle.observe(None, now)
            return self._unread(error)
        if self._unreadable:
            self._unreadable = ""
            self.again()  # the same content as before is news after it could not be read
        if not self._settle.observe(digest(texts), now):
            return None
        return self._loaded(texts, today)

    def again(self) -> None:
        """Offer the present content again at the next look."""
        self._settle.accepted = None

    def _unread(self, error: ExamcalError) -> Rejection | None:
        """Return a rejection at the first of several equal failures."""
        if str(error) == self._unreadable:
            return None
        self._unreadable = str(error)
        return Rejection(error)

    def _loaded(self, texts: tuple[SourceText, ...], today: date) -> Offer | Rejection:
        try:
            loaded = load(texts, today=today)
        except ScheduleRejectedError as error:
            return Rejection(error, digest(texts))
        return Offer(texts, loaded.schedule, loaded.warnings)
