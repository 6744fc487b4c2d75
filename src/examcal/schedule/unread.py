"""Words that change what the dates of a phrase mean in ways that are not read: it is refused, never read in part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from examcal.errors import Sentence
from examcal.schedule.edges import day_edge
from examcal.schedule.model import Shape
from examcal.schedule.moments import Day, Point
from examcal.schedule.outline import Element, Outline
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token, tokens
from examcal.schedule.points import elements
from examcal.schedule.reading import WindowReading
from examcal.schedule.refusals import HALF_BEFORE_TIME

_RESTRICTS = Sentence("Write the days and times that count, and the rest in `notes:`")
_REASONS: Mapping[Mark, tuple[Sentence, Sentence]] = {
    Mark.EXCLUDED: (Sentence("{written} restricts the time in a way that is not understood"), _RESTRICTS),
    Mark.WEEKLY: (
        Sentence("{written} names days that recur, which is not understood here"),
        Sentence("Write the window alone, with `days: weekdays` or `days: workdays`; other days go into `notes:`"),
    ),
    Mark.VAGUE: (
        Sentence("{written} does not say which day"),
        Sentence("Write `when: tba`, and these words under `expected:`"),
    ),
    Mark.MOVED: (Sentence("{written} tells of a change"), Sentence("Write only the date that counts now")),
    Mark.ENGLISH: (
        Sentence("{written} is not understood"),
        Sentence(
            "Write the date in digits and the time of 24 hours, such as {example}", {"example": "2026-03-05 17:00"}
        ),
    ),
    Mark.MOON: (
        Sentence("{written} counts from something else"),
        Sentence("Write the date of the common calendar"),
    ),
    Mark.OFFICE: (
        Sentence("{written} counts from something else"),
        Sentence("Write the time of day at which the counter closes"),
    ),
}
_LAST_DAY = (Sentence("{written} leaves out the day that is named"), Sentence("Write the last day that counts"))
_DAY_LEFT_OUT = re.compile("不(?:含|包[括含])")
_DAY_LONG = ("天", "日", "周", "星期", "月")
_TOWARDS = ("至", "到", "为")
_CONTRARY = ("除", "维护", "检修", "停机", "停服", "早于", "晚于", "迟于", "超过", "非", "不是", "并非", "而非")
"""What such words say is the contrary of the dates and hours beside them."""
_ONE_DAY = {"1天", "一天", "半天"}


def asides_that_count(parts: Outline) -> list[tuple[Element, ...]]:
    """Return what stands in brackets, but for the hours of an office that is only asked."""
    return [aside for aside in parts.asides if not any(_is_word(element, Mark.DESK) for element in aside)]


def refuse_english(parts: Outline) -> None:
    """Refuse ``5:00 PM`` and ``March 5``, whose numbers would be read without them."""
    for line in (parts.line, *parts.asides):
        for word in _words(line, Mark.ENGLISH):
            raise _refusal(word, Mark.ENGLISH)


_SAME_AS_CHINA = re.compile(r"(?:北京|中国)(?:标准)?时间|CST|(?:UTC|GMT)\+0?8(?::?00)?", re.ASCII)


def refuse_other_zone(parts: Outline, zone: ZoneInfo) -> None:
    """Refuse a time zone in words that is not the one in which the phrase is read."""
    is_china = zone.key in {"Asia/Shanghai", "Asia/Chongqing", "PRC"}
    for line in (parts.line, *parts.asides):
        for word in _words(line, Mark.ZONE):
            if not (is_china and _SAME_AS_CHINA.fullmatch(word.text.replace(" ", ""))):
                raise PhraseError(
                    "{written} is another time zone than {zone}",
                    hint=Sentence("Write `timezone:`, or the offset behind the time: {example}", _WITH_OFFSET),
                    offset=word.start,
                    written=word.text,
                    zone=zone.key,
                )


_WITH_OFFSET = {"example": "2026-03-05T10:00+08:00"}


def unread_word(parts: Outline) -> PhraseError | None:
    """Return the refusal of the first word that changes the meaning of the dates, with no readings yet."""
    asides = asides_that_count(parts)
    for line in (parts.line, *asides):
        word = next(_words(line, *_REASONS), None)
        if word is not None:
            return _refusal(word, word.mark)
    for aside in asides:
        weekday = next(_words(aside, Mark.WEEKDAY), None)
        if weekday is not None and not _has_day(aside):
            return _refusal(weekday, Mark.WEEKLY)
    return _half_in_aside(parts, asides)


def qualifies(found: Sequence[Element]) -> bool:
    """Return whether words change what dates before them mean: ``,不含13日``, ``,节假日除外``, ``,延期至3月20日``."""
    if not found or any(_is_word(element, Mark.DESK) for element in found):
        return False
    if any(_words(found, Mark.EXCLUDED, Mark.MOVED)):
        return True
    if _has_day(found):
        return False
    is_part_of_day = any(isinstance(element, Point) and element.half_only for element in found)
    is_long = any(word.text.endswith(_DAY_LONG) for word in _words(found, Mark.AMOUNT))
    return is_part_of_day or is_long or _is_word(found[0], Mark.RELATIVE) or any(_words(found, *_REASONS, *_OPEN_ON))


_OPEN_ON = (Mark.OPEN_DAYS, Mark.WEEKDAY)


def weekly_refusal(written: str, offset: int) -> PhraseError:
    """Return the refusal of days of the week on which something happens."""
    return _refusal(Token(Mark.WEEKLY, written, offset), Mark.WEEKLY)


def _refusal(word: Token, mark: Mark) -> PhraseError:
    reason, hint = _LAST_DAY if mark is Mark.EXCLUDED and _DAY_LEFT_OUT.match(word.text) else _REASONS[mark]
    return PhraseError(reason.msgid, hint=hint, offset=word.start, written=word.text.strip())


def _half_in_aside(parts: Outline, asides: Sequence[tuple[Element, ...]]) -> PhraseError | None:
    """Return the refusal of 上午 in brackets without a time, unless both halves of a day without times are named."""
    points = [element for line in (parts.line, *asides) for element in line if isinstance(element, Point)]
    halves = [e for aside in asides for e in aside if isinstance(e, Point) and e.half_only]
    is_whole_day = not any(point.has_clock for point in points) and len({half.text for half in halves}) > 1
    if not halves or is_whole_day:
        return None
    half = halves[0]
    return PhraseError(
        "A part of the day without a time of day",
        hint=HALF_BEFORE_TIME,
        offset=half.start,
    )


def readings_without(parts: Outline, refusal: PhraseError, readings: Iterable[WindowReading]) -> list[str]:
    """Return what a phrase could mean whose words are not all understood, for a person to choose from."""
    found = list(readings)
    word = next((w for line in (parts.line, *parts.asides) for w in line if w.start == refusal.offset), None)
    if len(found) != 1 or not isinstance(word, Token):
        return [] if len(found) == 1 else [reading.text for reading in found]
    if word.mark is Mark.EXCLUDED and _names_a_day(parts, word):
        return _day_before(parts, word, found[0])
    is_contrary = word.text != "除外" and word.text.startswith(_CONTRARY)
    is_contrary = is_contrary or (word.mark is Mark.EXCLUDED and bool(found[0].hours))  # 12:00至14:00不办理
    if is_contrary or word.mark in {Mark.VAGUE, Mark.ENGLISH, Mark.OFFICE, Mark.MOON}:
        return []
    edge = found[0].opens
    if word.mark is Mark.MOVED:
        if edge is None or not word.text.endswith(_TOWARDS) or found[0].shape not in {Shape.DAY, Shape.INSTANT}:
            return []
        closing = replace(found[0], opens=None, closes=edge, shape=Shape.WINDOW)
        return [closing.text, found[0].text]
    return [found[0].text]


def _names_a_day(parts: Outline, word: Token) -> bool:
    """Return whether an exclusion means one day: 不含当日, 不含19日, 19日除外."""
    return _DAY_LEFT_OUT.match(word.text) is not None or any(_has_day(aside) for aside in parts.asides if word in aside)


def _stands_alone(parts: Outline, word: Token) -> bool:
    """Return whether no plain words follow that say more precisely what is left out: 不含首尾两日."""
    for line in (parts.line, *parts.asides):
        if word in line:
            following = line[line.index(word) + 1 :]
            return not any(_is_word(element, Mark.TEXT) for element in following)
    return True


def _day_before(parts: Outline, word: Token, reading: WindowReading) -> list[str]:
    """Return the window that ends a day earlier, where its last day is the one that is left out."""
    edge = reading.closes
    if edge is None or edge.clock or reading.shape is not Shape.WINDOW:
        return []
    zone = getattr(edge.at.tzinfo, "key", None)
    named = {*_days_in(parts.asides, reading), *_days_in([elements(tokens(_DAY_LEFT_OUT.sub("", word.text)))], reading)}
    if zone is None or not named <= {edge.named_on} or not _stands_alone(parts, word):
        return []
    closes = day_edge(edge.named_on - timedelta(days=1), None, zone, closing=True)
    if reading.opens and reading.opens.at >= closes.at:
        return []
    return [replace(reading, closes=closes).text]


# After a reading ---------------------------------------------------------------------------------------------------


def without_desk(parts: Outline) -> Outline | None:
    """Return a phrase without what follows 咨询 or 电话 on its line; None where no such word follows a day."""
    at = next((at for at, element in enumerate(parts.line) if _is_word(element, Mark.DESK)), None)
    return replace(parts, line=parts.line[:at]) if at is not None and _has_day(parts.line[:at]) else None


def refuse_leftovers(parts: Outline, reading: WindowReading) -> None:
    """Refuse a phrase that states a length or a day in brackets which its window does not account for."""
    _refuse_amounts(parts, reading)
    for aside in asides_that_count(parts):
        days = list(_days_in([aside], reading))
        if not days or _repeats(aside, days, reading):
            continue
        is_included = isinstance(aside[0], Token) and aside[0].text in {"含", "包"}
        if is_included is not any(_is_inside(day, reading) for day in days):
            first = next(element for element in aside if isinstance(element, Point) and element.has_day)
            raise PhraseError(
                "The date in brackets ({written}) says something about the dates before it",
                hint=Sentence("Write one window alone, and the rest in `notes:` or as a milestone of its own"),
                readings=[reading.text],
                offset=first.start,
                written=first.text,
            )


def _repeats(aside: Sequence[Element], days: Sequence[date], reading: WindowReading) -> bool:
    """Return whether brackets only say the one day of a phrase again: ``3月7日(2026-03-07)``."""
    has_clock = any(isinstance(element, Point) and (element.has_clock or element.half_only) for element in aside)
    is_same = reading.opens is not None and set(days) == {reading.opens.named_on}
    return reading.shape is Shape.DAY and is_same and not has_clock


def _refuse_amounts(parts: Outline, reading: WindowReading) -> None:
    """Refuse ``3月5日起3天``: the end is there, but not as a date. Beside both edges a length only repeats them."""
    opens, closes = reading.opens, reading.closes
    if opens is None or reading.days or (closes and closes.named_on != opens.named_on):
        return
    lines = (parts.line, *asides_that_count(parts))
    marks = (Mark.AMOUNT,) if closes or reading.shape is Shape.INSTANT else (Mark.AMOUNT, Mark.RELATIVE)
    for line in lines:
        for word in _words(line, *marks):
            counts = closes is None and reading.shape is Shape.WINDOW
            if counts or (word.text.endswith(_DAY_LONG) and word.text not in _ONE_DAY):
                raise PhraseError(
                    "{written} is a length of time, not an end",
                    hint=Sentence("Write the last day too, as in {example}", {"example": f"{opens.named_on} 至 …"}),
                    offset=word.start,
                    written=word.text,
                )


def _days_in(lines: Iterable[Sequence[Element]], reading: WindowReading) -> Iterator[date]:
    """Yield the days that stand in lines; what they leave out is that of the window's end, or of its start."""
    edge = reading.closes or reading.opens
    for element in (element for line in lines for element in line):
        for day, _ in element.candidates if isinstance(element, Point) and edge else ():
            found = _filled(day, edge.named_on) if day and edge else None
            if found:
                yield found


def _filled(day: Day, like: date) -> date | None:
    if day.day is None:
        return None
    try:
        return date(day.year or like.year, day.month or like.month, day.day)
    except ValueError:
        return None


def _is_inside(day: date, reading: WindowReading) -> bool:
    opens, closes = reading.opens, reading.closes
    if reading.shape is Shape.INSTANT and opens:
        return day == opens.named_on
    return (opens is None or opens.named_on <= day) and (closes is None or day <= closes.named_on)


def _words(line: Iterable[Element], *marks: Mark) -> Iterator[Token]:
    return (element for element in line if isinstance(element, Token) and element.mark in marks)


def _is_word(element: Element, mark: Mark) -> bool:
    return isinstance(element, Token) and element.mark is mark


def _has_day(line: Iterable[Element]) -> bool:
    return any(isinstance(element, Point) and element.has_day for element in line)
