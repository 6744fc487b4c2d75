"""Where an announcement speaks of dates: its clauses, each with the words around it and what it can be about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from examcal.schedule.announcement import Line
from examcal.schedule.model import Kind
from examcal.schedule.moments import Point
from examcal.schedule.phrases import LONGEST_PHRASE, Mark, Token, folded, tokens
from examcal.schedule.points import elements


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a line that states one date or window, and the words around it.

    ``lead`` stands before it in the line, ``tail`` after a comma, ``heading`` is the short line above.
    ``has_date`` is false where it only puts a date off.
    """

    number: int
    text: str
    lead: str = ""
    tail: str = ""
    heading: str = ""
    has_date: bool = True

    @property
    def kind(self) -> tuple[Kind, str]:
        """The kind that its words suggest, and the word; the nearest words that suggest any decide."""
        for words in (self.text, self.tail, self.lead, self.heading):
            found = _kind(words)
            if found:
                return found
        return Kind.OTHER, ""


# In order: a later word is often part of an earlier one's sentence ("资格考试报名资格审核" is a review).
_KIND_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.TICKET, re.compile("准考证")),
    (Kind.PAYMENT, re.compile("缴费|交费|缴纳|支付|收费")),
    (Kind.SCORE, re.compile("成绩|查分|分数|合格线")),
    (
        Kind.CERTIFICATE,
        re.compile("(?:领取|发放|颁发|核发)[^,，。]{0,12}证书|证书[^,，。]{0,8}(?:领取|发放|颁发|核发)|领证"),
    ),
    (Kind.REVIEW, re.compile("审核|审查|核查|现场确认|网上确认|信息确认|复核")),
    (Kind.REGISTRATION, re.compile("报名|填报|报考")),
    (Kind.EXAM, re.compile("笔试|面试|机试|初试|复试|考试|考核|[一二]试")),
    (Kind.ANNOUNCEMENT, re.compile("公告|公布|发布|公示")),
)


def _kind(words: str) -> tuple[Kind, str] | None:
    return next(((kind, match.group()) for kind, pattern in _KIND_WORDS if (match := pattern.search(words))), None)


def clauses(lines: Sequence[Line]) -> Iterator[Clause]:
    """Yield the clauses that state dates (or put them off), in the order of the text."""
    heading = ""
    for line in lines:
        found = list(_in_line(line, heading))
        yield from found
        heading = line.text if not found and len(line.text) <= _LONGEST_HEADING else ""


_LONGEST_HEADING = 60


def _in_line(line: Line, heading: str) -> Iterator[Clause]:
    """Yield the clauses of one line; hours that follow belong to the dates before, words before to the dates after."""
    lead = ""
    pending: Clause | None = None
    for piece, border in _pieces(line.text):
        if pending and _belongs_to(pending, piece, lead):
            pending = replace(pending, text=f"{pending.text},{piece}")
            continue
        has_date = _has_date(piece)
        if pending:
            yield from _with_asides(replace(pending, tail=piece if border == "," and not has_date else ""))
            pending = None
        if has_date:
            pending, lead = Clause(line.number, piece, lead, "", heading), piece
            continue
        if _is_put_off(piece, lead):
            pending = Clause(line.number, piece, lead, "", heading, has_date=False)
        lead = f"{lead},{piece}"[-_LONGEST_LEAD:] if lead else piece
    if pending:
        yield from _with_asides(pending)


_LONGEST_LEAD = 200


