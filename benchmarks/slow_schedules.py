"""Files that cost as much as the limits allow, each in another way; most of them nobody would write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

WINDOWS, WORDS, HOLIDAYS, SITES = 4_990, 9_900, 2_000, 390
_EXAM = "  - id: x\n    name: X\n"
_FIRST = date(2026, 12, 1)


def _file(milestones: Iterable[str], *, settings: str = "", exam: str = "") -> str:
    rows = "".join(f"      - {{id: m{n}, kind: payment, {row}}}\n" for n, row in enumerate(milestones))
    return f"version: 1\n{settings}exams:\n{_EXAM}{exam}    milestones:\n{rows}"


def _repeated(row: str, count: float) -> Iterator[str]:
    """Yield a row so many times, its days and numbers varied."""
    for n in range(int(count)):
        yield row.format(n=n, day=n % 28 + 1, minute=n % 59, next=n ^ 1)


def _holidays() -> str:
    days = ", ".join(str(_FIRST + timedelta(days=n)) for n in range(HOLIDAYS))
    return f"workdays:\n  holidays: [{days}]\n"


def _sites(row: str, milestones: int) -> str:
    known = "".join(f"      - {{id: s{n}, name: S{n}, phones: [010-123456]}}\n" for n in range(SITES))
    own = ", ".join(f"s{n}: {{{{closes: 2026-12-20 09:00, days: workdays, hours: 09:00-10:00}}}}" for n in range(SITES))
    return _file(_repeated(f"{row}, sites: {{{{{own}}}}}", milestones), exam=f"    sites:\n{known}")


def _words(phrase: str) -> str:
    count = WORDS // (len(phrase.format(n=0, day=1, minute=10, next=1)) + 3)
    rest = _repeated("on: 2026-12-{day:02d}, location: l, notes: n, tasks: [a, b, c, d, e]", WINDOWS - count)
    return _file([*_repeated(f'window: "{phrase}"', count), *rest])


def _many(what: str, count: int) -> str:
    return ", ".join(what.replace("#", str(n)) for n in range(count))


SLOW: dict[str, Callable[[], str]] = {
    "open brackets": lambda: "[" * 1_000_000,
    "empty lists": lambda: "a: [" + "[]," * 1_300_000 + "]",
    "one text": lambda: "a: " + "x" * 4_100_000,
    "keys": lambda: "".join(f"k{n}: 1\n" for n in range(350_000)),
    "impossible days": lambda: _file(_repeated("on: 2026-06-31", WINDOWS)),
    "unknown keys": lambda: _file(_repeated(_many("kye#: 1", 10), WINDOWS)),
    "days without a source": lambda: _file(
        _repeated("on: 2026-12-{day:02d}, location: l, notes: n, tasks: [a, b, c, d, e]", WINDOWS)
    ),
    "dates in words": lambda: _words(
        "2026年12月{day}日上午9:{minute:02d}起至2027年2月5日下午17时止（节假日除外，每日9:00—11:30）"
    ),
    "damaged dates": lambda: _words("l2月{day}B 9:{minute}O—l2月3l日l7:OO，及l月ll、l2、l3、l4日"),
    "dates in brackets": lambda: _words("(" * 200 + "1月1日" + ")" * 200 + "{n}"),
    "expected dates": lambda: _file(_repeated("when: tba, expected: '2025年{day}月下旬至{n}月'", WORDS // 14)),
    "circles": lambda: _file(_repeated("opens: m{next}.opens +1d, closes: 2027-01-01", WINDOWS)),
    "requirements": lambda: _file(_repeated(f"on: 2026-12-01, requires: [{_many('m#', 380)}]", 78)),
    "distances in working days": lambda: _file(
        ["on: 2026-12-01", *_repeated("opens: m0.opens +400wd, closes: m0.opens +500wd 10:00", WINDOWS)]
    ),
    "reminders in working days": lambda: _file(
        _repeated(f"on: 2027-12-{{day:02d}}, remind: [{_many('closes -4#wd', 50)}]", 590), settings=_holidays()
    ),
    "windows on holidays": lambda: _file(
        _repeated("opens: 2026-12-{day:02d}, closes: 2029-01-01, days: workdays, hours: 09:00-10:00", WINDOWS),
        settings=_holidays(),
    ),
    "windows of sites": lambda: _sites(
        f"opens: 2026-12-01, closes: 2027-01-01, remind: [{_many('closes -4#wd', 50)}], "
        "contacts: {{name: a, phones: [12345], hours: '工作日 09:00-10:00'}}",
        15,
    ),
    "unknown sites": lambda: _sites("opens: 2026-12-01, closes: 2027-01-01", 15).replace(
        "      - {id: s", "      - {id: t"
    ),
    "sessions": lambda: _file(
        _repeated(f"on: 2026-12-01, sessions: [{_many('{{name: S#, opens: 09:00, closes: 10:00}}', 90)}]", 54)
    ),
    "texts cut by commas": lambda: _file(_repeated(f"on: 2026-12-01, tasks: [（{_many('a', 90)}]", 330)),
    "old names": lambda: _file(_repeated(f"on: 2026-12-01, renamed_from: [{_many('o#', 5)}]", WINDOWS)),
}
"""What makes a file slow, and a function that writes it."""
