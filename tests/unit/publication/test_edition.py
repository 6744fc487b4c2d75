"""An edition: which files, which revisions, what is refused, what is left behind."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar
from icalendar import Event as Component

from examcal.errors import RefusedError, StorageError
from examcal.feed.lint import lint
from examcal.pages.history import PublishedChange
from examcal.publication.edition import Edition, FeedRejectedError, build_edition, check_feeds, left_out
from examcal.publication.history import History
from examcal.publication.manifest import Manifest
from examcal.publication.window import Window
from examcal.schedule.model import Milestone, Occurrence, Schedule, Status
from support.schedules import edge, everything, many, milestone, occurrence, small, text

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def edited(schedule: Schedule, milestone_id: str, area: Occurrence | None) -> Schedule:
    """Return ``schedule`` with another area-wide occurrence for a milestone, or without the milestone."""

    def of(one: Milestone) -> tuple[Milestone, ...]:
        if one.id != milestone_id:
            return (one,)
        return (Milestone(area.milestone, area, one.sites),) if area else ()

    exams = (replace(exam, milestones=tuple(m for one in exam.milestones for m in of(one))) for exam in schedule.exams)
    return replace(schedule, exams=tuple(exams))


def following(edition: Edition, schedule: Schedule, now: datetime = LATER, *, accept_shrink: bool = False) -> Edition:
    previous = Manifest.parse(edition.octets)
    history = History.parse(edition.files["changes.json"])
    return build_edition(schedule, now=now, previous=previous, history=history, accept_shrink=accept_shrink)


def in_feed(edition: Edition, path: str) -> dict[str, Component]:
    return {str(event["X-EXAMCAL-ID"]): event for event in Calendar.from_ical(edition.files[path]).events}


FEE = "teacher-2026/fee#closes"
REGISTRATION = small().exams[0].milestones[0].area
MOVED = replace(REGISTRATION, closes=edge("2026-01-13 15:00"))


def test_an_edition_has_a_feed_for_all_for_each_exam_site_and_milestone() -> None:
    files = build_edition(everything(), now=NOW).files
    assert {
        "feeds/all.ics",
        "feeds/physician-2026-beijing.ics",
        "feeds/physician-2026-beijing/fangshan.ics",
    } <= files.keys()
    assert "feeds/teacher-2026/milestones/fee.ics" in files
    for path, octets in files.items():
        assert not path.endswith(".ics") or lint(octets) == ()


def test_a_first_edition_is_the_same_at_any_time() -> None:
    one = build_edition(everything(), now=NOW)
    other = build_edition(everything(), now=NOW + timedelta(days=900))
    assert one.files == other.files
    assert one.octets == other.octets


def test_a_first_revision_is_dated_by_its_source() -> None:
    feed = in_feed(build_edition(small(), now=NOW), "feeds/all.ics")
    assert feed["teacher-2026/registration#closes"].decoded("DTSTAMP") == datetime(2025, 12, 30, tzinfo=UTC)
    everywhere = in_feed(build_edition(everything(), now=NOW), "feeds/all.ics")
    checked = everywhere["physician-2026-beijing/registration#opens"]
    assert checked.decoded("DTSTAMP") == datetime(2026, 11, 22, tzinfo=UTC)


def test_the_manifest_has_the_digest_of_every_file_and_a_record_for_every_event() -> None:
    edition = build_edition(everything(), now=NOW)
    manifest = json.loads(edition.octets)
    assert manifest["files"].keys() == edition.files.keys()
    feeds = [octets for path, octets in edition.files.items() if path.endswith(".ics")]
    uids = {str(event["UID"]) for octets in feeds for event in Calendar.from_ical(octets).events}
    assert manifest["events"].keys() == uids
    assert {"digest", "sequence", "last_modified"} <= next(iter(manifest["events"].values())).keys()


def test_a_manifest_survives_being_written_and_read() -> None:
    edition = build_edition(everything(), now=NOW)
    assert Manifest.parse(edition.octets) == edition.manifest
    assert Manifest.parse(edition.octets).octets() == edition.octets


@pytest.mark.parametrize(
    "octets", [b"", b"{}", b"[]", b'{"version":99}', b"\xff", b'{"version":1,"files":{},"events":3}']
)
def test_a_damaged_manifest_is_refused_and_not_taken_for_none(octets: bytes) -> None:
    with pytest.raises(StorageError):
        Manifest.parse(octets)


def test_an_edit_moves_the_revision_of_its_own_events_and_of_no_other() -> None:
    first = build_edition(small(), now=NOW)
    second = following(first, edited(small(), "registration", MOVED))
    before, after = in_feed(first, "feeds/all.ics"), in_feed(second, "feeds/all.ics")
    assert before.keys() == after.keys()
    for key, event in after.items():
        is_touched = key.startswith("teacher-2026/registration")
        assert event["UID"] == before[key]["UID"]
        assert event["SEQUENCE"] == int(is_touched)
        for name in ("DTSTAMP", "LAST-MODIFIED"):
            assert event.decoded(name) == (LATER if is_touched else before[key].decoded(name))


def test_an_unchanged_schedule_gives_the_same_edition() -> None:
    first = build_edition(everything(), now=NOW)
    second = following(first, everything())
    assert (second.files, second.octets) == (first.files, first.octets)


def test_a_revision_grows_even_under_a_clock_that_went_back() -> None:
    first = build_edition(small(), now=NOW)
    second = following(first, edited(small(), "registration", MOVED), NOW - timedelta(days=4000))
    key = "teacher-2026/registration#closes"
    assert in_feed(second, "feeds/all.ics")[key].decoded("DTSTAMP") > in_feed(first, "feeds/all.ics")[key].decoded(
        "DTSTAMP"
    )


def test_a_rename_keeps_uid_sequence_and_stamp() -> None:
    first = build_edition(small(), now=NOW)
    renamed = replace(REGISTRATION, milestone="sign-up", renamed_from=("registration",))
    second = following(first, edited(small(), "registration", renamed))
    before = in_feed(first, "feeds/all.ics")["teacher-2026/registration#closes"]
    after = in_feed(second, "feeds/all.ics")["teacher-2026/sign-up#closes"]
    assert [after[name] for name in ("UID", "SEQUENCE")] == [before[name] for name in ("UID", "SEQUENCE")]
    assert second.changes == ()


def test_a_removed_milestone_is_refused_by_name() -> None:
    first = build_edition(small(), now=NOW)
    with pytest.raises(RefusedError, match="teacher-2026/fee"):
        following(first, edited(small(), "fee", None))


def test_an_accepted_removal_leaves_a_tombstone_for_a_season_and_then_goes() -> None:
    first = build_edition(small(), now=NOW)
    less = edited(small(), "fee", None)
    second = following(first, less, accept_shrink=True)
    dead, alive = in_feed(second, "feeds/all.ics")[FEE], in_feed(first, "feeds/all.ics")[FEE]
    assert dead["UID"] == alive["UID"]
    assert dead["STATUS"] == "CANCELLED"
    assert dead["SEQUENCE"] == 1
    assert dead["SUMMARY"].startswith("【已取消】缴费")
    assert dead.start == alive.start
    assert not dead.walk("VALARM")
    assert lint(second.files["feeds/all.ics"]) == ()
    third = following(second, less, LATER + timedelta(days=100))
    assert in_feed(third, "feeds/all.ics")[FEE]["SEQUENCE"] == 1
    fourth = following(third, less, LATER + timedelta(days=200))
    assert FEE not in in_feed(fourth, "feeds/all.ics")
    assert lint(fourth.files["feeds/teacher-2026/milestones/fee.ics"]) == ()


@pytest.mark.parametrize("days", [10, 400])
def test_a_milestone_that_comes_back_takes_up_its_uid_and_a_higher_sequence(days: int) -> None:
    first = build_edition(small(), now=NOW)
    second = following(first, edited(small(), "fee", None), accept_shrink=True)
    third = following(second, edited(small(), "fee", None), LATER + timedelta(days=days))
    fourth = following(third, small(), LATER + timedelta(days=days + 1))
    back = in_feed(fourth, "feeds/all.ics")[FEE]
    assert back["UID"] == in_feed(first, "feeds/all.ics")[FEE]["UID"]
    assert back["SEQUENCE"] == 2
    assert back["STATUS"] == "CONFIRMED"


def test_a_cancelled_milestone_stays_with_its_uid_a_mark_and_no_alarms() -> None:
    first = build_edition(small(), now=NOW)
    second = following(first, edited(small(), "registration", replace(REGISTRATION, status=Status.CANCELLED)))
    event = in_feed(second, "feeds/all.ics")["teacher-2026/registration#closes"]
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    assert event["SUMMARY"].startswith("【已取消】报名（截止）")
    assert not event.walk("VALARM")
    assert [change.kind for change in second.changes] == ["cancelled"]


def test_an_edition_that_loses_most_coming_events_is_refused_and_can_be_accepted() -> None:
    schedule = many(20, exams=1)
    first = build_edition(schedule, now=NOW)
    emptied = schedule
    for one in schedule.exams[0].milestones[:12]:
        emptied = edited(emptied, one.id, occurrence("exam-0", one.id))
    with pytest.raises(RefusedError, match="24 of 40"):
        following(first, emptied)
    assert following(first, emptied, accept_shrink=True).files


def test_moving_one_of_ten_milestones_is_an_ordinary_edit() -> None:
    schedule = many(10, exams=1)
    area = schedule.exams[0].milestones[3].area
    moved = edited(schedule, "m3", replace(area, closes=edge("2026-03-01 17:00")))
    (change,) = following(build_edition(schedule, now=NOW), moved).changes
    assert (change.kind, change.milestone) == ("later", "m3")


def test_changes_keep_old_and_new_and_go_to_the_pages() -> None:
    seen: list[Sequence[PublishedChange]] = []

    def pages(changes: Sequence[PublishedChange], _left_out: Collection[str]) -> dict[str, bytes]:
        seen.append(changes)
        return {"index.html": b"<!doctype html>"}

    first = build_edition(small(), now=NOW)
    moved = edited(small(), "registration", MOVED)
    second = build_edition(
        moved, now=LATER, previous=first.manifest, history=History.parse(first.files["changes.json"]), pages=pages
    )
    ((change,),) = seen
    assert change.kind == "later"
    assert change.old is not None
    assert change.new is not None
    assert change.old.closes == REGISTRATION.closes
    assert change.new.closes == MOVED.closes
    assert change.published_at == LATER
    assert second.files["index.html"]
    third = following(second, moved, LATER + timedelta(days=2))
    assert third.changes == second.changes


def test_a_paper_that_moves_within_its_day_is_a_change() -> None:
    exam = next(one for one in everything().exams for m in one.milestones if m.area.sessions)
    area = next(m.area for m in exam.milestones if m.area.sessions)
    paper = area.sessions[0]
    later = replace(paper, opens=replace(paper.opens, at=paper.opens.at + timedelta(minutes=30)))
    moved = edited(everything(), area.milestone, replace(area, sessions=(later, *area.sessions[1:])))
    first = build_edition(everything(), now=NOW)
    (change,) = following(first, moved).changes
    assert (change.kind, change.milestone) == ("later", area.milestone)
    assert change.old is not None
    assert change.new is not None
    assert change.old.sessions[0].opens == paper.opens
    assert change.new.sessions[0].opens == later.opens


def test_added_and_removed_milestones_are_changes() -> None:
    exam = small().exams[0]
    more = replace(
        exam, milestones=(*exam.milestones, milestone(occurrence(exam.id, "score", name=text("成绩"), on="2026-04-17")))
    )
    first = build_edition(small(), now=NOW)
    second = following(first, replace(small(), exams=(more,)))
    assert [(change.kind, change.milestone, change.old) for change in second.changes] == [("announced", "score", None)]
    third = following(second, small(), LATER + timedelta(hours=1), accept_shrink=True)
    newest = third.changes[0]
    assert (newest.kind, newest.milestone, newest.new) == ("cancelled", "score", None)


def test_a_feed_that_is_too_large_is_left_out_with_a_warning_and_the_others_are_published() -> None:
    edition = build_edition(everything(), now=NOW, feed_limit=40_000)
    assert "feeds/all.ics" not in edition.files
    assert "feeds/teacher-2026.ics" in edition.files
    assert any("feeds/all.ics" in warning.text("en") for warning in edition.warnings)


def test_the_pages_are_told_which_feeds_are_left_out() -> None:
    seen: list[Collection[str]] = []

    def pages(_changes: Sequence[PublishedChange], absent: Collection[str]) -> dict[str, bytes]:
        seen.append(absent)
        return {}

    build_edition(everything(), now=NOW, feed_limit=40_000, pages=pages)
    assert seen == [left_out(everything(), now=NOW, feed_limit=40_000)]
    assert "feeds/all.ics" in seen[0]
    assert left_out(everything(), now=NOW) == ()


def test_a_feed_that_breaks_a_rule_is_not_published() -> None:
    with pytest.raises(FeedRejectedError, match=r"feeds/bad\.ics") as caught:
        check_feeds({"feeds/bad.ics": b"BEGIN:VCALENDAR\r\n"}, None)
    assert caught.value.findings
    assert "feeds/bad.ics" in caught.value.text("zh-CN")


def test_feeds_of_exams_and_sites_that_are_gone_keep_answering() -> None:
    first = build_edition(everything(), now=NOW)
    second = following(first, small(), accept_shrink=True)
    third = following(second, small(), LATER + timedelta(days=500))
    feeds = {path for path in first.files if path.endswith(".ics")}
    assert feeds <= third.files.keys()
    assert all(lint(third.files[path]) == () for path in feeds)


def test_a_window_limits_past_and_future_days() -> None:
    now = datetime(2026, 1, 13, tzinfo=UTC)
    edition = build_edition(small(), now=now, window=Window(past_days=1, future_days=30))
    assert list(in_feed(edition, "feeds/all.ics")) == ["teacher-2026/registration#closes", FEE]
    assert date(2026, 1, 14) == in_feed(edition, "feeds/all.ics")[FEE].start.date()
