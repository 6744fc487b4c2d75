"""What ``parse`` says to people: everything that it understood."""

from __future__ import annotations

import pytest

from examcal.cli.main import run


def test_open_days_and_breaks_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    phrase = "3月5日至3月11日(不含周末),上午9:00—11:00,下午2:00—4:30"
    assert run(["parse", phrase, "--year", "2026"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "理解为：2026-03-05 至 2026-03-11 (不含周末) 每日09:00-11:00,14:00-16:30",
        "开始：2026-03-05 周四 09:00 = 2026-03-05T09:00:00+08:00",
        "截止：2026-03-11 周三 16:30 = 2026-03-11T16:30:00+08:00",
        "开放日：周一至周五",
        "每天：09:00-11:00, 14:00-16:30",
        "状态：已确认",
    ]
