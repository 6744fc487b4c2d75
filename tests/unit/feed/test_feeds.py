"""What a feed holds: events by shape, words, alarms, zones, selections, and how it is subscribed to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from icalendar import Event as Component

from examcal.errors import ConfigurationError
from examcal.feed.addresses import NOTES, addresses, qr_svg
from examcal.feed.calendar import EventBook, milestone_calendar
from examcal.feed.folding import folded, whole_escapes
from examcal.feed.revision import Revision
from examcal.feed.selection import DEFAULT, Offset, Selection, UnknownSelectionError
from examcal.feed.wording import clean, web_address
from examcal.feed.zones import transitions
from examcal.schedule.model import Exam, Kind, Schedule, Unit
from support.schedules import EVERYTHING_EXAM, everything, milestone, occurrence, small, text


def events(octets: bytes) -> dict[str, Component]:
    return {str(event["X-EXAMCAL-ID"]).partition("/")[2]: event for event in Calendar.from_ical(octets).events}


ALL = events(EventBook(everything()).feed(EVERYTHING_EXAM))


def alarms(event: Component) -> list[timedelta]:
    return [alarm.TRIGGER for alarm in event.walk("VALARM")]


def only(*occurrences: object, **fields: object) -> Schedule:
    found = tuple(milestone(one) for one in occurrences)  # type: ignore[arg-type]
    return Schedule((Exam("exam", text("考试"), "Asia/Shanghai", found),), **fields)  # type: ignore[arg-type]


def test_the_closing_block_is_thirty_minutes_and_stays_on_its_named_day() -> None:
    event = ALL["registration#closes"]
    assert event.start.isoformat() == "2026-02-11T23:30:00+08:00"
    assert event.end - event.start == timedelta(minutes=30)


def test_a_date_alone_opens_at_midnight_and_closes_with_its_day() -> None:
    assert ALL["onsite-review#opens"].start.isoformat() == "2026-02-27T00:00:00+08:00"
    assert ALL["onsite-review#closes"].end.isoformat() == "2026-03-13T00:00:00+08:00"


def test_days_sessions_and_instants_have_their_own_ids() -> None:
    assert [ALL[f"skills-exam#day-{n}"].start.day for n in (1, 2, 3)] == [13, 14, 20]
    assert ALL["score-1#day"].start == date(2026, 9, 19)
    assert ALL["score-2#opens"].start.hour == 10
    assert ALL["written-exam#session-2"]["SUMMARY"].startswith("【考试】第二单元")
    assert "skills-fee#opens" not in ALL


def test_the_point_stands_in_the_first_five_characters() -> None:
    assert ALL["registration#closes"]["SUMMARY"].startswith("【截止】网上报名")
    assert ALL["skills-ticket#opens"]["SUMMARY"].startswith("【预计】打印准考证")
    assert ALL["second-sitting#opens"]["SUMMARY"].startswith("【已取消】第二试")
    for event in ALL.values():
        assert re.match("【.{2,4}】", event["SUMMARY"])


def test_the_description_says_what_to_do_and_who_says_so() -> None:
    said = str(ALL["registration#closes"]["DESCRIPTION"])
    for part in ("2026-02-11（周三） 24:00", "核对姓名与证件号码", "逾期不予受理。", "83366909", "核对：2026-11-22"):
        assert part in said
    assert said.index("要做的事") < said.index("来源") < said.index("咨询")


def test_english_feeds_speak_english() -> None:
    event = events(EventBook(everything()).feed(EVERYTHING_EXAM, selection=Selection(language="en")))[
        "registration#closes"
    ]
    assert event["SUMMARY"].startswith("[Closes] Online registration")
    assert "Checked: 2026-11-22" in event["DESCRIPTION"]


def test_alarms_are_the_reminders_of_the_plan_and_the_first_leaves_time_to_act() -> None:
    # 24:00 on the 11th: rules -3d 09:00, -1d, 0d 09:00, -2h (quiet: 21:29), seen from 23:30.
    expected = [(0, 14, 30), (3, 14, 30), (1, 14, 30), (0, 2, 1)]
    assert alarms(ALL["registration#closes"]) == [-timedelta(days=d, hours=h, minutes=m) for d, h, m in expected]
    assert alarms(ALL["registration#opens"]) == [timedelta(0)]


def test_no_alarm_rings_after_the_start_or_for_what_is_cancelled() -> None:
    assert alarms(ALL["score-1#day"]) == []
    assert alarms(ALL["second-sitting#opens"]) == []


def test_a_trigger_across_a_change_of_the_clock_is_an_instant() -> None:
    zone = "America/New_York"
    exam = occurrence(
        "exam",
        "e",
        Kind.EXAM,
        opens="2026-11-01 09:00",
        closes="2026-11-01 12:00",
        zone=zone,
        rules=("opens -1d 20:00",),
    )
    octets = EventBook(only(exam)).feed()
    assert b"TRIGGER;VALUE=DATE-TIME:20261101T000000Z" in octets


def test_alarms_of_an_address_count_from_the_named_day_at_the_usual_time() -> None:
    selection = Selection.parse([("alarms", "-3d,-1d")])
    event = events(EventBook(everything()).feed(EVERYTHING_EXAM, selection=selection))["registration#closes"]
    due = sorted(event.start + alarm for alarm in alarms(event))
    assert [at.isoformat() for at in due] == ["2026-02-08T09:00:00+08:00", "2026-02-10T09:00:00+08:00"]


def test_alarms_can_be_left_out() -> None:
    assert b"VALARM" not in EventBook(everything()).feed(
        EVERYTHING_EXAM, selection=Selection.parse([("alarms", "none")])
    )


def test_a_span_is_one_transparent_event_over_the_named_days() -> None:
    found = events(EventBook(everything()).feed(EVERYTHING_EXAM, selection=Selection.parse([("events", "edges,span")])))
    span = found["registration#span"]
    assert (span.start, span.end) == (date(2026, 1, 29), date(2026, 2, 12))
    assert span["TRANSP"] == "TRANSPARENT"
    assert "registration#span" not in ALL


def test_a_track_sees_its_own_milestones_and_everybodys() -> None:
    book = EventBook(everything())
    found = events(book.feed(EVERYTHING_EXAM, selection=Selection.parse([("track", "skills-passed-2025")])))
    assert "written-exam#opens" in found
    assert "registration#closes" in found
    assert "skills-exam#day-1" not in found


def test_kinds_and_sites_select() -> None:
    book = EventBook(everything())
    kinds = {event.kind for event in book.selected(selection=Selection.parse([("kind", "score,payment")]))}
    assert kinds == {Kind.SCORE, Kind.PAYMENT}
    at_site = events(book.feed(EVERYTHING_EXAM, selection=Selection.parse([("site", "fangshan")])))
    assert "onsite-review@fangshan#closes" in at_site
    assert "onsite-review#closes" not in at_site


@pytest.mark.parametrize(
    "query",
    [
        [("track", "Nobody!")],
        [("kind", "party")],
        [("events", "all")],
        [("alarms", "3d")],
        [("alarms", "-999d")],
        [("alarms", "-1d,-2d,-3d,-4d,-5d,-6d")],
        [("lang", "tlh")],
        [("track", ",".join(["a"] * 40))],
    ],
)
def test_a_value_that_cannot_exist_is_refused(query: list[tuple[str, str]]) -> None:
    with pytest.raises(UnknownSelectionError):
        Selection.parse(query)


def test_a_track_that_never_existed_is_refused_and_one_that_did_is_not() -> None:
    selection = Selection.parse([("track", "former")])
    book = EventBook(everything())
    with pytest.raises(UnknownSelectionError):
        book.feed(selection=selection)
    assert book.revised({}, (), ["former"]).feed(selection=selection)


def test_unknown_parameters_and_empty_values_are_ignored_and_equal_wishes_are_equal() -> None:
    assert Selection.parse([("utm_source", "x"), ("track", ""), ("events", "edges")]) == DEFAULT
    one = Selection.parse([("kind", "score,exam"), ("alarms", "-1d,-3d"), ("track", "b,a")])
    other = Selection.parse(
        [("track", "a"), ("alarms", "-3d,-1d,-1d"), ("kind", "exam"), ("kind", "score"), ("track", "b")]
    )
    assert one == other
    assert one.query == other.query == "track=a,b&kind=exam,score&alarms=-3d,-1d"
    assert Selection.parse(pair for pair in _pairs(one.query)) == one
    assert str(Offset(2, Unit.HOUR)) == "-2h"


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield name, value


def test_the_calendar_has_its_names_and_refresh_time_and_neither_uid_nor_method() -> None:
    octets = EventBook(everything()).feed(EVERYTHING_EXAM, "fangshan")
    head = octets[: octets.index(b"BEGIN:VTIMEZONE")].replace(b"\r\n ", b"").decode().splitlines()
    assert head[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//examcal//examcal 1//ZH"]
    assert "NAME:2026年医师资格考试(北京考区) · 房山区" in head
    assert "X-WR-CALNAME:2026年医师资格考试(北京考区) · 房山区" in head
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT4H" in head
    assert not [line for line in head if line.startswith(("UID", "METHOD"))]
    assert b"@" not in b"".join(line for line in octets.splitlines() if line.startswith(b"UID"))


def test_a_mail_attachment_has_the_uids_and_dates_of_the_feed() -> None:
    schedule = everything()
    registration = schedule.exams[0].milestones[0].area
    attached = events(milestone_calendar(registration, schedule))
    for key, event in attached.items():
        assert event.to_ical() == ALL[key].to_ical()
    revised = events(
        milestone_calendar(
            registration,
            schedule,
            {attached["registration#closes"]["UID"]: Revision(7, datetime(2026, 5, 1, tzinfo=UTC))},
        )
    )
    assert revised["registration#closes"]["SEQUENCE"] == 7
    undated = milestone_calendar(schedule.exams[0].milestones[2].area, schedule)
    assert b"BEGIN:VTIMEZONE" in undated
    assert b"VEVENT" not in undated


def test_a_schedule_without_exams_gives_a_calendar_all_the_same() -> None:
    octets = EventBook(Schedule(())).feed()
    assert b"BEGIN:VTIMEZONE" in octets
    assert b"BEGIN:VEVENT" not in octets


def test_ids_survive_a_rename() -> None:
    schedule = small()
    exam = schedule.exams[0]
    renamed = replace(exam.milestones[1].area, milestone="pay", renamed_from=("fee",))
    changed = replace(schedule, exams=(replace(exam, milestones=(exam.milestones[0], milestone(renamed))),))
    assert (
        events(EventBook(changed).feed())["pay#closes"]["UID"]
        == events(EventBook(schedule).feed())["fee#closes"]["UID"]
    )


@pytest.mark.parametrize(
    "zone",
    [
        "Asia/Shanghai",
        "America/New_York",
        "Europe/Dublin",
        "Africa/Casablanca",
        "Pacific/Chatham",
        "Australia/Lord_Howe",
        "Asia/Gaza",
    ],
)
def test_a_vtimezone_agrees_with_the_zone_at_every_transition(zone: str) -> None:
    truth = ZoneInfo(zone)
    changes = transitions(zone, 2025, 2028)
    for change in changes:
        assert change.at.astimezone(truth).utcoffset() == change.after
        assert (change.at - timedelta(seconds=1)).astimezone(truth).utcoffset() == change.before
        assert change.at.astimezone(truth).tzname() == change.name
    hour = datetime(2025, 1, 1, tzinfo=UTC)
    while hour < datetime(2029, 1, 1, tzinfo=UTC):
        held = next(change for change in reversed(changes) if change.at <= hour)
        assert held.after == hour.astimezone(truth).utcoffset()
        hour += timedelta(hours=7)


def test_texts_lose_what_calendars_cannot_read() -> None:
    assert clean("a\r\nb\rc\u2028d\u0085e\x00f\u202eg\x07") == "a\nb\nc\nd\nefg"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/公告?id=1&x=,;", "https://example.org/%E5%85%AC%E5%91%8A?id=1&x=,;"),
        ("javascript:alert(1)", None),
        ("//example.org", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(written: str | None, address: str | None) -> None:
    assert web_address(written) == address


@pytest.mark.parametrize("backslashes", range(8))
def test_no_fold_cuts_an_escape_or_a_character(backslashes: int) -> None:
    for length in range(50, 80):
        line = b"SUMMARY:" + b"x" * length + b"\\\\" * backslashes + "𠮷\\n".encode() * 30
        pieces = folded(line).split(b"\r\n")
        assert b"".join((pieces[0], *(piece[1:] for piece in pieces[1:]))) == line
        for piece in pieces:
            assert len(piece) <= 75
            piece.decode()
            assert (len(piece) - len(piece.rstrip(b"\\"))) % 2 == 0
    assert whole_escapes(b"A:x\\\r\n ,y\r\nB:z\r\n") == b"A:x\\,y\r\nB:z\r\n"


def test_every_calendar_gets_the_address_that_it_understands() -> None:
    found = addresses("https://exam.example.org/cal/", "feeds/a.ics", "考试", "track=full")
    assert found.https == "https://exam.example.org/cal/feeds/a.ics?track=full"
    assert found.webcal == "webcal://exam.example.org/cal/feeds/a.ics?track=full"
    assert found.google.endswith("cid=webcal%3A%2F%2Fexam.example.org%2Fcal%2Ffeeds%2Fa.ics%3Ftrack%3Dfull")
    assert "url=https%3A%2F%2Fexam.example.org" in found.outlook
    assert found.qr == qr_svg(found.webcal)
    assert 'stroke="#000"' in found.qr
    assert 'fill="#fff"' in found.qr
    with pytest.raises(ConfigurationError):
        addresses("ftp://example.org", "feeds/a.ics", "x")


def test_notes_say_in_both_languages_who_ignores_alarms() -> None:
    google = next(note for note in NOTES if note.client.text("en").startswith("Google"))
    assert "ignored" in google.alarms.text("en")
    for note in NOTES:
        for sentence in (note.refresh, note.alarms, note.how):
            assert sentence.text("zh-CN") != sentence.text("en")


def test_notes_call_a_calendar_as_its_readers_do() -> None:
    names = [note.client.text("zh-CN") for note in NOTES]
    assert names[0].startswith("苹果日历")
    assert names[-1] == "企业微信、钉钉、飞书"
    assert "Thunderbird" in names  # has no Chinese name
