"""``examcal init``: files to start from, empty or rolled over from last year."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import click

from examcal.cli.command import argument, command, option
from examcal.cli.invocation import Invocation
from examcal.cli.output import write
from examcal.cli.reading import present, read_schedule, today_of
from examcal.cli.roll_over import rolled_over
from examcal.cli.words import language, say
from examcal.errors import RefusedError
from examcal.schedule.schema import json_schema

_NAMES = {"schedule.yaml": "data/schedule.yaml", "examcal.toml": "examcal.toml", "README.md": "README.md"}
_SCHEMA = "data/schedule.schema.json"


@command("init", "Write a new schedule, settings file and README to start from.")
@argument("directory", required=False, default=".", type=click.Path(readable=False, path_type=Path, file_okay=False))
@option("--from-year", type=int, metavar="YEAR", about="Roll the exams of that year over, with dates to be announced.")
def COMMAND(invocation: Invocation, directory: Path, from_year: int | None) -> None:  # noqa: N802 - looked up by this name
    """Write the files; nothing that exists is overwritten."""
    now = present()
    texts = _texts(invocation, now, from_year)
    there = [name for name in texts if (directory / name).exists()]
    if there:
        raise RefusedError("{files} exist already in {directory}; nothing was written", files=", ".join(there),
                           directory=directory)  # fmt: skip
    for name, text in texts.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        write(say("wrote {file}", file=target))
    schedule = directory / _NAMES["schedule.yaml"]
    if directory.samefile("."):
        write(say("Next: edit {file}, then run `examcal check` and `examcal run`.", file=schedule))
    else:
        write(say("Next: edit {file}, then run `examcal check` and `examcal run` in {directory}.", file=schedule,
                  directory=directory))  # fmt: skip


def _texts(invocation: Invocation, now: datetime, from_year: int | None) -> dict[str, str]:
    folder = files("examcal.cli") / "scaffold"
    texts = {target: (folder / name).read_text(encoding="utf-8") for name, target in _NAMES.items()}
    if from_year is None:
        year = today_of(now).year + 1
        schedule = texts[_NAMES["schedule.yaml"]]
        texts[_NAMES["schedule.yaml"]] = schedule.replace("{exam}", f"example-{year}").replace("{year}", str(year))
    else:
        schedule = rolled_over(read_schedule(invocation, now).schedule, from_year)
        texts = {_NAMES["schedule.yaml"]: schedule}
    texts[_SCHEMA] = json.dumps(json_schema(language()), ensure_ascii=False, indent=2) + "\n"
    return texts
