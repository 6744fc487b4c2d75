"""The reference of the command line, made from the commands themselves: ``docs/reference/commands.md``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from examcal.cli.main import COMMANDS, root
from examcal.cli.words import speak

HEADING = """# Commands

Made from the program itself (`python -m examcal.cli.reference`); a test compares the two. Options come after the
command. Every command takes `--schedule FILE`, `--config FILE`, `--lang zh-CN|en` and `--debug`; those that report take
`--format`. With `--format json` standard output holds JSON only; everything else goes to standard error.

Exit codes: 0 fine; 1 the answer is "no" (problems found, a guard refused); 2 the command line makes no sense; 65 bad
data; 66 no such input; 69 unavailable; 70 a mistake of examcal's own; 74 input or output failed; 75 another daemon
holds the ledger; 77 no permission; 78 configuration.
"""
_STANDARD = frozenset({"--schedule", "--config", "--lang", "--debug", "--help"})


def reference() -> str:
    """Return the page in English."""
    speak("en")
    group = root()
    context = click.Context(group, info_name="examcal")
    return HEADING + "".join(_command(context, name) for name in COMMANDS)


def _command(context: click.Context, name: str) -> str:
    group = context.command
    found = group.get_command(context, name) if isinstance(group, click.Group) else None
    if found is None:
        return ""
    inner = click.Context(found, info_name=name, parent=context)
    if isinstance(found, click.Group):
        parts = [f"\n## `{inner.command_path}`\n\n{found.help}\n"]
        return "".join([*parts, *(_command(inner, one) for one in found.list_commands(inner))])
    depth = "##" if inner.parent is context and context.parent is None else "###"
    usage = " ".join([inner.command_path, *found.collect_usage_pieces(inner)])
    lines = [f"\n{depth} `{inner.command_path}`\n", found.help or "", "", f"    {usage}", *_options(found, inner)]
    return "\n".join(lines) + "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    own = [param for param in command.get_params(context) if not _STANDARD.intersection(param.opts)]
    records = [record for param in own if (record := param.get_help_record(context))]
    if records:
        yield ""
        yield "| option | does |"
        yield "|---|---|"
        yield from (f"| `{name.replace('|', chr(92) + '|')}` | {text} |" for name, text in records)


if __name__ == "__main__":
    click.echo(reference(), nl=False)
