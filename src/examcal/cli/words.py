"""The language of the running command, and short ways to put words into it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextvars import ContextVar

from examcal.texts import DEFAULT_LANGUAGE, LANGUAGES, translate

_LANGUAGE: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def language() -> str:
    """Return the language in which this command speaks."""
    return _LANGUAGE.get()


def speak(chosen: str) -> None:
    """Let everything that follows speak ``chosen``."""
    _LANGUAGE.set(chosen)


def say(msgid: str, /, **params: object) -> str:
    """Return a sentence in the language of this command."""
    return translate(msgid, language(), **params)


def language_of(arguments: Sequence[str]) -> str:
    """Return the language that the command line or ``EXAMCAL_LANGUAGE`` asks for; help needs it before parsing."""
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        name, equals, value = argument.partition("=")
        if name == "--lang":
            asked = value if equals else next(iter(arguments[position + 1 :]), "")
            return asked if asked in LANGUAGES else DEFAULT_LANGUAGE
    asked = os.environ.get("EXAMCAL_LANGUAGE", "")
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE
