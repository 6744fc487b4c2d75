"""Whether people still hear of what lies ahead: a milestone whose reminders are all past says nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from examcal.errors import Sentence
from examcal.schedule.dates import spoken, states_when
from examcal.schedule.model import Edge, Occurrence, Rule, Unit
from examcal.schedule.occurrences import Resolved
from examcal.schedule.workdays import Workdays

CUSTOMARY = 3
"""Days between the last reminder and what it counts from that are nothing to speak of: a schedule may end its reminders
with ``closes -3d``. Where the announcement itself came after the last reminder, nobody was reminded; that always is."""

MOST_RULES = 60_000
"""Rules in one schedule that are looked at here; a kind's 50 rules hold for each of thousands of milestones."""


def look_for_reminders(resolved: Resolved, workdays: Workdays, today: date) -> None:
    """Report an occurrence that is ahead, but whose last reminder was due before ``today``.

    Only rules count whose edge is still to come: one that only tells of the opening has done its work once it is open.
    On the last day itself it is too late for advice.
    """
    occurrence, draft = resolved.occurrence, resolved.draft
    if draft.site and not (states_when(draft.fields) or draft.fields.has("remind")):
        return
    if not draft.fields.findings.spend("rules of what is ahead", MOST_RULES, len(occurrence.rules)):
        return
    last: tuple[date, Edge, Rule] | None = None
    for rule, edge in _ahead(occurrence, today):
        due_on = _due_on(rule, edge, workdays)
        if due_on >= today:
            return
        if last is None or due_on > last[0]:
            last = due_on, edge, rule
    if last is None or not _is_worth_saying(occurrence, last[1], last[0]):
        return
    due_on, edge, rule = last
    params = {"name": str(occurrence.name), "anchor": rule.anchor, "edge": spoken(edge), "last": due_on.isoformat()}
    message = Sentence('no reminder of "{name}" is left before {anchor} {edge}; the last one was due on {last}', params)
    hint = Sentence(
        'add one that is still to come, e.g. "{rule}"; write "remind: []" where none is wanted',
        {"rule": _advice(rule, edge, today)},
    )
    place = draft.when.place_of(rule.anchor) if draft.when else draft.fields.value
    (draft.fields.key("remind") if draft.fields.has("remind") else place).report("reminders-past", message, hint)


def _ahead(occurrence: Occurrence, today: date) -> Iterator[tuple[Rule, Edge]]:
    for rule in occurrence.rules:
        edge = occurrence.edge(rule.anchor)
        if edge and edge.named_on > today:
            yield rule, edge


def _due_on(rule: Rule, edge: Edge, workdays: Workdays) -> date:
    """Return the day on which a rule falls due, quiet hours aside."""
    match rule.unit:
        case Unit.MINUTE | Unit.HOUR:
            return (edge.at + timedelta(**{"minutes" if rule.unit is Unit.MINUTE else "hours": rule.amount})).date()
        case Unit.WORKDAY:
            return workdays.shift(edge.named_on, rule.amount)
        case Unit.WEEK:
            return edge.named_on + timedelta(weeks=rule.amount)
        case _:
            return edge.named_on + timedelta(days=rule.amount)


def _is_worth_saying(occurrence: Occurrence, edge: Edge, due_on: date) -> bool:
    published = [source.published for source in occurrence.sources if source.published]
    return (edge.named_on - due_on).days > CUSTOMARY or bool(published and min(published) > due_on)


def _advice(rule: Rule, edge: Edge, today: date) -> str:
    """Return a rule that is still to come: the day before, else, on that day already, the last hours."""
    if (edge.named_on - today).days > 1:
        return f"{rule.anchor} -1d"
    return f"{rule.anchor} -2h" if edge.clock else f"{rule.anchor} 0d 09:00"
