"""Accept an edit: guard against one that takes too much away or floods people, then plan it and its notices (T0)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from examcal.delivery.fan_out import INSTEAD, planned_entries, reached
from examcal.delivery.notices import DEBOUNCE, Told, notices
from examcal.delivery.versions import Versions, as_document
from examcal.errors import Sentence
from examcal.ledger.port import Ledger
from examcal.ledger.rows import Accepted, ReminderEntry, instant, micros
from examcal.plan.audience import Choice, unserved
from examcal.schedule.changes import ChangeKind, Shrink, removed_sites, shrinks
from examcal.schedule.document import SourceText
from examcal.schedule.model import Schedule

LOOK_BACK = timedelta(days=400)
AHEAD = timedelta(days=400)
SHRINK_GRACE = timedelta(minutes=10)
BLAST_LIMIT = 2000
BLAST_PER_PERSON = 3
HELD_NOTE = "schedule_held"
CONFIRMED_NOTE = "schedule_confirmed"


@dataclass(frozen=True, slots=True)
class HeldSchedule:
    """An edit that waits: why, since when, and when it is taken as meant (None: only by a person's word)."""

    digest: str
    why: Sentence
    since: datetime
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What came of offering a schedule: either it was accepted, or it is held and nothing changed.

    ``blast`` is the number of messages that would be due at once and wait for a person's word (0: none).
    """

    accepted: Accepted | None
    held: HeldSchedule | None = None
    blast: int = 0


class Acceptor:
    """Offers schedules to the ledger. Blocks; call it where the ledger is called."""

    def __init__(
        self,
        ledger: Ledger,
        versions: Versions,
        *,
        debounce: timedelta = DEBOUNCE,
        shrink_grace: timedelta = SHRINK_GRACE,
        blast_limit: int = BLAST_LIMIT,
    ) -> None:
        self._ledger = ledger
        self._versions = versions
        self._debounce = debounce
        self._grace = shrink_grace
        self._blast_limit = blast_limit

    def accept(
        self, texts: Sequence[SourceText], schedule: Schedule, now: datetime, *, confirmed: bool = False
    ) -> Acceptance:
        """Accept a schedule, or hold it where it takes more away than an ordinary edit does."""
        current = self._ledger.current()
        if current is not None and current.document.digest != schedule.digest:
            confirmed = confirmed or self._ledger.note(CONFIRMED_NOTE) == schedule.digest
            held = None if confirmed else self._held(self._versions.schedule(current.id), schedule, now)
            if held is not None:
                return Acceptance(None, held)
        self._forget_held()
        return self._plan(texts, schedule, now, is_first=current is None)

    def _plan(self, texts: Sequence[SourceText], schedule: Schedule, now: datetime, *, is_first: bool) -> Acceptance:
        entries = planned_entries(schedule, now - LOOK_BACK, now + AHEAD, now)
        told = [] if is_first else self._notices(schedule, now)
        entries = _covered(entries, told, now)
        blast = 0 if is_first else self._blast(entries, told, schedule, now)
        if blast:
            entries, told = _held(entries, now + self._debounce), _held(told, None)
        document = as_document(tuple(texts), schedule)
        accepted = self._ledger.accept(document, entries, told, now, self._restated(schedule))
        self._versions.put(accepted.version_id, schedule)
        return Acceptance(accepted, blast=blast)

    def _restated(self, schedule: Schedule) -> set[str]:
        """Return the origins of which a message that was written before would say something that no longer holds."""
        current = self._ledger.current()
        if current is None or current.document.digest == schedule.digest:
            return set()
        old, new = _stated(self._versions.schedule(current.id)), _stated(schedule)
        return {origin for origin, said in old.items() if new.get(origin) != said}

    def _notices(self, schedule: Schedule, now: datetime) -> list[ReminderEntry]:
        baseline, told = self._ledger.told_versions(now)
        if baseline is None:
            return []
        known = {origin: Told(self._versions.schedule(number), count) for origin, (number, count) in told.items()}
        return notices(schedule, Told(self._versions.schedule(baseline)), known, now, self._debounce)

    def _blast(
        self, entries: Iterable[ReminderEntry], told: Iterable[ReminderEntry], schedule: Schedule, now: datetime
    ) -> int:
        """Return how many messages the edit makes due at once where that is too many, else 0."""
        known = self._ledger.known_keys()
        at_once = [e for e in entries if e.due_at <= now + self._debounce and e.key not in known]
        at_once += [e for e in told if e.key not in known]
        people = self._ledger.recipients_by_selection()
        number = reached(at_once, schedule, self._ledger.selections(), people)
        return number if number > max(self._blast_limit, BLAST_PER_PERSON * sum(people.values())) else 0

    def _held(self, old: Schedule, new: Schedule, now: datetime) -> HeldSchedule | None:
        """Return the hold on an edit that takes too much away, or a site that people chose."""
        shrink = shrinks(old, new, now)
        if shrink is not None:
            return self._hold(new.digest, shrink, now)
        left = forsaken(old, new, choices(self._ledger)) if removed_sites(old, new) else {}
        if not left:
            return None
        words = {"sites": ", ".join(left), "count": sum(left.values())}
        why = Sentence("the edit removes sites that {count} recipients chose: {sites}; it is held", words)
        return HeldSchedule(new.digest, why, note_held(self._ledger, new.digest, now), None)

    def _hold(self, digest: str, shrink: Shrink, now: datetime) -> HeldSchedule | None:
        """Return the hold on an edit; None once an edit that only moves dates has stayed unchanged long enough."""
        since = note_held(self._ledger, digest, now)
        taken_at = None if shrink.removed else since + self._grace
        if taken_at is not None and now >= taken_at:
            return None
        return HeldSchedule(digest, _why(shrink), since, taken_at)

    def _forget_held(self) -> None:
        if self._ledger.note(HELD_NOTE) not in {None, "{}"}:
            self._ledger.set_note(HELD_NOTE, "{}")


def choices(ledger: Ledger) -> list[Choice]:
    """Return what the recipients chose, and how many of them."""
    people = ledger.recipients_by_selection()
    return [(choice.exams, choice.sites, people.get(key, 0)) for key, choice in ledger.selections().items()]


def forsaken(old: Schedule, new: Schedule, chosen: Iterable[Choice]) -> dict[str, int]:
    """Return the sites that an edit takes from people, and from how many."""
    made = list(chosen)
    before = unserved(made, old)
    return {site: people for site, people in unserved(made, new).items() if site not in before}


def confirm(ledger: Ledger, digest: str) -> None:
    """Say that a held schedule is meant as it is; the daemon accepts it when it next looks."""
    ledger.set_note(CONFIRMED_NOTE, digest)


def note_held(ledger: Ledger, digest: str, now: datetime) -> datetime:
    """Note that a schedule is held; return since when it is."""
    known = json.loads(ledger.note(HELD_NOTE) or "{}")
    if known.get("digest") == digest:
        return instant(known["since"])
    ledger.set_note(HELD_NOTE, json.dumps({"digest": digest, "since": micros(now)}))
    return now


def held_digest(ledger: Ledger) -> str | None:
    """Return the digest of the schedule that is held, or None."""
    known = json.loads(ledger.note(HELD_NOTE) or "{}").get("digest")
    return str(known) if known else None


def _held(entries: Iterable[ReminderEntry], due_before: datetime | None) -> list[ReminderEntry]:
    return [
        replace(entry, detail={**entry.detail, INSTEAD: "held"})
        if due_before is None or entry.due_at <= due_before
        else entry
        for entry in entries
    ]


def _covered(entries: Iterable[ReminderEntry], told: Iterable[ReminderEntry], now: datetime) -> list[ReminderEntry]:
    """Let a notice speak for the overdue reminders of a date that moved away; one that came closer is urgent."""
    away = {entry.origin for entry in told if entry.detail.get("kind") != ChangeKind.EARLIER}
    return [
        replace(entry, detail={**entry.detail, INSTEAD: "covered"})
        if entry.origin in away and entry.due_at <= now
        else entry
        for entry in entries
    ]


def _stated(schedule: Schedule) -> dict[str, tuple[object, ...]]:
    """Return, by origin, what messages must not get wrong: when, where, and whether it takes place."""
    return {
        one.origin_id: (one.opens, one.closes, one.days, one.sessions, one.hours, one.location, one.status)
        for one in schedule.occurrences()
    }


def _why(shrink: Shrink) -> Sentence:
    return Sentence(
        "the edit removes {removed} and moves {moved} of {ahead} dates that lie ahead; it is held",
        {"removed": len(shrink.removed), "moved": len(shrink.moved), "ahead": shrink.ahead},
    )
