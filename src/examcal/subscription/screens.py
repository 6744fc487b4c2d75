"""The pages behind the form and the links in mails, in the frame of the public pages; no JavaScript is needed."""

from __future__ import annotations

from dataclasses import dataclass

from examcal.feed.addresses import Addresses, addresses
from examcal.pages.links import Layout, Origin
from examcal.pages.words import Words
from examcal.schedule.model import Schedule
from examcal.subscription.desk import Welcome
from examcal.subscription.subscribers import Subscriber
from examcal.subscription.wording import Controller, exam_name, kinds_of, teller, templates

FEED_NAME = "exam.ics"


@dataclass(frozen=True, slots=True)
class Screens:
    """Renders pages. ``base_url`` has no slash at its end; ``language`` is for pages that know no subscriber."""

    base_url: str
    controller: Controller
    language: str

    def asked(self, language: str) -> bytes:
        """Return the one answer to every well-formed request."""
        t = teller(language)
        lines = [
            t("If this address can receive reminders, a mail with a link is on its way. Press the button behind it."),
            t("Nothing came? Look into the spam folder. At most one mail is sent every ten minutes, and three a day."),
        ]
        return self._page("told.html", language, title=t("Look into your mailbox"), lines=lines)

    def refused(self, msgid: str, language: str | None = None) -> bytes:
        """Return why a request was not taken."""
        language = language or self.language
        t = teller(language)
        lines = [t(msgid), t("Nothing was changed. Go back and try again.")]
        return self._page("told.html", language, title=t("That did not work"), lines=lines)

    def told(self, msgid: str) -> bytes:
        """Return that something was done."""
        return self._page("told.html", self.language, title=teller(self.language)("Done"), lines=[self._say(msgid)])

    def missing(self) -> bytes:
        """Return the one answer to every token that is not good (any more)."""
        lines = [
            self._say("It is wrong, expired or was replaced by a newer one."),
            self._say("Subscribe again on the page of your exam: the mail that comes holds a link that works."),
        ]
        return self._page("told.html", self.language, title=self._say("This link does not work"), lines=lines)

    def confirm(self, one: Subscriber, schedule: Schedule | None) -> bytes:
        """Return the question whether the subscription is meant, with the privacy notice."""
        return self._about("confirm.html", one, schedule)

    def welcome(self, welcome: Welcome, schedule: Schedule | None) -> bytes:
        """Return that reminders will come; new addresses are shown this once."""
        feed = self._feed(welcome.subscriber, schedule, welcome.feed)
        own = f"{self.base_url}/me/{welcome.manage}" if welcome.manage else None
        return self._about("welcome.html", welcome.subscriber, schedule, feed=feed, own=own)

    def own(self, one: Subscriber, schedule: Schedule | None, *, saved: bool = False, feed: str | None = None) -> bytes:
        """Return the self-service page, with a new personal feed address where one was made."""
        return self._about("own.html", one, schedule, saved=saved, feed=self._feed(one, schedule, feed))

    def stop(self, one: Subscriber, schedule: Schedule | None) -> bytes:
        """Return the question whether to stop."""
        return self._about("stop.html", one, schedule)

    def stopped(self, one: Subscriber, schedule: Schedule | None) -> bytes:
        """Return that no more mail comes."""
        return self._about("stopped.html", one, schedule)

    def _feed(self, one: Subscriber, schedule: Schedule | None, token: str | None) -> Addresses | None:
        if token is None:
            return None
        name = exam_name(schedule, one.choice.exam, one.choice.language)
        return addresses(self.base_url, f"calendar/{token}/{FEED_NAME}", name)

    def _about(self, template: str, one: Subscriber, schedule: Schedule | None, **values: object) -> bytes:
        choice = one.choice
        exam = schedule.exam(choice.exam) if schedule else None
        values |= {
            "one": one,
            "choice": choice,
            "exam": exam,
            "name": exam_name(schedule, choice.exam, choice.language),
            "kinds": kinds_of(exam),
            "page": self._layout(choice.language).exam(choice.exam, choice.site or None) if exam else "index.html",
        }
        return self._page(template, choice.language, **values)

    def _page(self, template: str, language: str, **values: object) -> bytes:
        origin = Origin(self.base_url)
        words = Words(language)
        frame = {
            "t": words.t,
            "words": words,
            "site_layout": self._layout(language),
            "origin": origin,
            "path": "subscribe",
            "twins": {},
            "version": "",
            "all_feed": None,
            "to": origin.rooted,
            "asset": lambda name: origin.rooted(f"assets/{name}"),
            "controller": self.controller,
        }
        html = templates().get_template(template).render(frame | values)
        return html.encode()

    def _layout(self, language: str) -> Layout:
        """Return the paths of one language's pages: the schedule's own is at the root."""
        return Layout(language, default=language == self.language)

    def _say(self, msgid: str) -> str:
        return teller(self.language)(msgid)
