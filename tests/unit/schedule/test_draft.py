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
from examcal.schedule.model import Kind, Occurrence, OpenDays, Schedule, Shape, Status

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


# Lists and tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["1.", "1、", "1）", "１．", "（1）", "(12)", "12.", "9 ", "一、", "（一）", "①", "1\t", "12\t", "第一、", "1．"],
)
@pytest.mark.parametrize(
    "words", ["网上报名：2026年1月29日10时至2月11日24时", "2026年1月29日10时至2月11日24时网上报名"]
)
def test_number_of_a_list_item_is_no_part_of_a_date(number: str, words: str) -> None:
    (registration,) = milestones(drafted(number + words)).values()
    assert registration.kind is Kind.REGISTRATION
    assert registration.opens
    assert registration.closes
    assert (registration.opens.wall, registration.closes.wall) == ("2026-01-29T10:00", "2026-02-11T24:00")


@pytest.mark.parametrize("words", ["1、29日报名", "1.29 10:00报名", "于1.29报名"])
def test_number_that_may_be_a_month_is_no_number_of_a_list(words: str) -> None:
    text = drafted(words)
    assert "请核对第 1 行" in text
    assert not milestones(text)


@pytest.mark.parametrize("row", ["2\t2月11日\t缴费", "2\t缴费\t2月11日", "|2|缴费|2月11日|", "12\t2月11日缴费"])
def test_number_of_a_row_is_no_part_of_its_date(row: str) -> None:
    (payment,) = milestones(drafted(row)).values()
    assert (payment.kind, payment.opens and payment.opens.named_on) == (Kind.PAYMENT, date(2026, 2, 11))


def test_number_and_month_apart_are_a_comment() -> None:
    text = drafted("缴费 1 2月11日")
    assert "请核对第 1 行：缴费 1 2月11日" in text
    assert not milestones(text)


REGISTRATION = ("2026-01-29T10:00", "2026-02-11T24:00")


@pytest.mark.parametrize(
    "text",
    [
        "网上报名：2026年1月29日10时\n至2026年2月11日24时",
        "网上报名：2026年1月29日10时至\n2026年2月11日24时",
        "网上报名：2026年1月29日10时——\n2月11日24时",
        "网上报名时间为\n2026年1月29日10时至2月11日24时",
        "网上报名：2026年\n1月29日10时至2月11日24时",
        "网上报名：2026年1月\n29日10时至2月11日24时",
        "网上报名：2026年1月2\n9日10时至2月11日24时",
        "网上报名：2026年1月29\n日10时至2月11日24时",
        "网上报名：2026年1月29日10\n时至2月11日24时",
        "网上报名：2026年1月29日10时至2月11日\n24时",
        "网上报名：2026年1月29日10时至2月11日24\n时。",
        "网上报名：20\n26年1月29日10时至2月11日24时",
        "网上报名：2026-01-\n29 10:00至2026-02-11 24:00",
        "网上报名：2026-01-29 10:\n00至2026-02-11 24:00",
        "网上报名：2026年1月29日10:00\n\n—2月11日24:00",
        "网上报名：2026年1月29日10时\n— 3 —\n至2026年2月11日24时",
        '网上报名\t"2026年1月29日10:00\n至2026年2月11日24:00"\t登录网站',
        "<td>网上报名</td><td>2026年1月29日10:00<br>至2月11日24:00</td>",
        "<table><tr><td><p>网上报名</p></td><td><p>2026年1月29日10:00</p><p>至2月11日24:00</p></td></tr></table>",
        "<p>网上报名：2026年1月29日10时</p><p>至2026年2月11日24时</p>",
        "<p>网上报名：2026年1月29日10时至2月11日24时<sup>1</sup></p>",
        "网上报名：2026年1月29日10时至2月11日24时[1]",
        "<b>网上报名</b>：2026年1月29日10时\n至2026年2月11日24时\n<b>缴费</b>另行通知",
    ],
)
def test_line_that_breaks_inside_a_window_is_read_as_one(text: str) -> None:
    registration = milestones(drafted(text))["registration"]
    assert registration.kind is Kind.REGISTRATION
    assert registration.opens
    assert registration.closes
    assert (registration.opens.wall, registration.closes.wall) == REGISTRATION
    assert "请核对" not in drafted(text)


