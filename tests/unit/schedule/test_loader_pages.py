"""The reference of problem codes: each example does what its page says, and every page exists."""

from __future__ import annotations

import os
import re
import textwrap
from datetime import date
from pathlib import Path

import pytest

from examcal.errors import ScheduleRejectedError
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.problem_pages import PAGES, ProblemPage, index, markdown

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference" / "problems"
GOLDEN = ROOT / "tests" / "golden" / "schedules"
TODAY = date(2026, 11, 25)
# Not one short text: shown by files of the right size and encoding in the tests of the document.
NOT_AN_EXAMPLE = {"not-utf8", "too-large", "too-many-values", "settings-disagree", "removed-id", "unserved-site"}
# Found beside a published edition or settings only: shown by tests/acceptance.
NOT_IN_A_FILE = {"removed-id", "unserved-site"}
SOURCE = "source: {title: 公告, checked: 2026-11-22}\n"


def _indented(text: str, spaces: int) -> str:
    return textwrap.indent(text.rstrip("\n") + "\n", " " * spaces)


def _keyed(text: str, **defaults: str) -> str:
    """Add the keys that an example leaves out."""
    stated = set(re.findall(r"^(\w+)[:：]", text, re.MULTILINE))
    missing = "".join(f"{key}: {value}\n" for key, value in defaults.items() if key not in stated)
    return missing + text + "\n"


def whole(example: str, within: str) -> str:
    """Return a file around an example of the reference."""
    if within == "file":
        return example
    top = "version: 1\n" if within != "top" or "version" not in example else ""
    top += example + "\n" if within == "top" else ""
    head = top + "exams:\n  - id: x\n    name: 考试\n"
    if within == "exam":
        has_milestones = "milestones:" in example
        rest = "" if has_milestones else "    milestones:\n      - {id: a, kind: exam, when: tba}\n"
        return head.replace("    name: 考试\n", "") + _indented(_keyed(example, name="考试"), 4) + rest
    exam = "sites: [{id: shunyi, name: 顺义区}]\ntracks: [{id: full, name: 首次报考}]\n"
    if within == "contact":
        exam += 'contacts: [{name: 咨询电话, phones: ["83366909"], hours: "工作日 09:00-11:30, 13:30-17:00"}]\n'
    milestones = (
        "milestones:\n"
        f"- {{id: base, kind: registration, on: 2026-06-10, requires: [], {SOURCE.strip()}}}\n"
        f"- {{id: start-only, kind: other, opens: 2026-06-10, {SOURCE.strip()}}}\n"
        f"- {{id: score, kind: score, when: tba}}\n"
    )
    body = example if "source:" in example else example + "\n" + SOURCE
    if within in {"milestone", "contact"}:
        dates = "" if "opens: 20" in example and "sites" not in example else "opens: 2026-01-29\ncloses: 2026-02-11\n"
        body = _keyed(dates + body, id="a", kind="registration")
    elif within == "date":
        body = _keyed(body, id="me", kind="exam")
    lines = body.rstrip("\n").splitlines()
    milestones += "- " + "\n  ".join(lines) + "\n"
    return head + _indented(exam + milestones, 4)


def codes(text: str) -> set[str]:
    try:
        return {p.code for p in load([SourceText("schedule.yaml", text.encode())], today=TODAY).warnings}
    except ScheduleRejectedError as error:
        return {p.code for p in error.problems}


@pytest.mark.parametrize("page", [p for p in PAGES if p.code not in NOT_AN_EXAMPLE], ids=lambda page: page.code)
def test_examples_of_the_reference_do_what_they_say(page: ProblemPage) -> None:
    assert page.code in codes(whole(page.wrong, page.within)), whole(page.wrong, page.within)
    assert page.code not in codes(whole(page.right, page.within)), whole(page.right, page.within)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_every_code_has_its_page_and_appears_in_a_golden_report(page: ProblemPage) -> None:
    path = REFERENCE / f"{page.code}.md"
    if os.environ.get("EXAMCAL_REGENERATE") and not os.environ.get("CI"):
        path.write_text(markdown(page), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == markdown(page)
    assert page.code in NOT_IN_A_FILE or any(
        f"[{page.code}]" in report.read_text(encoding="utf-8") for report in GOLDEN.glob("*.txt")
    )


def test_the_index_lists_every_code_once() -> None:
    path = REFERENCE / "index.md"
    if os.environ.get("EXAMCAL_REGENERATE") and not os.environ.get("CI"):
        path.write_text(index(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == index()
    assert len({page.code for page in PAGES}) == len(PAGES)
    assert {path.stem for path in REFERENCE.glob("*.md")} == {page.code for page in PAGES} | {"index"}
