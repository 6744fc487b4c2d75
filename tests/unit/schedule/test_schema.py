"""The JSON Schema: valid itself, and generous to every schedule that loads."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from examcal.schedule.document import Mapping, Node, Scalar, Sequence, SourceText, parse
from examcal.schedule.loader import load
from examcal.schedule.problems import Findings
from examcal.schedule.schema import json_schema

ROOT = Path(__file__).parents[3]
GOOD = [ROOT / "data" / "schedule.yaml", *sorted((Path(__file__).parent / "good").glob("*.yaml"))]


def _plain(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.values.items()}
    if isinstance(node, Sequence):
        return [_plain(entry) for entry in node.entries]
    assert isinstance(node, Scalar)
    return None if node.is_null else node.text


def _as_an_editor_sees_it(path: Path) -> Any:
    """Return plain values; as in YAML 1.2, which editors speak, the key ``on`` is a text."""
    root = parse(SourceText(path.name, path.read_bytes()), Findings())
    assert root is not None
    return _plain(root)


def test_the_schema_is_valid_and_in_chinese() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema, ensure_ascii=False)
    assert "格式版本" in text
    assert "The " not in text
    assert "The version" in json.dumps(json_schema("en"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_schedule_that_loads_is_valid_by_the_schema(path: Path) -> None:
    load([SourceText(path.name, path.read_bytes())], today=date(2026, 11, 25))
    Draft202012Validator(json_schema()).validate(_as_an_editor_sees_it(path))


def test_a_wrong_key_and_a_wrong_kind_are_shown_by_the_editor() -> None:
    broken = {
        "version": 1,
        "exams": [{"id": "x", "name": "考试", "milestones": [{"id": "a", "kind": "exm", "opnes": 1}]}],
    }
    assert not Draft202012Validator(json_schema()).is_valid(broken)
