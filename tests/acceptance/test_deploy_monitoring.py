"""What operators see: the exported metrics, their page, the alert rules and the dashboard speak of the same things."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from examcal.channels.port import Outcome
from examcal.ledger.rows import State
from examcal.web.metrics import FAMILIES, Metrics, exposition
from support.office import Office, eventually
from support.ports import free_port

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "examcal.rules.yml"
PAGE = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
NAMES = {family.name for family in FAMILIES}
SERIES = NAMES | {f"{family.name}{suffix}" for family in FAMILIES if family.kind == "histogram"
                  for suffix in ("_bucket", "_count", "_sum")}  # fmt: skip
ELSEWHERE = {"examcal_queue_answered_timestamp_seconds", "examcal_last_backup_timestamp_seconds"}
"""Of workers, and where a copy was made: test_worker_health.py and test_backup.py look at them."""
SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2026
    name: 演示考试2026
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: {opens}
        closes: 2027-12-20 24:00
        source: {{title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}}
        remind: [opens, closes -1d 09:00]
"""


def used(expression: str) -> set[str]:
    """Return the names of series in an expression of PromQL."""
    without_strings = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:examcal|process)_\w+", without_strings))


def labels_used(expression: str) -> dict[str, set[str]]:
    """Return the labels by which series are chosen."""
    found: dict[str, set[str]] = {}
    for name, inside in re.findall(r"\b(examcal_\w+)\{([^}]*)\}", expression):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*[!=]", re.sub(r'"[^"]*"', '""', inside)))
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    board = json.loads((ROOT / "deploy" / "grafana" / "examcal.json").read_text("utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_the_page_lists_every_family_with_its_kind_and_labels() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", PAGE, re.MULTILINE)
    listed = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert listed == {family.name: (family.kind, family.labels) for family in FAMILIES}
    for word in (*(state.value for state in State), *(outcome.value for outcome in Outcome)):
        assert word in PAGE


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in rules()), *expressions()])
def test_rules_and_panels_use_only_exported_names_and_labels(expression: str) -> None:
    assert {name for name in used(expression) if name.startswith("examcal_")} <= SERIES
    by_name = {family.name: set(family.labels) for family in FAMILIES}
    for name, labels in labels_used(expression).items():
        plain = re.sub(r"_(bucket|count|sum)$", "", name) if name not in NAMES else name
        assert labels <= by_name[plain] | {"le", "instance", "job"}


def test_the_dashboard_shows_every_family() -> None:
    shown = set().union(*map(used, expressions()))
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown} >= NAMES - {"examcal_schedules"}


def test_every_alert_has_a_heading_in_the_runbook() -> None:
    runbook = (ROOT / "deploy" / "README.md").read_text("utf-8")
    headings = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
                for title in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)}  # fmt: skip
    for rule in rules():
        assert rule["annotations"]["runbook"].removeprefix("#") in headings, rule["alert"]


@pytest.mark.needs("promtool")
def test_promtool_finds_the_rules_right_and_their_unit_tests_pass() -> None:
    for command in (["check", "rules", RULES.name], ["test", "rules", "examcal.rules.test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=RULES.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = yaml.safe_load((RULES.parent / "examcal.rules.test.yml").read_text("utf-8"))["tests"]
    fired = {case["alertname"] for test in tested for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_wrong_with_the_exposition() -> None:
    metrics = Metrics("1.0.0", leads=lambda: True, troubles=lambda: ("clock",), edition_age=lambda: 5.0)
    metrics.request("GET", b"/feeds/all.ics?x=1", 304, 0)
    metrics.request("GET", b"/confirm/token", 200, 9)
    metrics.attempt("email", "accepted", 0.2)
    metrics.attempt("email", "accepted", 99_999.0)
    metrics.attempt("email", "transient", None)
    metrics.schedule("accepted")
    text = exposition(metrics)()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b'examcal_delivery_lateness_seconds_bucket{channel="email",le="0.5"} 1.0' in text
    assert b'examcal_delivery_lateness_seconds_bucket{channel="email",le="+Inf"} 2.0' in text
    assert b'examcal_http_requests_total{kind="feed",status="304"} 1.0' in text
    assert b"token" not in text


def test_a_running_daemon_exports_every_family_and_counts_what_happens(office: Office) -> None:
    now = datetime.now(UTC).astimezone()
    office.write_schedule(SCHEDULE.format(opens=f"{now:%Y-%m-%d} 00:00"))
    listen = f"127.0.0.1:{free_port()}"

    def exported() -> dict[str, dict[tuple[str, ...], float]]:
        text = httpx.get(f"http://{listen}/metrics", timeout=10).text
        families = list(text_string_to_metric_families(text))
        return {sample.name: {tuple(each.labels.values()): each.value for each in family.samples
                              if each.name == sample.name}
                for family in families for sample in family.samples}  # fmt: skip

    with office.running(EXAMCAL_METRICS_LISTEN=listen) as daemon:
        feed = eventually(lambda: found if (found := daemon.get("/feeds/demo-2026.ics")).is_success else None)
        assert daemon.get("/metrics").status_code == 404
        assert daemon.get("/feeds/demo-2026.ics", **{"If-None-Match": feed.headers["ETag"]}).status_code == 304
        found = eventually(lambda: seen if (seen := exported()).get("examcal_deliveries_planned_total") else None)
        assert found["examcal_conserved"] == {(): 1.0}
        assert found["examcal_leader"] == {(): 1.0}
        assert found["examcal_ledger_reachable"] == {(): 1.0}
        assert found["examcal_http_requests_total"]["feed", "304"] == 1
        assert found["examcal_schedules_total"] == {("accepted",): 1.0}
        by_state = found["examcal_deliveries"]
        assert sum(by_state.values()) == found["examcal_deliveries_planned_total"][()]
        assert {state for _, state in by_state} == {state.value for state in State}
        office.write_schedule("version: 1\nexams: nonsense\n")
        eventually(lambda: exported().get("examcal_trouble") == {("schedule-rejected",): 1.0})
        assert exported()["examcal_schedules_total"]["rejected",] >= 1
        missing = SERIES - set(exported()) - {f"examcal_delivery_lateness_seconds{end}"
                                              for end in ("", "_bucket", "_count", "_sum")}  # fmt: skip
        assert missing <= {"examcal_attempts_total", "examcal_fenced_total", *ELSEWHERE}
