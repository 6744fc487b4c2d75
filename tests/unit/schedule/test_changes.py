"""What an edit changes for people."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from examcal.schedule.changes import ChangeKind, ChangeSeverity, compare, removed_occurrences, shrinks
from examcal.schedule.loader import SourceText, load
from examcal.schedule.model import Schedule

NOW = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))


def schedule(*milestones: str) -> Schedule:
    rows = "".join(f"      - {row}\n" for row in milestones)
    text = f"exams:\n  - id: x\n    name: X\n    sites: [{{id: s, name: S}}]\n    milestones:\n{rows}"
    return load([SourceText("x.yaml", text.encode())], today=date(2026, 1, 1)).schedule


def kinds(old: str, new: str) -> list[tuple[str, str | None]]:
    return [(str(c.kind), c.anchor and str(c.anchor)) for c in compare(schedule(old), schedule(new))]


WINDOW = "{id: a, kind: registration, opens: 2026-01-29 10:00, closes: 2026-02-11 24:00, location: 甲}"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (WINDOW, []),
        (WINDOW.replace("02-11 24:00", "02-10 24:00"), [("earlier", "closes")]),
        (WINDOW.replace("02-11 24:00", "02-12 24:00"), [("later", "closes")]),
        (WINDOW.replace("01-29", "01-28").replace("02-11", "02-12"), [("earlier", "opens"), ("later", "closes")]),
        (WINDOW.replace("02-11 24:00", "02-12 00:00"), []),
        (WINDOW.replace("}", ", status: cancelled}"), [("cancelled", "closes")]),
        (WINDOW.replace("}", ", status: postponed}"), [("postponed", "closes")]),
        ("{id: a, kind: registration, when: tba}", [("postponed", "opens"), ("postponed", "closes")]),
        (WINDOW.replace("甲", "乙"), [("moved-place", None)]),
        (WINDOW.replace("}", ", name: 新名称, notes: 新说明, tasks: [新任务]}"), []),
        (WINDOW.replace("id: a", "id: b, renamed_from: a"), []),
        (WINDOW.replace("id: a", "id: b, renamed_from: a").replace("02-11", "02-12"), [("later", "closes")]),
    ],
)
def test_a_window_that_moves_is_told_by_edge(new: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(WINDOW, new) == expected


def test_a_date_that_becomes_known_or_official_is_announced() -> None:
    tba, expected, confirmed = (
        "{id: a, kind: exam, when: tba}",
        "{id: a, kind: exam, on: 2026-06-06, status: expected}",
        "{id: a, kind: exam, on: 2026-06-06}",
    )
    assert [kind for kind, _ in kinds(tba, confirmed)] == ["announced", "announced"]
    assert kinds(expected, confirmed) == [("announced", "opens")]
    assert kinds(confirmed, expected) == []


def test_what_was_called_off_can_be_revived() -> None:
    assert kinds(WINDOW.replace("}", ", status: cancelled}"), WINDOW) == [("revived", "closes")]


def test_days_of_a_list_and_papers_move() -> None:
    days = "{id: a, kind: exam, on: [2026-06-06, 2026-06-07]}"
    assert kinds(days, days.replace("06-07", "06-08")) == [("later", "opens")]
    paper = "{id: a, kind: exam, on: 2026-06-06, sessions: [{name: A, opens: '09:00'}, {name: B, opens: '14:00'}]}"
    (change,) = compare(schedule(paper), schedule(paper.replace("14:00", "13:30")))
    assert (change.kind, change.session, change.severity) == (ChangeKind.EARLIER, 2, ChangeSeverity.URGENT)


def test_a_site_that_gets_or_loses_its_own_window_is_told() -> None:
    own = WINDOW.replace("}", ", sites: {s: {opens: 2026-01-30, closes: 2026-02-10}}}")
    assert kinds(WINDOW, own) == [("announced", "opens"), ("announced", "closes")]
    assert kinds(own, WINDOW) == [("earlier", "opens"), ("later", "closes")]
    assert [o.id for o in removed_occurrences(schedule(own), schedule(WINDOW))] == ["x/a@s"]


def test_an_added_milestone_is_silent_and_a_removed_one_is_listed() -> None:
    other = "{id: b, kind: exam, on: 2026-06-06}"
    assert compare(schedule(WINDOW), schedule(WINDOW, other)) == ()
    assert compare(schedule(WINDOW, other), schedule(WINDOW)) == ()
    assert [o.id for o in removed_occurrences(schedule(WINDOW, other), schedule(WINDOW))] == ["x/b"]


def test_the_change_carries_both_edges_and_the_new_source() -> None:
    new = WINDOW.replace("02-11", "02-12").replace("}", ", source: {title: 更正公告}}")
    (change,) = compare(schedule(WINDOW), schedule(new))
    assert change.old
    assert change.new
    assert (change.old.wall, change.new.wall) == ("2026-02-11T24:00", "2026-02-12T24:00")
    assert change.source
    assert str(change.source.title) == "更正公告"


TEN = [f"{{id: m{n}, kind: exam, on: 2026-06-{n + 10}}}" for n in range(10)]


def test_moving_one_of_ten_is_ordinary_and_removing_six_is_held() -> None:
    moved = [TEN[0].replace("06-10", "07-10"), *TEN[1:]]
    assert shrinks(schedule(*TEN), schedule(*moved), NOW) is None
    assert shrinks(schedule(*TEN), schedule(*TEN[3:]), NOW) is None
    held = shrinks(schedule(*TEN), schedule(*TEN[6:]), NOW)
    assert held
    assert (held.ahead, len(held.removed)) == (10, 6)


def test_cancelling_the_past_and_estimates_do_not_count_as_shrinking() -> None:
    cancelled = [row.replace("}", ", status: cancelled}") for row in TEN]
    assert shrinks(schedule(*TEN), schedule(*cancelled), NOW) is None
    assert shrinks(schedule(*TEN), schedule(*TEN[9:]), datetime(2026, 12, 1, tzinfo=NOW.tzinfo)) is None
    estimates = [row.replace("}", ", status: expected}") for row in TEN]
    assert shrinks(schedule(*estimates), schedule(*[row.replace("-06-", "-07-") for row in estimates]), NOW) is None
    assert shrinks(schedule(*TEN[:2]), schedule("{id: z, kind: exam, on: 2026-08-08}"), NOW)