def _belongs_to(pending: Clause, piece: str, lead: str) -> bool:
    """Return whether a piece continues a clause: opening hours after dates, one more remark that puts a date off."""
    if len(pending.text) + len(piece) >= LONGEST_PHRASE:
        return False
    if pending.has_date:
        return _has_hours(piece)
    return not _has_date(piece) and _is_put_off(piece, lead)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut a line at its commas and full stops, not inside brackets; yield each piece with the mark before it."""
    depth = start = 0
    border = ""
    plain = folded(text)
    for position, character in enumerate(plain):
        depth += (character == "(") - (character == ")" and depth > 0)
        ends = character in ",;。!?！？" and (depth == 0 or character == "。")
        if ends or _is_too_long(plain, start, position):
            if text[start:position].strip():
                yield text[start:position].strip(), border
            start, depth, border = position + ends, 0, character if ends else ""
    if text[start:].strip():
        yield text[start:].strip(), border


_IN_DATES = frozenset("0123456789年月日号时点分:-/.一至到上下午")


def _is_too_long(plain: str, start: int, position: int) -> bool:
    """Return whether a piece must be cut here: it nears the longest phrase, and no date stands across the cut."""
    length = position - start
    if length >= LONGEST_PHRASE:
        return True
    return length >= LONGEST_PHRASE // 2 and not _IN_DATES & {plain[position - 1], plain[position]}


_ASIDE = re.compile(r"[(（]([^()（）]*)[)）]")


def _with_asides(clause: Clause) -> Iterator[Clause]:
    """Yield a clause, then windows of its own that stand in its brackets."""
    outer = _ASIDE.sub("", clause.text)
    yield clause
    if clause.has_date and _has_date(outer):
        for aside in _ASIDE.findall(clause.text):
            if _has_date(aside):
                yield Clause(clause.number, aside, clause.lead, "", clause.heading)


# A run of bare digits is a damaged date only where a word asks for a date; else it is a number like any other.
_ASKS_FOR_A_DATE = re.compile(r"(?:[于在自从至到]|时间[为是]?[:：]?|日期[为是]?[:：]?)\s*$")
_LONGEST_QUESTION = 8


_NUMBERS = re.compile(r"[\d〇零○一二三四五六七八九十]")


@lru_cache(maxsize=64)
def _elements(piece: str) -> tuple[Token | Point, ...]:
    """Return a piece taken apart; every question about it asks for that, and it is what takes the time."""
    return tuple(elements(tokens(piece)))


def _has_number(piece: str) -> bool:
    """Return whether a piece can name a day or a time at all; most of a notice cannot."""
    return _NUMBERS.search(folded(piece)) is not None


def _has_date(piece: str) -> bool:
    found = _elements(piece) if _has_number(piece) else ()
    return any(
        _is_date(element)
        or (_is_bare(element) and _is_asked_for(piece, found, position))
        or (_is_month(element) and _PROMISES.search(piece) is not None)
        for position, element in enumerate(found)
    )


_PROMISES = re.compile("预计|公布|举行|开考|开始|截止")


def _is_month(element: Token | Point) -> bool:
    """Return whether an element is a year and a month without a day."""
    day = element.candidates[0][0] if isinstance(element, Point) and element.candidates else None
    return day is not None and day.year is not None and day.month is not None and day.day is None


def _is_date(element: Token | Point) -> bool:
    """Return whether an element names a day, intact or damaged, beyond doubt."""
    if not isinstance(element, Point) or element.is_year:
        return False
    if element.failure:
        return not element.text.isdecimal()
    day = element.candidates[0][0] if element.candidates else None
    if day is None:
        return False
    return day.month is not None and day.day is not None and (not element.damaged or not element.text.isdecimal())


def _is_bare(element: Token | Point) -> bool:
    return isinstance(element, Point) and element.text.isdecimal() and len(element.text) >= 2  # noqa: PLR2004 -- month and day


def _is_asked_for(piece: str, found: Sequence[Token | Point], position: int) -> bool:
    element = found[position]
    if not isinstance(element, Point):
        return False
    if _ASKS_FOR_A_DATE.search(piece[max(0, element.start - _LONGEST_QUESTION) : element.start]):
        return True
    following = found[position + 1 : position + 3]
    return (
        len(following) == 2  # noqa: PLR2004 -- a connecting word and a date
        and isinstance(following[0], Token)
        and following[0].mark is Mark.CONNECT
        and _is_date(following[1])
    )


def _has_hours(piece: str) -> bool:
    """Return whether a piece is nothing but opening hours (and 每日)."""
    found = _elements(piece) if _has_number(piece) else ()
    clocks = [e for e in found if isinstance(e, Point)]
    words = [e for e in found if isinstance(e, Token) and e.mark is Mark.TEXT]
    return bool(clocks) and all(e.has_clock and not e.has_day for e in clocks) and not words


_PUT_OFF = re.compile("待定|未定|另行|待公布|待通知|尚未|暂未|请?关注|考试前|考前")


def _is_put_off(piece: str, lead: str) -> bool:
    """Return whether a piece says that a date will be told later, or counts it from the exam."""
    if not _PUT_OFF.search(piece):
        return False
    if not {e.mark for e in _elements(piece) if isinstance(e, Token)} & {Mark.TBA, Mark.RELATIVE}:
        return False
    kind = _kind(piece) or (_kind(lead) if "时间" in piece else None)
    return kind is not None and ("时间" in piece or "打印" in piece)
