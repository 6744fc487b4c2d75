"""How commands are declared: standard options, help in the language of the user, nothing loaded before it is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from typing_extensions import override

from examcal.cli.definitions import definitions, folded
from examcal.cli.invocation import Invocation
from examcal.cli.words import say
from examcal.texts import LANGUAGES

_Function = TypeVar("_Function", bound=Callable[..., Any])


class UnknownCommandError(click.UsageError):
    """There is no such command; ``known`` are those that there are."""

    def __init__(self, name: str, known: Sequence[str], ctx: click.Context) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(name, ctx)


class _Worded:
    """Keeps help as a message identifier and shows it in the language of the user."""

    _msgid: str | None = None

    def _translated(self) -> str | None:
        return say(self._msgid) if self._msgid else None

    def _keep(self, msgid: str | None) -> None:
        self._msgid = msgid

    help = property(_translated, _keep, doc="The help text in the language of the user.")


class Option(_Worded, click.Option):
    """An option whose help is translated."""


class _Formatted:
    """Usage, options and epilogue with translated headings."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]  # of click.Command, mixed in below
        usage = places_in_words(" ".join(pieces).replace("...", "…"))
        formatter.write_usage(ctx.command_path, usage, prefix=say("Usage:") + " " * say("Usage:").endswith(":"))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        params = self.get_params(ctx)  # type: ignore[attr-defined]  # of click.Command, mixed in below
        found = [record for param in params if (record := param.get_help_record(ctx))]
        records = [(places_in_words(names), _notes_in_words(about)) for names, about in found if about]
        write_section(formatter, say("Options"), records)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, folded by columns."""
        del ctx
        for paragraph in (self.help or "").split("\n"):  # type: ignore[attr-defined]  # of click.Command, mixed in below
            formatter.write("\n" + "".join(f"  {line}\n" for line in folded(paragraph, formatter.width - 2)))

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)  # type: ignore[misc]  # of click.Command, mixed in below
        if option:
            option.help = say("Show this help and stop.")
        return option  # type: ignore[no-any-return]  # an option of click


def places_in_words(usage: str) -> str:
    """Return a usage line with its placeholders, ``FILE`` or ``[OPTIONS]``, in the language of the user."""
    return re.sub(r"\b[A-Z]{3,}\b", lambda found: say(found[0]), usage)


def write_section(formatter: click.HelpFormatter, heading: str, records: Sequence[tuple[str, str]]) -> None:
    """Write a part of a command's help: what there is, and what it does."""
    if records:
        formatter.write(f"\n{heading}{say(': ').rstrip()}\n{definitions(records, formatter.width)}")


def _notes_in_words(about: str) -> str:
    """Return an option's help with the notes that click adds in brackets in the language of the user."""
    about = re.sub(r"\[(\d+)<=x<=(\d+)\]", lambda found: f"[{found[1]}–{found[2]}]", about)
    about = re.sub(r"\[x>=(\d+)\]", lambda found: f"[≥ {found[1]}]", about)
    return about.replace("[required]", f"[{say('required')}]")


class Command(_Worded, _Formatted, click.Command):
    """A command whose help is translated."""


class Group(_Worded, _Formatted, click.Group):
    """A command with subcommands; all words are translated."""

    @override
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_section(formatter, say("Commands"), [(name, self.summary(ctx, name)) for name in self.list_commands(ctx)])

    def summary(self, ctx: click.Context, name: str) -> str:
        """Return the first line of a subcommand's help."""
        found = self.get_command(ctx, name)
        return (found.help or "").partition("\n")[0] if found else ""

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UnknownCommandError(args[0], self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The root: names and one-line summaries are listed here, a command's module is imported when it runs."""

    def __init__(self, commands: dict[str, tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 - click's own parameters
        super().__init__(**kwargs)
        self._lazy = commands

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        found: click.Command = import_module(f"examcal.cli.{self._lazy[cmd_name][0]}").COMMAND
        return found

    @override
    def summary(self, ctx: click.Context, name: str) -> str:
        return say(self._lazy[name][1])


def command(
    name: str, about: str, *, formats: tuple[str, ...] = (), group: Group | None = None
) -> Callable[[Callable[..., object]], click.Command]:
    """Declare a command: its function gets an Invocation first, then its own parameters.

    ``formats`` are the values of ``--format``, the first one is the default; none means that it does not report.
    """

    def declare(function: Callable[..., object]) -> click.Command:
        def call(**values: Any) -> object:  # noqa: ANN401 - what click parsed
            invocation = Invocation(
                schedule=values.pop("schedule_option"),
                config=values.pop("config_option"),
                debug=values.pop("debug_option"),
                format=values.pop("format_option", "text"),
            )
            values.pop("lang_option")
            return function(invocation, **values)

        params = list(reversed(getattr(function, "__click_params__", [])))
        declared = Command(name, callback=call, help=about, params=[*params, *_standard_options(formats)])
        if group is not None:
            group.add_command(declared)
        return declared

    return declare


def option(*names: str, about: str, **kwargs: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401 - click's own
    """Declare an option with translated help."""
    return click.option(*names, cls=Option, help=about, **kwargs)


def excel_option(function: _Function) -> _Function:
    """Declare ``--excel``: CSV with the byte order mark by which Excel knows UTF-8. Programs want it without one."""
    about = "CSV that Excel opens with Chinese intact (UTF-8 with a byte order mark)."
    return option("--excel", is_flag=True, about=about)(function)


def argument(*names: str, **kwargs: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401 - click's own
    """Declare a positional argument."""
    return click.argument(*names, **kwargs)


def _standard_options(formats: tuple[str, ...]) -> list[click.Parameter]:
    options: list[click.Parameter] = [
        Option(["--schedule", "schedule_option"], type=click.Path(readable=False, path_type=Path), metavar="FILE",
               help="The schedule file or folder (default: data/schedule.yaml)."),
        Option(["--config", "config_option"], type=click.Path(readable=False, path_type=Path), metavar="FILE",
               help="The settings file (default: examcal.toml, if there is one)."),
        Option(["--lang", "lang_option"], type=click.Choice(LANGUAGES), expose_value=True,
               help="The language of texts."),
        Option(["--debug", "debug_option"], is_flag=True, help="Show technical details of an unexpected error."),
    ]  # fmt: skip
    if formats:
        options.insert(0, Option(["--format", "format_option"], type=click.Choice(formats), default=formats[0],
                                 help="How to report."))  # fmt: skip
    return options


def usage_error(msgid: str, /, **params: object) -> NoReturn:
    """Stop because the command line makes no sense (exit code 2)."""
    raise click.UsageError(say(msgid, **params))
