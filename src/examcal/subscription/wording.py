"""The words of letters, forms and pages: templates in the look of the public pages, every text escaped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from examcal.channels.port import Message
from examcal.pages import links
from examcal.pages.words import Words
from examcal.schedule.model import Exam, Kind, Schedule
from examcal.subscription.choice import Choice
from examcal.subscription.consent import NOTICE
from examcal.subscription.letters import Kind as LetterKind
from examcal.subscription.letters import Letter
from examcal.texts import translate

ALL_EXAMS = "All exams"


@dataclass(frozen=True, slots=True)
class Controller:
    """Who handles the addresses (PIPL article 17): a name, and how to reach them."""

    name: str
    contact: str


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return the templates of this package, which stand in the frame of the public pages."""
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("examcal.subscription", "templates"), PackageLoader("examcal.pages", "templates")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(mail_url=links.mail_url, notice_version=NOTICE)
    return environment


def exam_name(schedule: Schedule | None, exam: str, language: str) -> str:
    """Return what a subscription is called: its exam's name."""
    if not exam:
        return translate(ALL_EXAMS, language)
    found = schedule.exam(exam) if schedule else None
    return found.name.in_(language) if found else exam


@dataclass(frozen=True, slots=True)
class MailForm:
    """The form on an exam's page, as ``pages.render`` calls it."""

    controller: Controller

    def __call__(
        self, exam: Exam | None, language: str, action: str, site: str | None = None, track: str | None = None
    ) -> Markup:
        """Return the form's HTML; it posts to ``action``, relative to the page that it stands on."""
        template = templates().get_template("form.html")
        choice = Choice(exam.id if exam else "", site or "", (track,) if track else (), (), language)
        html = template.render(
            t=teller(language), words=Words(language), exam=exam, choice=choice, kinds=kinds_of(exam),
            controller=self.controller, action=action,
        )  # fmt: skip
        return Markup(html)  # noqa: S704 - rendered by an autoescaping template


def kinds_of(exam: Exam | None) -> list[Kind]:
    """Return the kinds of date that an exam has, in their usual order; all of them without one exam."""
    if exam is None:
        return list(Kind)
    return [kind for kind in Kind if any(milestone.area.kind is kind for milestone in exam.milestones)]


def write_letter(letter: Letter, schedule: Schedule | None, base_url: str, now: datetime, who: Controller) -> Message:
    """Return the mail of a letter. Nothing in it was typed by whoever filled in the form."""
    language, name = letter.subscriber.choice.language, exam_name(
        schedule, letter.subscriber.choice.exam, letter.subscriber.choice.language
    )  # fmt: skip
    if letter.kind is LetterKind.CONFIRM:
        return _confirmation(f"{base_url}/confirm/{letter.token}", name, language, now, who)
    return _invitation(f"{base_url}/me/{letter.token}", name, language, now, who)


def _confirmation(url: str, name: str, language: str, now: datetime, who: Controller) -> Message:
    t = teller(language)
    return _letter(
        t("Please confirm: reminders for {exam}", exam=name),
        t("Confirm that you want exam reminders by e-mail: {exam}.", exam=name),
        url,
        t("Open the confirmation page"),
        [
            t("The link works for 48 hours; it asks you once more before anything is sent."),
            t("You did not ask for this? Then do nothing: no other mail will come, and the address is deleted."),
            t("Sent for {controller}; contact: {contact}", controller=who.name, contact=who.contact),
        ],
        language,
        now,
    )


def _invitation(url: str, name: str, language: str, now: datetime, who: Controller) -> Message:
    t = teller(language)
    return _letter(
        t("Your reminders for {exam}", exam=name),
        t("This address already receives exam reminders: {exam}.", exam=name),
        url,
        t("Change or stop them"),
        [
            t("Whoever has this link can change or stop your reminders: do not pass this mail on."),
            t("You did not ask for this? Then do nothing; nothing changes."),
            t("Sent for {controller}; contact: {contact}", controller=who.name, contact=who.contact),
        ],
        language,
        now,
    )


def _letter(subject: str, lead: str, url: str, label: str, lines: list[str], language: str, now: datetime) -> Message:
    html = templates().get_template("letter.html").render(
        subject=subject, lead=lead, url=url, label=label, lines=lines, language=language
    )  # fmt: skip
    text = "\n\n".join([lead, f"{label}\n{url}", *lines]) + "\n"
    return Message(" ".join(subject.split()), text, html, text, now, language, category="confirmation", action_url=url)


def teller(language: str) -> Callable[..., str]:
    """Return what puts sentences into one language."""

    def t(msgid: str, **params: object) -> str:
        return translate(msgid, language, **params)

    return t
