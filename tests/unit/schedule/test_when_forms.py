"""Every form in which real announcements write dates: each is read to the minute, or refused with its readings."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from examcal.schedule.model import Hours, OpenDays, Shape, Status
from examcal.schedule.when import PhraseError, as_json, read_window

ZONE = ZoneInfo("Asia/Shanghai")

# number of the form, phrase, year given, opens, closes, named opening day, named closing day
READ = [
    (
        1,
        "自2026年1月29日10时至2026年2月11日24时",
        None,
        "2026-01-29T10:00",
        "2026-02-12T00:00",
        "2026-01-29",
        "2026-02-11",
    ),
    (
        *(2, "2026年3月5日至3月11日(不含周末),上午9:00—11:00,下午2:00—4:30", None),
        *("2026-03-05T09:00", "2026-03-11T16:30", "2026-03-05", "2026-03-11"),
    ),
    (
        *(3, "2025年3月3日至3月10日(节假日除外)。上午9:00-11:30;下午13:00-15:30", None),
        *("2025-03-03T09:00", "2025-03-10T15:30", "2025-03-03", "2025-03-10"),
    ),
    (
        *(4, "2024年3月1日、3月4日(上午 9:00—11:30,下午13:30—16:30)", None),
        *("2024-03-01T09:00", "2024-03-04T16:30", "2024-03-01", "2024-03-04"),
    ),
    (5, "4月2日24时", 2024, None, "2024-04-03T00:00", None, "2024-04-02"),
    (5, "4月2日24时 / 缴费结束时间", 2024, None, "2024-04-03T00:00", None, "2024-04-02"),
    (6, "2023年3月13—17日", None, "2023-03-13T00:00", "2023-03-18T00:00", "2023-03-13", "2023-03-17"),
    (7, "2025年4月15日10:00-4月22日16:30", None, "2025-04-15T10:00", "2025-04-22T16:30", "2025-04-15", "2025-04-22"),
    (8, "4 月 2 日 7 時至 4 月 7 日 21 時", 2022, "2022-04-02T07:00", "2022-04-07T21:00", "2022-04-02", "2022-04-07"),
    (
        9,
        "9月22日起至9月28日24时。逾期不予补报",
        2023,
        "2023-09-22T00:00",
        "2023-09-29T00:00",
        "2023-09-22",
        "2023-09-28",
    ),
    (11, "于5月25日起开始打印 … 以准考证为准", 2023, "2023-05-25T00:00", None, "2023-05-25", None),
    (
        13,
        "定于2026年4月11、12日举行,每半天为一个轮次",
        None,
        "2026-04-11T00:00",
        "2026-04-13T00:00",
        "2026-04-11",
        "2026-04-12",
    ),
    (14, "2025年12月9日—22日", None, "2025-12-09T00:00", "2025-12-23T00:00", "2025-12-09", "2025-12-22"),
    (14, "2026年2月4日—13日", None, "2026-02-04T00:00", "2026-02-14T00:00", "2026-02-04", "2026-02-13"),
    (
        *(15, "2025年10月16日至10月27日(网上预报名时间为2025年10月10日至10月13日…),每日9:00—22:00", None),
        *("2025-10-16T09:00", "2025-10-27T22:00", "2025-10-16", "2025-10-27"),
    ),
    (17, "12月21日14:00开始 业务课二", 2025, "2025-12-21T14:00", None, "2025-12-21", None),
    (18, "2025年11月1日0:00 至 11月6日24:00", None, "2025-11-01T00:00", "2025-11-07T00:00", "2025-11-01", "2025-11-06"),
    (
        18,
        "2025年11月24日0:00 至 11月30日15:00",
        None,
        "2025-11-24T00:00",
        "2025-11-30T15:00",
        "2025-11-24",
        "2025-11-30",
    ),
    (19, "2026年1月9日10:00至12日15:00", None, "2026-01-09T10:00", "2026-01-12T15:00", "2026-01-09", "2026-01-12"),
    (20, "网上缴费截止时间:2026年1月14日24:00", None, None, "2026-01-15T00:00", None, "2026-01-14"),
    (21, "4月7日早8:00至4月30日晚8:00", 2026, "2026-04-07T08:00", "2026-04-30T20:00", "2026-04-07", "2026-04-30"),
    (21, "6月15日至30日(每日8:00—20:00)", 2026, "2026-06-15T08:00", "2026-06-30T20:00", "2026-06-15", "2026-06-30"),
    (22, "考试报名统一在1月27日12:00截止", 2026, None, "2026-01-27T12:00", None, "2026-01-27"),
    (
        *(22, "4月15日前,各省级考试管理机构公布…准考证网上打印起止时间", 2026),
        *(None, "2026-04-16T00:00", None, "2026-04-15"),
    ),
    (23, "11月03日9:00一11月10日14:00", 2025, "2025-11-03T09:00", "2025-11-10T14:00", "2025-11-03", "2025-11-10"),
    (24, "6月12日9时至21日17时", 2025, "2025-06-12T09:00", "2025-06-21T17:00", "2025-06-12", "2025-06-21"),
    (25, "9月15日12:00——9月21日17:00", 2025, "2025-09-15T12:00", "2025-09-21T17:00", "2025-09-15", "2025-09-21"),
    (26, "2025年9月12日8时-9月26日17:00时", None, "2025-09-12T08:00", "2025-09-26T17:00", "2025-09-12", "2025-09-26"),
    (30, "自9月19日0时起", 2025, "2025-09-19T00:00", None, "2025-09-19", None),
    (30, "9月19日8时至9月23日18时", 2025, "2025-09-19T08:00", "2025-09-23T18:00", "2025-09-19", "2025-09-23"),
    (
        *(31, "2022年度…主观题考试时间将于2023年3月26日举行", None),
        *("2023-03-26T00:00", "2023-03-27T00:00", "2023-03-26", "2023-03-26"),
    ),
    (
        *(33, "2018年7月17日09：00— 2018年7月21日08：10", None),
        *("2018-07-17T09:00", "2018-07-21T08:10", "2018-07-17", "2018-07-21"),
    ),
    (34, "113年7月19日(星期五)", None, "2024-07-19T00:00", "2024-07-20T00:00", "2024-07-19", "2024-07-19"),
    (34, "7月24日下午11時59分止", 2024, None, "2024-07-24T23:59", None, "2024-07-24"),
    (35, "2025年11月1日0时至11月7日12时", None, "2025-11-01T00:00", "2025-11-07T12:00", "2025-11-01", "2025-11-07"),
]

PUT_OFF = [
    (12, "一般于考试前10天至1周 … 具体时间请关注…通知"),
    (36, "具体时间将另行通知"),
    (36, "待定"),
    (36, "以各区卫生健康委报名资格审核通知为准"),
    (36, "具体以准考证为准"),
    (36, "如有变动"),
]

# number of the form, phrase, year given, the readings that are offered
REFUSED = [
    (10, "自成绩公布之日起至10月24日24时止", 2018, []),
    (16, "每日9:00~22:00", 2025, []),
    (16, "准考证下载,考前十天左右", 2025, []),
    (
        *(18, "2025年11月1日0:00 至 11月6日24:00 ; 2025年11月24日0:00 至 11月30日15:00", None),
        ["2025-11-01 00:00 至 2025-11-06 24:00", "2025-11-24 00:00 至 2025-11-30 15:00"],
    ),
    (
        *(22, "考试报名统一在1月27日12:00截止,缴费统一在1月27日18:00截止", 2026),
        ["2026-01-27 12:00 止", "2026-01-27 18:00 止"],
    ),
    (27, "2025年6月6日9:00时至笔试开考前", None, []),
    (28, "须在24小时之内完成缴费,否则报考失效", 2025, []),
    (29, "9月15日(下半年)9∶00起至当次考试结束", 2025, []),
    (32, "公告之日起至3月29日", 2020, []),
    (33, "上午7：20起", 2018, []),
]

DAMAGED = [
    ("自20252810时至202522124", None, ["2025-02-08 10:00 至 2025-02-21 24:00"]),
    ("在3148时至325日17时期间", 2025, ["2025-03-14 08:00 至 2025-03-25 17:00"]),
    ("笔试:614日", 2025, ["2025-06-14"]),
    ("520-5月24日", 2025, ["2025-05-20 至 2025-05-24"]),
    ("66-6月14日", 2025, ["2025-06-06 至 2025-06-14"]),
    ("报名时间202531715:00—3月25日17:00", None, ["2025-03-17 15:00 至 2025-03-25 17:00"]),
    ("考试时间20256月14", None, ["2025-06-14"]),
    ("定于37举行", 2026, ["2026-03-07"]),
    ("报名工作将于19开始", 2026, ["2026-01-09 起"]),
    ("笔试考试时间:202637", None, ["2026-03-07"]),
    ("在98日——9月11日15:00前", 2025, ["2025-09-08 至 2025-09-11 15:00"]),
    ("12910时", 2026, ["2026-01-29 10:00", "2026-12-09 10:00"]),
    ("21124时", 2026, ["2026-02-11 24:00 止"]),
    ("227日", 2026, ["2026-02-27"]),
    ("312日", 2026, ["2026-03-12"]),
    ("919日", 2026, ["2026-09-19"]),
    ("1127日", 2026, ["2026-11-27"]),
    ("227日至312日", 2026, ["2026-02-27 至 2026-03-12"]),
    ("20252810时", None, ["2025-02-08 10:00"]),
    ("3148时", 2025, ["2025-03-14 08:00"]),
    ("2026年6月26", None, ["2026-06-26"]),
    ("20260129", None, ["2026-01-29"]),
    ("2026年1月29日10至2月11日24时", None, ["2026-01-29 10:00 至 2026-02-11 24:00"]),
    ("2026年1月2910时至2月1124时", None, ["2026-01-29 10:00 至 2026-02-11 24:00"]),
    ("2026年129日", None, ["2026-01-29", "2026-12-09"]),
    ("520-5月4日", None, ["5月20日 至 次年5月4日"]),
    ("12910时", None, ["1月29日 10:00", "12月9日 10:00"]),
]


@pytest.mark.parametrize(("form", "phrase", "year", "opens", "closes", "named_opens", "named_closes"), READ)
def test_form_is_read_to_the_minute(
    form: int,
    phrase: str,
    year: int | None,
    opens: str | None,
    closes: str | None,
    named_opens: str | None,
    named_closes: str | None,
) -> None:
    answer = as_json(read_window(phrase, zone=ZONE, year=year))
    assert answer["opens"] == (f"{opens}:00+08:00" if opens else None), form
    assert answer["closes"] == (f"{closes}:00+08:00" if closes else None)
    assert (answer["named_opens"], answer["named_closes"], answer["status"]) == (named_opens, named_closes, "confirmed")


@pytest.mark.parametrize(("form", "phrase"), PUT_OFF)
def test_words_that_put_a_date_off_are_tba_and_never_a_date(form: int, phrase: str) -> None:
    reading = read_window(phrase, zone=ZONE, year=2026)
    assert (reading.status, reading.shape, reading.opens, reading.closes) == (Status.TBA, Shape.TBA, None, None), form


@pytest.mark.parametrize(("form", "phrase", "year", "readings"), REFUSED)
def test_form_without_one_meaning_is_refused(form: int, phrase: str, year: int | None, readings: list[str]) -> None:
    with pytest.raises(PhraseError) as refused:
        read_window(phrase, zone=ZONE, year=year)
    assert list(refused.value.readings) == readings, form
    assert refused.value.text("zh-CN") != refused.value.text("en")


@pytest.mark.parametrize(("phrase", "year", "readings"), DAMAGED)
def test_damaged_digits_are_refused_with_every_reading(phrase: str, year: int | None, readings: list[str]) -> None:
    with pytest.raises(PhraseError) as refused:
        read_window(phrase, zone=ZONE, year=year)
    assert list(refused.value.readings) == readings
    assert "丢了" in refused.value.text()


def test_seed_sentence_offers_both_readings_of_its_first_date() -> None:
    with pytest.raises(PhraseError) as refused:
        read_window("2026年网上报名时间为12910时至21124时", zone=ZONE)
    assert [reading.partition(" 至 ")[0] for reading in refused.value.readings] == [
        "2026-01-29 10:00",
        "2026-12-09 10:00",
    ]
    assert refused.value.offset == "2026年网上报名时间为".__len__()


def test_list_keeps_its_days_and_hours() -> None:
    reading = read_window("2024年3月1日、3月4日(上午 9:00—11:30,下午13:30—16:30)", zone=ZONE)
    assert reading.shape is Shape.DAYS
    assert reading.days == (date(2024, 3, 1), date(2024, 3, 4))
    assert reading.hours == (Hours(540, 690), Hours(810, 990))


@pytest.mark.parametrize(
    ("words", "open_days"),
    [
        ("(不含周末)", OpenDays.WEEKDAYS),
        ("（周末除外）", OpenDays.WEEKDAYS),
        ("(周一至周五)", OpenDays.WEEKDAYS),
        ("(节假日除外)", OpenDays.WORKDAYS),
        ("(周末、节假日除外)", OpenDays.WORKDAYS),
        ("(工作日)", OpenDays.WORKDAYS),
        ("", OpenDays.ALL),
    ],
)
def test_words_about_weekends_set_the_open_days(words: str, open_days: OpenDays) -> None:
    assert read_window(f"2026年3月5日至3月11日{words}", zone=ZONE).open_days is open_days


def test_edges_move_to_the_first_and_last_open_day() -> None:
    reading = read_window("2026年3月7日至3月15日(不含周末),9:00-17:00", zone=ZONE)
    assert reading.opens is not None
    assert reading.closes is not None
    assert reading.opens.wall == "2026-03-09T09:00"
    assert reading.closes.wall == "2026-03-13T17:00"


def test_workdays_follow_the_calendar_that_is_given() -> None:
    reading = read_window(
        "2026年9月25日至10月8日(节假日除外)",
        zone=ZONE,
        is_workday=lambda day: day not in {date(2026, 9, 25), date(2026, 10, 8)},
    )
    assert reading.opens is not None
    assert reading.closes is not None
    assert (reading.opens.named_on, reading.closes.named_on) == (date(2026, 9, 26), date(2026, 10, 7))
