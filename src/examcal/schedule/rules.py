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
# A rule in words: 截止前3天9:00, 提前两小时, 3 days before. The units in the order in which to look for them.
_IN_WORDS = re.compile(r"(?<![a-z\d])(?P<amount>\d{1,3}|[当一二两三四五六七八九十])\s*(?:个)?\s*(?P<unit>[^\W\d_]+)")
_UNITS = {
    **dict.fromkeys(("工作日", "workday", "working"), Unit.WORKDAY),
    **dict.fromkeys(("小时", "钟头", "hour", "hr"), Unit.HOUR),
    **dict.fromkeys(("分", "min"), Unit.MINUTE),
    **dict.fromkeys(("周", "星期", "礼拜", "week"), Unit.WEEK),
    **dict.fromkeys(("天", "日", "day"), Unit.DAY),
}
_NUMERALS = {numeral: number for number, numeral in enumerate("一二三四五六七八九十", 1)} | {"两": 2, "当": 0}
_STARTS = re.compile("开始|开放|开考|考前|考试|open|start|begin|exam", re.IGNORECASE)
_AFTER = re.compile(r"后|after|\+", re.IGNORECASE)
_TIME = re.compile(r"(?<!\d)(?P<hour>\d{1,2})(?:[:：](?P<minute>\d{2})|[点时])$")
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


def rule_in_words(text: str) -> str | None:
    """Return the rule that was probably meant by 截止前3天 or "3 days before"; None where that is no such text."""
    text = text[:60].lower()
    if is_rule(text):
        return text
    all_found = [(found, unit) for found in _IN_WORDS.finditer(text) if (unit := _unit_in_words(found["unit"]))]
    if len(all_found) != 1:
        return None
    ((found, unit),) = all_found
    amount = _NUMERALS[found["amount"]] if found["amount"] in _NUMERALS else int(found["amount"])
    sign = "" if amount == 0 else "+" if _AFTER.search(text) else "-"
    anchor = Anchor.OPENS if _STARTS.search(text) else Anchor.CLOSES
    time_of_day = _TIME.search(text) if unit not in {Unit.HOUR, Unit.MINUTE} else None
    clock = f" {int(time_of_day['hour']):02d}:{time_of_day['minute'] or '00'}" if time_of_day else ""
    rule = f"{anchor} {sign}{amount}{unit}{clock}"
    return rule if is_rule(rule) else None


def _unit_in_words(word: str) -> Unit | None:
    if word in set(Unit):
        return Unit(word)
    return next((unit for name, unit in _UNITS.items() if word.startswith(name)), None)


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
