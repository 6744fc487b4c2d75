"""Finds the message identifiers in our source: literals that are put into words somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src" / "examcal"
SAYING = {"Sentence", "translate", "say", "usage_error", "UnfitValueError", "command", "Group", "_unknown"}


def msgids(*packages: str) -> set[str]:
    """Return every message identifier in the Python files of some packages (or modules) of ours."""
    found: set[str] = set()
    for package in packages:
        place = SOURCE / package
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]:
            if not file.name.startswith("subscription"):  # these have a catalogue and a test of their own
                found.update(_in_file(file))
    return {text for text in found if " " in text or text[:1].isupper() or text in {"expected", "confirmed"}}


def _in_file(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        if isinstance(node, ast.Tuple | ast.Dict) and file.name != "output.py":
            yield from _worded(node)


def _in_call(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in SAYING or name.endswith("Error"):
        yield from _literals(node.args[:2] if name in {"command", "Group"} else node.args[:1])
    for keyword in node.keywords:
        if keyword.arg in {"help", "about"}:
            yield from _literals([keyword.value])


def _worded(node: ast.Tuple | ast.Dict) -> Iterator[str]:
    """Sentences in tables: ``{"missing": "is missing"}``, ``("check", "Report …")``, headings."""
    values = node.elts if isinstance(node, ast.Tuple) else node.values
    yield from (text for text in _literals(values) if " " in text and text == text.strip())


def _literals(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.IfExp):
            yield from _literals([node.body, node.orelse])
        elif isinstance(node, ast.BinOp):
            yield from _literals([node.left])
