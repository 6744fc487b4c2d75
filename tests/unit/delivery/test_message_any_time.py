"""Whatever the occurrence, the rule and the time: a message is whole, names its days, and is honest about them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examcal.channels.port import Message
from examcal.delivery.message import Renderer
from examcal.delivery.wording import day_text
from examcal.pages.render import render as render_pages
from examcal.schedule.model import Anchor, Exam, Occurrence, Rule, Status
from support.schedules import everything

SCHEDULE = everything()
RENDERER = Renderer("https://exam.example.org")
PAIRS = [(exam, occurrence) for exam in SCHEDULE.exams for occurrence in exam.occurrences()]
DOUBLED = re.compile(r"[，。；：]{2}|还剩还|预计预计|于预计|在预计|None|\{|\}")

instants = st.integers(0, 400 * 24 * 60).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)


def render(pair: tuple[Exam, Occurrence], anchor: Anchor, now: datetime, language: str) -> Message:
    exam, occurrence = pair
    return RENDERER.reminder(
        occurrence, exam, SCHEDULE, Rule(anchor), language=language, now=now, late=True, due_at=now - timedelta(hours=3)
    )


@given(
    pair=st.sampled_from(PAIRS),
    anchor=st.sampled_from(Anchor),
    now=instants,
    language=st.sampled_from(["zh-CN", "en"]),
)
def test_every_message_is_whole(pair: tuple[Exam, Occurrence], anchor: Anchor, now: datetime, language: str) -> None:
    message = render(pair, anchor, now, language)
    assert message.subject
    assert "\n" not in message.subject
    lead = message.text.splitlines()[0]
    assert lead.endswith(("。", "."))
    assert not DOUBLED.search(lead)
    assert not DOUBLED.search(message.subject)
    for edge in (pair[1].opens, pair[1].closes):
        if edge and not pair[1].days:
            assert day_text(edge.named_on, language) in message.text
            assert not edge.clock or edge.clock in message.html


@given(pair=st.sampled_from(PAIRS), anchor=st.sampled_from(Anchor), now=instants)
def test_an_expected_date_never_looks_confirmed(pair: tuple[Exam, Occurrence], anchor: Anchor, now: datetime) -> None:
    message = render(pair, anchor, now, "zh-CN")
    assert ("预计" in message.subject) is (pair[1].status is Status.EXPECTED)


@pytest.mark.parametrize("minutes", [1, 59, 60, 1439, 1440, 60 * 24 * 9 + 5, 60 * 24 * 30])
def test_the_time_left_is_never_more_than_there_is(minutes: int) -> None:
    _, occurrence = PAIRS[0]
    assert occurrence.closes is not None
    message = render(PAIRS[0], Anchor.CLOSES, occurrence.closes.at - timedelta(minutes=minutes), "zh-CN")
    found = re.search(r"还剩(?:(\d+)天)?(?:(\d+)小时)?(?:(\d+)分钟)?。", message.text)
    assert found
    days, hours, rest = (int(part or 0) for part in found.groups())
    told = days * 1440 + hours * 60 + rest
    assert minutes - 1440 < told <= minutes


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_link_leads_to_an_entry_on_a_page(language: str) -> None:
    pages = render_pages(SCHEDULE, base_url="https://exam.example.org")
    for pair in PAIRS:
        url = render(pair, Anchor.OPENS, datetime(2026, 1, 1, tzinfo=UTC), language).action_url
        assert url is not None
        path, _, anchor = url.removeprefix("https://exam.example.org/").partition("#")
        assert f'id="{anchor}"'.encode() in pages[f"{path}index.html"]
