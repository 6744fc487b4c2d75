"""The public contract of published feeds, probed from outside: times, identity and revisions over edits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.desk import Seen, edition, events, examcal

HOME = ZoneInfo("Asia/Shanghai")
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
reminders:
  registration: [opens, closes -3d 09:00, closes -2h]
exams:
  - id: physician-2027
    name: 2027年医师资格考试
    sites: [{id: fangshan, name: 房山区, phones: ["89361592"]}, {id: shunyi, name: 顺义区}]
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: 2027-01-29 10:00
        closes: 2027-02-11 24:00
        source: {title: 公告, url: "https://example.cn/a", published: 2027-01-01, checked: 2026-11-22}
      - id: review
        kind: review
        name: 现场审核
        opens: 2027-02-27
        closes: 2027-03-12
        source: {title: 公告, published: 2026-10-01}
        sites:
          fangshan: {opens: 2027-03-05, closes: 2027-03-11, days: weekdays, hours: "09:00-11:00, 14:00-16:30"}
      - {id: fee, kind: payment, name: 缴费, when: tba}
      - {id: ticket, kind: ticket, name: 打印准考证, opens: skills.opens -10d}
      - {id: skills, kind: exam, name: 技能考试, opens: 2027-06-06, closes: 2027-06-17, status: expected}
      - id: written
        kind: exam
        name: 笔试
        on: 2027-08-22
        status: expected
        sessions:
          - {name: 第一单元, opens: 2027-08-22 09:00, closes: 2027-08-22 11:30}
          - {name: 第二单元, opens: 2027-08-22 14:00, closes: 2027-08-22 16:30}
      - {id: days, kind: exam, name: 两天, on: [2027-08-22, 2027-08-24], status: expected}
      - {id: new-year, kind: other, name: 跨年, window: 2026年12月28日9时至2027年1月5日24时, status: expected}
      - {id: answer, kind: other, name: 公布答案, at: 2026-12-31 24:00, status: expected}
      - {id: score, kind: score, name: 成绩查询, on: 2027-09-19, status: expected}
"""
EXAM = "physician-2027"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def publish(text: str, *more: str, code: int = 0) -> dict[str, Seen]:
    Path("s.yaml").write_text(text, "utf-8")
    said = examcal("publish", "--schedule", "s.yaml", "--out", "o", "--format", "json", *more)
    assert said.code == code, said.err
    if code == 0:
        said.json()
    return feed(f"{EXAM}.ics")


def feed(name: str) -> dict[str, Seen]:
    return events((edition(Path("o")) / "feeds" / name).read_bytes())


def manifest() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((edition(Path("o")) / "manifest.json").read_bytes())
    return found


def moved(before: dict[str, Seen], after: dict[str, Seen]) -> set[str]:
    """What differs, after checking that exactly this was revised, and nothing else has even a new time stamp."""
    changed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    for key in changed:
        assert after[key].uid == before[key].uid
        assert after[key].sequence == before[key].sequence + 1
        assert after[key].stamped > before[key].stamped
        assert after[key].modified > before[key].modified
    return {key.partition("/")[2] for key in changed | (before.keys() ^ after.keys())}


def test_edges_sessions_and_days_are_where_the_contract_puts_them() -> None:
    found = publish(SCHEDULE)
    assert found == feed("all.ics")
    opening = found[f"{EXAM}/registration#opens"]
    closing = found[f"{EXAM}/registration#closes"]
    assert opening.starts == datetime(2027, 1, 29, 10, tzinfo=HOME)
    assert timedelta(0) < opening.ends - opening.starts <= timedelta(days=1)
    assert (closing.starts, closing.ends) == (
        datetime(2027, 2, 11, 23, 30, tzinfo=HOME),
        datetime(2027, 2, 12, tzinfo=HOME),
    )
    assert closing.summary.startswith("【截止】")
    assert found[f"{EXAM}/review#opens"].starts == datetime(2027, 2, 27, tzinfo=HOME)
    assert found[f"{EXAM}/ticket#opens"].starts == datetime(2027, 5, 27, tzinfo=HOME)
    assert found[f"{EXAM}/ticket#opens"].status == found[f"{EXAM}/skills#closes"].status == "TENTATIVE"
    assert found[f"{EXAM}/written#session-2"].ends == datetime(2027, 8, 22, 16, 30, tzinfo=HOME)
    assert found[f"{EXAM}/days#day-2"].starts == date(2027, 8, 24)
    assert found[f"{EXAM}/score#day"].ends == date(2027, 9, 20)
    assert found[f"{EXAM}/answer#opens"].starts == datetime(2027, 1, 1, tzinfo=HOME)
    assert found[f"{EXAM}/new-year#closes"].ends == datetime(2027, 1, 6, tzinfo=HOME)
    assert not any("fee#" in key or "#span" in key for key in found)


