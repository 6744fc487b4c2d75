"""The resolved timeline: rows for programs, a table with bars for people, and what is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from examcal.cli.choosing import exams_of, id_of, role_entries, sites_of, tracks_of
from examcal.cli.command import usage_error
from examcal.cli.dates import closes_text, edge_text, opens_text, status_text, time_left
from examcal.cli.naming import name_of
from examcal.cli.output import room_for, width_of, widths_of, write, write_table
from examcal.cli.words import language, say
from examcal.schedule.model import Edge, Exam, Occurrence, Schedule, Shape, Source, Status, in_order

_LONGEST_BAR = 24
_SHORTEST_BAR = 8
_SHORTEST_NAME = 12
_LONGEST_DATE = 17
"""Columns on a narrow terminal; what is longer, such as last year's dates, is folded."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the schedule is shown; None shows everything."""

    exam: str | None = None
    site: str | None = None
    track: str | None = None

    def narrowed_to(self, role: str | None) -> Filter:
        """Return what a candidate sees, told as ``track:ID,site:ID``; stop with a usage error for anything else."""
        told: dict[str, str] = {}
        for kind, value in role_entries(role) if role else ():
            if kind == "kind" or kind in told:
                usage_error('--as: write it as track:ID,site:ID, not "{value}"', value=f"{kind}:{value}")
            told[kind] = value
        return replace(self, **told)

    def resolved(self, schedule: Schedule) -> Filter:
        """Return the same with ids for names; stop with a usage error where the schedule has no such thing."""
        exam = id_of(self.exam, exams_of(schedule), "--exam")
        site = id_of(self.site, sites_of(schedule, exam), "--site")
        return Filter(exam, site, id_of(self.track, tracks_of(schedule, exam), "--track"))

    def occurrences(self, exam: Exam) -> list[Occurrence]:
        """Return the occurrences of an exam that are shown, in order of time."""
        if self.exam not in {None, exam.id}:
            return []
        found: Iterable[Occurrence] = exam.occurrences()
        if self.site and exam.site(self.site):
            found = (milestone.at_site(self.site) for milestone in exam.milestones)
        return in_order(o for o in found if not self.track or not o.tracks or self.track in o.tracks)


def rows(schedule: Schedule, shown: Filter) -> Iterator[dict[str, object]]:
    """Yield one row per occurrence with the names of the public contract."""
    for exam in schedule.exams:
        for occurrence in shown.occurrences(exam):
            yield row(occurrence)


def row(occurrence: Occurrence) -> dict[str, object]:
    """Return an occurrence with the names of the public contract; instants as RFC 3339."""
    opens, closes = occurrence.opens, occurrence.closes
    return {
        "exam": occurrence.exam,
        "milestone": occurrence.milestone,
        "site": occurrence.site,
        "kind": occurrence.kind.value,
        "name": occurrence.name.in_(language()),
        "opens_at": opens.at.isoformat() if opens else None,
        "closes_at": closes.at.isoformat() if closes else None,
        "named_opens": opens.named_on.isoformat() if opens else None,
        "named_closes": closes.named_on.isoformat() if closes else None,
        "status": occurrence.status.value,
        "source": _source(occurrence.sources[0]) if occurrence.sources else None,
    }


def _source(source: Source) -> dict[str, object]:
    return {
        "title": source.title.in_(language()) if source.title else None,
        "url": source.url,
        "quote": source.quote,
        "published": source.published.isoformat() if source.published else None,
        "checked": source.checked.isoformat() if source.checked else None,
    }


def upcoming(occurrences: Iterable[Occurrence], now: datetime) -> list[tuple[Edge, Occurrence]]:
    """Return the edges that are still to come, the nearest first."""
    edges = (
        (edge, occurrence)
        for occurrence in occurrences
        if occurrence.status is not Status.CANCELLED
        for edge in (occurrence.opens, occurrence.closes)
        if edge and edge.at > now
    )
    return sorted(edges, key=lambda pair: pair[0].at)


def next_text(exam: Exam | None, edge: Edge, occurrence: Occurrence, now: datetime) -> str:
    """Return one line: what is next, when, and how long it is until then."""
    role = ""
    if occurrence.shape is Shape.WINDOW:
        role = say("opens") if edge is occurrence.opens else say("closes")
    expected = say("expected") + " " if occurrence.status is Status.EXPECTED else ""
    left = time_left(edge.at, now)
    return f"{expected}{edge_text(edge)} {name_of(exam, occurrence)}{' ' if role else ''}{role} ({left})"


def write_timeline(schedule: Schedule, shown: Filter, now: datetime) -> None:
    """Write a table for each exam, and what is next."""
    for exam in schedule.exams:
        occurrences = _sites_beside(shown.occurrences(exam))
        if not occurrences:
            continue
        write(f"{exam.name.in_(language())} ({exam.id})")
        _write_exam(exam, occurrences, now)
        ahead = upcoming(occurrences, now)
        if ahead:
            write(say("Next: {what}", what=next_text(exam, *ahead[0], now)))
        write()


