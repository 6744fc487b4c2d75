"""``examcal diff``: what an edit changes for people, before anybody hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

from examcal.cli.command import argument, command
from examcal.cli.dates import edge_text, moment_text, status_text, window_text
from examcal.cli.editions import previous_from
from examcal.cli.effect import Effect, ReminderChange, SiteLoss, effect_of, effect_on
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import looking, texts_of
from examcal.cli.output import console, plain, write, write_json
from examcal.cli.reading import present, read_file, read_schedule, today_of
from examcal.cli.subscribed import subscriber_groups
from examcal.cli.wiring import audiences_of
from examcal.cli.words import language, say
from examcal.delivery.acceptance import choices
from examcal.errors import ExamcalError, NoInputError
from examcal.feed.calendar import feed_path
from examcal.plan.audience import OUTBOX_AUDIENCE, Audience, Choice, choices_of
from examcal.publication.published import Previous, current_folder
from examcal.schedule.changes import Change, ChangeKind, ChangeSeverity
from examcal.schedule.loader import load
from examcal.schedule.model import Anchor, Schedule, Shape, Status

_MOST_SITES = 3
"""Feeds of more sites of one exam are not listed one by one, where all of them change."""
ACCEPTED = "accepted"
PUBLISHED = "published"
_KINDS = {
    ChangeKind.EARLIER: "earlier",
    ChangeKind.LATER: "later",
    ChangeKind.ANNOUNCED: "announced",
    ChangeKind.POSTPONED: "postponed",
    ChangeKind.CANCELLED: "cancelled",
    ChangeKind.REVIVED: "takes place after all",
    ChangeKind.MOVED_PLACE: "other place",
}


@command("diff", "Show what an edit changes for people.", formats=("text", "json", "markdown"))
@argument("old", metavar="OLD|accepted|published|URL")
@argument("new", required=False, type=click.Path(readable=False, path_type=Path))
def COMMAND(invocation: Invocation, old: str, new: Path | None) -> None:  # noqa: N802 - looked up by this name
    """Compare two schedules; OLD may be what the daemon works with, or an edition here or elsewhere."""
    now = present()
    after = read_file(new, now).schedule if new else read_schedule(invocation, now).schedule
    audiences = audiences_of(invocation.settings)
    chosen = _chosen(invocation, audiences)
    told = (*(audiences or (OUTBOX_AUDIENCE,)), *subscriber_groups(invocation.settings))
    previous = _published(invocation, old)
    if previous:
        effect = effect_on(previous, after, told, now, chosen)
    else:
        before = _accepted(invocation, now) if old == ACCEPTED else read_file(Path(old), now).schedule
        effect = effect_of(before, after, told, now, chosen)
    match invocation.format:
        case "json":
            write_json(_as_json(effect))
        case "markdown":
            write("\n".join(_as_markdown(effect, after)))
        case _:
            _write(effect, after)


def _chosen(invocation: Invocation, audiences: Sequence[Audience]) -> list[Choice]:
    """Return what recipients chose: as the ledger knows them, subscribers and all, else as the settings say."""
    with suppress(ExamcalError), looking(invocation.settings) as ledger:
        if ledger is not None:
            return choices(ledger)
    return choices_of(audiences)


def _published(invocation: Invocation, old: str) -> Previous | None:
    """Return the edition that OLD means, or None where it means a schedule."""
    place = str(invocation.settings.published) if old == PUBLISHED else old
    if old != PUBLISHED and not old.startswith(("http://", "https://")) and current_folder(Path(old)) is None:
        return None
    previous = previous_from(place)
    if previous.manifest is None:
        raise NoInputError("nothing is published at {place} yet", place=place)
    return previous


def _accepted(invocation: Invocation, now: datetime) -> Schedule:
    with looking(invocation.settings) as ledger:
        version = ledger.current() if ledger else None
    if version is None:
        raise NoInputError("no daemon has accepted a schedule yet")
    return load(texts_of(version), today=today_of(now)).schedule


def _as_json(effect: Effect) -> dict[str, object]:
    return {
        "changes": [
            {
                "kind": change.kind.value,
                "severity": change.severity.value,
                "exam": change.occurrence.exam,
                "milestone": change.occurrence.milestone,
                "site": change.occurrence.site,
                "name": change.occurrence.name.in_(language()),
                "anchor": change.anchor.value if change.anchor else None,
                "old": change.old.at.isoformat() if change.old else None,
                "new": change.new.at.isoformat() if change.new else None,
                "old_status": change.before.status.value,
                "new_status": change.occurrence.status.value,
            }
            for change in effect.changes
        ],
        "added": list(effect.added),
        "removed": list(effect.removed),
        "sites": [
            {"exam": one.exam, "site": one.site, "windows": one.windows, "recipients": one.recipients}
            for one in effect.sites
        ],
        "details": [
            {"occurrence": one.occurrence, "field": one.name, "old": one.old, "new": one.new} for one in effect.details
        ],
        "feeds": list(effect.feeds),
        "reminders": [
            {
                "kind": one.kind,
                "occurrence": one.occurrence,
                "rule": one.rule,
                "old": one.old.isoformat() if one.old else None,
                "new": one.new.isoformat() if one.new else None,
            }
            for one in effect.reminders
        ],
        "recipients": effect.recipients,
        "held": effect.is_held,
    }


def _title(effect: Effect, occurrence: str) -> str:
    """Return what people call an occurrence; its id where only an edition knows it."""
    return " · ".join(text.in_(language()) for text in effect.titles.get(occurrence, ())) or occurrence


def _change_line(effect: Effect, change: Change) -> str:
    """Return e.g. ``提前：网上报名 截止 2026-02-11 周三 24:00 → 2026-02-10 周二 24:00（预计 → 已确认）``."""
    what = " ".join(part for part in (_title(effect, change.occurrence.id), _moved(change)) if part)
    before, after = change.before.status, change.occurrence.status
    if before is not after and Status.TBA not in {before, after}:
        what = say("{what} ({old} → {new})", what=what, old=status_text(before), new=status_text(after))
    return f"{say(_KINDS[change.kind])}{say(': ')}{what}"


def _moved(change: Change) -> str:
    """Return the edge that moved, from when to when; the dates as a whole where none did."""
    if change.kind is ChangeKind.MOVED_PLACE:
        return " → ".join(
            place.in_(language()) for one in (change.before, change.occurrence) if (place := one.location)
        )
    if (change.old and change.old.at) == (change.new and change.new.at):
        return window_text(change.occurrence) if change.occurrence.is_dated else ""
    edge = ""
    if Shape.WINDOW in {change.before.shape, change.occurrence.shape}:
        edge = say("opens") if change.anchor is Anchor.OPENS else say("closes")
    old, new = (edge_text(one) or say("to be announced") for one in (change.old, change.new))
    return f"{edge} {old} → {new}".lstrip()


def _reminder_line(effect: Effect, one: ReminderChange, zone: str) -> str:
    words = {"added": "reminder added", "moved": "reminder moved", "cancelled": "reminder cancelled"}
    instants = [moment_text(at, zone) for at in (one.old, one.new) if at]
    colon = say(": ")
    return f"{say(words[one.kind])}{colon}{_title(effect, one.occurrence)} {one.rule}{colon}{' → '.join(instants)}"


def _milestone_line(effect: Effect, words: str, occurrence: str) -> str:
    title = _title(effect, occurrence)
    return say(words, id=occurrence if title == occurrence else f"{title} ({occurrence})")


def _site_line(lost: SiteLoss) -> str:
    name = f"{lost.name.in_(language())} " if lost.name else ""
    return say(
        "removed: {site}; it had {windows} dates of its own, and {recipients} recipients chose it",
        site=f"{name}{lost.exam}@{lost.site}",
        windows=lost.windows,
        recipients=lost.recipients,
    )


def _detail_lines(effect: Effect) -> Iterator[str]:
    """Yield what differs beside dates: what is short from what to what, texts by their names, each milestone once."""
    texts: dict[str, list[str]] = {}
    colon = say(": ")
    for one in effect.details:
        if one.old is None:
            texts.setdefault(one.occurrence, []).append(one.word)
        else:
            title = "" if one.name == "name" else _title(effect, one.occurrence) + colon
            yield f"{one.word}{colon}{title}{one.old} → {one.new}"
    for occurrence, words in texts.items():
        yield f"{say('texts')}{colon}{_title(effect, occurrence)}{colon}{say(', ').join(words)}"


def _feed_lines(effect: Effect, schedule: Schedule) -> Iterator[str]:
    """Yield the paths of the feeds; those of all sites of an exam as one, others with the site's name."""
    names = {feed_path(exam.id, site.id): site.name for exam in schedule.exams for site in exam.sites}
    summed: set[str] = set()
    for exam in schedule.exams:
        paths = {feed_path(exam.id, site.id) for site in exam.sites}
        if len(paths) > _MOST_SITES and paths <= set(effect.feeds):
            summed |= paths
    told: set[str] = set()
    for path in effect.feeds:
        folder = path.rpartition("/")[0]
        if path not in summed:
            yield f"{path} ({names[path].in_(language())})" if path in names else path
        elif folder not in told:
            told.add(folder)
            sites = sum(1 for one in summed if one.rpartition("/")[0] == folder)
            yield say("{path} (all {count} sites)", path=f"{folder}/*.ics", count=sites)