def test_alarms_ring_when_the_rules_say() -> None:
    found = publish(SCHEDULE)
    opening = found[f"{EXAM}/registration#opens"]
    assert opening.triggers in {("P0D",), ("PT0S",)}
    # From 23:30 on the 11th: 09:00 on the 8th, and 22:00 on the 11th.
    assert set(found[f"{EXAM}/registration#closes"].triggers) == {"-P3DT14H30M", "-PT1H30M"}


def test_the_first_stamp_comes_from_the_schedule() -> None:
    found = publish(SCHEDULE)
    assert found[f"{EXAM}/registration#opens"].stamped.startswith("20261122T")
    assert found[f"{EXAM}/review#opens"].stamped.startswith("20261001T")
    assert {seen.sequence for seen in found.values()} == {0}


def test_a_site_has_its_own_window_and_else_the_exams() -> None:
    whole = publish(SCHEDULE)
    site = feed(f"{EXAM}/fangshan.ics")
    closing = site[f"{EXAM}/review@fangshan#closes"]
    assert closing.ends == datetime(2027, 3, 11, 16, 30, tzinfo=HOME)
    assert f"{EXAM}/review#closes" not in site
    assert site[f"{EXAM}/registration#closes"].uid == whole[f"{EXAM}/registration#closes"].uid
    assert feed(f"{EXAM}/shunyi.ics") == whole


def test_an_edit_revises_its_own_events_and_no_other() -> None:
    first = publish(SCHEDULE)
    assert publish(SCHEDULE) == first
    later = publish(text := SCHEDULE.replace("closes: 2027-02-11 24:00", "closes: 2027-02-12 24:00"))
    assert moved(first, later) <= {"registration#closes", "registration#opens"}
    assert later[f"{EXAM}/registration#closes"].sequence == 1
    worded = publish(text := text.replace("name: 技能考试", "name: 实践技能考试"))
    assert moved(later, worded) == {"skills#opens", "skills#closes"}
    *others, score = text.splitlines(keepends=True)
    at = next(number for number, line in enumerate(others) if "id: fee" in line)
    added = "      - {id: more, kind: other, name: 新增, on: 2027-10-01, status: expected}\n"
    reordered = "".join([*others[:at], score, added, *others[at:]])
    assert moved(worded, publish(reordered)) == {"more#day"}


def test_cancel_revive_and_rename_keep_the_event() -> None:
    first = publish(SCHEDULE)
    cancelled = publish(SCHEDULE.replace("on: 2027-09-19, status: expected", "on: 2027-09-19, status: cancelled"))
    score = cancelled[f"{EXAM}/score#day"]
    assert moved(first, cancelled) == {"score#day"}
    assert (score.status, score.triggers) == ("CANCELLED", ())
    assert "取消" in score.summary[:5]
    revived = publish(SCHEDULE)
    assert revived[f"{EXAM}/score#day"].sequence == 2
    assert revived[f"{EXAM}/score#day"].status == "TENTATIVE"
    renamed = publish(SCHEDULE.replace("{id: new-year,", "{id: year-end, renamed_from: new-year,"))
    for edge in ("opens", "closes"):
        old, new = revived[f"{EXAM}/new-year#{edge}"], renamed[f"{EXAM}/year-end#{edge}"]
        assert (new.uid, new.sequence) == (old.uid, old.sequence)