@pytest.mark.parametrize(
    "text",
    [
        "网上报名 1月29日\n2月11日缴费",
        "咨询电话 83366909\n1月29日报名\n2月11日缴费",
        "- 1月29日报名\n- 2月11日缴费",
        "1. 报名 1月29日\n2. 缴费 2月11日",
        "（一）报名：1月29日\n（二）缴费：2月11日",
        "<td>报名：1月29日<br>缴费：2月11日</td>",
        "<tr><td>报名<br>缴费</td><td>1月29日<br>2月11日</td></tr>",
        "<tr><td>报名</td><td rowspan='2'>1月29日</td></tr><tr><td>缴费</td></tr>\n<p>缴费 2月11日</p>",
    ],
)
def test_lines_with_dates_of_their_own_stay_apart(text: str) -> None:
    found = list(milestones(drafted(text)).values())
    assert all(o.shape is Shape.DAY for o in found)
    assert [o.opens.named_on for o in found if o.opens][:: len(found) - 1] == [date(2026, 1, 29), date(2026, 2, 11)]


def test_hours_on_a_line_of_their_own_belong_to_the_dates_above() -> None:
    text = "现场审核：2026年3月5日至3月11日\n（不含周末）\n上午9:00-11:00，下午2:00-4:30\n地点：良乡"
    (review,) = milestones(drafted(text)).values()
    assert review.closes
    assert review.closes.wall == "2026-03-11T16:30"
    assert review.open_days is OpenDays.WEEKDAYS


def test_hours_with_words_on_a_line_of_their_own_are_not_passed_over() -> None:
    text = drafted("考试：2026年8月22日\n上午9:00-11:30 第一单元\n下午2:00-4:30 第二单元")
    assert "请核对第 2 行：上午9:00-11:30 第一单元" in text
    assert "请核对第 3 行：下午2:00-4:30 第二单元" in text


def test_hours_of_the_afternoon_count_whatever_the_bracket_after_them_says() -> None:
    text = drafted("3月5日至3月11日上午9:00-11:00，下午2:00-4:30（节假日除外）")
    assert "每日09:00-11:00,14:00-16:30" in text
    assert "11:00\n" not in text


def test_bracket_that_leaves_a_day_out_is_no_milestone() -> None:
    assert "- id: review-2" not in drafted("现场审核：3月5日至3月11日（3月8日休息）")


ROWS = "{0}\t{1}\t{2}\n网上报名\t2026-01-29 10:00\t2026-02-11 24:00\n缴费\t2026-03-01\t2026-03-09"


@pytest.mark.parametrize("separator", ["\t", ",", " | "])
@pytest.mark.parametrize("header", [("项目", "开始时间", "结束时间"), ("事项", "起始日期", "截止日期")])
def test_columns_of_starts_and_ends_are_windows(separator: str, header: tuple[str, str, str]) -> None:
    rows = ROWS.format(*header).replace("\t", separator)
    registration, payment = milestones(drafted(rows)).values()
    assert registration.opens
    assert registration.closes
    assert (registration.kind, registration.opens.wall, registration.closes.wall) == (Kind.REGISTRATION, *REGISTRATION)
    assert str(registration.name) == "网上报名"
    assert payment.closes
    assert (payment.kind, payment.closes.wall) == (Kind.PAYMENT, "2026-03-09")


@pytest.mark.parametrize("separator", ["\t", ",", " | "])
def test_dates_side_by_side_without_a_header_are_a_comment_with_their_readings(separator: str) -> None:
    text = drafted("网上报名\t2026-01-29 10:00\t2026-02-11 24:00\t".replace("\t", separator))
    assert not milestones(text)
    assert text.count("请核对") == 1
    assert "可能是：2026-01-29 10:00 至 2026-02-11 24:00" in text
    assert "可能是：2026-01-29 10:00\n" in text


@pytest.mark.parametrize(
    "words",
    [
        "成绩预计5月下旬公布",
        "准考证5月中旬打印",
        "缴费于15日24时截止",
        "报名1月29日，30日缴费",
        "12月份举行考试",
        "20251月9日报名",
    ],
)
def test_date_that_lacks_something_is_a_comment(words: str) -> None:
    text = drafted(words)
    assert "请核对第 1 行" in text
    assert not milestones(text)


def test_day_in_a_row_without_its_month_is_a_comment() -> None:
    assert "请核对第 3 行：11日 缴费" in drafted("2026年1月\n5日 报名\n11日 缴费")


