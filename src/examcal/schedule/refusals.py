"""What makes a line state no window: events for edges, times without a day, durations, words that leave a day open."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

from examcal.errors import Sentence
from examcal.schedule.grouping import Group, is_comma, is_word
from examcal.schedule.outline import Piece, Stop
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token
from examcal.schedule.years import resolve_one


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
    """Refuse a time of day that belongs to no day."""
    for piece in line:
        if isinstance(piece, Stop) and piece.day is None and piece.clock is not None:
            raise PhraseError(
                "{clock} stands apart from any day" if has_day else "There is a time of day ({clock}) but no day",
                offset=piece.start,
                clock=piece.clock.text,
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
