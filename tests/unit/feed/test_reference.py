"""The reference page says what the code does."""

from __future__ import annotations

from pathlib import Path

from examcal.feed.lint import RULES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "feed.md"


def test_the_page_lists_every_rule_with_its_section() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for rule in RULES.values():
        assert f"| {rule.id} | {rule.section} |" in page
        assert f"| {rule.msgid} |" in page
