"""The timeline as inline SVG: windows as bars, sites' windows below the exam's, undated milestones as hatched bands.

Horizontal places are percentages of the time axis and vertical ones are pixels, so one drawing fits a phone and a wall
without scaled letters. Colours come from classes, because the content security policy allows no style attribute. The
line for today is drawn hidden; the script moves it, as a page does not know when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from examcal.pages.entries import Entry
from examcal.pages.words import Words
from examcal.schedule.model import Occurrence, Shape, Status

AXIS = 26  # pixels above the first row, for the names of the months
ROW = 36
SITE_ROW = 22
LABEL = 26  # columns of a name, and of a whole label that a phone shows; an ideograph takes two
COLUMN_WIDTH = 6.6  # pixels of one column at the drawing's letter size
WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\U0001f300-\U0003ffff]"
)
PHONE, DESK = 320, 640  # pixels of the drawing; below the larger one long labels lose their dates
DAY = 86400.0
MARGIN = 0.02  # of the whole span, left free at both ends
STUB = 5.0  # per cent that a window with one known edge reaches towards the unknown one
MOST_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing drawn in a row: from ``left`` to ``right`` in per cent."""

    left: float
    right: float
    css: str
    dot: bool = False

    @property
    def width(self) -> str:
        """The width in per cent, never too thin to be seen."""
        return _percent(max(self.right - self.left, 0.6))

    @property
    def x(self) -> str:
        """The left end in per cent."""
        return _percent(min(self.left, 99.4))


@dataclass(frozen=True, slots=True)
class Row:
    """A milestone (or a site's window of it) at height ``top``, with its label beside its bars."""

    top: int
    label: str
    date: str
    title: str
    bars: tuple[Bar, ...]
    since: int | None = None
    until: int | None = None
    is_site: bool = False

    @property
    def wide_only(self) -> bool:
        """Whether the label's date is shown on wide screens only."""
        return columns(self.label) + 1 + columns(self.date) > LABEL

    @property
    def anchor(self) -> str:
        """Which part of the label stands at ``x``, so that it stays inside on a phone and on a desk."""
        whole = (columns(self.label) + 1 + columns(self.date)) * COLUMN_WIDTH
        narrow = columns(self.label) * COLUMN_WIDTH if self.wide_only else whole
        width = 100 * max(narrow / PHONE, whole / DESK)
        if not self.bars or self.bars[0].left + width <= 100:  # noqa: PLR2004 - per cent
            return "start"
        return "end" if self.bars[-1].right >= width else "middle"

    @property
    def x(self) -> str:
        """The place of the label's start, end or middle."""
        if not self.bars:
            return "0%"
        ends = {"start": self.bars[0].left, "end": min(self.bars[-1].right, 100.0), "middle": 50.0}
        return _percent(ends[self.anchor])


@dataclass(frozen=True, slots=True)
class Tick:
    """The first day of a month on the axis."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole drawing; ``since`` and ``until`` are epoch seconds at the two ends of the axis."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    height: int
    since: int
    until: int


def draw(entries: Sequence[Entry], words: Words) -> Timeline | None:
    """Return the drawing of ``entries`` in their order, sites' own windows below; None where nothing has a date."""
    shown = [entry.occurrence for entry in entries]
    span = _span([*shown, *(local.occurrence for entry in entries for local in entry.local)])
    if span is None:
        return None
    scale = _Scale(*span)
    rows: list[Row] = []
    top = AXIS
    gaps = _gaps(shown, scale)
    for entry, gap in zip(entries, gaps, strict=True):
        rows.append(_row(entry, top, scale, words, gap))
        top += ROW
        for local in entry.local:
            rows.append(_site_row(local, top, scale, words))
            top += SITE_ROW
    return Timeline(tuple(rows), tuple(_ticks(shown, scale, words)), top + 6, int(scale.since), int(scale.until))


@dataclass(frozen=True, slots=True)
class _Scale:
    since: float
    until: float

    def at(self, seconds: float) -> float:
        return 100.0 * (seconds - self.since) / (self.until - self.since)


def _span(occurrences: Iterable[Occurrence]) -> tuple[float, float] | None:
    seconds = [edge.at.timestamp() for o in occurrences for edge in (o.opens, o.closes) if edge]
    if not seconds:
        return None
    first, last = min(seconds), max(seconds)
    margin = max((last - first) * MARGIN, DAY)
    return first - margin, last + margin


def _gaps(shown: Sequence[Occurrence], scale: _Scale) -> list[tuple[float, float]]:
    """Return for every milestone where it must lie if it has no date: between its dated neighbours."""
    starts: list[float] = []
    latest = 0.0
    for occurrence in shown:
        starts.append(latest)
        known = occurrence.closes or occurrence.opens
        latest = scale.at(known.at.timestamp()) if known else latest
    ends: list[float] = []
    earliest = 100.0
    for occurrence in reversed(shown):
        ends.append(earliest)
        known = occurrence.opens or occurrence.closes
        earliest = scale.at(known.at.timestamp()) if known else earliest
    return [(start, max(end, start + STUB)) for start, end in zip(starts, reversed(ends), strict=True)]