def test_text_that_a_page_does_not_show_is_no_more_than_a_comment() -> None:
    page = "<p style='display: none'>报名2026年1月1日</p><p>缴费2026年1月2日<i hidden>2025年1月3日</i></p>"
    text = drafted(page + "<div style='visibility:hidden' aria-hidden='true' class='hidden'>准考证2026年1月4日</div>")
    assert [str(o.name) for o in milestones(text).values()] == ["缴费", "准考证"]
    assert "这段文字在网页上不显示" in text
    assert "可能是：2026-01-01" in text


@pytest.mark.parametrize(
    ("line", "phones"),
    [
        ("东城区：010-64050487转801", ("010-64050487转801",)),
        ("东城区：64050487转801、802，65560276（转8）", ("64050487转801、802", "65560276(转8)")),
        ("1.东城区（010）64050487 65560276", ("(010)64050487", "65560276")),
        ("东城区：010－６４０５０４８７", ("010-64050487",)),
        ("（1）东城区 地址：东四北大街5号 联系电话：64050487", ("64050487",)),
        ("<tr><td>东城区</td><td>64050487<br>65560276</td></tr>", ("64050487", "65560276")),
        ("东城区：64050487\n东城区：65560276", ("64050487", "65560276")),
    ],
)
def test_telephones_keep_their_area_and_extension(line: str, phones: tuple[str, ...]) -> None:
    (site,) = loaded(drafted(line + "\n报名2026年1月29日")).exams[0].sites
    assert (site.id, site.phones) == ("dongcheng", phones)


def test_every_telephone_of_a_line_has_its_own_label() -> None:
    text = "联系电话：83366909(工作日9:00-11:30) 传真：83366910，技术咨询：400-810-5790\n报名2026年1月29日"
    assert [(str(c.name), c.phones, str(c.hours or "")) for c in loaded(drafted(text)).exams[0].contacts] == [
        ("联系电话", ("83366909",), "工作日9:00-11:30"),
        ("传真", ("83366910",), ""),
        ("技术咨询", ("400-810-5790",), ""),
    ]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("考试共2026年5月10日", "考试"),
        ("考试时间由2026年5月10日开始", "考试"),
        ("年满2026年8月31日", "其他"),
        ("未通过者可于2026年5月10日前", "未通过者"),
    ],
)
def test_name_has_no_words_that_belong_to_the_date(words: str, name: str) -> None:
    assert [str(o.name) for o in milestones(drafted(words)).values()] == [name]


def test_announcement_of_when_is_no_printing_of_tickets() -> None:
    (told,) = milestones(drafted("2026年4月15日前，各省公布准考证网上打印起止时间")).values()
    assert told.kind is Kind.ANNOUNCEMENT


@pytest.mark.parametrize(
    ("outline", "certain"),
    [
        ("3.1 报名安排\n3.1.1 网上报名：2026年10月8日\n3.2 考试安排", 1),
        ("3.1 网上报名：2026年10月8日\n3.2 缴费：2026年10月9日", 2),
        ("3.1.2 网上报名：2026年10月8日", 1),
    ],
)
def test_number_of_an_outline_is_no_day(outline: str, certain: int) -> None:
    text = drafted(outline)
    assert len(milestones(text)) == certain
    assert str(milestones(text)["registration"].name) == "网上报名"
    assert "请核对" not in text


@pytest.mark.parametrize("words", ["1.29 报名\n2.11 缴费", "3.1 报名", "3.2 报名\n3.3 缴费", "26.1.29 报名"])
def test_day_written_with_a_full_stop_is_not_taken_for_a_number_of_an_outline(words: str) -> None:
    text = drafted(words)
    assert text.count("请核对") == words.count("\n") + 1
    assert not milestones(text)


@pytest.mark.parametrize(
    "words",
    ["国卫办医〔2026〕38号文件要求", "注2：考生须知", "附件3：样表", "（人才中心发〔2026〕第12号）"],
)
def test_number_that_only_names_is_no_date(words: str) -> None:
    assert "milestones:\n      []" in drafted(words)


@pytest.mark.parametrize(
    "words", ["步骤1：10月8日报名", "步骤 2：2026年10月8日报名", "注3：2026-10-08报名", "科目1：10月8日报名"]
)
def test_date_after_a_number_that_only_names_is_read(words: str) -> None:
    (registration,) = milestones(drafted(words)).values()
    assert registration.opens
    assert registration.opens.named_on == date(2026, 10, 8)


