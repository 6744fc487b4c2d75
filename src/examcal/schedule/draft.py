"""From an announcement to a schedule file for review: what it states beyond doubt, and the rest as comments.

Nothing is invented: every date is what ``read_window`` reads from the quoted words; what is ambiguous,
damaged or contradictory becomes a comment with its readings. Kinds are guessed from the words, and say so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from examcal.errors import Sentence
from examcal.schedule.announcement import lines
from examcal.schedule.clauses import Clause
from examcal.schedule.contacts import Phones, office_phones, site_phones
from examcal.schedule.entries import entries_of
from examcal.schedule.lines import Line
from examcal.schedule.model import Kind, Shape, Status
from examcal.schedule.naming import name_of, title_of
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.reading import WindowReading, edge_text
from examcal.texts import DEFAULT_LANGUAGE

_QUOTE_LIMIT = 300


@dataclass(slots=True)
class _Notes:
    """Writes comment lines in one language and counts ids."""

    language: str
    ids: Counter[str] = field(default_factory=Counter)

    def say(self, msgid: str, **params: object) -> str:
        """Return one comment line."""
        return f"# {_one_line(Sentence(msgid, params).text(self.language))}"

    def new_id(self, stem: str) -> str:
        """Return ``stem``, or ``stem-2`` and so on where it is taken."""
        self.ids[stem] += 1
        return stem if self.ids[stem] == 1 else f"{stem}-{self.ids[stem]}"


def draft(text: str, *, year: int | None, source_name: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Return YAML to review, made of an announcement (plain text or pasted HTML).

    ``year`` is taken where the text leaves it out; without it such dates become comments. ``source_name`` is
    written as the title of the source. Loadable as soon as one date is certain.

    Raises RefusedError for a text that is too long for an announcement.
    """
    everything = lines(text)
    announcement = [line for line in everything if not line.is_hidden]
    notes = _Notes(language)
    out = [
        "# yaml-language-server: $schema=schedule.schema.json",
        notes.say("Drafted from {source}: compare every line with the original before you use it", source=source_name),
        "version: 1",
        "timezone: Asia/Shanghai",
        "language: zh-CN",
        "exams:",
        f"  - id: {f'exam-{year}' if year else 'exam'}",
        f"    name: {_quoted(title_of(announcement, source_name))}",
        *_contact_lines(announcement, notes),
        *_milestone_lines(everything, year, source_name, notes),
    ]
    return "\n".join(out) + "\n"


# --- contacts ----------------------------------------------------------------------------------------------


def _contact_lines(announcement: Sequence[Line], notes: _Notes) -> Iterator[str]:
    contacts, sites = list(office_phones(announcement)), site_phones(announcement)
    if contacts:
        yield "    contacts:"
        yield from (line for contact in contacts for line in _contact(contact, notes))
    if sites:
        yield "    sites:"
        yield from (
            f"      - {{id: {site.id}, name: {_quoted(site.name)}, phones: {_list(site.numbers)}}}"
            f"  {notes.say('line {number}', number=site.number)}"
            for site in sites
        )


def _contact(contact: Phones, notes: _Notes) -> Iterator[str]:
    hours = f", hours: {_quoted(contact.hours)}" if contact.hours else ""
    place = notes.say("line {number}", number=contact.number)
    yield f"      - {{name: {_quoted(contact.name)}, phones: {_list(contact.numbers)}{hours}}}  {place}"


# --- milestones --------------------------------------------------------------------------------------------


def _milestone_lines(announcement: Sequence[Line], year: int | None, source_name: str, notes: _Notes) -> Iterator[str]:
    """Write every clause: a milestone where it is certain, else a comment."""
    yield "    milestones:"
    seen: dict[tuple[Kind, str, str], int] = {}
    for entry in entries_of(announcement, year):
        clause, reading = entry.clause, entry.reading
        if isinstance(reading, PhraseError):
            yield from _unreadable(clause, reading, notes)
            continue
        kind = clause.kind[0]
        thing = name_of(clause) if kind is Kind.OTHER else clause.label + clause.column
        first = seen.setdefault((kind, thing, reading.text), clause.number)
        if first != clause.number:
            yield "      " + notes.say("line {number} says the same as line {first}", number=clause.number, first=first)
            continue
        yield from _milestone(clause, reading, source_name, notes)
    if not seen:
        yield "      []"


def _milestone(clause: Clause, reading: WindowReading, source_name: str, notes: _Notes) -> Iterator[str]:
    kind, word = clause.kind
    yield "      " + notes.say("line {number}: {quote}", number=clause.number, quote=_quote(clause))
    yield f"      - id: {notes.new_id(kind.value)}"
    guess = notes.say("guessed from “{word}”", word=word) if word else notes.say("not clear from the words")
    yield f"        kind: {kind.value}  {guess}"
    yield f"        name: {_quoted(name_of(clause))}"
    yield from (f"        {line}" for line in _when(reading, clause))
    yield f"        source: {{title: {_quoted(source_name)}, quote: {_quoted(_quote(clause))}}}"


def _when(reading: WindowReading, clause: Clause) -> Iterator[str]:
    """Write the dates in the plainest of the ways that a milestone has."""
    if reading.shape is Shape.TBA:
        yield "when: tba"
        yield f"expected: {_quoted(_quote(clause))}"
        return
    if reading.shape is Shape.DAY and reading.opens:
        yield f"on: {reading.opens.named_on}"
    elif reading.shape is Shape.DAYS and not reading.hours:
        yield f"on: [{', '.join(day.isoformat() for day in reading.days)}]"
    elif reading.shape is Shape.INSTANT and reading.opens:
        yield f"at: {edge_text(reading.opens)}"
    elif reading.hours or reading.text.endswith(")"):
        yield f"window: {_quoted(reading.text.removeprefix('预计 '))}"
    else:
        yield from (
            f"{key}: {edge_text(edge)}"
            for key, edge in (("opens", reading.opens), ("closes", reading.closes))
            if edge is not None
        )
    if reading.status is Status.EXPECTED:
        yield "status: expected"


def _unreadable(clause: Clause, error: PhraseError, notes: _Notes) -> Iterator[str]:
    """Write a clause without a certain meaning as comments, with everything that it could mean."""
    yield "      " + notes.say("CHECK line {number}: {quote}", number=clause.number, quote=_quote(clause))
    yield "      " + notes.say("problem: {problem}", problem=error.sentence)
    yield from ("      " + notes.say("possible: {reading}", reading=reading) for reading in error.readings)
    kind = clause.kind[0].value
    yield f"      #   - {{id: {kind}, kind: {kind}, name: {_quoted(name_of(clause))}, window: …}}"


# --- words -------------------------------------------------------------------------------------------------


def _quote(clause: Clause) -> str:
    return clause.text if len(clause.text) <= _QUOTE_LIMIT else clause.text[: _QUOTE_LIMIT - 1] + "…"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return a YAML double-quoted scalar, which JSON strings are."""
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"