def _sites_beside(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """Put the rows of sites right after the row of their milestone."""
    together: dict[str, list[Occurrence]] = {}
    for occurrence in occurrences:
        together.setdefault(occurrence.milestone, []).append(occurrence)
    return [o for rows in together.values() for o in sorted(rows, key=lambda o: o.site is not None)]


def _write_exam(exam: Exam, occurrences: Sequence[Occurrence], now: datetime) -> None:
    """Write an exam's table; a narrow terminal gets dates without their year, then shorter bars, at last none."""
    styles, span = [_style(o, now) for o in occurrences], _span(occurrences)
    headings, lines = _whole_table(exam, occurrences)
    needed = widths_of(headings, lines)
    if _spare(needed) < _SHORTEST_BAR:
        headings, lines = _narrow_table(exam, occurrences)
        name, opens, closes, status = widths_of(headings, lines)
        needed = [name, min(opens, _LONGEST_DATE), min(closes, _LONGEST_DATE), status]
    spare = _spare(needed)
    if spare < _SHORTEST_BAR:
        needed[0], spare = _shared(needed[0], spare)
    if spare < _SHORTEST_BAR or span is None:
        write_table(headings, lines, styles=styles)
        return
    length = max(min(_LONGEST_BAR, spare), width_of(say("Timeline")))
    bars = [(*line, _bar(o, span, now, length)) for o, line in zip(occurrences, lines, strict=True)]
    write_table([*headings, say("Timeline")], bars, styles=styles, widths=[*needed, length])


def _spare(widths: Sequence[int]) -> int:
    """Return how many columns a table leaves for bars beside it; negative where it does not fit itself."""
    return room_for(len(widths) + 1) - sum(widths)


def _whole_table(exam: Exam, occurrences: Sequence[Occurrence]) -> tuple[list[str], list[tuple[str, ...]]]:
    headings = [say(name) for name in ("Milestone", "Opens", "Closes", "Status")]
    return headings, [
        ("  " * (o.site is not None) + name_of(exam, o), opens_text(o), closes_text(o), status_text(o.status))
        for o in occurrences
    ]


def _narrow_table(exam: Exam, occurrences: Sequence[Occurrence]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the table with the year of most dates in a heading instead of in every date, and 待定 once in a row."""
    years = Counter(edge.named_on.year for o in occurrences for edge in (o.opens, o.closes) if edge)
    year = years.most_common(1)[0][0] if years else 0
    headings, lines = _whole_table(exam, occurrences)
    if not year:
        return headings, lines
    headings[1] = say("{heading} ({year})", heading=headings[1], year=year)
    return headings, [(name, opens.replace(f"{year}-", ""), closes.replace(f"{year}-", ""),
                       "" if opens.startswith(status) else status)
                      for name, opens, closes, status in lines]  # fmt: skip


def _shared(name: int, spare: int) -> tuple[int, int]:
    """Share what a table lacks: the names are folded, and a bar is a third of the two, an even number of columns."""
    both = name + spare
    bar = max(_SHORTEST_BAR, both // 3)
    bar += (both - bar) % 2  # a Chinese letter takes two columns: an odd one would stay empty
    return (both - bar, bar) if both - bar >= _SHORTEST_NAME else (name, 0)


def _style(occurrence: Occurrence, now: datetime) -> str:
    if occurrence.status is Status.CANCELLED:
        return "strike"
    if not occurrence.is_dated:
        return "dim"
    last = occurrence.closes or occurrence.opens
    if last and last.at <= now:
        return "dim"
    return "bold" if occurrence.opens and occurrence.opens.at <= now else ""


def _span(occurrences: Sequence[Occurrence]) -> tuple[float, float] | None:
    times = [edge.at.timestamp() for o in occurrences for edge in (o.opens, o.closes) if edge]
    return (min(times), max(times)) if times and min(times) < max(times) else None


def _bar(occurrence: Occurrence, span: tuple[float, float] | None, now: datetime, length: int) -> str:
    """Draw an occurrence inside its exam's span; ``│`` is now."""
    if span is None:
        return ""
    cells = ["·"] * length
    present = _cell(now.timestamp(), span, length)
    if 0 <= present < length:
        cells[present] = "│"
    first = occurrence.opens or occurrence.closes
    last = occurrence.closes or occurrence.opens
    if first and last:
        begin, end = (_cell(edge.at.timestamp(), span, length) for edge in (first, last))
        cells[begin : end + 1] = "█" * (end - begin + 1)
    return "".join(cells[:length])


def _cell(moment: float, span: tuple[float, float], length: int) -> int:
    return int((moment - span[0]) / (span[1] - span[0]) * (length - 1)) if moment >= span[0] else -1