TABLE = """<table>
<tr><td colspan="2">阶段</td><td>开始时间</td><td>截止时间</td><td>说明</td></tr>
<tr><td rowspan="2">报名</td><td>网上报名</td><td>2026年6月12日<br/>9:00</td><td>2026年6月21日<br/>17:00</td></tr>
<tr><td>网上缴费</td><td>2026年6月13日</td><td>2026年6月24日<br/>24:00</td><td>支付宝、<br/>微信</td></tr>
<tr><td rowspan="3">考试</td><td>打印准考证</td><td>2026年9月14日</td><td>2026年9月18日</td><td></td></tr>
<tr><td>建设工程经济</td><td colspan="2" rowspan="2">2026年9月19日</td><td>9:00-11:00</td></tr>
<tr><td>工程法规</td><td>14:00-17:00</td></tr>
</table>"""


def test_cells_over_several_rows_and_columns_are_read_in_each() -> None:
    assert [
        (str(o.name), o.kind, o.opens and o.opens.wall, o.closes and o.closes.wall)
        for o in milestones(drafted(TABLE)).values()
    ] == [
        ("网上报名", Kind.REGISTRATION, "2026-06-12T09:00", "2026-06-21T17:00"),
        ("网上缴费", Kind.PAYMENT, "2026-06-13", "2026-06-24T24:00"),
        ("打印准考证", Kind.TICKET, "2026-09-14", "2026-09-18"),
        ("建设工程经济考试", Kind.EXAM, "2026-09-19T09:00", "2026-09-19T11:00"),
        ("工程法规考试", Kind.EXAM, "2026-09-19T14:00", "2026-09-19T17:00"),
    ]


def test_columns_of_different_things_are_milestones_of_their_own() -> None:
    rows = (
        "考点\t报名时间\t审核时间\t电话\n"
        "东城区\t3月2日-3月5日\t3月6日9:00-17:00\t64050487\n"
        "西城区\t3月3日\t待定\t83365531"
    )
    found = milestones(drafted(rows))
    assert [(str(o.name), o.kind, o.opens and o.opens.wall) for o in found.values()] == [
        ("东城区报名", Kind.REGISTRATION, "2026-03-02"),
        ("东城区审核", Kind.REVIEW, "2026-03-06T09:00"),
        ("西城区报名", Kind.REGISTRATION, "2026-03-03"),
        ("西城区审核", Kind.REVIEW, None),
    ]
    assert {o.status for o in found.values()} == {Status.CONFIRMED, Status.TBA}


def test_entry_of_a_table_that_is_put_off_is_announced_later() -> None:
    (certificate,) = milestones(drafted("序号\t事项\t时间\n7\t证书领取\t待定")).values()
    assert (certificate.kind, certificate.status) == (Kind.CERTIFICATE, Status.TBA)


def test_january_after_december_is_a_doubt() -> None:
    text = drafted("2026年下半年面试公告\n报名：12月12日至12月15日\n准考证打印：1月4日至1月9日\n面试：2027年1月9日")
    assert list(milestones(text)) == ["registration", "exam"]
    assert "可能是：2026-01-04 至 2026-01-09\n" in text
    assert "可能是：2027-01-04 至 2027-01-09\n" in text


def test_start_and_end_in_two_clauses_are_one_window() -> None:
    (registration,) = milestones(drafted("报名统一于6月12日开始，7月2日12:00截止")).values()
    assert registration.opens
    assert registration.closes
    assert (registration.opens.wall, registration.closes.wall) == ("2026-06-12", "2026-07-02T12:00")


def test_bracket_that_counts_a_day_in_is_no_milestone() -> None:
    assert len(milestones(drafted("报名：2026年10月31日前（含10月31日）"))) == 1


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("《财务管理》科目：2026年9月5日", "《财务管理》科目"),
        ("② 个人考生应于2026年9月5日前提交", "个人考生"),
        ("缴　　费：2026年9月5日", "缴费"),
        ('"网上报名","2026-01-29 10:00","2026-02-11 24:00"', None),
        ("a) 报到：2026年9月5日", "报到"),
        ("（注：预报名为2026年9月5日）", "预报名"),
    ],
)
def test_name_has_neither_number_nor_marks(words: str, name: str | None) -> None:
    found = [str(o.name) for o in milestones(drafted(words)).values()]
    assert found == ([name] if name else [])


def test_line_that_ends_a_sentence_is_no_heading() -> None:
    (other,) = milestones(drafted("已报名的不再报名。）\n本通知自2026年9月1日起施行")).values()
    assert other.kind is Kind.OTHER


