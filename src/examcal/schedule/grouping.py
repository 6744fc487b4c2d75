"""Which parts of a line belong together: weekday and day, day and time, opening hours, the days of one window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from examcal.errors import Sentence
from examcal.schedule.model import Hours
from examcal.schedule.moments import MIDNIGHT, Clock, Half
from examcal.schedule.outline import Piece, Stop
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token

HALF_A_DAY = MIDNIGHT // 2
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Group:
    """Stops that belong together: one, two joined by 至, or several joined by 、."""

    stops: tuple[Stop, ...]
    link: Mark | None = None
    starts: bool = False
    ends: bool = False

    @property
    def start(self) -> int:
        """Where it begins in the phrase."""
        return self.stops[0].start


def joined_pieces(line: Sequence[Piece]) -> list[Piece]:
    """Attach weekdays to their days, and a time to the day directly before it."""
    joined: list[Piece] = []
    for piece in line:
        if isinstance(piece, Token) and piece.mark is Mark.WEEKDAY:
            _attach_weekday(joined, piece)
            continue
        last = joined[-1] if joined else None
        is_weekday = isinstance(last, Token) and last.mark is Mark.WEEKDAY
        if isinstance(last, Token) and is_weekday and isinstance(piece, Stop) and piece.day and not piece.weekday:
            joined[-1] = replace(piece, weekday=last)
        elif isinstance(piece, Stop) and piece.day is None and isinstance(last, Stop) and last.clock is None:
            joined[-1] = replace(last, clock=piece.clock, end=piece.end, half_only=last.half_only or piece.half_only)
        else:
            joined.append(piece)
    return _with_weekday_runs(joined)


def _attach_weekday(joined: list[Piece], weekday: Token) -> None:
    last = joined[-1] if joined else None
    if isinstance(last, Stop) and last.day is not None and last.weekday is None:
        joined[-1] = replace(last, weekday=weekday)
    else:
        joined.append(weekday)


def _with_weekday_runs(joined: list[Piece]) -> list[Piece]:
    """Spread ``4月11、12日(星期六、星期日)``: as many weekdays as days before them belong to those, in order."""
    spread: list[Piece] = []
    for piece in joined:
        if not (isinstance(piece, Token) and piece.mark is Mark.WEEKDAY and _shift_weekdays(spread, piece)):
            spread.append(piece)
    return spread


def _shift_weekdays(spread: list[Piece], weekday: Token) -> bool:
    """Give the last day this weekday, and each day before it the one that it gives up; return whether all fit."""
    given: Token | None = weekday
    for index in range(len(spread) - 1, -1, -1):
        stop = spread[index]
        if isinstance(stop, Stop) and stop.day is not None and given is not None:
            spread[index], given = replace(stop, weekday=given), stop.weekday
    return given is None


def is_word(piece: Piece | None, *marks: Mark) -> bool:
    """Return whether a piece is a word with one of these meanings."""
    return isinstance(piece, Token) and piece.mark in marks


# Opening hours


def without_hours(line: list[Piece]) -> tuple[list[Piece], tuple[Hours, ...]]:
    """Take out every "TIME — TIME" whose second time has no day of its own."""
    rest: list[Piece] = []
    hours: list[Hours] = []
    position = 0
    while position < len(line):
        span = _hours_at(line, position)
        if span is None:
            rest.append(line[position])
            position += 1
            continue
        since = line[position]
        hours.append(span)
        if isinstance(since, Stop) and since.day is not None:
            rest.append(replace(since, clock=None))
        position += 3
    return rest, tuple(hours)


def hours_of(line: Sequence[Piece]) -> tuple[Hours, ...]:
    """Return the opening hours that an aside states. Raises PhraseError for a time that is no part of such hours."""
    rest, hours = without_hours(joined_pieces(line))
    for piece in rest:
        if isinstance(piece, Stop) and piece.clock is not None:
            raise PhraseError(
                "{clock} in brackets is no span of opening hours",
                hint=Sentence("Write the date and its time together"),
                offset=piece.start,
                clock=piece.clock.text,
            )
    return hours


def _hours_at(line: Sequence[Piece], position: int) -> Hours | None:
    window = line[position : position + 3]
    if len(window) < 3:  # noqa: PLR2004 -- time, 至, time
        return None
    since, link, until = window
    if not (isinstance(since, Stop) and is_word(link, Mark.CONNECT) and isinstance(until, Stop)):
        return None
    if since.clock is None or until.clock is None or until.day is not None:
        return None
    return _hours(since.clock, until)


def _hours(since: Clock, until: Stop) -> Hours:
    """Return a span of hours; the second time shares the 下午 of the first (``下午2:00—4:30``)."""
    end = until.clock.minutes if until.clock else 0
    shares = until.clock is not None and until.clock.half is None and since.half in {Half.AFTERNOON, Half.EVENING}
    if shares and end <= since.minutes and end + HALF_A_DAY <= MIDNIGHT:
        end += HALF_A_DAY
    if end <= since.minutes:
        raise PhraseError(
            "{end} is not after {start}",
            hint=Sentence("Write the day of both times, or times of 24 hours"),
            offset=until.start,
            start=since.text,
            end=Clock(end).text,
        )
    return Hours(since.minutes, end)


# Groups of days

_STRONG = {"开始", "起始", "截止", "截至", "停止", "终止", "结束", "关闭"}
_BEFORE_ONLY = {"自", "从"}
_AFTER_ONLY = {"前", "之前", "以前", "止", "为止", "起"}
_LABEL_ENDS = {":", "时间", "日期"}


def groups_of(line: Sequence[Piece]) -> list[Group]:
    """Return the days of a line, those of one window together. Raises PhraseError where ranges and lists mix."""
    groups: list[Group] = []
    position = 0
    while position < len(line):
        piece = line[position]
        if not (isinstance(piece, Stop) and piece.day is not None):
            position += 1
            continue
        stops, link, end = _chain(line, position)
        if link is Mark.LIST and end < len(line) and is_word(line[end], Mark.BETWEEN):
            link = Mark.CONNECT
        if link is not None:
            _refuse_edge_word(line, position, end, link)
        starts, ends = _edge_words(line, position, end) if link is None else (False, False)
        groups.append(Group(tuple(stops), link, starts, ends))
        position = end
    return groups


def _chain(line: Sequence[Piece], position: int) -> tuple[list[Stop], Mark | None, int]:
    """Return the stops that hang together from ``position`` on, the word between them, and where they end."""
    first = line[position]
    stops = [first] if isinstance(first, Stop) else []
    link: Mark | None = None
    position += 1
    while True:
        skipped = _past_openings(line, position)
        joint, following = ([*line[skipped : skipped + 2], None, None])[:2]
        mark = joint.mark if isinstance(joint, Token) else None
        if mark not in {Mark.CONNECT, Mark.LIST} or not isinstance(following, Stop) or following.day is None:
            return stops, link, position
        if link is Mark.CONNECT or (link is not None and mark is not link):
            raise PhraseError("Ranges and lists of days are mixed", offset=following.start)
        stops.append(following)
        link, position = mark, skipped + 2


def _past_openings(line: Sequence[Piece], position: int) -> int:
    """Return the position after 起 and a comma, as in ``9月22日起,至9月28日止``."""
    while position < len(line) and (is_word(line[position], Mark.START) or is_comma(line[position])):
        position += 1
    return position


def is_comma(piece: Piece) -> bool:
    """Return whether a piece is a comma, full-width or not."""
    return isinstance(piece, Token) and piece.text == ","


_BEFORE_A_SPAN = {"自", "从", "起", "开始", "起始"}
_AFTER_A_SPAN = {"前", "之前", "以前", "止", "为止", "截止", "截至", "结束"}


def _refuse_edge_word(line: Sequence[Piece], first: int, end: int, link: Mark) -> None:
    """Refuse a word for one edge beside several days: ``3月5日、6日前``, ``3月5日至11日起``, ``不晚于3月5日至11日``."""
    after = line[end] if end < len(line) and not _is_label(line, end) else None
    before = line[first - 1] if first else None
    is_list = link is Mark.LIST
    for word, fits in ((after, set() if is_list else _AFTER_A_SPAN), (before, _BEFORE_A_SPAN)):
        if not (isinstance(word, Token) and word.mark in {Mark.START, Mark.END}) or word.text in fits:
            continue
        raise PhraseError(
            "{word} beside several days does not say which one it belongs to",
            hint=Sentence("Write one window, or one milestone for each"),
            offset=word.start,
            word=word.text,
        )


def _is_label(line: Sequence[Piece], position: int) -> bool:
    """Return whether 结束 or 开始 names the date after it, as in ``开始:3月5日 结束:3月20日``."""
    following = line[position + 1] if position + 1 < len(line) else None
    return is_word(following, Mark.TEXT) and isinstance(following, Token) and following.text in _LABEL_ENDS


def _edge_words(line: Sequence[Piece], first: int, end: int) -> tuple[bool, bool]:
    """Return whether the words around a single stop make it a start or an end; the nearest word decides."""
    after = line[end] if end < len(line) and not _is_label(line, end) else None
    _refuse_both(line, first, end)
    before = line[first - 1] if first else None
    for word, wrong_side in (
        (after, _BEFORE_ONLY),
        (before, _AFTER_ONLY),
        (_across_text(line, range(end, len(line))), _BEFORE_ONLY),
        (_across_text(line, range(first - 1, -1, -1)), _AFTER_ONLY),
    ):
        if is_word(word, Mark.START, Mark.END) and isinstance(word, Token) and word.text not in wrong_side:
            return word.mark is Mark.START, word.mark is Mark.END
    return False, False


def _refuse_both(line: Sequence[Piece], first: int, end: int) -> None:
    """Refuse ``3月5日前开始``, ``3月5日起停止`` and ``从3月5日止``, whose words make a start and an end of one day."""
    after, second = ([*line[end : end + 2], None, None])[:2]
    before = line[first - 1] if first else None
    opened = is_word(before, Mark.START) and not (first > 1 and isinstance(line[first - 2], Stop))
    ends_first = is_word(after, Mark.END) and (is_word(second, Mark.START) or opened)
    if ends_first or (is_word(after, Mark.START) and is_word(second, Mark.END)):
        raise PhraseError(
            "The words around the date make it a start and an end at once",
            hint=Sentence("Write `opens:` or `closes:` with the date alone"),
            offset=line[end].start,
        )


def _across_text(line: Sequence[Piece], positions: range) -> Piece | None:
    """Return the first word that is not plain text, if it says clearly that something starts or ends."""
    at = next((position for position in positions if not is_word(line[position], Mark.TEXT)), None)
    if at is None or (positions.step > 0 and _is_label(line, at)):
        return None
    word = line[at]
    clear = isinstance(word, Token) and any(word.text.startswith(strong) for strong in _STRONG)
    return word if clear else None
