"""Holds what ``deploy/`` writes to what the product has: commands, options, settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from examcal.cli.main import root
from examcal.settings import read_settings


def command_of(words: Sequence[str]) -> click.Command:
    """Return the command that ``words`` call; fail where a command or option does not exist."""
    found: click.Command = root()
    context = click.Context(found, info_name="examcal")
    rest = list(words)
    while isinstance(found, click.Group) and rest:
        name = rest.pop(0)
        child = found.get_command(context, name)
        assert child is not None, f"there is no command {name!r} in {' '.join(words)!r}"
        context = click.Context(child, info_name=name, parent=context)
        found = child
    assert not isinstance(found, click.Group), f"{' '.join(words)!r} is no complete command"
    known = {flag for param in found.params for flag in (*param.opts, *param.secondary_opts)} | {"--help", "-h"}
    for word in rest:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{' '.join(words)!r}: there is no option {word}"
    positional = [param for param in found.params if isinstance(param, click.Argument)]
    valued = {flag for param in found.params if isinstance(param, click.Option) and not param.is_flag
              for flag in param.opts}  # fmt: skip
    given = [word for position, word in enumerate(rest)
             if not word.startswith("-") and not (position and rest[position - 1] in valued)]  # fmt: skip
    most = None if any(param.nargs == -1 for param in positional) else len(positional)
    assert most is None or len(given) <= most, f"{' '.join(words)!r}: too many arguments"
    assert len(given) >= sum(param.required for param in positional), f"{' '.join(words)!r}: an argument is missing"
    return found


def settings_named(variables: Iterable[str]) -> list[str]:
    """Return which of the EXAMCAL_ variables are no settings."""
    wrong = []
    for variable in variables:
        if variable == "EXAMCAL_CONFIG":
            continue
        plain = variable.removesuffix("_FILE") if variable.endswith("_FILE") else variable
        _, warnings = read_settings(environ={plain: ""})
        if any(plain in warning.text("en") for warning in warnings):
            wrong.append(variable)
    return wrong
