"""``examcal show``: the resolved timeline, and what is next."""

from __future__ import annotations

import sys

from examcal.cli.command import command, excel_option, option
from examcal.cli.invocation import Invocation
from examcal.cli.output import write_csv, write_json
from examcal.cli.reading import present, read_schedule
from examcal.cli.timeline import Filter, rows, write_timeline


@command("show", "Show the timeline and what is next.", formats=("text", "json", "csv", "ics"))
@option("--exam", metavar="ID", about="Only this exam.")
@option("--site", metavar="ID", about="The windows of this site (id or name) where it has its own.")
@option("--track", metavar="ID", about="Only what concerns this track (id or name).")
@option(
    "--as", "role", metavar="track:ID,site:ID", about="As a candidate of this track and site sees it (ids or names)."
)
@excel_option
def COMMAND(  # noqa: N802 - looked up by this name
    invocation: Invocation, exam: str | None, site: str | None, track: str | None, role: str | None, *, excel: bool
) -> None:
    """Write the timeline."""
    now = present()
    schedule = read_schedule(invocation, now).schedule
    shown = Filter(exam, site, track).narrowed_to(role).resolved(schedule)
    match "csv" if excel else invocation.format:
        case "json":
            write_json(list(rows(schedule, shown)))
        case "csv":
            write_csv([{**row, "source": _address(row["source"])} for row in rows(schedule, shown)], excel=excel)
        case "ics":
            from examcal.feed.calendar import EventBook  # noqa: PLC0415 - icalendar is needed for this format only
            from examcal.feed.selection import Selection  # noqa: PLC0415 - same

            wishes = Selection(tracks=(shown.track,) if shown.track else (), sites=(shown.site,) if shown.site else ())
            sys.stdout.write(EventBook(schedule).feed(shown.exam, None, wishes).decode())
        case _:
            write_timeline(schedule, shown, now)


def _address(source: object) -> object:
    return source.get("url") or source.get("title") if isinstance(source, dict) else ""
