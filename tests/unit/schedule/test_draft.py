"""A draft takes from an announcement what is certain, marks what is not, and invents nothing."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path

import pytest

from examcal.errors import RefusedError
from examcal.schedule.announcement import LONGEST_ANNOUNCEMENT, LONGEST_TEXT, lines
from examcal.schedule.draft import draft
from examcal.schedule.loader import SourceText, load
from examcal.schedule.model import Kind, Occurrence, Schedule, Status

GOLDEN = Path(__file__).parents[2] / "golden" / "announcements"
SEED = (GOLDEN / "physician-2026-beijing.txt").read_text(encoding="utf-8")
COLLECTED = (GOLDEN / "collected.txt").read_text(encoding="utf-8")
PASTED = (GOLDEN / "pasted-from-word.html").read_text(encoding="utf-8")


def loaded(yaml: str) -> Schedule:
    return load([SourceText("draft.yaml", yaml.encode())], today=date(2026, 11, 25)).schedule


def milestones(yaml: str) -> dict[str, Occurrence]:
    return {occurrence.milestone: occurrence for occurrence in loaded(yaml).occurrences()}


def drafted(text: str, year: int | None = 2026) -> str:
    return draft(text, year=year, source_name="notice.txt")


# The seed ---------------------------------------------------------------------------------------------------------


def test_seed_has_every_site_and_both_numbers_of_shunyi() -> None:
    exam = loaded(drafted(SEED)).exams[0]
    assert len(exam.sites) == 17
    assert sum(len(site.phones) for site in exam.sites) == 18
    shunyi = exam.site("shunyi")
    assert shunyi is not None
    assert shunyi.phones == ("89453181", "89453182")


def test_seed_has_the_office_with_its_hours() -> None:
    (contact,) = loaded(drafted(SEED)).exams[0].contacts
    assert (str(contact.name), contact.phones) == ("北京考区咨询电话", ("83366909", "83366910"))
    assert str(contact.hours) == "工作日上午9:00-11:30,下午1:30-5:00"


def test_seed_states_no_certain_date_so_the_draft_states_none() -> None:
    found = milestones(drafted(SEED))
    assert {occurrence.status for occurrence in found.values()} == {Status.TBA}
    assert found["ticket"].kind is Kind.TICKET
    assert "考试前10天至1周" in str(found["ticket"].expected)


@pytest.mark.parametrize(
    ("quote", "line", "readings"),
    [
        (
            "2026年网上报名时间为12910时至21124时",
            15,
            ["2026-01-29 10:00 至 2026-02-11 24:00", "2026-12-09 10:00 至 2027-02-11 24:00"],
        ),
        ("现场资格审核时间为227日至312日", 15, ["2026-02-27 至 2026-03-12"]),
        ("医学综合考试第一试于919日开通成绩查询", 121, ["2026-09-19"]),
        ("医学综合考试第二试于1127日开通成绩查询", 121, ["2026-11-27"]),
    ],
)
def test_damaged_dates_of_the_seed_are_comments_with_their_readings(quote: str, line: int, readings: list[str]) -> None:
    text = drafted(SEED).splitlines()
    start = next(number for number, row in enumerate(text) if quote in row)
    assert f"第 {line} 行" in text[start]
    assert SEED.splitlines()[line - 1].find(quote) >= 0
    following = text[start + 1 : start + 3 + len(readings)]
    assert all(row.strip().startswith("#") for row in following)
    assert [row.split("可能是：")[1] for row in following if "可能是：" in row] == readings


def test_seed_yields_nothing_but_its_six_dates_and_the_ticket() -> None:
    text = drafted(SEED)
    assert text.count("请核对第") == 4
    assert text.count("      - id: ") == 1


# Real announcements -----------------------------------------------------------------------------------------------

CERTAIN = [
    ("网上报名", Kind.REGISTRATION, "2025-10-15T08:00", "2025-10-24T18:00"),
    ("资格审查", Kind.REVIEW, "2025-10-15T08:00", "2025-10-26T18:00"),
    ("报名确认及缴费", Kind.PAYMENT, "2025-11-01T00:00", "2025-11-06T24:00"),
    ("准考证打印", Kind.TICKET, "2025-11-24T00:00", "2025-11-30T15:00"),
    ("公共科目笔试", Kind.EXAM, "2025-11-30", "2025-11-30"),
    ("报名", Kind.REGISTRATION, "2026-01-09T10:00", "2026-01-12T15:00"),
    ("网上缴费截止", Kind.PAYMENT, None, "2026-01-14T24:00"),
    ("打印准考证", Kind.TICKET, "2026-03-02", "2026-03-07"),
    ("笔试", Kind.EXAM, "2026-03-07", "2026-03-07"),
    ("笔试成绩", Kind.SCORE, "2026-04-17", "2026-04-17"),
    ("考试报名", Kind.REGISTRATION, None, "2026-01-27T12:00"),
    ("缴费", Kind.PAYMENT, None, "2026-01-27T18:00"),
    ("报名", Kind.REGISTRATION, "2025-10-16T09:00", "2025-10-27T22:00"),
    ("网上预报名", Kind.REGISTRATION, "2025-10-10", "2025-10-13"),
    ("现场审核", Kind.REVIEW, "2026-03-05T09:00", "2026-03-11T16:30"),
    ("试用期、工作年限、注册时间计算", Kind.OTHER, None, "2026-08-31"),
    ("缴费", Kind.PAYMENT, "2025-04-15T10:00", "2025-04-22T16:30"),
]


@pytest.mark.parametrize("expected", CERTAIN)
def test_certain_window_of_a_real_announcement_is_a_milestone(
    expected: tuple[str, Kind, str | None, str | None],
) -> None:
    found = [
        (str(o.name), o.kind, o.opens.wall if o.opens else None, o.closes.wall if o.closes else None)
        for o in milestones(drafted(COLLECTED)).values()
    ]
    assert expected in found


def test_every_milestone_quotes_words_that_stand_at_its_line() -> None:
    rows = COLLECTED.splitlines()
    text = drafted(COLLECTED)
    for place, quote in re.findall(r"第 (\d+) 行：(.*)", text):
        first_words = re.split("[,，]", quote)[0]
        assert first_words in rows[int(place) - 1]
    assert all(o.sources[0].quote for o in milestones(text).values())


@pytest.mark.parametrize(
    "words",
    [
        "未通过者可于10月24日18:00前",
        "预计将在2026年1月公布",
        "定于37举行",
        "自成绩公布之日起",
        "至笔试开考前打印准考证",
    ],
)
def test_doubtful_window_of_a_real_announcement_is_a_comment(words: str) -> None:
    rows = [row for row in drafted(COLLECTED).splitlines() if words in row and "笔试2026年3月7日" not in row]
    assert rows
    assert all(row.lstrip().startswith("#") for row in rows)


def test_year_that_the_text_does_not_share_is_never_assumed() -> None:
    text = drafted("报名时间:2025年10月15日8:00至10月24日18:00。改报截止10月24日18:00。", 2026)
    assert "可能是：2026-10-24 18:00 止" in text
    assert "可能是：2025-10-24 18:00 止" in text
    assert list(milestones(text)) == ["registration"]


def test_without_a_year_a_date_that_leaves_it_out_is_a_comment() -> None:
    text = drafted("报名时间:10月15日8:00至10月24日18:00。准考证打印时间:2026年11月1日至5日", None)
    assert "缺少年份" in text
    assert list(milestones(text)) == ["ticket"]


def test_weekday_that_disagrees_is_a_comment_that_says_which_day_it_is() -> None:
    assert "2026-03-05 是星期四" in drafted("报名时间:2026年3月5日(星期三)")


def test_same_window_twice_is_one_milestone() -> None:
    text = drafted("网上报名时间:2026年1月29日10时至2月11日24时\n\n网上报名:2026年1月29日10:00—2月11日24:00")
    assert list(milestones(text)) == ["registration"]
    assert "第 3 行与第 1 行相同" in text


def test_expected_dates_stay_expected() -> None:
    assert milestones(drafted("成绩预计2026年9月19日公布"))["score"].status is Status.EXPECTED


def test_text_without_dates_gives_an_exam_without_milestones() -> None:
    assert "milestones:\n      []" in drafted("2014版规定,共17页,电话待补")


def test_draft_can_speak_english() -> None:
    text = draft("报名时间:2026年1月29日", year=None, source_name="x", language="en")
    assert "guessed from" in text
    assert loaded(text)


# Pasted HTML ------------------------------------------------------------------------------------------------------


def test_spans_inside_a_date_leave_no_trace() -> None:
    found = milestones(drafted(PASTED))
    assert found["registration"].opens is not None
    assert found["registration"].closes is not None
    assert (found["registration"].opens.wall, found["registration"].closes.wall) == (
        "2026-01-29T10:00",
        "2026-02-11T24:00",
    )


def test_cells_of_a_row_belong_together_and_scripts_are_not_read() -> None:
    text = drafted(PASTED)
    assert str(milestones(text)["ticket"].name) == "打印准考证"
    assert "2026-01-28" not in text
    assert "2026-01-01" not in text
    (site,) = loaded(text).exams[0].sites
    assert (site.id, site.phones) == ("fangshan", ("89361592",))


def test_lines_of_html_are_those_of_the_source() -> None:
    numbers = {line.text.split(":")[0].split("时间")[0]: line.number for line in lines(PASTED)}
    assert numbers["网上报名"] == 5
    assert numbers["房山区 "] == 9


# Hostile input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "1",
        "2026年1月1日",
        "2026年1月1日,",
        "<p>",
        "<",
        "区:1234567 ",
        "于1",
        "电话(9:00",
        "考",
        "于12 ",
        "以为",
        "一",
        "&#",
        "<!--",
    ],
)
def test_hostile_announcements_take_linear_time(unit: str) -> None:
    text = "<p>" + unit * (10_000 // len(unit)) if unit in {"<", "<p>", "&#", "<!--"} else unit * (10_000 // len(unit))
    started = time.perf_counter()
    drafted(text)
    assert time.perf_counter() - started < 8


def test_a_long_notice_on_one_line_is_read_in_seconds() -> None:
    notice = "考生应当按照通知的要求准备材料，报名时间为2026年1月29日10时至2月11日24时，另行通知的除外，" * 2000
    started = time.process_time()
    assert "2026-01-29 10:00" in drafted(notice[:100_000])
    assert time.process_time() - started < 4


@pytest.mark.parametrize("text", ["1" * (LONGEST_ANNOUNCEMENT + 1), "考" * (LONGEST_TEXT + 1), "考 " * LONGEST_TEXT])
def test_text_that_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        drafted(text)


def test_mark_up_does_not_count_as_text() -> None:
    assert "2026-01-29" in drafted("<p><span></span></p>\n" * 40_000 + "<p>报名时间:2026年1月29日</p>")


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><td>东城区</td><td>64050487</td></tr><tr><td>顺义区</td><td>89453181/89453182</td></tr></table>",
        "序号\t考点\t地址\t电话\n1\t东城区\t东四北大街5号\t64050487\n2\t顺义区\t府前街 12号\t89453181、89453182\n",
    ],
    ids=["html", "cells between"],
)
def test_telephones_in_a_table_belong_to_the_site_of_their_row(table: str) -> None:
    (exam,) = loaded(draft(table, year=2026, source_name="公告")).exams
    assert [(site.id, site.phones) for site in exam.sites] == [
        ("dongcheng", ("64050487",)),
        ("shunyi", ("89453181", "89453182")),
    ]
    assert not exam.contacts
