"""What a file means: edges, statuses, rules, sites, references, settings of several files."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from examcal.errors import ScheduleRejectedError
from examcal.schedule.loader import Loaded, SourceText, digest, load
from examcal.schedule.model import Exam, Occurrence, OpenDays, Shape, Status

TODAY = date(2026, 11, 25)
SHANGHAI = ZoneInfo("Asia/Shanghai")
GOOD = Path(__file__).parent / "good" / "everything.yaml"


def loaded(text: str) -> Loaded:
    return load([SourceText("schedule.yaml", text.encode())], today=TODAY)


def exam(*milestones: str, top: str = "", keys: str = "") -> Exam:
    rows = "".join(f"      - {row}\n" for row in milestones)
    return loaded(f"{top}exams:\n  - id: x\n    name: X\n{keys}    milestones:\n{rows}").schedule.exams[0]


def only(milestone: str, top: str = "", keys: str = "") -> Occurrence:
    return exam(milestone, top=top, keys=keys).milestones[0].area


def codes(*texts: str) -> list[str]:
    with pytest.raises(ScheduleRejectedError) as rejected:
        load([SourceText(f"{n}.yaml", text.encode()) for n, text in enumerate(texts)], today=TODAY)
    return [problem.code for problem in rejected.value.problems]


@pytest.fixture(scope="module")
def everything() -> Exam:
    return loaded(GOOD.read_text(encoding="utf-8")).schedule.exams[0]


def test_the_named_day_of_24_00_stays_the_day_before(everything: Exam) -> None:
    registration = everything.milestones[0].area
    assert registration.closes
    assert registration.closes.at == datetime(2026, 2, 12, tzinfo=SHANGHAI)
    assert registration.closes.wall == "2026-02-11T24:00"
    assert registration.origin_id == "physician-2026-beijing/reg"


def test_a_date_alone_spans_its_named_days(everything: Exam) -> None:
    review = everything.milestones[1].area
    assert review.opens
    assert review.closes
    assert (review.opens.at, review.closes.at) == (
        datetime(2026, 2, 27, tzinfo=SHANGHAI),
        datetime(2026, 3, 13, tzinfo=SHANGHAI),
    )
    assert (review.closes.named_on, review.closes.precision) == (date(2026, 3, 12), "day")


def test_days_and_hours_narrow_a_site_window_to_its_open_hours(everything: Exam) -> None:
    fangshan = everything.milestones[1].at_site("fangshan")
    assert fangshan.opens
    assert fangshan.closes
    assert (fangshan.opens.wall, fangshan.closes.wall) == ("2026-03-05T09:00", "2026-03-11T16:30")
    assert fangshan.open_days is OpenDays.WEEKDAYS
    assert [str(contact.name) for contact in fangshan.contacts] == ["房山区", "北京考区咨询电话"]


def test_a_site_that_says_no_dates_has_the_exams_own(everything: Exam) -> None:
    shunyi, area = everything.milestones[1].at_site("shunyi"), everything.milestones[1].area
    assert shunyi.site == "shunyi"
    assert (shunyi.opens, shunyi.closes) == (area.opens, area.closes)
    assert str(shunyi.notes) == "以区通知为准"


def test_relative_dates_count_from_the_named_day_and_are_expected(everything: Exam) -> None:
    ticket = everything.milestones[3].area
    assert ticket.opens
    assert ticket.closes
    assert (ticket.opens.wall, ticket.closes.wall) == ("2026-06-03", "2026-06-13")
    assert ticket.status is Status.EXPECTED


def test_a_list_of_one_day_is_a_list_and_a_day_alone_is_a_day() -> None:
    assert only("{id: a, kind: exam, on: [2026-06-06]}").shape is Shape.DAYS
    assert only("{id: a, kind: exam, on: 2026-06-06}").shape is Shape.DAY


def test_days_of_a_list_are_in_order_and_whole(everything: Exam) -> None:
    skills = everything.milestones[4].area
    assert skills.shape is Shape.DAYS
    assert skills.days == (date(2026, 6, 13), date(2026, 6, 14))
    assert [session.number for session in skills.sessions] == [1, 2]


def test_a_session_may_name_only_the_time_on_a_single_day(everything: Exam) -> None:
    (session,) = everything.milestones[5].area.sessions
    assert session.closes
    assert (session.opens.wall, session.closes.wall) == ("2026-08-22T09:00", "2026-08-22T11:30")


def test_rules_come_from_the_milestone_else_the_exam_else_the_top(everything: Exam) -> None:
    by_id = {milestone.id: [str(rule) for rule in milestone.area.rules] for milestone in everything.milestones}
    assert by_id["registration"] == ["opens", "closes -3d 09:00", "closes 0d 09:00"]
    assert by_id["skills-fee"] == ["closes -2wd 09:00"]
    assert by_id["written-exam"] == ["opens -1wd 17:00"]
    assert by_id["score-1"] == []


def test_a_default_rule_without_its_anchor_is_dropped() -> None:
    top = "reminders: {registration: [opens -1d, closes -1d]}\n"
    rules = only("{id: a, kind: registration, closes: 2026-02-11}", top=top).rules
    assert [str(rule) for rule in rules] == ["closes -1d"]


def test_without_reminders_nothing_is_added() -> None:
    assert only("{id: a, kind: registration, closes: 2026-02-11}").rules == ()


@pytest.mark.parametrize(
    ("milestone", "status"),
    [
        ("{id: a, kind: exam, on: 2026-06-06}", Status.CONFIRMED),
        ("{id: a, kind: exam, on: 2026-06-06, status: expected}", Status.EXPECTED),
        ("{id: a, kind: exam, when: tba}", Status.TBA),
        ("{id: a, kind: exam, when: 待定}", Status.TBA),
        ("{id: a, kind: exam, opens: tba}", Status.TBA),
        ("{id: a, kind: exam, when: tba, status: postponed}", Status.POSTPONED),
        ("{id: a, kind: exam, status: cancelled}", Status.CANCELLED),
    ],
)
def test_status_is_as_stated_or_follows_from_the_dates(milestone: str, status: Status) -> None:
    assert only(milestone).status is status


def test_tba_propagates_through_relative_dates() -> None:
    ticket, _ = exam("{id: t, kind: ticket, opens: e.opens -10d}", "{id: e, kind: exam, when: tba}").milestones
    assert (ticket.area.shape, ticket.area.status) == (Shape.TBA, Status.TBA)


def test_a_long_chain_of_relative_dates_is_resolved_without_recursion() -> None:
    rows = [f"{{id: m{n}, kind: exam, on: m{n + 1}.opens -1d}}" for n in range(1500)]
    first = exam(*rows, "{id: m1500, kind: exam, on: 2026-06-06}").milestones[0].area
    assert first.days == (date(2022, 4, 28),)


def test_relative_hours_count_from_the_instant_and_working_days_from_the_named_day() -> None:
    base = "{id: e, kind: exam, at: 2026-02-28 09:00}"
    exact = exam(base, "{id: a, kind: other, at: e.opens -10h}").milestones[1].area
    working = exam(base, "{id: a, kind: other, closes: e.opens -1wd}").milestones[1].area
    assert exact.opens
    assert exact.opens.wall == "2026-02-27T23:00"
    assert working.closes
    assert working.closes.wall == "2026-02-27"


def test_an_exam_and_a_milestone_may_override_the_zone() -> None:
    keys = "    timezone: Asia/Tokyo\n"
    tokyo = only("{id: a, kind: exam, at: 2026-06-06 09:00}", keys=keys)
    london = only("{id: a, kind: exam, at: 2026-06-06 09:00, timezone: Europe/London}", keys=keys)
    assert tokyo.opens
    assert london.opens
    assert (london.opens.at - tokyo.opens.at).total_seconds() == 8 * 3600


def test_scalars_are_texts_and_yaml_types_do_not_happen() -> None:
    occurrence = only('{id: no, kind: exam, on: 2026-06-06, name: 0123, location: yes, notes: "1_000"}')
    assert occurrence.milestone == "no"
    assert (str(occurrence.name), str(occurrence.location)) == ("0123", "yes")


def test_ordinary_sizes_are_accepted() -> None:
    name, note = "名" * 58 + "🎓𠮷", "说明" * 750
    tasks = ", ".join(f"任务{n}" for n in range(40))
    occurrence = only(f"{{id: a, kind: exam, on: 2026-06-06, name: {name}, notes: {note}, tasks: [{tasks}]}}")
    assert str(occurrence.name) == name
    assert len(occurrence.tasks) == 40


def test_a_byte_order_mark_is_fine_and_the_digest_is_that_of_the_content() -> None:
    text = b"\xef\xbb\xbfexams:\n  - {id: x, name: X}\n"
    first = load([SourceText("a.yaml", text)], today=TODAY)
    assert first.schedule.digest == digest([SourceText("elsewhere.yaml", text)])


def test_several_files_are_one_schedule() -> None:
    files = ["timezone: Asia/Tokyo\nexams:\n  - {id: a, name: A}\n", "exams:\n  - {id: b, name: B}\n"]
    schedule = load([SourceText(f"{n}.yaml", t.encode()) for n, t in enumerate(files)], today=TODAY).schedule
    assert [exam.id for exam in schedule.exams] == ["a", "b"]
    assert schedule.exam("b").zone == "Asia/Tokyo"  # type: ignore[union-attr]


def test_all_problems_of_all_files_come_at_once() -> None:
    assert codes("exams:\n  - {id: A, name: A}\n", "exams:\n  - {id: b}\n", "exams: [\n") == [
        "bad-id",
        "missing-key",
        "bad-yaml",
    ]


def test_thousands_of_findings_are_cut_and_quick() -> None:
    rows = "".join(f"      - {{id: A{n}, kind: exm, on: 2026-06-31}}\n" for n in range(7000))
    started = time.process_time()
    found = codes(f"exams:\n  - id: x\n    name: X\n    milestones:\n{rows}")
    assert len(found) == 500
    assert time.process_time() - started < 10
