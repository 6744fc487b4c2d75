"""What the date phrases of a schedule mean: plain forms at once, others by the grammar, each only once in a load."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.edges import day_edge
from examcal.schedule.fields import Value
from examcal.schedule.model import Edge
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.plain import plain_edge, plain_window
from examcal.schedule.problems import Findings
from examcal.schedule.reading import WindowReading
from examcal.schedule.when import LONGEST_PHRASE, read_edge, read_window
from examcal.schedule.workdays import Workdays

MOST_WORDS = 10_000
"""Characters of date phrases in one schedule that are understood word by word; each takes some 10 microseconds."""


class UnreadableError(Exception):
    """The dates cannot be read; why has been reported."""


def can_afford(findings: Findings, phrase: str) -> bool:
    """Count a date phrase that must be understood word by word; return False past the limit of a schedule."""
    return findings.spend("phrases", MOST_WORDS, min(len(phrase), LONGEST_PHRASE) + 1)


def understood_edge(
    value: Value, text: str, zone: str, near: Edge | None, *, closing: bool, same_day: bool = False
) -> Edge:
    """Return an edge in whatever form it is written. Raises UnreadableError after reporting."""
    plain = plain_edge_of(text, zone, closing=closing)
    if plain:
        return plain
    near = day_edge(near.named_on, None, zone, closing=False) if near else None  # only its day is asked for
    return _once(
        value,
        (text, zone, near and near.named_on, closing, same_day),
        lambda: read_edge(text, zone=ZoneInfo(zone), closing=closing, near=near, same_day=same_day),
    )


def understood_window(value: Value, text: str, zone: str, workdays: Workdays) -> WindowReading:
    """Return what a whole phrase means. Raises UnreadableError after reporting."""
    plain = plain_window(text, ZoneInfo(zone))
    if plain:
        return plain
    return _once(value, (text, zone), lambda: read_window(text, zone=ZoneInfo(zone), is_workday=workdays.is_working))


@lru_cache(maxsize=4096)
def plain_edge_of(text: str, zone: str, *, closing: bool) -> Edge | None:
    """Return the edge of a date in a plain form; None for whatever needs a closer look, or is wrong."""
    return plain_edge(text, ZoneInfo(zone), closing=closing)


Meaning = TypeVar("Meaning")


def _once(value: Value, phrase: tuple[object, ...], read: Callable[[], Meaning]) -> Meaning:
    """Return what a phrase means, or report why nothing; one that stands many times is read and counted once.

    Raises UnreadableError after reporting, also past the limit of a schedule, which is reported once.
    """
    known = value.findings.remembered
    if phrase not in known:
        _afford(value)
        try:
            known[phrase] = read()
        except PhraseError as error:
            known[phrase] = error
    outcome = known[phrase]
    if isinstance(outcome, PhraseError):
        report_phrase(value, outcome)
        raise UnreadableError
    return cast("Meaning", outcome)


def _afford(value: Value) -> None:
    """Count a date phrase. Raises UnreadableError past the limit, which is reported once."""
    if can_afford(value.findings, value.text):
        return
    if value.findings.spend("phrases-reported", 1):
        message = Sentence("more than {limit} characters of dates in words", {"limit": MOST_WORDS})
        value.report("too-many", message, Sentence("write dates as 2026-01-29 10:00"))
    raise UnreadableError


def report_phrase(value: Value, error: PhraseError) -> None:
    """Report a date phrase that is not understood, with its readings where there are several."""
    code = "ambiguous-date" if len(error.readings) > 1 else "bad-date"
    if "weekday" in error.sentence.msgid.lower():
        code = "weekday-disagrees"
    hint = error.hint
    readings = "; ".join(error.readings[:6])
    if readings and (hint is None or code == "ambiguous-date"):
        hint = Sentence("write one of: {readings}", {"readings": readings})
    elif readings and hint:
        hint = Sentence("{advice}; perhaps {readings} is meant", {"advice": hint, "readings": readings})
    value.report(code, error.sentence, hint)
