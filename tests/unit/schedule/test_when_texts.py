"""Everything that date phrases and drafts say has a Chinese sentence with the same parameters."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from examcal import schedule
from examcal.texts import catalogue

MODULES = (
    *("announcement", "clauses", "clocks", "contacts", "damage", "draft", "edges", "entries", "grouping", "moments"),
    *(
        "narrowing",
        "outline",
        "phrase_error",
        "phrases",
        "plain",
        "points",
        "reading",
        "refusals",
        "understood",
        "unread",
    ),
    *("dates", "one_edge", "references", "verdict", "when", "windows", "years"),
)
SAYERS = {"PhraseError", "Sentence", "RefusedError", "say"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def msgids() -> set[str]:
    found = set(WEEKDAYS)
    for module in MODULES:
        tree = ast.parse((Path(schedule.__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                found.update(literals(node.args[0]) if name in SAYERS else ())
    return found


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("msgid", sorted(msgids()))
def test_sentence_has_a_translation_with_its_parameters(msgid: str) -> None:
    translated = catalogue("zh-CN").gettext(msgid)
    assert translated != msgid
    assert parameters(translated) == parameters(msgid)
