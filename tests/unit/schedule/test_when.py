"""How date phrases are understood, beyond the forms of real announcements: variants, contradictions, zones, limits."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from examcal.schedule.model import Shape, Status
from examcal.schedule.when import LONGEST_PHRASE, PhraseError, as_json, edge_text, read_edge, read_window

ZONE = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def refusal(phrase: str, year: int | None = None) -> PhraseError:
    with pytest.raises(PhraseError) as refused:
        read_window(phrase, zone=ZONE, year=year)
    return refused.value


# Variants of one meaning ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase",
    [
        "2026年1月29日10时至2026年2月11日24时",
        "2026年1月29日10时至2月11日24时",
        "２０２６年１月２９日１０时至２月１１日２４时",
        "2026年1月29日10：00—2月11日24：00",
        "2026年1月29日10∶00——2月11日24∶00",
        "2026年1月29日10:00一2月11日24:00",
        "2026年1月29日上午10时至2月11日晚24时",
        "2026年1月29日(星期四)10时至2月11日(星期三)24时",
        "2026年1月29日（周四）10点～2月11日（周三）24点",
        "自2026年1月29日10:00起至2月11日24:00止",
        "从2026年1月29日10:00起,到2月11日24:00止",
        "2026-01-29 10:00 至 2026-02-11 24:00",
        "2026-01-29 10:00 - 2026-02-11 24:00",
        "2026-01-29T10:00+08:00 至 2026-02-11T24:00",
        "2026/1/29 10:00 ~ 2026/2/11 24:00",
        "2026.1.29 10:00-2.11 24:00",
        "115年1月29日10時至2月11日24時",
        "二〇二六年一月二十九日十时至二月十一日二十四时",
        "网上报名开始时间:2026年1月29日10时,结束时间:2026年2月11日24时",
        "2026年网上报名时间为1月29日10时至2月11日24时(具体以各区通知为准)",
        "1月29日10时至2026年2月11日24时",
        "\u3000 2026年\u00a01月 29 日 10 時 至 2 月 11 日 24 時 ",
    ],
)
def test_one_window_in_many_spellings(phrase: str) -> None:
    assert read_window(phrase, zone=ZONE).text == "2026-01-29 10:00 至 2026-02-11 24:00"


@pytest.mark.parametrize(
    ("phrase", "canonical"),
    [
        ("2026年3月5日", "2026-03-05"),
        ("2026年3月5日10时30分", "2026-03-05 10:30"),
        ("2026年3月5日8点半", "2026-03-05 08:30"),
        ("2026年3月5日(上午9:00)", "2026-03-05 09:00"),
        ("2026年3月5日(星期四 9:00)至3月6日(周五下午5时)", "2026-03-05 09:00 至 2026-03-06 17:00"),
        ("2026年3月5日9-17时", "2026-03-05 09:00 至 2026-03-05 17:00"),
        ("2026年6月6日(待定)", "预计 2026-06-06"),
        ("29/01/2026", "2026-01-29"),
        ("2026年3月5日至11日(每日上午9:00-晚12:00)", "2026-03-05 至 2026-03-11 每日09:00-24:00"),
        ("2026年3月5日中午12:00截止", "2026-03-05 12:00 止"),
        ("2026年3月5日下午2时", "2026-03-05 14:00"),
        ("2026年3月5日下午14:00", "2026-03-05 14:00"),
        ("2026年3月5日晚8点", "2026-03-05 20:00"),
        ("2026年3月5日凌晨0:30", "2026-03-05 00:30"),
        ("2026年3月5日0时", "2026-03-05 00:00"),
        ("2026年3月5日9:00至17:00", "2026-03-05 09:00 至 2026-03-05 17:00"),
        ("2026年3月5日9:00至当日17:00", "2026-03-05 09:00 至 2026-03-05 17:00"),
        ("2026年3月5日20:00至次日8:00", "2026-03-05 20:00 至 2026-03-06 08:00"),
        ("2026年3月5日上午9:00-12:00", "2026-03-05 09:00 至 2026-03-05 12:00"),
        ("2026年3月1日和4日", "2026-03-01、2026-03-04"),
        ("2026年4月11、12、13日", "2026-04-11、2026-04-12、2026-04-13"),
        ("2026年4月11、12日(星期六、星期日)", "2026-04-11、2026-04-12"),
        ("2025年12月25日至1月5日", "2025-12-25 至 2026-01-05"),
        ("2025年12月25日至次年1月5日", "2025-12-25 至 2026-01-05"),
        ("12月25日至2026年1月5日", "2025-12-25 至 2026-01-05"),
        ("不晚于2026年2月11日", "2026-02-11 止"),
        ("2025年12月31日前公布", "2025-12-31 止"),
        ("预计2026年6月6日公布", "预计 2026-06-06"),
        ("2026年3月17日9:00-3月30日", "2026-03-17 09:00 至 2026-03-30"),
        ("2025年11月30日(上午行政职业能力测验,下午申论)", "2025-11-30"),
        ("2026年3月5日报名,电话83366909", "2026-03-05"),
        ("2026年1月29日10时至2月11日24时(咨询时间:工作日9:00-17:00)", "2026-01-29 10:00 至 2026-02-11 24:00"),
        (
            "2025年9月13日(星期六) 上午9:00-11:00 / 下午13:00-15:00 / 下午16:00-18:00",
            "2025-09-13 每日09:00-11:00,13:00-15:00,16:00-18:00",
        ),
        ("2026年5月16日至18日 8:30-11:30 / 14:30-17:30", "2026-05-16 至 2026-05-18 每日08:30-11:30,14:30-17:30"),
    ],
)
def test_phrase_has_one_canonical_text_that_reads_the_same(phrase: str, canonical: str) -> None:
    reading = read_window(phrase, zone=ZONE)
    assert reading.text == canonical
    assert read_window(canonical, zone=ZONE) == reading


def test_shapes_follow_what_is_written() -> None:
    shapes = {
        "2026年3月5日": Shape.DAY,
        "2026年3月5日10时": Shape.INSTANT,
        "2026年3月5日起": Shape.WINDOW,
        "2026年3月5、6日": Shape.DAYS,
        "另行通知": Shape.TBA,
    }
    assert {phrase: read_window(phrase, zone=ZONE).shape for phrase in shapes} == shapes


def test_expected_words_make_an_expected_date() -> None:
    assert read_window("预计2026年9月19日公布", zone=ZONE).status is Status.EXPECTED


# Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("2026年2月11日上午12:00", ["2026-02-11 00:00", "2026-02-11 12:00"]),
        ("2026年2月11日晚12点", ["2026-02-11 00:00", "2026-02-11 24:00 止"]),
        ("2026年2月11日23:59:59", ["2026-02-11 24:00 止", "2026-02-11 23:59"]),
        (
            "2026年4月7日下午2:00至4月30日4:30",
            ["2026-04-07 14:00 至 2026-04-30 04:30", "2026-04-07 14:00 至 2026-04-30 16:30"],
        ),
        ("2026年3月5日后", ["2026-03-05 起", "2026-03-06 起"]),
        ("2026年3月1日,3月4日", ["2026-03-01", "2026-03-04"]),
        ("2026年3月12日至2月27日", ["2026-03-12 至 2027-02-27"]),
    ],
)
def test_two_readings_are_refused_with_both(phrase: str, readings: list[str]) -> None:
    refused = refusal(phrase)
    assert list(refused.readings) == readings
    assert as_json(refused)["readings"] == readings
    for reading in readings:
        read_window(reading, zone=ZONE)


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("2026年2月30日", "没有 2026年2月30日"),
        ("2026-06-31", "没有 2026-06-31"),
        ("2027年2月29日", "没有 2027-02-29"),
        ("2026年13月1日", "没有 13 月"),
        ("2026-00-10", "没有 0 月"),
        ("2026-06-30 25:00", "没有 25:00"),
        ("2026年6月30日24时30分", "没有 24:30"),
        ("2026年6月30日10:61", "没有 10:61"),
        ("0026年1月1日", "超出范围"),
        ("26年1月29日", "四位数"),
        ("2026年3月5日(星期三)", "2026-03-05 是星期四，不是星期三"),
        ("2026年4月11、12日(星期六、星期一)", "2026-04-12 是星期日，不是星期一"),
        ("2026年1月29日上午13:00", "不符"),
        ("2026年2月27日至2025年3月12日", "不晚于开始"),
        ("2026年2月11日10:00至2月11日10:00", "不晚于开始"),
        ("2026年3月5日9:00-8:00", "不晚于"),
        ("2026年1月29日10:00:30", "秒"),
        ("2026-01-29T10:00+09:00", "时差 +09:00 与时区 Asia/Shanghai（+08:00）不符"),
        ("1月29日10时", "年份"),
        ("2026年1月公布", "缺少“日”"),
        ("29日10时至30日", "缺少“月”"),
        ("10时30分", "没有日期"),
        ("报名", "没有日期"),
        ("", "空的"),
        ("   ", "空的"),
        ("2026年3月1日至3日、6日", "混在一起"),
        ("2026年3月1日9:00、3月4日10:00", "各带时刻"),
        ("2026年3月5日、5日", "重复"),
        ("2026年3月5日上午至3月11日下午", "没有几点"),
        ("2026年3月5日10:00至3月11日17:00,每日9:00-12:00", "不在每日办理时间之内"),
        ("2026年3月5日至3月11日,14:00-16:00,9:00-11:00", "顺序不对"),
        ("2026年3月5日10:00,每日9:00-12:00", "矛盾"),
        ("2026年3月5日至3月11日;10时", "不知属于哪一天"),
        ("2026年3月5日至3月11日(每日9:00-25:00)", "没有 25:00"),
        ("2026年3月5日至3月11日(每日9:00-8:00)", "不晚于"),
        ("2026年3月5日至3月11日(每日上午9:00-晚2:00)", "不符"),
        ("2026年3月5日至3月11日(每日上午12:00-下午3:00)", "不止一种读法"),
        ("农历2026年1月6日", "不是日期"),
        ("40/50/2026", "不是日期"),
        ("2026年3月5日前3天内", "不是日期"),
        ("考前十天左右", "不是日期"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(phrase: str, words: str) -> None:
    assert words in refusal(phrase).text()


def test_weekday_that_disagrees_points_at_the_weekday() -> None:
    phrase = "2026年3月5日(星期三)至3月11日"
    assert phrase[refusal(phrase).offset :].startswith("星期三")


def test_error_as_json_has_the_names_of_the_contract() -> None:
    answer = as_json(refusal("2026年2月11日晚12点"), "en")
    assert answer["error"] == "The phrase has more than one reading"
    assert answer["readings"] == ["2026-02-11 00:00", "2026-02-11 24:00 止"]


def test_reading_as_json_has_the_names_of_the_contract() -> None:
    assert as_json(read_window("2026年2月27日至3月12日", zone=ZONE)) == {
        "opens": "2026-02-27T00:00:00+08:00",
        "closes": "2026-03-13T00:00:00+08:00",
        "named_opens": "2026-02-27",
        "named_closes": "2026-03-12",
        "precision": "day",
        "status": "confirmed",
    }


# Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        ")",
        "1",
        "1月",
        "1日",
        "至",
        "9:00-",
        "以",
        "、1日",
        "2026年1月1日至",
        "(9:00-10:00)",
        "T",
        ":",
        "1:",
        "上午",
        "晚12点至",
        "考前",
        "\U0001f600",
    ],
)
def test_hostile_phrases_are_answered_at_once(unit: str) -> None:
    phrase = (unit * LONGEST_PHRASE)[:LONGEST_PHRASE]
    started = time.perf_counter()
    with pytest.raises(PhraseError):
        read_window(phrase, zone=ZONE, year=2026)
    assert time.perf_counter() - started < 1


def test_phrase_that_is_too_long_is_refused_unread() -> None:
    assert str(LONGEST_PHRASE) in refusal("1" * (LONGEST_PHRASE + 1)).text()


# One edge ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "closing", "at", "named_on", "clock"),
    [
        ("2026-01-29 10:00", False, "2026-01-29T10:00", "2026-01-29", "10:00"),
        ("2026-01-29T10:00", False, "2026-01-29T10:00", "2026-01-29", "10:00"),
        ("2026-01-29 10:00:00", False, "2026-01-29T10:00", "2026-01-29", "10:00"),
        ("2026-01-29T10:00:00+08:00", False, "2026-01-29T10:00", "2026-01-29", "10:00"),
        ("2026-01-29T02:00:00Z", False, None, None, None),
        ("2026-02-11 24:00", True, "2026-02-12T00:00", "2026-02-11", "24:00"),
        ("2026-02-11 24:00", False, "2026-02-12T00:00", "2026-02-11", "24:00"),
        ("2026-02-12 00:00", True, "2026-02-12T00:00", "2026-02-12", "00:00"),
        ("2026-03-12", True, "2026-03-13T00:00", "2026-03-12", None),
        ("2026-03-12", False, "2026-03-12T00:00", "2026-03-12", None),
        ("2026年2月11日24时止", True, "2026-02-12T00:00", "2026-02-11", "24:00"),
        ("自2026年1月29日起", False, "2026-01-29T00:00", "2026-01-29", None),
        ("2026年3月5日(星期四)上午9：00", False, "2026-03-05T09:00", "2026-03-05", "09:00"),
        ("113年7月19日(星期五)", False, "2024-07-19T00:00", "2024-07-19", None),
        ("2026-01-29 至 2026-02-11", False, None, None, None),
        ("2026-01-29 10:00 起", True, None, None, None),
        ("2026-01-29 10:00 北京", False, None, None, None),
        ("2026-01-29(上午)", False, None, None, None),
        ("2026-01-29上午", False, None, None, None),
        ("待定", False, None, None, None),
        ("10:00", False, None, None, None),
        ("1月29日", False, None, None, None),
        ("12910时", False, None, None, None),
        ("2026-02-11 23:59:59", True, None, None, None),
    ],
)
def test_edge(text: str, closing: bool, at: str | None, named_on: str | None, clock: str | None) -> None:  # noqa: FBT001 -- a table of cases
    if at is None:
        with pytest.raises(PhraseError):
            read_edge(text, zone=ZONE, closing=closing)
        return
    edge = read_edge(text, zone=ZONE, closing=closing)
    assert (edge.at.isoformat(), str(edge.named_on), edge.clock) == (f"{at}:00+08:00", named_on, clock)
    assert read_edge(edge_text(edge), zone=ZONE, closing=closing) == edge


def test_closing_edge_takes_year_and_month_from_the_opening_one() -> None:
    opens = read_edge("2025年12月29日10时", zone=ZONE, closing=False)
    closes = [
        read_edge(text, zone=ZONE, closing=True, near=opens).wall for text in ("30日15:00", "1月11日24时", "当日17:00")
    ]
    assert closes == ["2025-12-30T15:00", "2026-01-11T24:00", "2025-12-29T17:00"]


def test_year_may_be_given_for_an_edge() -> None:
    assert read_edge("1月29日", zone=ZONE, closing=False, year=2026).wall == "2026-01-29"


# Daylight saving --------------------------------------------------------------------------------------------------


def test_wall_time_that_is_skipped_does_not_exist() -> None:
    with pytest.raises(PhraseError, match="does not exist"):
        read_edge("2026-03-29 02:30", zone=BERLIN, closing=False)


def test_wall_time_that_happens_twice_needs_its_offset() -> None:
    with pytest.raises(PhraseError) as refused:
        read_edge("2026-10-25 02:30", zone=BERLIN, closing=False)
    assert refused.value.readings == ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00")
    for reading in refused.value.readings:
        edge = read_edge(reading, zone=BERLIN, closing=False)
        assert edge.at.isoformat(timespec="minutes") == edge_text(edge) == reading


def test_negative_offset_is_read_after_t() -> None:
    edge = read_edge("2026-11-01T01:30-05:00", zone=NEW_YORK, closing=False)
    assert (edge.at.isoformat(), edge.at.fold) == ("2026-11-01T01:30:00-05:00", 1)


def test_day_starts_at_its_first_instant_where_midnight_is_skipped() -> None:
    edge = read_edge("2018-11-04", zone=ZoneInfo("America/Sao_Paulo"), closing=False)
    assert edge.at.isoformat() == "2018-11-04T01:00:00-02:00"
