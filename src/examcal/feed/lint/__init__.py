"""The octet-level lint of calendar feeds: what clients really trip over, with the section that says so."""

from __future__ import annotations

from examcal.feed.lint.finding import RULES, Finding, Rule
from examcal.feed.lint.inspection import lint

__all__ = ["RULES", "Finding", "Rule", "lint"]
