"""``examcal feeds``: the addresses to subscribe to, for each kind of calendar, and what each calendar really does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from examcal.cli.command import command, option
from examcal.cli.invocation import Invocation
from examcal.cli.output import write, write_json, write_table
from examcal.cli.reading import present, read_schedule
from examcal.cli.timeline import Filter
from examcal.cli.words import language, say
from examcal.feed.addresses import NOTES, Addresses, addresses, qr_text
from examcal.feed.calendar import EventBook, feed_path
from examcal.feed.selection import Selection
from examcal.publication.edition import left_out
from examcal.publication.published import load_previous
from examcal.publication.window import Window
from examcal.schedule.model import Schedule

_WAYS = {
    "https": "Address",
    "webcal": "Apple and others",
    "google": "Google Calendar",
    "outlook": "Outlook.com",
    "office": "Microsoft 365 Calendar",
}


@command("feeds", "Show how to subscribe, for each kind of calendar.", formats=("text", "json"))
@option("--exam", metavar="ID", about="Only this exam.")
@option("--site", metavar="ID", about="The feed of this site (id or name).")
@option("--track", metavar="ID", about="Only what concerns this track (id or name).")
@option("--qr", is_flag=True, about="Draw a code that phones open in their calendar.")
def COMMAND(  # noqa: N802 - looked up by this name
    invocation: Invocation, exam: str | None, site: str | None, track: str | None, *, qr: bool
) -> None:
    """Write the addresses; they begin with ``BASE_URL``. A feed that editions leave out for its size has none."""
    schedule = read_schedule(invocation, present()).schedule
    wanted = Filter(exam, site, track).resolved(schedule)
    settings = invocation.settings
    found = dict(_feeds(schedule, wanted, settings.site_address))
    previous = load_previous(settings.published).manifest
    missing = left_out(
        schedule, now=present(), previous=previous, window=Window(settings.past_days, settings.future_days)
    )
    there = {name: at for name, (path, at) in found.items() if path not in missing}
    if invocation.wants_json:
        write_json([{"name": name, **asdict(at)} for name, at in there.items()])
        return
    too_large = "{name}: too large for calendar programs; subscribe to a smaller calendar (an exam, a site)."
    for name in (name for name in found if name not in there):
        write(say(too_large, name=name))
        write()
    for name, at in there.items():
        write(name)
        for way, label in _WAYS.items():
            write(f"  {say(label)}{say(': ')}{getattr(at, way)}")
        if qr:
            write(qr_text(at.webcal))
        write()
    _write_notes()


def _feeds(schedule: Schedule, wanted: Filter, base_url: str) -> Iterator[tuple[str, tuple[str, Addresses]]]:
    """Yield name, path and addresses: of all exams where there are several, then of each."""
    book = EventBook(schedule)
    exams = [exam for exam in schedule.exams if wanted.exam in {None, exam.id}]
    exams = [exam for exam in exams if wanted.site is None or exam.site(wanted.site)]
    exams = [exam for exam in exams if wanted.track is None or exam.track(wanted.track)]
    query = Selection(tracks=(wanted.track,)).query if wanted.track else ""
    places: list[tuple[str | None, str | None]] = [(exam.id, wanted.site) for exam in exams]
    if len(schedule.exams) != 1 and wanted == Filter():
        places.insert(0, (None, None))
    for exam_id, site in places:
        name = book.title(exam_id, site, language())
        path = feed_path(exam_id, site)
        yield name, (path, addresses(base_url, path, name, query))


def _write_notes() -> None:
    """Say how late each calendar learns of changes, and whether it rings."""
    told = ((note.client, note.refresh, note.alarms, note.how) for note in NOTES)
    rows = [tuple(words.text(language()) for words in note) for note in told]
    headings = [say(name) for name in ("Calendar", "Refreshes", "Alarms", "How")]
    write_table(headings, rows)
