"""The resolved timeline: rows for programs, a table with bars for people, and what is next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from examcal.cli.command import usage_error
from examcal.cli.dates import closes_text, edge_text, opens_text, status_text, time_left
from examcal.cli.output import room_beside, write, write_table
from examcal.cli.words import language, say
from examcal.schedule.model import Edge, Exam, Occurrence, Schedule, Shape, Source, Status, in_order

_LONGEST_BAR = 24
_SHORTEST_BAR = 8


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the schedule is shown; None shows everything."""

    exam: str | None = None
    site: str | None = None
    track: str | None = None

    def narrowed_to(self, role: str | None) -> Filter:
        """Return what a candidate sees, told as ``track:ID,site:ID``; stop with a usage error for anything else."""
        told: dict[str, str] = {}
        for entry in role.split(",") if role else ():
            kind, _, value = entry.strip().partition(":")
            if kind not in {"exam", "site", "track"} or not value or kind in told:
                usage_error('--as: write it as track:ID,site:ID, not "{value}"', value=entry)
            told[kind] = value
        return replace(self, **told)

    def check(self, schedule: Schedule) -> None:
        """Stop with a usage error where a name does not exist in the schedule."""
        exams = [exam for exam in schedule.exams if self.exam in {None, exam.id}]
        _require(self.exam, [exam.id for exam in schedule.exams], "--exam")
        _require(self.site, [site.id for exam in exams for site in exam.sites], "--site")
        _require(self.track, [track.id for exam in exams for track in exam.tracks], "--track")

    def occurrences(self, exam: Exam) -> list[Occurrence]:
        """Return the occurrences of an exam that are shown, in order of time."""
        if self.exam not in {None, exam.id}:
            return []
        found: Iterable[Occurrence] = exam.occurrences()
        if self.site and exam.site(self.site):
            found = (milestone.at_site(self.site) for milestone in exam.milestones)
        return in_order(o for o in found if not self.track or not o.tracks or self.track in o.tracks)


def _require(value: str | None, known: Sequence[str], name: str) -> None:
    if value is not None and value not in known:
        usage_error("{name}: the schedule has no {value}; it has: {known}", name=name, value=value,
                    known=", ".join(known[:30]) or "-")  # fmt: skip


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


def next_text(edge: Edge, occurrence: Occurrence, now: datetime) -> str:
    """Return one line: what is next, when, and how long it is until then."""
    name = occurrence.name.in_(language())
    if occurrence.site:
        name += f" @{occurrence.site}"
    role = ""
    if occurrence.shape is Shape.WINDOW:
        role = say("opens") if edge is occurrence.opens else say("closes")
    expected = say("expected") + " " if occurrence.status is Status.EXPECTED else ""
    left = time_left(edge.at, now)
    return f"{expected}{edge_text(edge)} {name}{' ' if role else ''}{role} ({left})"


def write_timeline(schedule: Schedule, shown: Filter, now: datetime) -> None:
    """Write a table for each exam, and what is next."""
    for exam in schedule.exams:
        occurrences = _sites_beside(shown.occurrences(exam))
        if not occurrences:
            continue
        write(f"{exam.name.in_(language())} ({exam.id})")
        _write_exam(occurrences, now)
        ahead = upcoming(occurrences, now)
        if ahead:
            write(say("Next: {what}", what=next_text(*ahead[0], now)))
        write()


def _sites_beside(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """Put the rows of sites right after the row of their milestone."""
    together: dict[str, list[Occurrence]] = {}
    for occurrence in occurrences:
        together.setdefault(occurrence.milestone, []).append(occurrence)
    return [o for rows in together.values() for o in sorted(rows, key=lambda o: o.site is not None)]


def _write_exam(occurrences: Sequence[Occurrence], now: datetime) -> None:
    """Write an exam's table; a narrow terminal gets shorter bars, or none, rather than bars on two lines."""
    headings = [say(name) for name in ("Milestone", "Opens", "Closes", "Status")]
    lines = [
        (
            ("  " if o.site else "") + o.name.in_(language()) + (f" @{o.site}" if o.site else ""),
            opens_text(o),
            closes_text(o),
            status_text(o.status),
        )
        for o in occurrences
    ]
    bar = min(_LONGEST_BAR, room_beside(headings, lines))
    styles = [_style(o, now) for o in occurrences]
    if bar < _SHORTEST_BAR:
        write_table(headings, lines, styles=styles)
        return
    span = _span(occurrences)
    bars = [(*line, _bar(o, span, now, bar)) for o, line in zip(occurrences, lines, strict=True)]
    write_table([*headings, say("Timeline")], bars, styles=styles)


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
