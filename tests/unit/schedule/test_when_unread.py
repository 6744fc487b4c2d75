"""A phrase is understood completely or refused: no word that changes its dates is passed over."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from examcal.schedule.model import OpenDays, Status
from examcal.schedule.when import PhraseError, read_edge, read_window

ZONE = ZoneInfo("Asia/Shanghai")


def refusal(phrase: str, year: int | None = 2026) -> PhraseError:
    with pytest.raises(PhraseError) as refused:
        read_window(phrase, zone=ZONE, year=year)
    return refused.value


# Parts of the day --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "canonical"),
    [
        ("2026年12月5日下午（2:00）", "2026-12-05 14:00"),
        ("2026年3月5日下午(周四)2:00", "2026-03-05 14:00"),
        ("2026年3月5日下午（2:00-5:00）", "2026-03-05 14:00 至 2026-03-05 17:00"),
        ("2026年3月5日下午，2:00-5:00", "2026-03-05 14:00 至 2026-03-05 17:00"),
        ("2026年3月5日（下午）2:00", "2026-03-05 14:00"),
        ("2026年3月5日至6日，下午：2:00-5:00", "2026-03-05 至 2026-03-06 每日14:00-17:00"),
        ("2026年3月5日上午（9:00）至3月6日下午（5:00）", "2026-03-05 09:00 至 2026-03-06 17:00"),
        ("2026年3月5日午后2点", "2026-03-05 14:00"),
        ("2026年3月5日深夜11点", "2026-03-05 23:00"),
        ("2026年3月5日晚八点", "2026-03-05 20:00"),
        ("2026年3月5日早8:00至晚8:00", "2026-03-05 08:00 至 2026-03-05 20:00"),
        ("2026年3月5日12:00（中午）", "2026-03-05 12:00"),
        ("2026年3月5日15:00(下午)", "2026-03-05 15:00"),
        ("2026年3月5日9:00(上午)至17:00（下午）", "2026-03-05 09:00 至 2026-03-05 17:00"),
        ("2026年3月5日下午三点一刻", "2026-03-05 15:15"),
        ("2026年3月5日9点一刻钟", "2026-03-05 09:15"),
        ("2026年3月5日下午3点三刻", "2026-03-05 15:45"),
        ("2025年11月30日(上午行政职业能力测验,下午申论)", "2025-11-30"),
    ],
)
def test_a_part_of_the_day_belongs_to_the_time_after_it(phrase: str, canonical: str) -> None:
    assert read_window(phrase, zone=ZONE).text == canonical


@pytest.mark.parametrize(
    "phrase",
    [
        "2026年3月5日2:00 下午",
        "2026年3月5日2:00(下午)",
        "2026年3月5日14:00(上午)",
        "2026年3月5日下午",
        "2026年3月5日(上午)",
        "2026年3月5日，下午",
        "2026年3月5日午前",
        "2026年3月5日晚截止",
        "2026年3月5日晚上截止",
        "2026年3月5日晚前",
        "2026年3月5日早前",
        "2026年3月5日上午、6日",
        "2026年3月5日至3月11日上午9:00-11:00（下午照常）",
        "2026年6月6日上午考综合，下午考专业",
        "2026年6月6日（仅上午）",
        "2026年6月6日（6日上午）",
        "2026年6月6日夜",
    ],
)
def test_a_part_of_the_day_without_a_time_is_refused(phrase: str) -> None:
    assert "没有几点" in refusal(phrase).text()


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("2026年3月5日凌晨24时", ["2026-03-05 00:00", "2026-03-05 24:00 止"]),
        ("2026年3月5日夜12点", ["2026-03-05 00:00", "2026-03-05 24:00 止"]),
        ("2026年3月5日半夜12点", ["2026-03-05 00:00", "2026-03-05 24:00 止"]),
        (
            "2026年3月5日上午9:00至3月11日5:00",
            ["2026-03-05 09:00 至 2026-03-11 05:00", "2026-03-05 09:00 至 2026-03-11 17:00"],
        ),
        ("2026年3月5日晚上12:30", []),
        ("2026年3月5日凌晨12:30", []),
    ],
)
def test_a_time_that_may_lie_on_either_side_of_noon_or_midnight_is_refused(phrase: str, readings: list[str]) -> None:
    assert list(refusal(phrase).readings) == readings


@pytest.mark.parametrize(
    "phrase",
    [
        "2026/3/5 5:00 PM",
        "2026/3/5 9:00am",
        "2026/3/5 10:00 p.m.",
        "2026/3/5 9:00-11:00 PM",
        "2026/3/5 AM9:00",
        "2026/3/5 am9点",
        "3/5/2026 5:00 PM",
        "2026/3/5 9:00 AM - 5:00 PM",
        "March 5 2026 to March 20 2026",
        "5 Sept 2026",
    ],
)
def test_english_words_of_dates_and_times_are_refused_as_such(phrase: str) -> None:
    refused = refusal(phrase)
    assert "不认识" in refused.text()
    assert refused.hint is not None
    assert "24小时制" in refused.hint.text("zh-CN")
    for closing in (True, False):
        with pytest.raises(PhraseError, match="not understood"):
            read_edge(phrase, zone=ZONE, closing=closing)


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("2026/3/5 5:00 PM", ["2026-03-05 17:00"]),
        ("2026/3/5 5 p.m.", ["2026-03-05 17:00"]),
        ("2026/3/5 9:00 AM - 5:00 PM", ["2026-03-05 09:00 至 2026-03-05 17:00"]),
        ("2026/3/5 12:00am", ["2026-03-05 00:00", "2026-03-05 12:00"]),
        ("3/5/2026 5:00 PM", ["2026-03-05 17:00", "2026-05-03 17:00"]),
        ("2026/3/5 9:00-11:00 PM", []),
    ],
)
def test_what_am_and_pm_mean_is_offered(phrase: str, readings: list[str]) -> None:
    assert list(refusal(phrase).readings) == readings
    if len(readings) == 1 and "至" not in readings[0]:
        with pytest.raises(PhraseError) as refused:
            read_edge(phrase, zone=ZONE, closing=True)
        assert list(refused.value.readings) == readings


def test_a_word_that_only_looks_like_pm_is_a_word() -> None:
    assert read_window("2026年3月5日ampere", zone=ZONE).text == "2026-03-05"


# Days that are left out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("2026年9月19日前（不含19日）", ["2026-09-18 止"]),
        ("2026年9月19日（不含19日）前", ["2026-09-18 止"]),
        ("2026年9月19日前（不含9月19日）", ["2026-09-18 止"]),
        ("2026年9月19日前（不含3月5日）", []),
        ("截止2026年12月13日(不含13日)", ["2026-12-12 止"]),
        ("2026年12月13日前（12月13日不算）", ["2026-12-12 止"]),
        ("2026年12月13日前（13日除外）", ["2026-12-12 止"]),
        ("2026年12月13日前，不含13日", ["2026-12-12 止"]),
        ("2026年12月13日之前（不包括13日当天）", ["2026-12-12 止"]),
        ("2026年12月13日截止（不含）", ["2026-12-12 止"]),
        ("2026年3月1日前(不含当日)", ["2026-02-28 止"]),
        ("2026年3月5日至3月10日（不含3月10日）", ["2026-03-05 至 2026-03-09"]),
        ("2026年3月5日至3月10日（不含首尾两日）", []),
        ("2026年3月5日至3月10日17:00（不含当日）", []),
    ],
)
def test_a_day_that_is_left_out_is_not_the_last_one(phrase: str, readings: list[str]) -> None:
    refused = refusal(phrase)
    assert list(refused.readings) == readings
    assert "不包括" in refused.text() or "限制" in refused.text()


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("2026年9月28日至10月10日（国庆节放假除外）", ["2026-09-28 至 2026-10-10"]),
        ("2026年9月28日至10月10日（清明节除外）", ["2026-09-28 至 2026-10-10"]),
        ("2026年9月28日至10月10日（10月1日除外）", []),
        ("2026年3月5日至3月20日（3月14日、15日休息）", []),
        ("2026年3月5日至3月20日（周日除外）", ["2026-03-05 至 2026-03-20"]),
        ("2026年3月5日至3月20日（双休日及清明节除外）", ["2026-03-05 至 2026-03-20"]),
        ("2026年3月5日至3月20日，除3月8日外", []),
        ("2026年3月5日至3月20日（0:00-6:00系统维护）", []),
        ("2026年3月5日至3月20日，除0:00-6:00", []),
        ("2026年3月5日至3月20日，12:00至14:00不办理", []),
        ("2026年3月5日至3月20日（3月8日不办理）", []),
        ("2026年3月5日至3月20日（首日不办理）", ["2026-03-05 至 2026-03-20"]),
        ("早于2026年3月5日", []),
        ("超过2026年3月11日不予受理", []),
        ("非2026年3月11日", []),
        ("2026年3月5日至3月20日（工作日除外）", ["2026-03-05 至 2026-03-20"]),
        ("2026年3月5日至3月20日（午间休息）", ["2026-03-05 至 2026-03-20"]),
    ],
)
def test_days_that_are_left_out_in_other_words_are_refused(phrase: str, readings: list[str]) -> None:
    refused = refusal(phrase)
    assert list(refused.readings) == readings
    assert "限制" in refused.text()


@pytest.mark.parametrize(
    "phrase",
    [
        "2026年12月13日前（含当日）",
        "2026年12月13日前（含13日）",
        "2026年12月13日(含)前",
        "2026年12月13日以前（包括12月13日）",
        "2026年12月13日前，逾期不予受理",
        "2026年12月13日前（逾期不予办理）",
        "2026年12月13日前缴费，逾期取消考试资格",
        "2026年12月13日前（提前3天预约）",
        "2026年12月13日前（中午不休息）",
    ],
)
def test_words_that_leave_no_day_out_change_nothing(phrase: str) -> None:
    assert read_window(phrase, zone=ZONE).text == "2026-12-13 止"


@pytest.mark.parametrize(
    "phrase",
    [
        "2026年3月5日至3月20日（每周二、周四办理）",
        "2026年3月5日至3月20日（周一至周六）",
        "2026年3月5日至3月20日（周二至周五）",
        "2026年3月5日至3月20日（每周一至周六办理）",
        "2026年3月5日至3月20日（逢双日办理）",
        "2026年3月5日至3月20日（周三不办理）",
        "2026年3月5日至3月20日，周三不办理",
        "2026年3月5日至3月20日（单日办理）",
        "2026年3月5日至3月20日（仅周末）",
        "每年3月10日",
    ],
)
def test_days_of_the_week_are_not_taken_for_the_weekday_of_a_date(phrase: str) -> None:
    refused = refusal(phrase)
    assert "每周或重复的日子" in refused.text()
    assert phrase[refused.offset] in "每周逢单仅"


@pytest.mark.parametrize(
    ("words", "open_days"),
    [
        ("（周一 至 周五）", OpenDays.WEEKDAYS),
        ("（每周一到周五）", OpenDays.WEEKDAYS),
        ("，除周末外", OpenDays.WEEKDAYS),
        ("（每个工作日9:00-17:00）", OpenDays.WORKDAYS),
        ("（非工作日不办理）", OpenDays.WORKDAYS),
        ("（法定假日除外）", OpenDays.WORKDAYS),
        ("（共7个工作日）", OpenDays.ALL),
        ("，共7个工作日", OpenDays.ALL),
        ("（共五个工作日）", OpenDays.ALL),
        ("（5个工作日）", OpenDays.ALL),
    ],
)
def test_a_number_of_working_days_is_no_opening_day(words: str, open_days: OpenDays) -> None:
    reading = read_window(f"2026年3月5日至3月15日{words}", zone=ZONE)
    assert reading.open_days is open_days
    assert reading.closes is not None
    assert reading.closes.named_on == date(2026, 3, 15 if open_days is OpenDays.ALL else 13)


def test_a_weekday_before_its_day_is_compared_too() -> None:
    assert read_window("周四2026年3月5日", zone=ZONE).text == "2026-03-05"
    assert "星期不符" in refusal("周三2026年3月5日").text()
    assert "不知道指哪一天" in refusal("星期三，2026年3月5日").text()
    with pytest.raises(PhraseError, match="belongs to no day"):
        read_edge("2026-03-05 周四 周五", zone=ZONE, closing=True)


# Lengths, changes, vague days ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase",
    [
        "2026年3月5日起3天",
        "2026年3月5日起连续5天",
        "2026年3月5日起为期一周",
        "2026年12月7日起5个工作日",
        "2026年12月7日起，5个工作日内",
        "2026年12月7日起（5个工作日内）",
        "2026年6月6日（3天）",
        "2026年6月6日，为期两个月",
        "2026年6月6日9:00起24小时",
    ],
)
def test_a_length_of_time_is_no_open_end(phrase: str) -> None:
    assert "时长" in refusal(phrase).text()


@pytest.mark.parametrize(
    ("phrase", "canonical"),
    [
        ("2026年6月6日至7日（2天）", "2026-06-06 至 2026-06-07"),
        ("2026年6月6日（1天）", "2026-06-06"),
        ("2026年4月11、12日,每半天为一个轮次", "2026-04-11、2026-04-12"),
    ],
)
def test_a_length_of_time_beside_both_edges_only_repeats_them(phrase: str, canonical: str) -> None:
    assert read_window(phrase, zone=ZONE).text == canonical


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("延期至2026年3月20日", ["2026-03-20 止", "2026-03-20"]),
        ("延长到2026年3月20日17:00", ["2026-03-20 17:00 止", "2026-03-20 17:00"]),
        ("由2026年3月5日延长至3月20日", []),
        ("报名时间由3月5日改为3月8日", []),
        ("原定2026年3月5日的考试推迟", []),
        ("2026年3月5日的考试取消", []),
        ("2026年3月5日（遇节假日顺延）", []),
        ("2026年3月5日至3月11日（提前一天）", []),
        ("2026年3月5日至3月11日（更正：应为3月12日）", []),
        ("考试改在2026年3月5日举行", []),
    ],
)
def test_words_of_a_change_are_refused(phrase: str, readings: list[str]) -> None:
    refused = refusal(phrase)
    assert "改期或取消" in refused.text()
    assert list(refused.readings) == readings


@pytest.mark.parametrize(
    "phrase", ["3月中旬至4月初", "2026年3月5日至3月下旬", "预计2026年5月下旬公布", "2026年3月底前"]
)
def test_words_for_some_days_of_a_month_are_refused(phrase: str) -> None:
    assert "没有说是哪一天" in refusal(phrase).text()


def test_the_calendar_of_the_moon_is_refused_unless_it_only_says_the_day_again() -> None:
    assert read_window("2026年2月17日（农历正月初一）", zone=ZONE).text == "2026-02-17"
    for phrase in ("2026年3月5日（农历）", "2026年3月5日，阴历", "农历2026年1月6日"):
        assert "不是日期" in refusal(phrase).text()


@pytest.mark.parametrize(
    "phrase",
    [
        "2026年2月11日前（上班时间）",
        "2026年1月29日至2月11日下班",
        "2026年1月29日至2月11日（下班前）",
        "2026年2月11日下班时间止",
    ],
)
def test_closing_time_of_an_office_is_no_time(phrase: str) -> None:
    assert "班" in refusal(phrase).text()


def test_hours_of_work_are_opening_hours() -> None:
    reading = read_window("2026年2月11日（工作时间9:00-17:00）", zone=ZONE)
    assert reading.text == "2026-02-11 09:00 至 2026-02-11 17:00"


# Edges --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "canonical"),
    [
        ("最晚2026年3月5日", "2026-03-05 止"),
        ("最迟于2026年3月5日", "2026-03-05 止"),
        ("至迟2026年3月5日", "2026-03-05 止"),
        ("不早于2026年3月5日", "2026-03-05 起"),
        ("不得晚于2026年3月5日", "2026-03-05 止"),
        ("不超过2026年3月5日", "2026-03-05 止"),
        ("2026年3月5日及以后", "2026-03-05 起"),
        ("2026年3月5日及之前", "2026-03-05 止"),
        ("2026年3月5日及其以前", "2026-03-05 止"),
        ("自2026年3月5日之日起", "2026-03-05 起"),
        ("2026年3月5日当日起", "2026-03-05 起"),
        ("2026年3月5日当天截止", "2026-03-05 止"),
        ("2026年3月5日9:00之内", "2026-03-05 09:00 止"),
        ("报名3月1日开始，3月10日报名截止", "2026-03-01 至 2026-03-10"),
        ("报名时间3月1日8:00开始3月10日18:00截止", "2026-03-01 08:00 至 2026-03-10 18:00"),
        ("自3月5日 3月10日止", "2026-03-05 至 2026-03-10"),
        ("2026年3月5日17:00停止报名", "2026-03-05 17:00 止"),
        ("2026年3月5日前往考点领取", "2026-03-05"),
        ("2026年3月5日前来现场", "2026-03-05"),
        ("开始：2026-03-05 结束：2026-03-20", "2026-03-05 至 2026-03-20"),
        ("开始时间：2026-03-05 结束时间：2026-03-20", "2026-03-05 至 2026-03-20"),
        ("开始时间2026年3月5日9:00结束时间2026年3月20日17:00", "2026-03-05 09:00 至 2026-03-20 17:00"),
        ("介于2026年3月5日与3月20日之间", "2026-03-05 至 2026-03-20"),
        ("2026年3月5日\n至3月20日", "2026-03-05 至 2026-03-20"),
        ("2026-3-5至3-20", "2026-03-05 至 2026-03-20"),
        ("2026-3-5 - 3-20", "2026-03-05 至 2026-03-20"),
        ("2026年12月5日至次年的1月5日", "2026-12-05 至 2027-01-05"),
        ("2026年3月5日20:00至第二天8:00", "2026-03-05 20:00 至 2026-03-06 08:00"),
    ],
)
def test_words_of_edges(phrase: str, canonical: str) -> None:
    assert read_window(phrase, zone=ZONE, year=2026).text == canonical


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("2026年3月5日前开始打印", "既是开始又是截止"),
        ("从2026年3月5日止", "既是开始又是截止"),
        ("2026年3月5日起停止受理", "既是开始又是截止"),
        ("2026年3月5日、6日前", "不知道指哪一天"),
        ("2026年3月5日至11日起", "不知道指哪一天"),
        ("2026年3月5日至11日停止报名", "不知道指哪一天"),
        ("不晚于2026年3月5日至11日", "不知道指哪一天"),
        ("2026年3月5日至11日（17:00）", "不是一段办理时间"),
        ("2026年3月5日前夕", "从另一件事算起"),
        ("2026-03-05 +1d", "从另一件事算起"),
        ("2026年3月5日+1天", "从另一件事算起"),
        ("2026年3月5日9:00（东京时间）", "与时区 Asia/Shanghai 不同"),
        ("太平洋时区2026年3月5日9:00", "与时区 Asia/Shanghai 不同"),
        ("2026年3月5日9:00 GMT", "与时区 Asia/Shanghai 不同"),
        ("2026年3月5日至3月11日（17:00截止）", "不是一段办理时间"),
        ("2026年3月5日至3月11日（首日9:00开始，末日17:00截止）", "不是一段办理时间"),
        ("2026年3月5日至3月11日（其中3月11日17:00截止）", "不能略过"),
        ("2026年3月5日至3月11日（3月8日停止办理）", "不能略过"),
        ("2026年3月20日以前（含3月21日）", "不能略过"),
        ("后年3月5日", "从另一件事算起"),
        ("2026年3月5日前一个工作日", "从另一件事算起"),
        ("二六年3月5日", "四位数"),
        ("26/3/5", "四位数"),
        ("2026年3月5日 9", "丢了"),
        ("2026年3月5日 1700截止", "丢了"),
        ("2026-03-05 9:60", "分钟只有 0 到 59"),
        ("46064", "日期序号"),
        ("46064.5", "日期序号"),
    ],
)
def test_what_is_not_understood_completely_is_refused(phrase: str, words: str) -> None:
    assert words in refusal(phrase).text()


def test_dates_in_brackets_outside_the_window_are_another_window() -> None:
    phrase = "2026年3月5日至3月20日（2月28日公布名单）"
    assert read_window(phrase, zone=ZONE).text == "2026-03-05 至 2026-03-20"
    assert read_window("2026年3月7日(2026-03-07)", zone=ZONE).text == "2026-03-07"


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("2026年3月5日或6日", ["2026-03-05", "2026-03-06"]),
        ("2026年3月1日截止报名，3月2日开始缴费", ["2026-03-01 止", "2026-03-02 起"]),
        ("3月1日起报名，3月10日前缴费", ["2026-03-01 起", "2026-03-10 止"]),
        ("报名3月1日开始缴费3月10日截止", ["2026-03-01 起", "2026-03-10 止"]),
        (
            "第一单元：8月22日上午9:00-11:30；第二单元：8月22日下午2:00-4:30",
            ["2026-08-22 09:00 至 2026-08-22 11:30", "2026-08-22 14:00 至 2026-08-22 16:30"],
        ),
        ("3月5日9时至3月4日16时", ["2026-03-05 09:00 至 2027-03-04 16:00"]),
        ("2025年网上报名时间为1月29日至2月11日", ["2025-01-29 至 2025-02-11", "2026-01-29 至 2026-02-11"]),
        ("2025年至2026年第一学期考试1月5日", ["2025-01-05", "2026-01-05"]),
        (
            "2026年3月5日至3月11日，咨询时间9:00-17:00",
            ["2026-03-05 至 2026-03-11 每日09:00-17:00", "2026-03-05 至 2026-03-11"],
        ),
    ],
)
def test_every_reading_is_offered(phrase: str, readings: list[str]) -> None:
    assert list(refusal(phrase).readings) == readings
    for reading in readings:
        assert read_window(reading, zone=ZONE).text == reading


def test_another_year_matters_only_to_dates_without_one() -> None:
    assert read_window("2025年度考试2026年报名1月29日", zone=ZONE, year=2026).text == "2026-01-29"
    assert read_window("2025年考试报名2026年1月29日", zone=ZONE, year=2026).text == "2026-01-29"
    assert read_window("2025年考试1月29日(星期三)", zone=ZONE, year=2026).text == "2025-01-29"


def test_the_zone_of_the_phrase_may_stand_in_words() -> None:
    for words in ("（北京时间）", "（UTC+8）", " GMT+08:00", " CST"):
        assert read_window(f"2026年3月5日9:00{words}", zone=ZONE).text == "2026-03-05 09:00"
    with pytest.raises(PhraseError):
        read_window("2026年3月5日9:00（北京时间）", zone=ZoneInfo("Europe/Berlin"))


def test_words_of_doubt_make_an_expected_date() -> None:
    for words in ("（待确认）", "（初定）", "（网传）", "（参考去年）", "上下"):
        assert read_window(f"2026年3月5日{words}", zone=ZONE).status is Status.EXPECTED


# Years --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", ["202", "226", "206", "026", "99", "141"])
def test_what_is_left_of_a_year_is_no_year_of_the_republic(year: str) -> None:
    with pytest.raises(PhraseError):
        read_window(f"{year}年3月5日", zone=ZONE)
    with pytest.raises(PhraseError):
        read_edge(f"{year}年2月11日24时", zone=ZONE, closing=True)


@pytest.mark.parametrize(("year", "meant"), [("1026", "2026"), ("2206", "2026"), ("2602", "2026"), ("2226", "2026")])
def test_the_year_that_one_slip_makes_is_offered(year: str, meant: str) -> None:
    hint = refusal(f"{year}-03-05").hint
    assert hint is not None
    assert meant in hint.text("zh-CN")


# A closing edge takes no day from the opening one --------------------------------------------------------------------


@pytest.mark.parametrize("text", ["24:00", "17:00", "下午5点"])
def test_a_time_alone_closes_nothing(text: str) -> None:
    opens = read_edge("2026-01-29 10:00", zone=ZONE, closing=False)
    with pytest.raises(PhraseError, match="no day") as refused:
        read_edge(text, zone=ZONE, closing=True, near=opens)
    assert refused.value.hint is not None
    assert "2026-01-29" in refused.value.hint.text("zh-CN")
    assert read_edge(text, zone=ZONE, closing=True, near=opens, same_day=True).named_on == date(2026, 1, 29)


@pytest.mark.parametrize(
    ("text", "wall"),
    [("2026年12月5日下午（2:00）", "2026-12-05T14:00"), ("2026年12月5日(周六)下午2:00", "2026-12-05T14:00")],
)
def test_an_edge_takes_its_part_of_the_day_too(text: str, wall: str) -> None:
    assert read_edge(text, zone=ZONE, closing=True).wall == wall


@pytest.mark.parametrize(
    "text",
    [
        "2026年2月11日前（不含11日）",
        "2026年12月5日下午",
        "2026年12月5日2:00下午",
        "延期至2026年12月5日",
        "2026年12月5日下班前",
        "46064",
    ],
)
def test_an_edge_is_refused_for_the_same_words(text: str) -> None:
    for closing in (True, False):
        with pytest.raises(PhraseError):
            read_edge(text, zone=ZONE, closing=closing)
