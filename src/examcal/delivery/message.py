"""Messages: a pure function of occurrence or change, language and ``now``, rendered once per (reminder, language).

Nothing here knows a recipient; what is personal (reference, unsubscribe link) the channels splice in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from examcal.channels.port import Message
from examcal.delivery.message_change import change_lead, change_rows
from examcal.delivery.message_lead import Lead, occurrence_subject, reminder_lead
from examcal.delivery.message_sample import DUE_AT, RULE, sample_change, sample_schedule
from examcal.delivery.message_templates import TemplateFaultError, Templates
from examcal.delivery.message_view import Describer, View
from examcal.delivery.wording import instant_text, one_line
from examcal.errors import Sentence
from examcal.feed.calendar import milestone_calendar
from examcal.schedule.changes import Change
from examcal.schedule.model import Anchor, Edge, Exam, Occurrence, Rule, Schedule, Status
from examcal.texts import LANGUAGES, translate

CalendarOf = Callable[[Occurrence, Schedule, str], bytes | None]
"""Makes the calendar file of an occurrence in a language; None attaches nothing."""


def first_edition(occurrence: Occurrence, schedule: Schedule, language: str) -> bytes | None:
    """Return the calendar file of an occurrence that was never changed, or None where it has no date."""
    return milestone_calendar(occurrence, schedule, None, language) if occurrence.is_dated else None


class Renderer:
    """Renders messages from the templates in ``templates_dir``, else from our own.

    ``base_url`` is where the pages are, or empty. ``calendar`` makes the attachment; give one that knows the
    published revisions. ``on_fault`` hears of an office template that fails while a message is due; our own
    template then takes its place, so that a slip in a template costs nobody a reminder. Without it the fault is raised.
    """

    def __init__(
        self,
        base_url: str = "",
        templates_dir: Path | None = None,
        *,
        calendar: CalendarOf = first_edition,
        on_fault: Callable[[TemplateFaultError], None] | None = None,
    ) -> None:
        self._base_url = base_url
        self._templates_dir = templates_dir
        self._calendar = calendar
        self._on_fault = on_fault
        self._own = Templates()
        self._templates = Templates(templates_dir) if templates_dir else self._own

    def reminder(  # noqa: PLR0913 - a message is a function of exactly these
        self,
        occurrence: Occurrence,
        exam: Exam,
        schedule: Schedule,
        rule: Rule,
        anchor_edge: Edge | None = None,
        *,
        language: str,
        now: datetime,
        late: bool = False,
        due_at: datetime | None = None,
    ) -> Message:
        """Return the reminder of ``rule`` as things stand at ``now``, an aware instant.

        ``late`` says that it leaves later than ``due_at``, the instant it was planned for. ``anchor_edge`` is the edge
        that the plan counted from, for callers that keep it; the text follows the occurrence itself.
        """
        occurrence = _with_anchor(occurrence, rule, anchor_edge)
        lead = reminder_lead(occurrence, rule.anchor, now, language)
        view = self._view(occurrence, exam, schedule, lead, language=language, now=now)
        if late:
            view = replace(view, late=_late_text(due_at, occurrence.zone, language))
        name, title = one_line(occurrence.name.in_(language)), one_line(exam.name.in_(language))
        subject = occurrence_subject(lead.point, name, title, language, late=late)
        calendar = self._calendar(occurrence, schedule, language)
        return self._message("reminder", "reminder", subject, view, _Frame(language, now, calendar))

    def change(
        self,
        change: Change,
        exam: Exam,
        schedule: Schedule,
        *,
        language: str,
        now: datetime,
    ) -> Message:
        """Return the notice of ``change`` as things stand at ``now``, an aware instant.

        It leads with ``change`` and lists whatever else differs between the two occurrences.
        """
        occurrence = change.occurrence
        lead = change_lead(change, now, language)
        view = self._view(occurrence, exam, schedule, lead, language=language, now=now)
        refresh = translate("Your calendar may show this only tomorrow; this notice counts.", language)
        rows = (*change_rows(change, language), *view.rows)
        view = replace(view, cautions=(*view.cautions, refresh), rows=rows)
        if occurrence.status is Status.CANCELLED:
            view = replace(view, tasks=(), conditions=())
        name, title = one_line(occurrence.name.in_(language)), one_line(exam.name.in_(language))
        subject = occurrence_subject(lead.point, name, title, language)
        calendar = self._calendar(occurrence, schedule, language)
        return self._message("change", "change", subject, view, _Frame(language, now, calendar))

    def summary(
        self,
        title: Sentence,
        lines: Sequence[Sentence],
        *,
        language: str,
        now: datetime,
        zone: str = "Asia/Shanghai",
        url: str | None = None,
    ) -> Message:
        """Return a report of several lines: the weekly summary, or what happened during a downtime."""
        lead = title.text(language)
        notes = tuple(line.text(language) for line in lines)
        written = instant_text(now, zone, language)
        view = View(lead, "news", notes=notes, action_url=url or self._base_url or None, written=written)
        return self._message("summary", "summary", lead, view, _Frame(language, now))

    def test(self, channel_name: str, now: datetime, language: str, zone: str = "Asia/Shanghai") -> Message:
        """Return the message of ``examcal send-test``, which says that nothing is due."""
        title = Sentence("Test message from examcal: channel {channel} works.", {"channel": channel_name})
        line = Sentence("Nothing is due. Reminders will arrive here in this way.")
        message = self.summary(title, (line,), language=language, now=now, zone=zone)
        return replace(message, category="test")

    def faults(self) -> tuple[TemplateFaultError, ...]:
        """Return what is wrong with the office's templates, found by rendering a sample with each of them."""
        found: list[TemplateFaultError] = []
        probe = Renderer(self._base_url, self._templates_dir, on_fault=found.append)
        schedule = sample_schedule()
        exam = schedule.exams[0]
        occurrence = exam.milestones[0].area
        for language in LANGUAGES:
            probe.reminder(occurrence, exam, schedule, RULE, language=language, now=DUE_AT, late=True, due_at=DUE_AT)
            probe.change(sample_change(occurrence), exam, schedule, language=language, now=DUE_AT)
            probe.test("outbox", DUE_AT, language)
        return tuple({fault.text(): fault for fault in found}.values())

    def _view(
        self, occurrence: Occurrence, exam: Exam, schedule: Schedule, lead: Lead, *, language: str, now: datetime
    ) -> View:
        words = Describer(occurrence, exam, schedule, language)
        return View(
            lead.text,
            lead.tone,
            exam=words.read(exam.name),
            cautions=words.cautions(),
            conditions=words.conditions(),
            rows=words.rows(),
            tasks=words.tasks(),
            notes=words.notes(),
            contacts=words.contacts(),
            sources=words.sources(),
            action_url=words.action_url(self._base_url),
            written=instant_text(now, occurrence.zone, language),
        )

    def _message(self, template: str, category: str, subject: str, view: View, frame: _Frame) -> Message:
        view = replace(view, has_calendar=frame.calendar is not None)
        bodies = {
            kind: self._render(template, kind, subject, view, frame.language)
            for kind in ("subject", "text", "html", "markdown")
        }
        return Message(
            **bodies,
            written_at=frame.now,
            language=frame.language,
            category=category,
            calendar=frame.calendar,
            action_url=view.action_url,
        )

    def _render(self, template: str, kind: str, subject: str, view: View, language: str) -> str:
        def say(msgid: str, **params: object) -> str:
            return translate(msgid, language, **params)

        values = {"m": view, "t": say, "subject": subject, "language": language}
        try:
            return self._templates.render(template, kind, values)
        except TemplateFaultError as fault:
            if self._on_fault is None or self._templates is self._own:
                raise
            self._on_fault(fault)
            return self._own.render(template, kind, values)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a message carries besides its words."""

    language: str
    now: datetime
    calendar: bytes | None = None


def _with_anchor(occurrence: Occurrence, rule: Rule, edge: Edge | None) -> Occurrence:
    """Return ``occurrence`` with the edge that the plan counted from, where it has none itself any more."""
    if edge is None or occurrence.edge(rule.anchor) is not None:
        return occurrence
    return replace(occurrence, opens=edge) if rule.anchor is Anchor.OPENS else replace(occurrence, closes=edge)


def _late_text(due_at: datetime | None, zone: str, language: str) -> str:
    if due_at is None:
        return translate("This reminder is late.", language)
    return translate("This reminder is late: it was due {when}.", language, when=instant_text(due_at, zone, language))
