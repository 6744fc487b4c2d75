"""When a milestone is, said in exactly one way: ``on``, ``at``, ``opens`` and ``closes``, ``window``, or ``when``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from examcal.errors import Sentence
from examcal.schedule import formats
from examcal.schedule.document import Sequence
from examcal.schedule.edges import day_edge
from examcal.schedule.fields import Fields, Value
from examcal.schedule.model import Anchor, Edge, Hours, OpenDays, Shape, Status
from examcal.schedule.references import Relative, looks_relative, parse_relative
from examcal.schedule.rules import RuleError, parse_clock
from examcal.schedule.understood import UnreadableError, plain_edge_of, understood_edge, understood_window
from examcal.schedule.workdays import Workdays

WAYS = ("on", "at", "window", "when")
EDGES = ("opens", "closes")
KEYS = frozenset({*WAYS, *EDGES, "days", "hours", "expected", "status"})
MOST_DAYS = 366
_TBA = frozenset({"tba", "tbd", "待定", "待公布", "另行通知", "将另行通知", "待通知"})


@dataclass(frozen=True, slots=True)
class When:
    """The dates of a milestone as written; relative ones are resolved later. ``place`` is where they stand."""

    shape: Shape
    place: Value
    opens: Edge | Relative | None = None
    closes: Edge | Relative | None = None
    days: tuple[date, ...] = ()
    open_days: OpenDays = OpenDays.ALL
    hours: tuple[Hours, ...] = ()
    status: Status | None = None
    places: dict[Anchor, Value] = field(default_factory=dict)

    def place_of(self, anchor: Anchor) -> Value:
        """Return where an edge is written, else where the dates begin."""
        return self.places.get(anchor, self.place)

    def relatives(self) -> list[Relative]:
        """Return the edges that count from another milestone."""
        return [edge for edge in (self.opens, self.closes) if isinstance(edge, Relative)]


def states_when(fields: Fields) -> bool:
    """Return whether a mapping says anything about when."""
    return any(fields.has(key) for key in (*WAYS, *EDGES))


def read_when(fields: Fields, zone: str, workdays: Workdays) -> When | None:
    """Return the dates of a milestone or a site's window, or None where none are written. Raises UnreadableError."""
    refuse_empty(fields, *WAYS, *EDGES, "days", "hours", "status")
    ways = [key for key in WAYS if fields.has(key)]
    edges = [key for key in EDGES if fields.has(key)]
    if len(ways) + bool(edges) > 1:
        _report_several(fields, ways + edges)
    if edges:
        when = _from_edges(fields, zone)
    elif ways:
        value = fields.get(ways[0])
        assert value is not None  # noqa: S101  # ``has`` said so; this is for the type checker
        when = _by_way(ways[0], value, zone, workdays)
    else:
        return None
    return _narrowed(when, fields)


def refuse_empty(fields: Fields, *keys: str) -> None:
    """Refuse a key of the dates without a value, which may be half of an edit. Raises UnreadableError."""
    empty = [key for key in keys if key in fields.node.values and not fields.has(key)]
    for key in empty:
        hint = Sentence("write a date, or tba; or delete the line") if key in {*WAYS, *EDGES} else None
        fields.key(key).report("empty-value", Sentence('nothing is written after "{key}"', {"key": key}), hint)
    if empty:
        raise UnreadableError


def _by_way(way: str, value: Value, zone: str, workdays: Workdays) -> When:
    if way == "on":
        return _from_day(value, zone, workdays)
    if way == "at":
        return _from_moment(value, zone)
    return _from_window(value, zone, workdays) if way == "window" else _from_word(value)


def _report_several(fields: Fields, keys: list[str]) -> None:
    keys.sort(key=list(fields.node.keys).index)
    message = Sentence("dates are written in more than one way: {keys}", {"keys": ", ".join(keys)})
    hint = Sentence("keep one: on, at, opens and closes, window, or when: tba")
    fields.key(keys[1]).report("several-dates", message, hint)
    raise UnreadableError


def _narrowed(when: When, fields: Fields) -> When:
    """Take ``days`` and ``hours``, which narrow a window to when the counter is open."""
    days, hours = fields.get("days"), fields.get("hours")
    if days:
        when = replace(when, open_days=days.choice(OpenDays) or OpenDays.ALL)
    if hours:
        when = replace(when, hours=formats.hours(hours))
    return when


def _from_edges(fields: Fields, zone: str) -> When:
    opens, closes = fields.get("opens"), fields.get("closes")
    places = {Anchor(key): value for key, value in (("opens", opens), ("closes", closes)) if value}
    failed = False
    found: dict[Anchor, Edge | Relative | None] = {}
    for anchor, value in places.items():
        try:
            found[anchor] = _edge(value, zone, closing=anchor is Anchor.CLOSES, near=found.get(Anchor.OPENS))
        except UnreadableError:
            failed = True
    if failed:
        raise UnreadableError
    first, last = found.get(Anchor.OPENS), found.get(Anchor.CLOSES)
    shape = Shape.WINDOW if first or last else Shape.TBA
    return When(shape, places.get(Anchor.OPENS) or places[Anchor.CLOSES], first, last, places=places)


