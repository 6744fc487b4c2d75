"""The loader under arbitrary and mutated input: an answer every time, never a traceback, never a hang."""

from __future__ import annotations

import gc
import os
import random
import time
import tracemalloc
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examcal.errors import ScheduleRejectedError
from examcal.schedule.document import lines_of
from examcal.schedule.drafts import MILESTONE_KEYS
from examcal.schedule.loader import SourceText, load
from examcal.schedule.plain import plain_edge
from examcal.schedule.problems import as_github, as_json, as_sarif, render
from examcal.schedule.when import PhraseError, read_edge

GOOD = (Path(__file__).parents[1] / "unit" / "schedule" / "good" / "everything.yaml").read_bytes()
TODAY = date(2026, 11, 25)
EXAMPLES = 3000 if os.environ.get("FULL") else 150
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
SNIPPETS = [
    *(
        b"\t",
        b"\x00",
        b"&a ",
        b"*a",
        b"!x ",
        b"---\n",
        b"[",
        b"{",
        b"'",
        b'"',
        b": ",
        b"- ",
        b"\n",
        b"  ",
        b"\xff",
        b"tba",
    ),
    *(
        "：".encode(),
        "年".encode(),
        b"24:00",
        b"2026-02-30",
        b"registration.opens -1d",
        b"closes -1wd",
        b"null",
        b"#",
        b"|\n",
    ),
]


def check(content: bytes) -> None:
    """Load, and put every finding into every form."""
    source = SourceText("schedule.yaml", content)
    started = time.process_time()
    try:
        loaded = load([source], today=TODAY)
        problems = loaded.warnings
        ids = [occurrence.id for occurrence in loaded.schedule.occurrences()]
        assert len(set(ids)) == len(ids)
    except ScheduleRejectedError as error:
        problems = error.problems
        assert problems
    lines = lines_of(source)
    for problem in problems[:50]:
        assert render(problem, lines, "zh-CN").startswith("schedule.yaml")
        assert render(problem, lines, "en").isprintable() or "\n" in render(problem, lines, "en")
    as_json("schedule.yaml", problems)
    as_github(problems)
    as_sarif(problems)
    assert time.process_time() - started < 5


@SETTINGS
@given(st.binary(max_size=400))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    check(content)


@SETTINGS
@given(st.text(alphabet=st.sampled_from("exams:id -[]{}\"'\n\t,#&*!?|>%@`abc0129：年月日时"), max_size=200))
def test_any_text_that_looks_like_yaml_gets_an_answer(text: str) -> None:
    check(text.encode())
    check(
        b"version: 1\nexams:\n  - id: x\n    name: X\n    milestones:\n      - "
        + text.replace("\n", "\n        ").encode()
    )


@SETTINGS
@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 30), st.sampled_from(SNIPPETS)), min_size=1, max_size=6
    )
)
def test_a_mutated_schedule_gets_an_answer(mutations: list[tuple[int, int, bytes]]) -> None:
    content = GOOD
    for start, length, snippet in mutations:
        content = content[:start] + snippet + content[start + length :]
    check(content)


@SETTINGS
@given(st.integers(0, len(GOOD)))
def test_a_torn_schedule_gets_an_answer(length: int) -> None:
    check(GOOD[:length])


def mutated(chance: random.Random) -> bytes:
    """Return a schedule with another time in each of its dates and up to three wounds."""
    content = GOOD.replace(b"10:00", f"{chance.randrange(24):02d}:{chance.randrange(60):02d}".encode())
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(content))
        content = content[:start] + chance.choice(SNIPPETS) + content[start + chance.randrange(6) :]
    return content


def test_a_daemon_that_reads_edits_for_years_keeps_none_of_them_in_memory() -> None:
    chance = random.Random(5)

    def kept_after(edits: int) -> int:
        for _ in range(edits):
            check(mutated(chance))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = kept_after(50)
        assert kept_after(100) - before < 50 * len(GOOD)  # a leak of every second one would be seen
    finally:
        tracemalloc.stop()


NESTED = st.recursive(
    st.sampled_from(["1", "tba", "2026-06-06", "closes -1d", "a", "''", "null", "a.opens -1d"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.dictionaries(
            st.sampled_from(
                ["id", "name", "kind", "on", "opens", "closes", "sites", "hours", "days", "source", "remind", "s"]
            ),
            inner,
            max_size=4,
        ).map(lambda parts: "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"),
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(sorted(MILESTONE_KEYS))


@SETTINGS
@given(st.lists(st.dictionaries(KEYS, NESTED, max_size=8), max_size=4))
def test_any_structure_under_known_keys_gets_an_answer(milestones: list[dict[str, str]]) -> None:
    rows = "".join("      - {" + ", ".join(f"{k}: {v}" for k, v in row.items()) + "}\n" for row in milestones)
    check(f"exams:\n  - id: x\n    name: X\n    sites: [{{id: s, name: S}}]\n    milestones:\n{rows}".encode())


@pytest.mark.parametrize("closing", [True, False])
@SETTINGS
@given(
    day=st.dates(date(1969, 1, 1), date(2201, 12, 31)),
    clock=st.sampled_from(["", " 00:00", " 24:00", " 02:30", " 23:59", " 25:00", " 24:01"]),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]),
)
def test_plain_dates_read_at_once_are_those_read_with_care(*, day: date, clock: str, zone: str, closing: bool) -> None:
    text = f"{day.isoformat()}{clock}"
    quick = plain_edge(text, ZoneInfo(zone), closing=closing)
    if quick is None:
        return
    try:
        careful = read_edge(f"{text},", zone=ZoneInfo(zone), closing=closing)  # no plain form has a comma
    except PhraseError as error:
        pytest.fail(f"{text} in {zone}: {error}")
    assert (quick.at, quick.named_on, quick.clock) == (careful.at, careful.named_on, careful.clock)
