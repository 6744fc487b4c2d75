"""``examcal schema``: the JSON Schema of the schedule file, for editors."""

from __future__ import annotations

from examcal.cli.command import command
from examcal.cli.invocation import Invocation
from examcal.cli.output import write_json
from examcal.cli.words import language
from examcal.schedule.schema import json_schema


@command("schema", "Print the JSON Schema of the schedule file, for editors.")
def COMMAND(invocation: Invocation) -> None:  # noqa: N802 - looked up by this name
    """Write the schema."""
    del invocation
    write_json(json_schema(language()))
