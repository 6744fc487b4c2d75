"""Usage errors of click, in the language of the user."""

from __future__ import annotations

import difflib
import re

import click

from examcal.cli.command import UnknownCommandError, places_in_words
from examcal.cli.words import say
from examcal.redaction import Redaction


def usage_in_words(error: click.ClickException) -> str:
    """Return the error as a sentence, with a pointer to the command's help."""
    sentence = _sentence(error)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "examcal"
    return sentence + "\n" + say("`{command} --help` shows what it takes.", command=path)


def _sentence(error: click.ClickException) -> str:
    match error:
        case UnknownCommandError():
            nearest = difflib.get_close_matches(error.name, error.known, n=1)
            return _with_guess(say("there is no command {name}", name=error.name), nearest)
        case click.NoSuchOption():
            return _no_option(error)
        case click.MissingParameter():
            return say("{name} is missing", name=_name(error))
        case click.BadParameter() if isinstance(getattr(error.param, "type", None), click.Choice):
            choices = ", ".join(str(choice) for choice in error.param.type.choices)  # type: ignore[union-attr]  # a Choice
            return say("{name} must be one of {choices}", name=_name(error), choices=choices)
        case click.BadParameter():
            return _bad_value(error)
        case _:
            return _other(error.format_message())


def _no_option(error: click.NoSuchOption) -> str:
    if isinstance(error.ctx and error.ctx.command, click.Group):
        return say("{name} cannot stand here; options come after the command", name=error.option_name)
    return _with_guess(say("there is no option {name}", name=error.option_name), error.possibilities)


def _other(message: str) -> str:
    """Return what click says about too many words on the line; other messages are examcal's own and translated.

    A word may be a database address with its password, which must not end in a log of what was typed.
    """
    extra = re.match(r"Got unexpected extra arguments? \((.*)\)", message)
    return say("more than the command takes: {words}", words=Redaction().text(extra[1])) if extra else message


def _bad_value(error: click.BadParameter) -> str:
    name, kind = _name(error), getattr(error.param, "type", None)
    if not isinstance(kind, click.types.IntParamType):
        return say("{name}: {reason}", name=name, reason=error.message)
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is not None and high is not None:
        return say("{name} must be a whole number from {low} to {high}", name=name, low=low, high=high)
    return say("{name} must be a whole number", name=name)


def _with_guess(sentence: str, possibilities: object) -> str:
    first = next(iter(possibilities), None) if isinstance(possibilities, (list, tuple)) else None
    return say("{sentence}; did you mean {meant}?", sentence=sentence, meant=first) if first else sentence


def _name(error: click.BadParameter) -> str:
    param = error.param
    if param is None:
        return str(error.param_hint or "?")
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return places_in_words(param.make_metavar(error.ctx))  # type: ignore[arg-type]  # click fills it in
