"""``examcal publish --watch``: every edit once it has settled, every fault once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.office import Office, eventually

HEAD = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - id: demo-2027\n    name: 演示考试\n    milestones:\n"
ROWS = [
    f"      - {{id: step-{n}, kind: other, name: 第{n}步, opens: 2027-03-01, closes: 2027-03-1{n}}}\n" for n in range(5)
]
GOOD = HEAD + "".join(ROWS)


@pytest.fixture
def said(office: Office) -> Iterator[Path]:
    """Where the output of a publication that stays is written."""
    office.write_schedule(GOOD)
    log = office.folder / "said"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*office.program, "publish", "--out", "out", "--watch", "--accept-shrink"],
            cwd=office.folder, env=office.all_variables(), stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            eventually(lambda: "out" in log.read_text("utf-8"), within=30)
            yield log
            assert process.poll() is None
        finally:
            process.kill()
            process.wait(10)


def feed(office: Office) -> str:
    return (office.folder / "out/current/feeds/demo-2027.ics").read_text("utf-8").replace("\r\n ", "")


def test_an_edit_is_published_and_a_broken_one_is_told_once(office: Office, said: Path) -> None:
    office.write_schedule(GOOD.replace("2027-03-14", "2027-03-16"))
    eventually(lambda: "20270316T233000" in feed(office))
    office.write_schedule(GOOD.replace("2027-03-14", "2027-03-44"))
    eventually(lambda: "错误[" in said.read_text("utf-8"))
    time.sleep(3)  # three looks more at the same content
    office.write_schedule(GOOD)
    eventually(lambda: "20270314T233000" in feed(office))
    assert said.read_text("utf-8").count("错误[") == 1


def test_a_file_that_is_being_written_is_not_published_half_way(office: Office, said: Path) -> None:
    with office.schedule.open("w", encoding="utf-8") as slow:
        for line in GOOD.replace("2027-03-14", "2027-03-16").splitlines(keepends=True):
            slow.write(line)
            slow.flush()
            time.sleep(0.6)
    eventually(lambda: "20270316T233000" in feed(office))
    assert "CANCELLED" not in feed(office)
    assert "SEQUENCE:2" not in feed(office)
    assert "错误" not in said.read_text("utf-8")