def _row(entry: Entry, top: int, scale: _Scale, words: Words, gap: tuple[float, float]) -> Row:
    occurrence = entry.occurrence
    name = occurrence.name.in_(words.language)
    title = f"{name}{words.t(': ')}{entry.when}"
    bars = tuple(_bars(occurrence, scale)) or (Bar(min(gap[0], 100 - STUB), min(gap[1], 100.0), "tba"),)
    return Row(top, clip(name, LABEL), _label_date(occurrence, words), title, bars, *_ends(occurrence))


def _site_row(entry: Entry, top: int, scale: _Scale, words: Words) -> Row:
    occurrence = entry.occurrence
    title = f"{entry.label}{words.t(': ')}{entry.when}"
    bars = tuple(_bars(occurrence, scale))
    label = clip(entry.label, LABEL)
    return Row(top, label, _label_date(occurrence, words), title, bars, *_ends(occurrence), is_site=True)


def _ends(occurrence: Occurrence) -> tuple[int | None, int | None]:
    """Return first and last instant in epoch seconds, for the script that greys what is over."""
    edges = [edge for edge in (occurrence.opens, occurrence.closes) if edge]
    if not edges or occurrence.status is Status.CANCELLED:
        return None, None
    return int(edges[0].at.timestamp()), int(edges[-1].at.timestamp())


def _label_date(occurrence: Occurrence, words: Words) -> str:
    if not occurrence.is_dated or occurrence.status in {Status.CANCELLED, Status.TBA}:
        return words.prefix(occurrence.status, dates=occurrence.is_dated)
    first, last = occurrence.opens, occurrence.closes
    ends = [words.short(edge.named_on) for edge in (first, last) if edge]
    dates = "–".join(dict.fromkeys(ends))
    if occurrence.shape is Shape.WINDOW and first is None:
        dates = words.t("until {date}", date=dates)
    elif occurrence.shape is Shape.WINDOW and last is None:
        dates = words.t("from {date}", date=dates)
    return f"{words.status(Status.EXPECTED)} {dates}" if occurrence.status is Status.EXPECTED else dates


def _bars(occurrence: Occurrence, scale: _Scale) -> Iterator[Bar]:
    css = occurrence.status.value
    opens = scale.at(occurrence.opens.at.timestamp()) if occurrence.opens else None
    closes = scale.at(occurrence.closes.at.timestamp()) if occurrence.closes else None
    if occurrence.shape is Shape.DAYS:
        for day in occurrence.days:
            start = scale.at(_midnight(occurrence, day))
            yield Bar(start, scale.at(_midnight(occurrence, day) + DAY), css)
    elif occurrence.shape is Shape.INSTANT and opens is not None:
        yield Bar(opens, opens, css, dot=True)
    elif opens is not None and closes is not None:
        yield Bar(opens, closes, css)
    elif opens is not None:
        yield Bar(opens, min(opens + STUB, 100.0), f"{css} half")
    elif closes is not None:
        yield Bar(max(closes - STUB, 0.0), closes, f"{css} half")


def _midnight(occurrence: Occurrence, day: date) -> float:
    zone = occurrence.opens.at.tzinfo if occurrence.opens else None
    anchor = occurrence.opens
    if anchor is None or zone is None:
        return 0.0
    return anchor.at.timestamp() + (day - anchor.named_on).days * DAY


def _ticks(shown: Sequence[Occurrence], scale: _Scale, words: Words) -> Iterator[Tick]:
    edge = next(edge for o in shown for edge in (o.opens, o.closes) if edge)
    days = (scale.until - scale.since) / DAY
    step = max(1, round(days / 30.4 / MOST_MONTHS + 0.49))
    anchor = edge.at.replace(hour=0, minute=0)
    start = (anchor + timedelta(seconds=scale.since - anchor.timestamp())).date().replace(day=1)
    month = start.year * 12 + start.month - 1
    while True:
        day = date(month // 12, month % 12 + 1, 1)
        x = scale.at(anchor.timestamp() + (day - anchor.date()).days * DAY)
        if x > 97:  # noqa: PLR2004 - per cent; a label further right would be cut
            return
        if x >= 0:
            yield Tick(_percent(x), str(day.year) if day.month == 1 else words.month(day))
        month += step


def columns(text: str) -> int:
    """Return how many columns ``text`` takes; ideographs and emoji take two."""
    return len(text) if text.isascii() else len(text) + len(WIDE.findall(text))


def clip(text: str, room: int) -> str:
    """Return ``text`` cut to ``room`` columns, with an ellipsis where it was cut."""
    if columns(text) <= room:
        return text
    used = 1
    for position, letter in enumerate(text):
        used += columns(letter)
        if used > room:
            return text[:position].rstrip() + "…"
    return text


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"