def _lines(effect: Effect, schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Yield heading and line pairs."""
    zone = schedule.zone
    for change in effect.changes:
        yield "Dates", _change_line(effect, change)
    for identifier in effect.added:
        yield "Milestones", _milestone_line(effect, "new: {id}", identifier)
    for identifier in effect.removed:
        yield "Milestones", _milestone_line(effect, "removed: {id}", identifier)
    for lost in effect.sites:
        yield "Sites", _site_line(lost)
    for line in _detail_lines(effect):
        yield "Other changes, without a notice", line
    for one in effect.reminders:
        yield "Reminders", _reminder_line(effect, one, zone)
    for line in _feed_lines(effect, schedule):
        yield "Feeds", line


def _urgent(effect: Effect) -> set[str]:
    """Return the lines that nobody may overlook: red on a terminal, bold in markdown."""
    return {_change_line(effect, change) for change in effect.changes if change.severity is ChangeSeverity.URGENT}


def _closing(effect: Effect) -> Iterator[str]:
    if effect.changes:
        yield say("{recipients} recipients will get a change notice.", recipients=effect.recipients)
    if effect.is_held:
        yield say("This edit takes away so much that the daemon will hold it for `examcal schedule accept`.")


def _as_markdown(effect: Effect, schedule: Schedule) -> Iterator[str]:
    if effect.is_nothing:
        yield say("Nobody will notice this edit.")
        return
    urgent = _urgent(effect)
    heading = ""
    for group, line in _lines(effect, schedule):
        if group != heading:
            heading = group
            yield f"\n### {say(group)}\n"
        yield f"- **{_escaped(line)}**" if line in urgent else f"- {_escaped(line)}"
    yield ""
    yield from _closing(effect)


def _escaped(line: str) -> str:
    return "".join(f"\\{c}" if c in "\\`*_[]<>|" else c for c in plain(line))


def _write(effect: Effect, schedule: Schedule) -> None:
    if effect.is_nothing:
        write(say("Nobody will notice this edit."))
        return
    out = console()
    urgent = _urgent(effect)
    heading = ""
    for group, line in _lines(effect, schedule):
        if group != heading:
            heading = group
            out.print(say(group), style="bold")
        out.print(f"  {plain(line)}", style="red" if line in urgent else "")
    for line in _closing(effect):
        write(line)
