"""The first line of a message and its subject: what to do, by when, and the time that is really left. Pure.

What is said follows from ``now`` and the edges, not from the rule's label: a reminder "three days before" that leaves
two hours before the closing says two hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from examcal.delivery.wording import (
    days_left_text,
    edge_text,
    left_text,
    one_line,
    relative_day,
)
from examcal.schedule.model import Anchor, Edge, Kind, Occurrence, Shape, Status
from examcal.texts import translate

_WAITED_FOR = frozenset({Kind.EXAM, Kind.SCORE, Kind.ANNOUNCEMENT})
_NEAR = 2  # days up to which a day is called today, tomorrow or the day after


@dataclass(frozen=True, slots=True)
class Lead:
    """``text`` is the first line, ``point`` the head of the subject; ``tone`` is due, open, news or off (a colour)."""

    text: str
    point: str
    tone: str


def reminder_lead(occurrence: Occurrence, anchor: Anchor, now: datetime, language: str) -> Lead:
    """Return the lead of a reminder about the edge ``anchor`` as things stand at ``now``."""
    words = Words(occurrence, now, language)
    opens, closes = occurrence.opens, occurrence.closes
    if opens and occurrence.shape in {Shape.DAY, Shape.DAYS}:
        return words.day(opens)
    if opens and occurrence.shape is Shape.INSTANT:
        return words.instant(opens)
    if closes and (anchor is Anchor.CLOSES or opens is None or now >= closes.at):
        return words.due(closes) if now < closes.at else words.closed(closes)
    if opens:
        return words.opening(opens, closes) if now < opens.at else words.open(opens, closes)
    return words.undated()


def occurrence_subject(point: str, name: str, exam: str, language: str, *, late: bool = False) -> str:
    """Return a subject of one line: the point first, then the milestone, then the exam."""
    subject = translate("{point}: {name} · {exam}", language, point=point, name=name, exam=exam)
    return one_line(translate("Late – {subject}", language, subject=subject) if late else subject)


class Words:
    """Puts one occurrence into words, as seen at one time, in one language; the leads are made of these."""

    def __init__(self, occurrence: Occurrence, now: datetime, language: str) -> None:
        self.occurrence = occurrence
        self.now = now
        self.language = language
        self.name = one_line(occurrence.name.in_(language))
        self.today: date = now.astimezone(ZoneInfo(occurrence.zone)).date()
        self.expected = occurrence.status is Status.EXPECTED
        self.is_done = occurrence.kind not in _WAITED_FOR

    def say(self, msgid: str, **params: object) -> str:
        """Translate into the language of the message."""
        return translate(msgid, self.language, **params)

    def when(self, edge: Edge) -> str:
        """Return an edge in full, marked where the occurrence is only expected."""
        return edge_text(edge, self.language, expected=self.expected)

    def point(self, msgid: str, edge: Edge) -> str:
        """Return the head of a subject about ``edge``; the year is named only where it is not this year."""
        year = edge.named_on.year != self.today.year
        return self.say(msgid, when=edge_text(edge, self.language, expected=self.expected, year=year))

    def left(self, edge: Edge) -> str:
        """Return the time left until a closing, in days where only its date is known."""
        if edge.clock is None:
            return days_left_text(edge.named_on, self.today, self.language)
        return self.say("{left} left", left=left_text(edge.at, self.now, self.language))

    def ahead(self, edge: Edge) -> str:
        """Return the time to go until an opening, in days where only its date is known."""
        if edge.clock is None:
            return self.distance(edge.named_on)
        return self.say("{left} to go", left=left_text(edge.at, self.now, self.language))

    def distance(self, day: date) -> str:
        """Return how far ahead a day is: today and tomorrow by name."""
        if (day - self.today).days <= _NEAR:
            return self.say("that is {relative}", relative=relative_day(day, self.today, self.language))
        return self.say("{left} to go", left=self.say("{number} days", number=(day - self.today).days))

    def undated(self) -> Lead:
        """Return the lead of a milestone without date."""
        return Lead(self.say("“{name}”: no date yet.", name=self.name), self.say("To be announced"), "news")

    def due(self, closes: Edge) -> Lead:
        """Return the lead about a closing that is still ahead."""
        params = {"name": self.name, "when": self.when(closes), "left": self.left(closes)}
        if self.occurrence.kind is Kind.EXAM:
            text = self.say("“{name}” ends {when}: {left}.", **params)
        elif self.expected or not self.is_done:
            text = self.say("“{name}” closes {when}: {left}.", **params)
        elif closes.clock is None:
            text = self.say("Complete “{name}” on {when} at the latest: {left}.", **params)
        else:
            text = self.say("Complete “{name}” by {when}: {left}.", **params)
        return Lead(text, self.point("Closes {when}", closes), "due")

    def closed(self, closes: Edge) -> Lead:
        """Return the lead about a closing that is over."""
        params = {"name": self.name, "when": self.when(closes)}
        if self.expected:
            text = self.say("“{name}” should be over since {when}; check the official notice.", **params)
            return Lead(text, self.point("Closes {when}", closes), "off")
        is_exam = self.occurrence.kind is Kind.EXAM
        text = (
            self.say("“{name}” ended {when}.", **params) if is_exam else self.say("“{name}” closed {when}.", **params)
        )
        return Lead(text, self.say("Already closed"), "off")

    def opening(self, opens: Edge, closes: Edge | None) -> Lead:
        """Return the lead about an opening that is still ahead."""
        msgid = "“{name}” opens, {when}: {left}." if self.expected else "“{name}” opens {when}: {left}."
        text = self.say(msgid, name=self.name, when=self.when(opens), left=self.ahead(opens))
        if closes and self.is_done:
            text = self.say("{lead} It closes {when}.", lead=text, when=self.when(closes))
        return Lead(text, self.point("Opens {when}", opens), "open")

    def open(self, opens: Edge, closes: Edge | None) -> Lead:
        """Return the lead about a window that has opened."""
        if self.expected:
            text = self.say("“{name}” should be open since {when}; check the official notice.",
                            name=self.name, when=self.when(opens))  # fmt: skip
            return Lead(text, self.point("Opens {when}", opens), "open")
        if closes is None:
            text = self.say("“{name}” is open since {when}.", name=self.name, when=self.when(opens))
            return Lead(text, self.say("Already open"), "open")
        params = {"name": self.name, "when": self.when(closes), "left": self.left(closes)}
        if self.occurrence.kind is Kind.EXAM:
            text = self.say("“{name}” has begun and ends {when}.", **params)
        elif not self.is_done:
            text = self.say("“{name}” is open and closes {when}: {left}.", **params)
        elif closes.clock is None:
            text = self.say("“{name}” is open: complete it on {when} at the latest, {left}.", **params)
        else:
            text = self.say("“{name}” is open: complete it by {when}, {left}.", **params)
        return Lead(text, self.point("Open, closes {when}", closes), "open")

    def day(self, opens: Edge) -> Lead:
        """Return the lead about whole days: the next one that is not over."""
        day = self._next_day(opens)
        when = self.when(Edge(opens.at, day))
        point = self.point("On {when}", Edge(opens.at, day))
        distance = (day - self.today).days
        if distance < 0:
            return Lead(self.say("“{name}” was on {when}.", name=self.name, when=when), point, "off")
        if distance <= _NEAR:
            relative = relative_day(day, self.today, self.language)
            return Lead(self.say("“{name}” is {relative}: {when}.", name=self.name, relative=relative, when=when),
                        point, "news")  # fmt: skip
        left = self.say("{number} days", number=distance)
        return Lead(self.say("“{name}” is in {left}: {when}.", name=self.name, left=left, when=when), point, "news")

    def instant(self, opens: Edge) -> Lead:
        """Return the lead about a single moment."""
        point = self.point("On {when}", opens)
        if self.now >= opens.at:
            return Lead(self.say("“{name}”: the time has come, {when}.", name=self.name, when=self.when(opens)),
                        point, "news")  # fmt: skip
        text = self.say("“{name}” is at {when}: {left}.", name=self.name, when=self.when(opens), left=self.ahead(opens))
        return Lead(text, point, "news")

    def _next_day(self, opens: Edge) -> date:
        days = self.occurrence.days or (opens.named_on,)
        return next((day for day in days if day >= self.today), days[-1])
