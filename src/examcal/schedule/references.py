"""Dates that count from another milestone (``skills-exam.opens -10d``), and the order in which to resolve them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, time, timedelta
from graphlib import CycleError, TopologicalSorter
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.edges import day_edge
from examcal.schedule.model import Anchor, Edge, Unit
from examcal.schedule.rules import RuleError, parse_rule
from examcal.schedule.workdays import Workdays

_LOOKS_RELATIVE = re.compile(
    r"[a-z][a-z0-9_-]*\s*\.\s*[a-z]+|[^.\n]{1,80}\.\s*(?:opens|closes)\b", re.ASCII | re.IGNORECASE
)
# The edge is missing: "written-exam -10d".
_EDGELESS = re.compile(r"(?P<milestone>[a-z][a-z0-9-]*?)\s*(?P<offset>[+-]\s*\d+\s*(?:m|h|d|w|wd)(?:\s.*)?)", re.ASCII)
_REFERENCE = re.compile(r"(?P<milestone>[a-z0-9][a-z0-9-]{0,63})\.(?P<rule>(?:opens|closes)(?:[\s+-].*)?)", re.ASCII)
_FORM = Sentence("write MILESTONE.opens or MILESTONE.closes and an offset, e.g. skills-exam.opens -10d")

MOST_CIRCLES = 20
"""Circles that are looked for; each costs a walk through all milestones, and people mend them one by one."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A date as a distance from an edge of another milestone of the same exam."""

    milestone: str
    anchor: Anchor
    amount: int = 0
    unit: Unit | None = None
    at: time | None = None


def looks_relative(text: str) -> bool:
    """Return whether a text was meant to count from another milestone."""
    return bool(_LOOKS_RELATIVE.match(text) or _EDGELESS.fullmatch(text.strip()))


def parse_relative(text: str) -> Relative:
    """Return the relative date that ``text`` writes. Raises RuleError."""
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        raise RuleError(Sentence('"{text}" is not a relative date', {"text": text[:60]}), _hint(text.strip()))
    try:
        rule = parse_rule(found["rule"])
    except RuleError as error:
        raise RuleError(error.sentence, _FORM) from None
    return Relative(found["milestone"], rule.anchor, rule.amount, rule.unit, rule.at)


def _hint(text: str) -> Sentence:
    """Return the form to write, with the milestone and the offset that stand there where the edge is missing."""
    found = _EDGELESS.fullmatch(text)
    if found is None or found["milestone"] in set(Anchor):
        return _FORM
    example = f"{found['milestone']}.opens {found['offset']}"[:80]
    return Sentence("say from which edge it counts: {example}, or closes for opens", {"example": example})


def resolve(relative: Relative, edge: Edge, zone: str, workdays: Workdays, *, closing: bool) -> Edge:
    """Return the edge that ``relative`` means once the edge it counts from is known.

    Minutes and hours count from the instant; days, weeks and working days from the named day, and then mean that
    whole day unless a time of day is given.
    """
    if relative.unit in {Unit.MINUTE, Unit.HOUR}:
        minutes = relative.amount * (60 if relative.unit is Unit.HOUR else 1)
        at = (edge.at.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone))
        return Edge(at, at.date(), f"{at:%H:%M}")
    clock = f"{relative.at:%H:%M}" if relative.at else edge.clock if relative.unit is None else None
    return day_edge(_shifted(relative, edge.named_on, workdays), clock, zone, closing=closing)


def _shifted(relative: Relative, day: date, workdays: Workdays) -> date:
    if relative.unit is Unit.WORKDAY:
        return workdays.shift(day, relative.amount)
    return day + timedelta(days=relative.amount * (7 if relative.unit is Unit.WEEK else 1))


def in_dependency_order(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the ids with what they need first, and the circles, each beginning and ending with the same id.

    The ids on a circle are left out of the order; what needs them is not. After ``MOST_CIRCLES`` no more are looked
    for, and what lies on further ones or needs them is left out too.
    """
    known = {key: {need for need in wanted if need in needs} for key, wanted in needs.items()}
    circles: list[list[str]] = []
    while True:
        sorter = TopologicalSorter(known)
        try:
            sorter.prepare()
        except CycleError as error:
            if len(circles) < MOST_CIRCLES:
                # graphlib lists each id before the one that needs it; people read it the other way round.
                circle = [str(key) for key in reversed(error.args[1])]
                circles.append(circle)
                known = {key: wanted - set(circle) for key, wanted in known.items() if key not in circle}
                continue
        return list(_in_order(sorter)), circles


def _in_order(sorter: TopologicalSorter[str]) -> Iterator[str]:
    """Yield what can be reached without entering a circle; graphlib allows it after it has found one."""
    while ready := sorter.get_ready():
        yield from ready
        sorter.done(*ready)