@pytest.mark.parametrize(
    ("line", "contact"),
    [
        ("技术支持：400-8105-790", ("技术支持", ("400-8105-790",))),
        ("监督举报电话：12320、12345", ("监督举报电话", ("12320", "12345"))),
        ("联系人：李老师，电话：13800138000", ("联系人：李老师,电话", ("13800138000",))),
        ("咨询电话：010—89453181/2 QQ群：87654321", ("咨询电话", ("010-89453181/2",))),
    ],
)
def test_telephones_of_an_office(line: str, contact: tuple[str, tuple[str, ...]]) -> None:
    (found,) = loaded(drafted(line + "\n报名2026年1月29日")).exams[0].contacts
    assert (str(found.name), found.phones) == contact


def test_office_of_a_district_is_its_site() -> None:
    text = drafted("各区报名咨询电话\n朝阳区卫生健康委员会：65560276（工作日9:00-11:30）\n报名2026年1月29日")
    (site,) = loaded(text).exams[0].sites
    assert (site.id, site.phones) == ("chaoyang", ("65560276",))
    assert "请核对" not in text


@pytest.mark.parametrize(
    "text",
    [
        "现场审核：3月5日至3月11日，上午9:00-11:00，下\n午2:00-4:30",
        "现场审核：3月5日至3月11日，上午9:00-11:00，\n下午2:00-4:30，地点：良乡",
        "现场审核：3月5日至3月11日上午9:00-11:00\n下午2:00-4:30 地点：良乡",
        "现场审核：3月5日(星\n期四)至3月11日(星期三)，上午9:00-11:00，下午2:00-4:30",
        "现场审核：3月5日(周\n四)至3月11日(周三)，上午9:00-11:00，下午2:00-4:30",
        "现场审核：3月5日至3月11日（上午9:00-11:00，\n下午2:00-4:30）",
    ],
)
def test_hours_that_go_on_in_the_next_line_count(text: str) -> None:
    (review,) = milestones(drafted(text)).values()
    assert review.closes
    assert review.closes.wall == "2026-03-11T16:30"
    assert [(span.since, span.until) for span in review.hours] == [(540, 660), (840, 990)]


def test_list_of_days_that_goes_on_in_the_next_line_counts() -> None:
    (interview,) = milestones(drafted("面试 2026年7月4日、\n5日")).values()
    assert [day.isoformat() for day in interview.days] == ["2026-07-04", "2026-07-05"]


def test_columns_of_one_kind_have_the_names_of_their_columns() -> None:
    rows = "类别\t实践技能考试\t医学综合考试\n临床\t6月5日—16日\t8月21日—22日"
    assert [str(o.name) for o in milestones(drafted(rows)).values()] == ["临床实践技能考试", "临床医学综合考试"]


def test_column_of_ends_makes_ends() -> None:
    rows = "批次\t报名日期\t缴费截止\n第一批\t2026/3/2\t2026/3/16\n\n事项\t截止时间\n退费\t2026年3月20日17:00"
    registration, payment, refund = milestones(drafted(rows)).values()
    assert registration.shape is Shape.DAY
    assert (str(payment.name), payment.opens, payment.closes and payment.closes.wall) == (
        "第一批缴费",
        None,
        "2026-03-16",
    )
    assert (refund.opens, refund.closes and refund.closes.wall) == (None, "2026-03-20T17:00")


def test_hours_in_a_row_leave_its_telephones_to_its_site() -> None:
    row = "东城区\t2月27日-3月2日（9:00-11:30，13:30-16:30）\t一层大厅\t64050487转1"
    (exam,) = loaded(drafted(row)).exams
    assert [(site.id, site.phones) for site in exam.sites] == [("dongcheng", ("64050487转1",))]
    assert "请核对" not in drafted(row)


def test_year_that_stands_apart_from_its_day_is_a_doubt() -> None:
    text = drafted("2026年考试成绩11月27日公布", 2027)
    assert not milestones(text)
    assert "可能是：2026-11-27" in text
    assert "可能是：2027-11-27" in text


@pytest.mark.parametrize(
    "words",
    ["地址：南礼士路36号", "京ICP备05012345号", "阅读 3.2万", "工作满1年，6年以上", "疾控中心3层", "年满18周岁"],
)
def test_other_numbers_are_no_dates(words: str) -> None:
    (registration,) = milestones(drafted(f"2026年1月29日报名 {words}")).values()
    assert registration.opens
    assert registration.opens.named_on == date(2026, 1, 29)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("准考证下载,考前十天左右", Kind.TICKET),
        ("准考证下载：考前十天左右", Kind.TICKET),
        ("成绩、证书：由司法部另行公告", Kind.SCORE),
        ("考试：另行通知", Kind.EXAM),
    ],
)
def test_entry_that_is_put_off_is_announced_later(words: str, kind: Kind) -> None:
    (later,) = milestones(drafted(words)).values()
    assert (later.kind, later.status) == (kind, Status.TBA)


