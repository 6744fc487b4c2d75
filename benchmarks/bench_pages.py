"""Pages: all files of a schedule of 5,000 milestones, beside a plain template with the same dates."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from time import perf_counter

from jinja2 import Environment

from benchmarks.rows import Row
from examcal.pages.render import render
from examcal.schedule.model import Schedule
from support import schedules

MILESTONES = 5000
LANGUAGES = 2
# What nobody can do without: each milestone's name and dates, escaped, on the index, its exam's page, its poster and
# its notice.
FLOOR = """<!doctype html><title>{{ exam.name }}</title><h1>{{ exam.name }}</h1><ol>
{% for m in exam.milestones %}<li>{{ m.area.name }} <time>{{ m.area.opens.named_on }}</time> {{ m.area.opens.clock }}
<time>{{ m.area.closes.named_on }}</time> {{ m.area.closes.clock }} {{ m.area.notes }}</li>
{% endfor %}</ol>"""
PAGES_OF_A_MILESTONE = 4


def run(scale: float = 1.0) -> Iterator[Row]:
    """Yield one row: all pages."""
    milestones = max(20, round(MILESTONES * scale))
    schedule = schedules.many(milestones)
    ours, files = _timed(lambda: render(schedule, base_url="https://exam.example.org"))
    floor, _ = _timed(lambda: _plain(schedule))
    pages = sum(path.endswith(".html") for path in files)
    megabytes = sum(map(len, files.values())) / 1e6
    yield Row(
        f"render all pages of {milestones:,} milestones",
        f"{ours:.2f} s ({pages} pages, {megabytes:.0f} MB)",
        f"{floor:.2f} s (names and dates alone in Jinja)",
        ours / floor,
        note=f"{ours / milestones * 1e6:.0f} µs for a milestone, in {LANGUAGES} languages",
    )


def _timed(work: Callable[[], dict[str, bytes]]) -> tuple[float, dict[str, bytes]]:
    gc.collect()
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def _plain(schedule: Schedule) -> dict[str, bytes]:
    template = Environment(autoescape=True).from_string(FLOOR)
    return {
        f"{exam.id}-{number}": template.render(exam=exam).encode()
        for exam in schedule.exams
        for number in range(LANGUAGES * PAGES_OF_A_MILESTONE)
    }
