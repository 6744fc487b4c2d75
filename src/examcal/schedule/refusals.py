"""What makes a line state no window: events for edges, times without a day, durations, words that leave a day open."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import date, timedelta

from examcal.errors import Sentence
from examcal.schedule.grouping import Group, is_comma, is_word
from examcal.schedule.outline import Piece, Stop
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token
from examcal.schedule.years import resolve_one

HALF_BEFORE_TIME = Sentence(
    "Write it before its time, such as {example}, or the time of 24 hours", {"example": "下午2:00"}
)


def refuse_events(line: Sequence[Piece], *, has_day: bool) -> None:
    """Refuse 至 with a day on one side and words on the other: the edge is an event, not a date."""
    for position, piece in enumerate(line):
        if not (has_day and isinstance(piece, Token) and piece.mark is Mark.CONNECT):
            continue
        before = _neighbour(line[:position][::-1])
        after = _neighbour(line[position + 1 :])
        if isinstance(before, Stop) is isinstance(after, Stop):
            continue
        known = before if isinstance(before, Stop) else after
        raise PhraseError(
            "The window ends at an event, not at a date"
            if known is before
            else "The window starts at an event, not at a date",
            hint=Sentence("Write the known edge alone as `opens:`, and the event in `notes:`")
            if known is before
            else Sentence("Write the known edge alone as `closes:`, and the event in `notes:`"),
            offset=piece.start,
        )


def _neighbour(line: Sequence[Piece]) -> Piece | None:
    return next((piece for piece in line if not (is_word(piece, Mark.START) or is_comma(piece))), None)


def refuse_strays(line: Sequence[Piece], *, has_day: bool) -> None:
    """Refuse a time or a part of the day that belongs to no day, and beside a day a weekday that belongs to none."""
    for piece in line:
        if has_day and isinstance(piece, Stop) and piece.day is None and piece.clock is None:
            raise PhraseError(
                "A part of the day without a time of day",
                hint=HALF_BEFORE_TIME,
                offset=piece.start,
            )
        if has_day and isinstance(piece, Token) and piece.mark is Mark.WEEKDAY:
            raise PhraseError("{written} belongs to no day", offset=piece.start, written=piece.text)
        if isinstance(piece, Stop) and piece.day is None and piece.clock is not None:
            raise PhraseError(
                "{clock} stands apart from any day" if has_day else "There is a time of day ({clock}) but no day",
                offset=piece.start,
                clock=piece.clock.text,
            )


def refuse_half_only(stop: Stop, day: date | None = None) -> None:
    """Refuse 上午 or 下午 without a time, offering the whole day where there is one."""
    if stop.half_only:
        raise PhraseError(
            "A part of the day without a time of day",
            hint=Sentence("Write the time"),
            readings=[day.isoformat()] if day and stop.clock is None else [],
            offset=stop.start,
        )


def refuse_relatives(line: Sequence[Piece]) -> None:
    """Refuse a duration in the same clause as a day; in a clause of its own it is a remark."""
    clause: list[Piece] = []
    for piece in [*line, None]:
        if piece is not None and not is_word(piece, Mark.BREAK):
            clause.append(piece)
            continue
        relative = next((p for p in clause if isinstance(p, Token) and p.mark is Mark.RELATIVE), None)
        if relative and any(isinstance(p, Stop) for p in clause):
            raise PhraseError("{written} counts from something else", offset=relative.start, written=relative.text)
        clause = []


def refuse_after(line: Sequence[Piece], groups: Sequence[Group], year: int | None) -> None:
    """Refuse ``3月5日后``: it may or may not include the day itself."""
    for before, piece in itertools.pairwise(line):
        if not (isinstance(before, Stop) and before.day is not None and is_word(piece, Mark.AFTER)):
            continue
        day = resolve_one(before.day, year, before) if len(groups) == 1 else None
        clock = f" {before.clock.text}" if before.clock else ""
        first_days = [day, day + timedelta(days=1)] if day and not clock else [day] if day else []
        raise PhraseError(
            "{word} does not say whether the day itself is included",
            hint=Sentence("Write 起 with the first day"),
            readings=[f"{first}{clock} 起" for first in first_days],
            offset=before.end,
            word=piece.text if isinstance(piece, Token) else "",
        )


_SUBJECTS = (
    re.compile("报名|报考|填报|注册|登记"),
    re.compile("审核|审查|核查|确认"),
    re.compile("缴费|交费|缴纳|支付"),
    re.compile("打印|下载|准考证"),
    re.compile("考试|笔试|面试|机试|考核"),
    re.compile("成绩|查分|查询|公布|公示|发布"),
    re.compile("领取|领证|发放|证书"),
)


def is_one_subject(line: Sequence[Piece], first: Stop, last: Stop) -> bool:
    """Return whether a start and an end are of the same thing: not in ``3月1日起报名,3月10日前缴费``."""
    after = line.index(first) + 1
    breaks = (at for at in range(after, line.index(last)) if is_word(line[at], Mark.BREAK))
    border = next(breaks, after + is_word(line[after], Mark.START))
    end = next((at for at in range(line.index(last), len(line)) if is_word(line[at], Mark.BREAK)), len(line))
    one, other = _subjects(line[:border]), _subjects(line[border:end])
    return not one or not other or bool(one & other)


def _subjects(line: Sequence[Piece]) -> set[int]:
    text = "".join(piece.text if isinstance(piece, Token) and piece.mark is Mark.TEXT else " " for piece in line)
    return {number for number, words in enumerate(_SUBJECTS) if words.search(text)}
