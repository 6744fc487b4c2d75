"""What bounds the cost of a file that is small in bytes: circles, dates in words, guesses, warnings, closed days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from examcal.errors import Problem, ScheduleRejectedError
from examcal.schedule.drafts import MOST_WINDOWS
from examcal.schedule.loader import Loaded, SourceText, load
from examcal.schedule.parts import MOST_IN_LISTS
from examcal.schedule.problems import MOST_FINDINGS
from examcal.schedule.references import MOST_CIRCLES, in_dependency_order
from examcal.schedule.understood import MOST_WORDS

TODAY = date(2026, 11, 25)


def written(milestones: Iterable[str], head: str = "") -> SourceText:
    rows = "".join(f"      - {{id: m{n}, kind: other, {row}}}\n" for n, row in enumerate(milestones))
    return SourceText("s.yaml", f"{head}exams:\n  - id: x\n    name: X\n    milestones:\n{rows}".encode())


def loaded(milestones: Iterable[str], head: str = "") -> Loaded:
    return load([written(milestones, head)], today=TODAY)


def problems(milestones: Iterable[str]) -> list[Problem]:
    with pytest.raises(ScheduleRejectedError) as rejected:
        loaded(milestones)
    return list(rejected.value.problems)


def test_twenty_circles_are_reported_of_a_thousand() -> None:
    found = problems(f"on: 2026-12-01, requires: [m{n ^ 1}]" for n in range(2000))
    assert sum(problem.code == "circular-requires" for problem in found) == MOST_CIRCLES


def test_past_the_last_circle_that_is_looked_for_only_what_touches_none_is_in_order() -> None:
    circles = {f"m{n}": [f"m{n ^ 1}"] for n in range(2 * MOST_CIRCLES + 2)}
    order, found = in_dependency_order({**circles, "a": [], "b": ["a"], "c": ["m0"], "d": [f"m{2 * MOST_CIRCLES}"]})
    assert len(found) == MOST_CIRCLES
    assert order.index("a") < order.index("b")
    assert len(set(order) & set(circles)) <= 2
    assert len({"c", "d"} & set(order)) >= 1


def test_dates_in_words_are_limited_together_and_reported_once() -> None:
    phrase = "2026年12月{day}日上午9:{minute:02d}至2027年1月8日下午17:00"
    count = MOST_WORDS // 30
    found = problems(f"window: '{phrase.format(day=n % 28 + 1, minute=n % 59)}'" for n in range(count))
    assert [problem.code for problem in found if problem.severity == "error"] == ["too-many"]
    assert str(MOST_WORDS) in found[0].message.text("zh-CN").replace(",", "")


@pytest.mark.parametrize(
    "row",
    [
        "opens: 2026-12-{day:02d} 09:{minute:02d}, closes: 2027-01-08 17:00",
        "opens: 2026年12月{day}日9:{minute:02d}, closes: 2027年1月8日17时",
        "window: 2026年12月{day}日9:{minute:02d}至2027年1月8日17时",
        "window: 2026年11月{day}日9:{minute:02d}—12月31日17:00",
    ],
)
def test_plain_dates_do_not_count_as_words(row: str) -> None:
    rows = [row.format(day=n % 28 + 1, minute=n % 60) for n in range(MOST_WORDS // 20)]
    assert len(loaded(rows).schedule.exams[0].milestones) == len(rows)


def test_a_phrase_that_stands_many_times_is_understood_and_counted_once() -> None:
    rows = ["window: '2026年12月5日至12月11日(不含周末),上午9:00—11:00,下午2:00—4:30'"] * (MOST_WORDS // 20)
    assert len(loaded(rows).schedule.exams[0].milestones) == len(rows)


def test_what_was_too_much_to_understand_stays_so_when_it_is_repeated() -> None:
    rows = [f"window: 2026年12月{n % 28 + 1}日上午9:{n % 59:02d}起" for n in range(MOST_WORDS // 15)]
    found = problems([*rows, *rows])
    assert [problem.code for problem in found if problem.severity == "error"] == ["too-many"]


def test_warnings_stop_at_the_limit_and_refuse_nothing() -> None:
    outcome = loaded(f"on: 2026-12-{n % 28 + 1:02d}" for n in range(2 * MOST_FINDINGS))
    assert len(outcome.warnings) == MOST_FINDINGS


def test_an_opening_day_years_away_is_found() -> None:
    holidays = ", ".join(str(date.fromordinal(date(2026, 12, 1).toordinal() + n)) for n in range(1000))
    head = f"workdays:\n  calendar: none\n  holidays: [{holidays}]\n"
    outcome = loaded(["opens: 2026-12-01, closes: 2030-01-01, days: workdays, hours: 09:00-10:00"], head)
    (milestone,) = outcome.schedule.exams[0].milestones
    opens = milestone.area.opens
    assert opens is not None
    assert (opens.named_on, opens.clock) == (date(2029, 8, 27), "09:00")


def test_the_lists_of_a_schedule_have_a_limit_together_and_it_is_reported_once() -> None:
    requires = ", ".join(f"m{n}" for n in range(400))
    found = problems(f"on: 2026-12-01, requires: [{requires}]" for n in range(MOST_IN_LISTS // 400 + 2))
    assert [problem.code for problem in found if problem.severity == "error"] == ["too-many"]
    assert str(MOST_IN_LISTS) in found[0].message.text("zh-CN").replace(",", "")


def test_sessions_count_as_milestones_do() -> None:
    sessions = ", ".join(f"{{name: S{n}, opens: '09:00', closes: '10:00'}}" for n in range(99))
    found = problems(f"on: 2026-12-01, sessions: [{sessions}]" for n in range(MOST_WINDOWS // 99 + 1))
    assert [problem.code for problem in found if problem.severity == "error"] == ["too-many"]
