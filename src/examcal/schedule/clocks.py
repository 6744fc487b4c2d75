"""Times of day as written, with 上午, 下午 and their like; more than one where people mean different times."""

from __future__ import annotations

import re
from collections.abc import Sequence

from examcal.errors import Sentence
from examcal.schedule.damage import DamagedError
from examcal.schedule.moments import MIDNIGHT, Clock, Half
from examcal.schedule.phrase_error import PhraseError
from examcal.schedule.phrases import Mark, Token


def clocks(segment: Sequence[Token]) -> tuple[Clock, ...]:
    """Return every time of day that the tokens can mean. Raises PhraseError or DamagedError."""
    half: Half | None = None
    if segment[0].mark is Mark.HALF_DAY:
        half = next(half for half in Half if segment[0].text in half.value)
        segment = segment[1:]
    first = segment[0]
    if first.mark is Mark.CLOCK:
        return _digital_clocks(half, first)
    hour, minute, second = _hour(first), _minute(segment[1:]), _second(segment[1:])
    if second:
        return _clocks_with_seconds(hour, minute, second, first)
    return _written_clocks(half, hour, minute, first, None)


def agrees(word: str, clock: Clock) -> bool:
    """Return whether a part of the day only says again which time is meant: 中午 of 12:00, 下午 of 15:00."""
    half = next(half for half in Half if word in half.value)
    hour = clock.minutes // 60
    return clock.half in {None, half} and _HOURS[half].get(hour) == (hour,)


def _written_clocks(half: Half | None, hour: int, minute: int, token: Token, offset: str | None) -> tuple[Clock, ...]:
    _check_clock(hour, minute, token)
    return tuple(Clock(minutes, half, offset) for minutes in _in_half(half, hour, minute, token))


_CLOCK = re.compile(
    r"T?(?P<hour>\d{1,2}) ?: ?(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d{1,9})?))?(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def _digital_clocks(half: Half | None, token: Token) -> tuple[Clock, ...]:
    """Read ``HH:MM[:SS][+HH:MM]``; 23:59:59 may mean the end of the day or a minute before it."""
    match = _CLOCK.fullmatch(token.text)
    if match is None:
        raise DamagedError
    hour, minute = int(match["hour"]), int(match["minute"])
    if not (match["second"] or "0").strip("0."):
        return _written_clocks(half, hour, minute, token, match["offset"])
    return _clocks_with_seconds(hour, minute, match["second"], token)


def _clocks_with_seconds(hour: int, minute: int, second: str, token: Token) -> tuple[Clock, ...]:
    """Return what seconds can mean: nothing, unless it is the last one of a day."""
    if (hour, minute, second) == (23, 59, "59"):
        return Clock(MIDNIGHT), Clock(MIDNIGHT - 1)
    written = f"{hour:02d}:{minute:02d}:{second}"
    raise PhraseError("{written} has seconds; write a whole minute", offset=token.start, written=written)


def _hour(token: Token) -> int:
    if len(token.digits) > 2:  # noqa: PLR2004 -- an hour has at most two digits
        raise DamagedError
    return int(token.digits)


def _minute(rest: Sequence[Token]) -> int:
    if not rest:
        return 0
    if rest[0].mark is Mark.HALF:
        return 30
    if "刻" in rest[0].text:
        return 15 * int(rest[0].digits)
    if len(rest[0].digits) > 2 or (rest[0].mark is Mark.NUMBER and len(rest[0].digits) != 2):  # noqa: PLR2004 -- two digits
        raise DamagedError
    return int(rest[0].digits)


_SECOND = re.compile(r"(\d{1,2}) ?秒", re.ASCII)


def _second(rest: Sequence[Token]) -> str:
    """Return the seconds after the minutes (``59分59秒``), empty where there are none."""
    match = _SECOND.search(rest[0].text) if rest else None
    return match[1].zfill(2).replace("00", "") if match else ""


def _check_clock(hour: int, minute: int, token: Token) -> None:
    if minute > 59:  # noqa: PLR2004 -- the last minute of an hour
        raise PhraseError(
            "There is no time {clock}; an hour has the minutes 0 to 59",
            offset=token.start,
            clock=f"{hour:02d}:{minute:02d}",
        )
    if hour * 60 + minute > MIDNIGHT:
        raise PhraseError(
            "There is no time {clock}; a day ends at 24:00", offset=token.start, clock=f"{hour:02d}:{minute:02d}"
        )


# Half of the day -> for each hour as written, the hours it can mean; an hour that is missing contradicts the word.
_HOURS: dict[Half, dict[int, tuple[int, ...]]] = {
    Half.NIGHT: {**{h: (h,) for h in range(7)}, 12: (0, 24), 24: (0, 24)},
    Half.MORNING: {**{h: (h,) for h in range(12)}, 12: (0, 12)},
    Half.NOON: {10: (10,), 11: (11,), 12: (12,), 13: (13,), 14: (14,), 1: (13,), 2: (14,)},
    Half.AFTERNOON: {**{h: (h + 12,) for h in range(1, 12)}, **{h: (h,) for h in range(12, 24)}},
    Half.EVENING: {**{h: (h + 12,) for h in range(5, 12)}, 12: (0, 24), **{h: (h,) for h in range(16, 25)}},
}


def _in_half(half: Half | None, hour: int, minute: int, token: Token) -> list[int]:
    """Return the possible minutes since midnight; more than one where people mean different things."""
    hours = _HOURS[half].get(hour, ()) if half else (hour,)
    possible = [h * 60 + minute for h in hours]
    if any(minutes > MIDNIGHT for minutes in possible):
        raise PhraseError(
            "{clock} after such a word may be on this day or on the next one",
            hint=Sentence("Write the time of 24 hours, such as {example}", {"example": "00:30"}),
            offset=token.start,
            clock=f"{hour}:{minute:02d}",
        )
    if not possible:
        raise PhraseError(
            "{clock} does not go with the part of the day before it",
            offset=token.start,
            clock=f"{hour}:{minute:02d}",
        )
    return possible
