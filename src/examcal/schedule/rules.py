"""Reminder rules as text: ``ANCHOR [±N UNIT] [HH:MM]``, e.g. ``closes -3d 09:00``."""

from __future__ import annotations

import re
from datetime import time
from functools import lru_cache

from examcal.errors import Sentence
from examcal.schedule.model import Anchor, Rule, Unit

_RULE = re.compile(
    r"(?P<anchor>[a-z]+)"
    r"(?:\s*(?P<amount>[+-]\s*\d{1,6}|(?<=\s)0)\s*(?P<unit>[a-z]+))?"
    r"(?:\s+(?P<clock>\d{1,2}:\d{2}))?",
    re.ASCII,
)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
# A reminder more than two years from its anchor is a slip of the pen.
_MOST = {Unit.MINUTE: 1_051_200, Unit.HOUR: 17_520, Unit.DAY: 730, Unit.WEEK: 104, Unit.WORKDAY: 500}
_FORM = Sentence(
    "write an anchor (opens or closes), an offset and a time of day, e.g. closes -3d 09:00; units: m h d w wd"
)


class RuleError(ValueError):
    """A text is not a reminder rule; ``sentence`` says why, ``hint`` what to write."""

    def __init__(self, sentence: Sentence, hint: Sentence = _FORM) -> None:
        self.sentence, self.hint = sentence, hint
        super().__init__(sentence.text("en"))


def parse_clock(text: str) -> time | None:
    """Return a time of day written as ``H:MM`` or ``HH:MM``, or None where it is not one."""
    found = _CLOCK.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


@lru_cache(maxsize=4096)
def parse_rule(text: str) -> Rule:
    """Return the rule that ``text`` writes. Raises RuleError.

    Days, weeks and working days count from the named day, minutes and hours from the instant; so only the former
    can be combined with a time of day.
    """
    found = _RULE.fullmatch(" ".join(text.split()))
    if found is None:
        raise RuleError(Sentence('"{text}" is not a reminder rule', {"text": text[:60]}))
    anchor, unit = _anchor(found["anchor"]), _unit(found["unit"])
    amount = int((found["amount"] or "0").replace(" ", ""))
    clock = _clock(found["clock"])
    if unit in {Unit.MINUTE, Unit.HOUR} and clock:
        raise RuleError(
            Sentence("minutes and hours are exact: an offset in {unit} takes no time of day", {"unit": unit})
        )
    if unit and abs(amount) > _MOST[unit]:
        raise RuleError(Sentence("{amount}{unit} is more than two years", {"amount": f"{amount:+d}", "unit": unit}))
    return Rule(anchor, amount, unit, clock)


def is_rule(text: str) -> bool:
    """Return whether a text is a reminder rule."""
    try:
        parse_rule(text)
    except RuleError:
        return False
    return True


def _anchor(word: str) -> Anchor:
    try:
        return Anchor(word)
    except ValueError:
        raise RuleError(Sentence('"{word}" is not an anchor', {"word": word})) from None


def _unit(word: str | None) -> Unit | None:
    try:
        return Unit(word) if word else None
    except ValueError:
        raise RuleError(Sentence('"{word}" is not a unit', {"word": word})) from None


def _clock(text: str | None) -> time | None:
    clock = parse_clock(text) if text else None
    if text and clock is None:
        raise RuleError(Sentence('"{text}" is not a time of day', {"text": text}))
    return clock