def _edge(value: Value, zone: str, *, closing: bool, near: Edge | Relative | None = None) -> Edge | Relative | None:
    """Return one edge, None for ``tba``. Raises UnreadableError after reporting."""
    text = value.scalar()
    if text is None:
        raise UnreadableError
    if text.casefold() in _TBA:
        return None
    if looks_relative(text):
        return _relative(value, text)
    return understood_edge(value, text, zone, near if isinstance(near, Edge) else None, closing=closing)


def _relative(value: Value, text: str) -> Relative:
    try:
        return parse_relative(text)
    except RuleError as error:
        value.report("bad-relative", error.sentence, error.hint)
        raise UnreadableError from None


def _from_day(value: Value, zone: str, workdays: Workdays) -> When:
    entries = value.entries()
    if len(entries) > MOST_DAYS:
        message = Sentence("more than {limit} entries", {"limit": MOST_DAYS})
        value.report("too-many", message)
        raise UnreadableError
    if len(entries) == 1 and looks_relative(entries[0].text):
        relative = _relative(entries[0], entries[0].text)
        return When(Shape.DAY, value, relative, relative)
    if len(entries) == 1 and entries[0].text.strip().casefold() in _TBA:
        return When(Shape.TBA, value)
    days: list[date] = []
    failed = not entries
    for entry in entries:
        try:
            days += _days(entry, zone, workdays)
        except UnreadableError:
            failed = True
    if failed:
        if not entries:
            value.report("empty-value", Sentence("a date is expected here"))
        raise UnreadableError
    return _of_days(tuple(sorted(set(days))), value, zone)


def _of_days(days: tuple[date, ...], value: Value, zone: str) -> When:
    """Return the dates of whole days; a list of one stays a list, so that a second day renames no event."""
    is_list = len(days) > 1 or isinstance(value.node, Sequence)
    first = day_edge(days[0], None, zone, closing=False)
    last = day_edge(days[-1], None, zone, closing=True)
    return When(Shape.DAYS if is_list else Shape.DAY, value, first, last, days)


def _days(value: Value, zone: str, workdays: Workdays) -> tuple[date, ...]:
    text = value.scalar()
    if text is None:
        raise UnreadableError
    plain = plain_edge_of(text, zone, closing=False)
    if plain and plain.clock is None:
        return (plain.named_on,)
    window = understood_window(value, text, zone, workdays)
    if window.days:
        return tuple(window.days)
    if window.opens and not window.opens.clock and (window.closes is None or _is_same_day(window.opens, window.closes)):
        return (window.opens.named_on,)
    message = Sentence('"on" takes whole days')
    hint = Sentence("write at: for one moment, or window: for a span")
    value.report("bad-date", message, hint)
    raise UnreadableError


def _is_same_day(opens: Edge, closes: Edge) -> bool:
    return opens.named_on == closes.named_on and not closes.clock


def _from_moment(value: Value, zone: str) -> When:
    edge = _edge(value, zone, closing=False)
    if edge is None:
        return When(Shape.TBA, value)
    if isinstance(edge, Edge) and edge.clock is None:
        message = Sentence('"at" needs a time of day')
        value.report("bad-date", message, Sentence("write on: for a whole day, or add the time: 2026-06-26 10:00"))
        raise UnreadableError
    return When(Shape.INSTANT, value, edge)


def _from_window(value: Value, zone: str, workdays: Workdays) -> When:
    text = value.scalar()
    if text is None:
        raise UnreadableError
    window = understood_window(value, text, zone, workdays)
    return When(
        window.shape,
        value,
        window.opens,
        window.closes,
        tuple(window.days),
        window.open_days,
        tuple(window.hours),
        window.status,
    )


def _from_word(value: Value) -> When:
    text = value.scalar()
    if text is not None and text.casefold() in _TBA:
        return When(Shape.TBA, value)
    hint = Sentence("write when: tba, or window: for a date phrase")
    value.report("unknown-value", Sentence('"{value}" is not known here', {"value": value.text[:60]}), hint)
    raise UnreadableError


# Sessions and order -----------------------------------------------------------------------------------------------


def session_edge(value: Value, zone: str, day: date | None, *, closing: bool) -> Edge:
    """Return one end of a paper; a time of day alone means ``day``. Raises UnreadableError after reporting."""
    clock = parse_clock(value.text) if day else None
    if clock and day:
        return day_edge(day, f"{clock:%H:%M}", zone, closing=closing)
    near = day_edge(day, None, zone, closing=False) if day else None
    return understood_edge(value, value.text.strip(), zone, near, closing=closing, same_day=True)


def report_order(value: Value, opens: Edge, closes: Edge) -> None:
    """Report a window that closes before it opens, or at the same time."""
    params = {"opens": spoken(opens), "closes": spoken(closes)}
    value.report("closes-before-opens", Sentence("closes ({closes}) is not after opens ({opens})", params))


def spoken(edge: Edge) -> str:
    """Return an edge as people write it, e.g. ``2026-02-11 24:00``."""
    return f"{edge.named_on} {edge.clock}" if edge.clock else edge.named_on.isoformat()