@pytest.mark.parametrize("words", ["考试大纲另行公布", "考试地点另行通知", "报名表由各区另行通知"])
def test_other_things_that_are_announced_later_are_no_milestones(words: str) -> None:
    assert not milestones(drafted(words))


@pytest.mark.parametrize(
    ("words", "name"),
    [("上半年 报名：2026年3月20日", "上半年 报名"), ("笔试（部分职位）：2026年11月29日", "笔试（部分职位）")],
)
def test_name_of_several_words_stays_whole(words: str, name: str) -> None:
    assert [str(o.name) for o in milestones(drafted(words)).values()] == [name]


WRAPPED = [
    "网上报名：2026年1月29日10时至2月11日24时（逾期不补）。现场审核：2月27日至3月12日，上午9:00—11:00，下午2:00—4:30，地点：良乡。",
    "1.网上报名时间为2026年1月29日（星期四）10:00—2月11日（星期三）24:00",
    "考试于2026年8月22日、23日举行，上午9:00-11:30",
    "成绩于2026-09-19 9:00公布，缴费截止2026年12月16日17:30",
    "准考证打印 2026/6/1 9:00 至 2026/6/5 17:00",
    "一、报名：12月9日—22日；审核：12月10日8时起",
]


@pytest.mark.parametrize("text", WRAPPED)
@pytest.mark.parametrize("line_break", ["\n", "\n\n", "<br>", "</p>\n<p>"])
def test_wherever_a_line_breaks_nothing_certain_is_wrong_and_nothing_is_lost(text: str, line_break: str) -> None:
    def windows(yaml: str) -> set[tuple[str, str]]:
        found = milestones(yaml).values() if "\n      - id: " in yaml else ()
        return {(o.opens.wall if o.opens else "", o.closes.wall if o.closes else "") for o in found}

    whole = windows(drafted(text))
    for place in range(1, len(text)):
        broken = f"{text[:place]}{line_break}{text[place:]}"
        yaml = drafted(f"<p>{broken}</p>" if "<" in line_break else broken)
        assert "请核对" in yaml or windows(yaml) == whole, broken
        if "没有日期" not in yaml:  # hours that a comment shows
            assert windows(yaml) <= whole, broken


def test_digit_that_may_belong_to_the_next_line_is_a_doubt() -> None:
    text = drafted("报名：1\n2月9日—22日")
    assert not milestones(text)
    assert "可能是：2026-12-09 至 2026-12-22\n" in text
    assert "可能是：2026-02-09 至 2026-02-22\n" in text


@pytest.mark.parametrize("text", ["1\n2月9日报名", "电话：83366901\n2月9日报名", "第1\n2月9日报名"])
def test_number_that_stands_alone_above_a_date_is_no_part_of_it(text: str) -> None:
    (registration,) = milestones(drafted(text)).values()
    assert registration.opens
    assert registration.opens.named_on == date(2026, 2, 9)


@pytest.mark.parametrize(
    "words",
    ["复审：4月8日（上午9:00-11:30）、4月9日（下午13:30-16:30）", "复审：4月8日（上午9:00-11:30）、4月9日"],
)
def test_hours_of_each_day_of_a_list_are_a_doubt(words: str) -> None:
    text = drafted(words)
    assert "请核对第 1 行" in text
    assert not milestones(text)


def test_hours_after_a_list_are_those_of_all_its_days() -> None:
    (review,) = milestones(drafted("复审：4月8日（周三）、4月9日（上午9:00-11:30）")).values()
    assert len(review.hours) == 1


@pytest.mark.parametrize(
    "words", ["考试时间：6月6日—6月17日（具体时间以准考证为准）", "考试时间：6月6日—6月17日 以准考证为准"]
)
def test_what_decides_in_the_end_is_not_what_the_date_is_about(words: str) -> None:
    assert next(iter(milestones(drafted(words)).values())).kind is Kind.EXAM


def test_dates_struck_out_beside_each_other_are_not_read_as_a_window() -> None:
    assert "2026-03-16 至" not in drafted("<p>缴费：<del>3月16日</del>3月20日24:00前</p>")
