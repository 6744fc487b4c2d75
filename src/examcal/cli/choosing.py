"""Exams, sites and tracks on the command line: by id, or by the name that people know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from examcal.cli.command import usage_error
from examcal.cli.words import language
from examcal.schedule.model import Kind, Schedule, Text
from examcal.schedule.spoken import KINDS
from examcal.texts import LANGUAGES, translate

_MOST_KNOWN = 30
_FULL_WIDTH = str.maketrans("：，、", ":,,")


class Named(Protocol):
    """What has an id and a name: an exam, a site, a track."""

    @property
    def id(self) -> str:
        """The id."""

    @property
    def name(self) -> Text:
        """The name."""


def id_of(value: str | None, known: Iterable[Named], option: str) -> str | None:
    """Return the id of what ``value`` names by id or name; stop with a usage error where there is none, or several."""
    if value is None:
        return None
    named = list(known)
    ids = {one.id for one in named}
    if value in ids:
        return value
    wanted = value.strip().casefold()
    found = {one.id for one in named if wanted in {text.casefold() for _, text in one.name.values}}
    near = [text for one in named for _, text in one.name.values if wanted and wanted in text.casefold()]
    if not found and len(near) == 1:
        usage_error(
            "{name}: the schedule has no {value}; did you mean {meant}?", name=option, value=value, meant=near[0]
        )
    if not found:
        usage_error("{name}: the schedule has no {value}; it has: {known}", name=option, value=value,
                    known=", ".join(_shown(named)) or "-")  # fmt: skip
    if len(found) > 1:
        usage_error("{name}: {value} is the name of several: {known}", name=option, value=value,
                    known=", ".join(sorted(found)))  # fmt: skip
    return found.pop()


def kind_of(value: str) -> str:
    """Return the kind that ``value`` names by id or in words; stop with a usage error where there is none."""
    words = {translate(KINDS[kind], spoken): kind.value for kind in Kind for spoken in LANGUAGES}
    found = value if value in words.values() else words.get(value)
    if found is None:
        usage_error("{name}: the schedule has no {value}; it has: {known}", name="--as", value=value,
                    known=", ".join(kind.value for kind in Kind))  # fmt: skip
    return found


def exams_of(schedule: Schedule) -> Iterator[Named]:
    """Yield the exams."""
    yield from schedule.exams


def sites_of(schedule: Schedule, exam: str | None = None) -> Iterator[Named]:
    """Yield the sites, of one exam or of all."""
    for one in schedule.exams:
        if exam in {None, one.id}:
            yield from one.sites


def tracks_of(schedule: Schedule, exam: str | None = None) -> Iterator[Named]:
    """Yield the tracks, of one exam or of all."""
    for one in schedule.exams:
        if exam in {None, one.id}:
            yield from one.tracks


def role_entries(role: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of ``track:ID,site:ID``, also with the punctuation of a Chinese keyboard."""
    for entry in role.translate(_FULL_WIDTH).split(","):
        kind, _, value = entry.strip().partition(":")
        if kind not in {"exam", "site", "track", "kind"} or not value.strip():
            usage_error('--as: write it as track:ID,site:ID, not "{value}"', value=entry)
        yield kind, value.strip()


def _shown(named: list[Named]) -> list[str]:
    """Return ids with their names, each once."""
    words = {one.id: one.name.in_(language()) for one in named}
    return [one if name == one else f"{name} ({one})" for one, name in list(words.items())[:_MOST_KNOWN]]
