"""Messages carry what is published, whoever published it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from examcal.cli.rendering import PublishedRevisions, make_renderer
from examcal.delivery.message import Renderer
from examcal.delivery.message_sample import DUE_AT, RULE
from examcal.delivery.message_templates import TemplateFaultError
from examcal.publication.edition import build_edition
from examcal.publication.manifest import EventRecord
from examcal.publication.published import load_previous
from examcal.publication.publisher import publish
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.model import Schedule
from examcal.settings import Settings

NOW = datetime(2026, 1, 20, tzinfo=UTC)
TEXT = """version: 1
timezone: Asia/Shanghai
exams:
  - id: e
    name: 考试
    milestones:
      - {id: m, kind: registration, name: 报名, opens: 2026-02-01 09:00, closes: 2026-02-10 CLOCK}
"""


def schedule_closing(clock: str) -> Schedule:
    text = TEXT.replace("CLOCK", clock)
    return load([SourceText("schedule.yaml", text.encode())], today=NOW.date()).schedule


def settings_in(folder: Path, **more: Path) -> Settings:
    return Settings(state_dir=folder / "var", public_dir=folder / "public", **more)


def publish_to(settings: Settings, schedule: Schedule, now: datetime) -> None:
    edition = build_edition(schedule, now=now, previous=load_previous(settings.published).manifest)
    publish(edition, settings.published)


def sequences(renderer: Renderer, schedule: Schedule) -> dict[str, int]:
    exam = schedule.exams[0]
    message = renderer.reminder(exam.milestones[0].area, exam, schedule, RULE, language="zh-CN", now=DUE_AT)
    assert message.calendar is not None
    events = Calendar.from_ical(message.calendar).events
    return {str(event["X-EXAMCAL-ID"]).rpartition("#")[2]: int(event["SEQUENCE"]) for event in events}


def test_an_attachment_has_the_sequence_of_the_feeds_also_of_an_edition_published_by_somebody_else(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path)
    renderer = make_renderer(settings, PublishedRevisions(settings))
    first, moved = schedule_closing("17:00"), schedule_closing("18:00")
    assert sequences(renderer, first) == {"opens": 0, "closes": 0}
    publish_to(settings, first, NOW)
    publish_to(settings, moved, NOW + timedelta(hours=1))
    published = {record.id.rpartition("#")[2]: record.sequence for record in _records(settings)}
    assert sequences(renderer, moved) == {edge: published[edge] for edge in ("opens", "closes")}
    assert published["closes"] == 1


def _records(settings: Settings) -> list[EventRecord]:
    manifest = load_previous(settings.published).manifest
    assert manifest is not None
    return list(manifest.events.values())


def test_a_damaged_edition_keeps_no_message_back(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    revisions = PublishedRevisions(settings)
    folder = settings.published / "editions" / "x"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{", "utf-8")
    (settings.published / "current").symlink_to("editions/x")
    assert sequences(make_renderer(settings, revisions), schedule_closing("17:00")) == {"opens": 0, "closes": 0}


def test_an_office_template_that_fails_is_told_where_somebody_listens_and_else_raised(tmp_path: Path) -> None:
    (tmp_path / "reminder.text.j2").write_text("{{ nothing }}", "utf-8")
    settings = settings_in(tmp_path, templates_dir=tmp_path)
    heard: list[TemplateFaultError] = []
    revisions = PublishedRevisions(settings)
    assert sequences(make_renderer(settings, revisions, on_fault=heard.append), schedule_closing("17:00"))
    assert len(heard) == 1
    with pytest.raises(TemplateFaultError):
        sequences(make_renderer(settings, revisions), schedule_closing("17:00"))


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, None),
        ({"listen": "0.0.0.0:8000"}, None),
        ({"listen": "192.0.2.7:8000"}, "http://192.0.2.7:8000/"),
        ({"base_url": "https://exam.example.cn"}, "https://exam.example.cn/"),
    ],
)
def test_a_message_leads_nobody_to_their_own_machine(
    tmp_path: Path, settings: dict[str, str], address: str | None
) -> None:
    made = Settings(state_dir=tmp_path, **settings)
    schedule = schedule_closing("18:00")
    exam = schedule.exams[0]
    message = make_renderer(made, PublishedRevisions(made)).reminder(
        exam.milestones[0].area, exam, schedule, RULE, language="zh-CN", now=DUE_AT
    )
    for text in (message.text, message.html, message.markdown):
        assert "127.0.0.1" not in text
        assert address is None or address in text
