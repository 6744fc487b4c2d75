"""Single values of a format of their own, checked: addresses, dates, times of day, opening hours, time zones."""

from __future__ import annotations

import re
from datetime import date, time

from examcal.errors import Sentence
from examcal.schedule.checks import FULL_WIDTH, address_in, is_zone, offset_of, parse_hours, url_fault, zones
from examcal.schedule.fields import MOST_GUESSES, Value
from examcal.schedule.model import Hours
from examcal.schedule.problems import did_you_mean
from examcal.schedule.rules import parse_clock
from examcal.schedule.spelling import full_width_hint

MOST_UNKNOWN_ZONES = 200
_UNKNOWN_ZONES = "unknown zones"
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_CHINESE_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]", re.ASCII)


def url(value: Value) -> str | None:
    """Return an http or https address without user name and password."""
    text = value.scalar()
    fault = url_fault(text) if text is not None else None
    if text is not None and fault:
        hint, meant = None if "://" in text else full_width_hint(text), address_in(text)
        if hint is None and meant:
            hint = Sentence('did you mean "{near}"?', {"near": meant})
        value.report("bad-url", fault, hint or Sentence("write e.g. https://www.nmec.org.cn"))
        return None
    return text


def email(value: Value) -> str | None:
    """Return one e-mail address."""
    text = value.scalar()
    if text is None or (_EMAIL.fullmatch(text) and len(text) <= 254):  # noqa: PLR2004  # RFC 5321 4.5.3.1.3
        return text
    hint = Sentence("one address per entry, e.g. office@example.org")
    value.report("bad-email", Sentence('"{value}" is not an e-mail address', {"value": text[:80]}), hint)
    return None


def day(value: Value) -> date | None:
    """Return a civil date, ``2026-01-29`` or ``2026年1月29日``."""
    text = value.scalar()
    if text is None:
        return None
    folded = text.translate(FULL_WIDTH)
    found = _ISO_DAY.fullmatch(folded) or _CHINESE_DAY.fullmatch(folded)
    hint = Sentence("write e.g. 2026-01-29")
    if not found:
        value.report("bad-date", Sentence('"{value}" is not a date', {"value": text[:60]}), hint)
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        value.report("bad-date", Sentence('"{value}" does not exist in the calendar', {"value": text[:60]}), hint)
        return None


def clock(value: Value) -> time | None:
    """Return a time of day, ``09:00``."""
    text = value.scalar()
    moment = parse_clock(text.translate(FULL_WIDTH)) if text is not None else None
    if text is not None and moment is None:
        message = Sentence('"{value}" is not a time of day', {"value": text[:60]})
        value.report("bad-time", message, Sentence('write e.g. "09:00"'))
    return moment


def hours(value: Value) -> tuple[Hours, ...]:
    """Return daily opening hours, in order, that do not overlap; empty after a finding."""
    texts = [entry.scalar() for entry in value.entries()]
    ranges = parse_hours(",".join(text for text in texts if text))
    if ranges is None:
        message = Sentence('"{value}" are not opening hours', {"value": value.text[:60]})
        value.report("bad-hours", message, Sentence('write e.g. "09:00-11:30, 13:30-17:00", in order'))
        return ()
    return ranges


def zone(value: Value) -> str | None:
    """Return the name of a time zone that the zone database has."""
    text = value.scalar()
    if text is None or value.findings.spent.get(_UNKNOWN_ZONES, 0) > MOST_UNKNOWN_ZONES:
        return None
    if not is_zone(text):
        value.findings.spend(_UNKNOWN_ZONES, MOST_UNKNOWN_ZONES)
        hint = _nearest_zone(value, text) or Sentence("use an IANA name, e.g. Asia/Shanghai")
        value.report("bad-timezone", Sentence('"{value}" is not a time zone', {"value": text[:60]}), hint)
        return None
    if text.startswith("Etc/GMT") and text[7:8] in {"+", "-"}:
        message = Sentence(
            "the sign in {value} is reversed: it is {meaning}", {"value": text, "meaning": offset_of(text)}
        )
        value.report("reversed-timezone", message, Sentence("use an IANA name, e.g. Asia/Shanghai"))
    return text


def _nearest_zone(value: Value, text: str) -> Sentence | None:
    """Return the zone that was meant. Beijing is not in the database, its nearest spelling misleads."""
    if "beijing" in text.lower() or not value.findings.spend("zone guesses", MOST_GUESSES):
        return None
    return did_you_mean(text, zones())
