"""Change notices (变更通知): what moved, from when to when, and what that means now. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from examcal.delivery.message_lead import Lead, Words
from examcal.delivery.message_view import Row
from examcal.delivery.wording import edge_text, one_line, span_text
from examcal.schedule.changes import Change, ChangeKind
from examcal.schedule.model import Anchor, Edge, Kind, Occurrence, Shape, Status
from examcal.texts import translate

_DAY_SHAPES = frozenset({Shape.DAY, Shape.DAYS})


def change_lead(change: Change, now: datetime, language: str) -> Lead:
    """Return the first line and subject of a change notice as things stand at ``now``."""
    notice = _Notice(change, now, language)
    match change.kind:
        case ChangeKind.EARLIER | ChangeKind.LATER:
            return notice.moved()
        case ChangeKind.ANNOUNCED:
            return notice.announced()
        case ChangeKind.POSTPONED:
            return notice.postponed()
        case ChangeKind.CANCELLED:
            return notice.cancelled()
        case ChangeKind.REVIVED:
            return notice.revived()
        case ChangeKind.MOVED_PLACE:
            return notice.moved_place()
        case _:
            assert_never(change.kind)


def change_rows(change: Change, language: str) -> tuple[Row, ...]:
    """Return all that differs between the two occurrences of ``change``, one labelled line each, old value first.

    A cancelled milestone has none: there is no new value.
    """
    if change.kind is ChangeKind.CANCELLED:
        return ()
    lines = [_line(_what(one, language), _edges(one, language), language) for one in _moves(change)]
    lines.append(_line(translate("place", language), _places(change, language), language))
    return tuple(Row(translate("Change", language), (line,)) for line in dict.fromkeys(lines) if line)


def _moves(change: Change) -> Iterator[Change]:
    """Yield ``change``, and the move of the other edge where both ends of a window moved."""
    if change.anchor:
        yield change
    if change.occurrence.shape in _DAY_SHAPES or change.before.shape in _DAY_SHAPES:
        return
    for anchor in Anchor:
        if anchor is not change.anchor:
            old, new = change.before.edge(anchor), change.occurrence.edge(anchor)
            yield replace(change, anchor=anchor, old=old, new=new, session=None)


def _edges(change: Change, language: str) -> tuple[str, str]:
    new = _edge(change.new, change.occurrence, language) or translate("a date to be announced", language)
    return _edge(change.old, change.before, language), new


def _line(what: str, values: tuple[str, str], language: str) -> str:
    """Return a line for two values that differ; empty where one is missing or both are equal."""
    old, new = values
    if not old or not new or old == new:
        return ""
    return translate("{what} from {old} to {new}", language, what=what, old=old, new=new)


def period_text(occurrence: Occurrence, language: str) -> str:
    """Return when an occurrence takes place, both edges where there are two; empty where it has no date."""
    opens, closes = occurrence.opens, occurrence.closes
    is_expected = occurrence.status is Status.EXPECTED
    if opens and closes and occurrence.shape not in _DAY_SHAPES:
        return span_text(opens, closes, language, expected=is_expected)
    edge = opens or closes
    if edge is None:
        return ""
    if occurrence.days and len(occurrence.days) > 1:
        days = (Edge(edge.at, day) for day in occurrence.days)
        return translate(", ", language).join(edge_text(day, language, expected=is_expected) for day in days)
    return edge_text(edge, language, expected=is_expected)


class _Notice:
    """Leads of one change."""

    def __init__(self, change: Change, now: datetime, language: str) -> None:
        self.change = change
        self.now = now
        self.language = language
        self.words = Words(change.occurrence, now, language)
        self.say = self.words.say
        self.old = _edge(change.old, change.before, language)
        self.was = period_text(change.before, language)

    def moved(self) -> Lead:
        is_earlier = self.change.kind is ChangeKind.EARLIER
        new = self.change.new
        if new is None:
            return self.postponed()
        sentence = "“{name}”: {what} is now earlier, {new}; it was {old}." if is_earlier else (
            "“{name}”: {what} is now later, {new}; it was {old}."
        )  # fmt: skip
        what = _what(self.change, self.language)
        text = self.say(sentence, name=self.words.name, what=what, new=self._with_left(new), old=self.old)
        point = "Changed: {what} brought forward to {when}" if is_earlier else "Changed: {what} put off to {when}"
        return Lead(text, self._point(point, new, what), "due" if is_earlier else "news")

    def announced(self) -> Lead:
        when = period_text(self.change.occurrence, self.language)
        expected = self.change.occurrence.status is Status.EXPECTED
        sentence = "“{name}” now has an expected date: {when}." if expected else "“{name}” has been announced: {when}."
        new = self.change.new
        point = (
            self._point("Expected: {when}" if expected else "Announced: {when}", new) if new else self.say("Announced")
        )
        return Lead(self.say(sentence, name=self.words.name, when=when), point, "news")

    def postponed(self) -> Lead:
        new = self.change.new
        if new is None or (self.change.old and self.change.old.at == new.at):
            text = self.say("“{name}” is postponed; the new date is not known yet. It was {old}.",
                            name=self.words.name, old=self.was or self.say("to be announced"))  # fmt: skip
            return Lead(text, self.say("Changed: postponed, new date to be announced"), "due")
        if not self.old:
            text = self.say("“{name}” is postponed to {new}.", name=self.words.name, new=self._with_left(new))
        else:
            text = self.say("“{name}” is postponed to {new}; it was {old}.",
                            name=self.words.name, new=self._with_left(new), old=self.old)  # fmt: skip
        return Lead(text, self._point("Changed: postponed to {when}", new), "due")

    def cancelled(self) -> Lead:
        if self.was:
            text = self.say("“{name}” is cancelled; it was to be {old}. Do not act on the old date.",
                            name=self.words.name, old=self.was)  # fmt: skip
        else:
            text = self.say("“{name}” is cancelled.", name=self.words.name)
        return Lead(text, self.say("Changed: cancelled"), "off")

    def revived(self) -> Lead:
        when = period_text(self.change.occurrence, self.language) or self.say("to be announced")
        text = self.say("“{name}” takes place after all: {when}.", name=self.words.name, when=when)
        return Lead(text, self.say("Changed: takes place after all"), "due")

    def moved_place(self) -> Lead:
        _, place = _places(self.change, self.language)
        when = period_text(self.change.occurrence, self.language) or self.say("to be announced")
        text = self.say("“{name}” takes place elsewhere: {place}. Time: {when}.",
                        name=self.words.name, place=place, when=when)  # fmt: skip
        return Lead(text, self.say("Changed: new place"), "due")

    def _with_left(self, new: Edge) -> str:
        when = self.words.when(new)
        if new.at <= self.now:
            return when
        is_closing = self.change.anchor is Anchor.CLOSES
        left = self.words.left(new) if is_closing else self.words.ahead(new)
        return self.say("{when}, {left}", when=when, left=left)

    def _point(self, msgid: str, edge: Edge, what: str = "") -> str:
        when = self.words.point("{when}", edge)
        return self.say(msgid, when=when, what=what)


def _what(change: Change, language: str) -> str:
    """Return the name of the edge that moved."""
    occurrence = change.occurrence
    if change.session is not None:
        paper = next((one for one in occurrence.sessions if one.number == change.session), None)
        name = one_line(paper.name.in_(language)) if paper else str(change.session)
        return translate("start of “{name}”", language, name=name)
    if occurrence.shape in _DAY_SHAPES or change.before.shape in _DAY_SHAPES:
        return translate("date", language)
    if change.anchor is Anchor.CLOSES:
        return translate("end", language) if occurrence.kind is Kind.EXAM else translate("closing time", language)
    return translate("time", language) if occurrence.shape is Shape.INSTANT else translate("opening time", language)


def _edge(edge: Edge | None, occurrence: Occurrence, language: str) -> str:
    return edge_text(edge, language, expected=occurrence.status is Status.EXPECTED) if edge else ""


def _places(change: Change, language: str) -> tuple[str, str]:
    old, new = change.before.location, change.occurrence.location
    return (one_line(old.in_(language)) if old else "", one_line(new.in_(language)) if new else "")
