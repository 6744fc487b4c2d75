"""Change notices: when they leave, and what makes two of them the same."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from examcal.delivery.notices import DEBOUNCE, Told, notices
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.model import QuietHours, Schedule

NOW = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
QUIET = QuietHours(time(21, 30), time(7, 30))


def schedule(closes: str, *, quiet: str = "", status: str = "confirmed", note: str = "") -> Schedule:
    text = (
        f"version: 1\ntimezone: Asia/Shanghai\n{quiet}\nexams:\n  - id: e\n    name: 考试\n    milestones:\n"
        f"      - {{id: m, kind: registration, name: 报名, opens: 2026-02-01, closes: {closes},"
        f" status: {status}{note}}}\n"
    )
    return load([SourceText("s.yaml", text.encode())], today=NOW.date()).schedule


def test_a_moved_date_gives_one_notice_after_the_debounce() -> None:
    found = notices(schedule("2026-03-20"), Told(schedule("2026-03-25")), {}, NOW)
    assert [(one.rule.split()[0], one.due_at) for one in found] == [("earlier", NOW + DEBOUNCE)]


def test_wording_says_nothing() -> None:
    assert notices(schedule("2026-03-20", note=", notes: 新的说明"), Told(schedule("2026-03-20")), {}, NOW) == []


def test_what_lies_behind_is_corrected_in_silence() -> None:
    assert notices(schedule("2026-02-20"), Told(schedule("2026-02-21")), {}, NOW) == []


def test_good_news_waits_for_the_morning_and_urgent_ones_do_not() -> None:
    quiet = 'quiet_hours: "21:30-07:30"'
    later = notices(schedule("2026-03-28", quiet=quiet), Told(schedule("2026-03-25", quiet=quiet)), {}, NIGHT)
    earlier = notices(schedule("2026-03-20", quiet=quiet), Told(schedule("2026-03-25", quiet=quiet)), {}, NIGHT)
    assert later[0].due_at == datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert earlier[0].due_at == NIGHT + DEBOUNCE


def test_good_news_does_not_wait_past_the_hour_that_people_know_or_the_new_one() -> None:
    quiet = 'quiet_hours: "21:30-07:30"'
    for known, new, status in (
        ("2026-03-03 07:00", "2026-03-05 07:00", "postponed"),
        ("2026-03-03 07:30", "2026-03-05 07:00", "confirmed"),
        ("2026-03-02 23:00", "2026-03-03 06:00", "confirmed"),
    ):
        (said,) = notices(schedule(new, quiet=quiet, status=status), Told(schedule(known, quiet=quiet)), {}, NIGHT)
        assert said.due_at == NIGHT + DEBOUNCE
    (said,) = notices(
        schedule("2026-03-05 08:00", quiet=quiet), Told(schedule("2026-03-03 08:00", quiet=quiet)), {}, NIGHT
    )
    assert said.due_at == datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


def test_a_notice_keeps_its_identity_until_it_is_out() -> None:
    told = Told(schedule("2026-03-25"))
    first = notices(schedule("2026-03-20"), told, {}, NOW)[0]
    again = notices(schedule("2026-03-20", note=", notes: x"), told, {}, NOW + timedelta(minutes=3))[0]
    after = notices(schedule("2026-03-20"), told, {"e/m": Told(schedule("2026-03-25"), 2)}, NOW)[0]
    assert first.key == again.key != after.key


def test_each_occurrence_is_compared_with_what_was_last_said_of_it() -> None:
    told = {"e/m": Told(schedule("2026-03-20"), 1)}
    assert notices(schedule("2026-03-20"), Told(schedule("2026-03-25")), told, NOW) == []
    back = notices(schedule("2026-03-25"), Told(schedule("2026-03-25")), told, NOW)
    assert [one.rule.split()[0] for one in back] == ["later"]


def test_what_a_person_let_go_is_cancelled_for_those_who_knew_it() -> None:
    text = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - {id: other, name: 考试, milestones: []}\n"
    without = load([SourceText("s.yaml", text.encode())], today=NOW.date()).schedule
    gone = notices(without, Told(schedule("2026-03-25")), {}, NOW)
    assert [(one.occurrence, one.rule.split()[0]) for one in gone] == [("e/m", "cancelled")]
    assert notices(without, Told(schedule("2026-03-25", status="cancelled")), {}, NOW) == []
    assert notices(without, Told(schedule("2026-02-20")), {}, NOW) == []


def without_it() -> Schedule:
    text = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - {id: other, name: 考试, milestones: []}\n"
    return load([SourceText("s.yaml", text.encode())], today=NOW.date()).schedule


def test_what_is_put_back_after_its_cancellation_was_told_is_on_again() -> None:
    told = {"e/m": Told(without_it(), 1)}
    back = notices(schedule("2026-03-25"), Told(schedule("2026-03-20")), told, NOW)
    assert [one.rule for one in back] == ["revived closes - > 2026-03-25"]
    later = notices(schedule("2026-03-25", status="postponed"), Told(schedule("2026-03-20")), told, NOW)
    assert [one.rule.split()[0] for one in later] == ["postponed"]
    assert notices(schedule("2026-03-25", status="cancelled"), Told(schedule("2026-03-20")), told, NOW) == []
    assert notices(schedule("2026-02-20"), Told(schedule("2026-02-20")), told, NOW) == []


def test_what_is_new_is_not_on_again() -> None:
    assert notices(schedule("2026-03-25"), Told(without_it()), {}, NOW) == []
