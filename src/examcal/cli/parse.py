"""``examcal parse``: how a date phrase is understood."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from examcal.cli.command import argument, command, option, usage_error
from examcal.cli.dates import edge_text, open_days_text, status_text
from examcal.cli.invocation import Invocation
from examcal.cli.output import warn, write, write_json
from examcal.cli.words import language, say
from examcal.errors import ExitCode
from examcal.schedule.model import OpenDays
from examcal.schedule.spoken import clock_range
from examcal.schedule.when import PhraseError, WindowReading, as_json, read_window


@command("parse", "Show how a date phrase is understood.", formats=("text", "json"))
@argument("phrase")
@option("--year", type=click.IntRange(1970, 2200), metavar="YEAR", about="The year where the phrase has none.")
@option("--zone", default="Asia/Shanghai", metavar="NAME", about="The time zone of the phrase.")
def COMMAND(invocation: Invocation, phrase: str, year: int | None, zone: str) -> int:  # noqa: N802 - looked up by this name
    """Read the phrase; 1 where it has no or several readings."""
    try:
        reading = read_window(phrase, zone=_zone(zone), year=year)
    except PhraseError as refused:
        return _refuse(invocation, refused)
    if invocation.wants_json:
        write_json(as_json(reading))
    else:
        _write_for_people(reading)
    return int(ExitCode.FINE)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        usage_error("there is no time zone {name}", name=name)


def _refuse(invocation: Invocation, refused: PhraseError) -> int:
    if invocation.wants_json:
        write_json({"error": refused.text(language()), "readings": list(refused.readings)})
        return int(ExitCode.NO)
    warn(refused.text(language()))
    if refused.hint:
        warn(refused.hint.text(language()))
    for reading in refused.readings:
        warn(say("  possible reading: {reading}", reading=reading))
    return int(ExitCode.NO)


def _write_for_people(reading: WindowReading) -> None:
    write(say("read as: {reading}", reading=reading.text))
    if reading.opens:
        write(say("opens: {edge} = {instant}", edge=edge_text(reading.opens), instant=reading.opens.at.isoformat()))
    if reading.closes:
        write(say("closes: {edge} = {instant}", edge=edge_text(reading.closes), instant=reading.closes.at.isoformat()))
    if reading.days:
        write(say("days: {days}", days=", ".join(day.isoformat() for day in reading.days)))
    if reading.open_days is not OpenDays.ALL:
        write(say("open: {days}", days=open_days_text(reading.open_days)))
    if reading.hours:
        write(say("hours: {hours}", hours=", ".join(clock_range(span, "-") for span in reading.hours)))
    write(say("status: {status}", status=status_text(reading.status)))
