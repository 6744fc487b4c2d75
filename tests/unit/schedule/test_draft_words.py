"""Words after a comma that change what a date means belong to it in a draft, too: it is certain only without them."""

from __future__ import annotations

import pytest

from examcal.schedule.draft import draft


def drafted(text: str) -> str:
    return draft(f"2026年资格考试公告\n{text}\n", year=2026, source_name="公告")


@pytest.mark.parametrize(
    "notice",
    [
        "网上报名：2026年12月13日前，不含13日。",
        "公示：自2026年12月7日起，公示5个工作日。",
        "公示：自2026年12月7日起，5个工作日内可提出异议。",
        "缴费：2026年3月5日至3月20日，周三不办理。",
        "缴费：2026年3月5日至3月20日，3月8日除外。",
        "领证：2026年3月5日至3月20日，每周二、周四办理。",
        "准考证打印：2026年6月1日起，为期一周。",
        "考试：2026年6月6日，下午。",
        "成绩：2026年9月19日公布，延期至9月26日。",
        "缴费：2026年4月2日，下班前。",
        "体检：2026年7月1日5:00 PM。",
    ],
)
def test_a_date_with_such_words_is_a_question(notice: str) -> None:
    written = drafted(notice)
    assert "\n      - id: " not in written
    assert "请核对第 2 行" in written


def test_opening_days_after_a_comma_count() -> None:
    assert 'window: "2026-03-05 至 2026-03-20 (节假日除外)"' in drafted("审核：2026年3月5日至3月20日，节假日除外。")


@pytest.mark.parametrize(
    "words", ["逾期不予受理", "逾期取消考试资格", "电话83366909", "咨询时间为每周一至周六", "请提前3天预约", "共7天"]
)
def test_other_words_after_a_comma_leave_a_date_certain(words: str) -> None:
    assert "closes: 2026-03-20" in drafted(f"缴费：2026年3月5日至3月20日，{words}。")