def test_a_withdrawn_date_that_comes_back_is_newer_than_it_was() -> None:
    dated = SCHEDULE.replace(
        "name: 缴费, when: tba", "name: 缴费, opens: 2027-04-01, closes: 2027-04-10, status: expected"
    )
    publish(dated)
    assert f"{EXAM}/fee#opens" not in publish(SCHEDULE)
    assert publish(dated)[f"{EXAM}/fee#opens"].sequence >= 1


def test_a_removed_id_is_refused_and_let_go_on_purpose() -> None:
    first = publish(SCHEDULE)
    before = (edition(Path("o")) / "manifest.json").read_bytes()
    shorter = "".join(line for line in SCHEDULE.splitlines(keepends=True) if "id: answer" not in line)
    refused = examcal("publish", "--schedule", _written(shorter), "--out", "o", "--format", "json")
    assert refused.code in {1, 65}
    assert "answer" in refused.err
    assert "--accept-shrink" in refused.err
    assert (edition(Path("o")) / "manifest.json").read_bytes() == before
    kept = publish(shorter, "--accept-shrink")
    assert kept[f"{EXAM}/answer#opens"].status == "CANCELLED"
    assert moved(first, kept) == {"answer#opens"}
    assert publish(shorter) == kept


def _written(text: str) -> Path:
    Path("s.yaml").write_text(text, "utf-8")
    return Path("s.yaml")


def test_the_manifest_has_one_digest_per_file_and_one_revision_per_event() -> None:
    found = publish(SCHEDULE)
    mappings = [value for value in manifest().values() if isinstance(value, dict)]
    files = next(m for m in mappings if "feeds/all.ics" in m)
    published = {
        path.relative_to(edition(Path("o"))).as_posix() for path in edition(Path("o")).rglob("*") if path.is_file()
    }
    assert set(files) == {path for path in published if not path.endswith((".gz", ".br")) and path != "manifest.json"}
    revisions = next(m for m in mappings if found[f"{EXAM}/score#day"].uid in m)
    for seen in found.values():
        assert revisions[seen.uid]["sequence"] == seen.sequence
        assert {"digest", "last_modified"} <= set(revisions[seen.uid])


def test_previous_takes_up_revisions_of_an_edition_elsewhere() -> None:
    publish(SCHEDULE)
    edited = _written(SCHEDULE.replace("closes: 2027-02-11 24:00", "closes: 2027-02-12 24:00"))
    said = examcal("publish", "--schedule", edited, "--out", "fresh", "--previous", "o", "--format", "json")
    assert said.code == 0, said.err
    found = events((edition(Path("fresh")) / "feeds" / "all.ics").read_bytes())
    assert found[f"{EXAM}/registration#closes"].sequence == 1
    assert found[f"{EXAM}/score#day"].sequence == 0


def test_a_first_edition_is_the_same_anywhere_at_any_time(tmp_path: Path) -> None:
    schedule = _written(SCHEDULE).absolute()
    made = []
    for place, zone, seed in (("a", "America/New_York", "1"), ("b/c", "Pacific/Kiritimati", "77")):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        subprocess.run(
            [sys.executable, "-m", "examcal", "publish", "--schedule", schedule, "--out", folder],
            cwd=folder, env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed}, check=True, capture_output=True,
        )  # fmt: skip
        root = edition(folder)
        made.append({p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()})
    assert made[0] == made[1]


def test_our_feeds_pass_our_lint_and_hostile_ones_do_not_hold_it_up() -> None:
    publish(SCHEDULE)
    said = examcal("lint", *sorted((edition(Path("o")) / "feeds").rglob("*.ics")), "--format", "json")
    assert said.code == 0
    assert all(not report["findings"] for report in said.json())
    Path("nul.ics").write_bytes(b"\0" * 1_000_000 + b"\0\r\n" * 2)
    hostile = examcal("lint", "nul.ics", "--format", "json")
    assert hostile.code == 1
    assert len(hostile.json()[0]["findings"]) < 30
    assert examcal("lint", "/dev/zero").code == 66
