"""YAML as nodes: places, limits before building, and no input that costs much."""

from __future__ import annotations

import codecs
import subprocess
import sys
import time

import pytest

from examcal.schedule.document import Limits, Mapping, Scalar, Sequence, SourceText, parse
from examcal.schedule.problems import Findings

MEBIBYTE = 1024 * 1024
HOSTILE = {
    "brackets": b"[" * 4 * MEBIBYTE,
    "braces": b"{" * 4 * MEBIBYTE,
    "dashes": b"- " * 2 * MEBIBYTE,
    "questions": b"? " * 2 * MEBIBYTE,
    "flow maps": b"{a: " * MEBIBYTE,
    "a list": b"[" + b"1," * (2 * MEBIBYTE - 2) + b"]",
    "empty lists": b"[" + b"[]," * MEBIBYTE + b"]",
    "keys": b"".join(b"k%d: 1\n" % number for number in range(220_000)),
    "one key again": b"a: 1\n" * (MEBIBYTE // 2),
    "an open quote": b'"' + b"a\n" * (2 * MEBIBYTE - 2),
    "a long key": b"a" * (4 * MEBIBYTE - 10) + b": 1",
    "stairs": b"".join(b" " * depth + b"-\n" for depth in range(1900)),
    "anchors": b"&a " * MEBIBYTE,
    "line breaks": b"\n" * 4 * MEBIBYTE,
    "directives": b"%a\n" * MEBIBYTE,
    "escaped quotes": b"a: [" + b'\\"' * (2 * MEBIBYTE - 10) + b"\nb",
    "a line of dashes": b"a: b\n" + b"-" * (4 * MEBIBYTE - 20) + b"\nc: d",
    "dashes before a key": b"-" * (4 * MEBIBYTE - 20) + b"a: b: c",
    "blanks before a key": b"a: x\n" + b" " * (2 * MEBIBYTE) + b"b: c",
    "wide commas": b"{a: b" + "，".encode() * MEBIBYTE + b": c}",
    "entries that go on": b"a:\n" + b"- x\n   - y\n" * (MEBIBYTE // 8),
    "noise": bytes(range(256)) * 4096,
}

WIDE = ("version: 1\n", "version: 1\r\nexams:\r\n  - id: x\r\n    name: 2026年医师资格考试（北京考区）😀\r\n")


def parsed(text: str | bytes) -> tuple[Mapping | None, Findings]:
    findings = Findings()
    content = text if isinstance(text, bytes) else text.encode()
    return parse(SourceText("x.yaml", content), findings), findings


def test_nodes_know_their_places_in_characters() -> None:
    root, _ = parsed("考试: 名称\nexams:\n  - {id: 甲, name: '乙'}\n")
    assert root is not None
    exams = root.values["exams"]
    assert isinstance(exams, Sequence)
    first = exams.entries[0]
    assert isinstance(first, Mapping)
    name = first.values["name"]
    assert isinstance(name, Scalar)
    assert (name.line, name.column, name.text, name.is_plain) == (3, 19, "乙", False)
    assert (root.keys["考试"].line, root.keys["考试"].column) == (1, 1)


def test_only_plain_words_stand_for_nothing() -> None:
    root, _ = parsed("a: null\nb: 'null'\nc:\nd: ~\ne: ''\n")
    assert root is not None
    assert [isinstance(n, Scalar) and n.is_null for n in root.values.values()] == [True, False, True, True, False]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a:\n- id: 1\n  kind: x\n  id: 2\n  kind: y\n  on: z\n", [["id", "kind"], ["id", "kind", "on"]]),
        ("a:\n- id: 1\n  kind: x\n  id: 2\n  on: z\n", [["id", "kind", "on"]]),
        ("a:\n- id: 1\n  b: x\n  id: 2\n  b: y\n  id: 3\n  b: z\n", [["id", "b"]] * 3),
        ("a:\n- {id: 1, kind: x, id: 2, kind: y}\n", [["id", "kind"]]),
    ],
)
def test_an_entry_that_lost_its_dash_is_reported_and_read_as_an_entry(text: str, entries: list[list[str]]) -> None:
    root, findings = parsed(text)
    assert {problem.code for problem in findings.problems} == {"duplicate-key"}
    assert root is not None
    rows = root.values["a"]
    assert isinstance(rows, Sequence)
    assert sorted(list(row.values) for row in rows.entries if isinstance(row, Mapping)) == sorted(entries)


@pytest.mark.parametrize(
    ("sign", "count"), [("- ", 1), ("•", 1), ("— ", 1), ("——", 0), ("→ ", 0), ("-3d ", 0), ("1. ", 0)]
)
def test_a_line_that_only_goes_on_with_a_text_is_reported_where_it_begins_as_an_entry(sign: str, count: int) -> None:
    _, findings = parsed(f"a:\n  - 身份证\n    {sign}学历证书\n")
    assert [(problem.line, problem.column) for problem in findings.problems] == [(3, 5)] * count


def test_a_sentence_with_a_colon_is_not_taken_for_the_mistake_of_the_line_above() -> None:
    _, findings = parsed("a:\n  - b: |\n      ● 身份证\n      注意：带齐\n    c: 见: 公告: 一\n")
    (problem,) = findings.problems
    assert (problem.line, problem.code) == (5, "bad-yaml")
    assert problem.hint
    assert "见: 公告: 一" in problem.hint.text("zh-CN")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_quickly(name: str) -> None:
    started = time.process_time()
    _, findings = parsed(HOSTILE[name])
    assert findings.problems
    assert time.process_time() - started < 2


def test_hostile_input_does_not_take_memory() -> None:
    script = (
        "from examcal.schedule.document import SourceText, parse\n"
        "from examcal.schedule.problems import Findings\n"
        "parse(SourceText('x', b'[' + b'[],' * 349_000 + b']'), Findings())\n"
        "parse(SourceText('x', b''.join(b'k%d: 1\\n' % n for n in range(220_000))), Findings())\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    used = int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)
    assert used < 200 * 1024


def test_limits_hold_for_depth_nodes_and_octets() -> None:
    for text, code in (("a: [[[1]]]", "too-deep"), ("a: [1, 2, 3, 4, 5]", "too-many-values"), ("#" * 99, "too-large")):
        findings = Findings()
        parse(SourceText("x", text.encode()), findings, Limits(octets=50, depth=3, nodes=6))
        assert [problem.code for problem in findings.problems] == [code]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("名称: 考试".encode("gbk"), "GBK"),
        ("名称: 考试".encode("utf-16"), "UTF-16"),
        (b"a: \xff", "UTF-8"),
        (codecs.BOM_UTF32_BE + "名称: 考试".encode("utf-32-be"), "UTF-32"),
        *((text.encode(name), "UTF-16") for text in WIDE for name in ("utf-16-le", "utf-16-be")),
        *((text.encode(name), "UTF-32") for text in WIDE for name in ("utf-32", "utf-32-le", "utf-32-be")),
    ],
)
def test_the_encoding_is_guessed_in_the_hint_only(content: bytes, hint: str) -> None:
    root, findings = parsed(content)
    assert root is None
    (problem,) = findings.problems
    assert problem.code == "not-utf8"
    assert problem.hint
    assert hint in problem.hint.text("zh-CN")
