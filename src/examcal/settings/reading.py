"""Read the settings from the environment and from ``examcal.toml``, and say in words what is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override

from examcal.errors import ConfigurationError, Sentence
from examcal.settings.doubts import doubts
from examcal.settings.gathering import PREFIX, Gathered, gather
from examcal.settings.model import Audience, Settings
from examcal.settings.values import UnfitValueError
from examcal.texts import DEFAULT_LANGUAGE

_FINDINGS = {  # by pydantic's type of error; parameters are those of its context
    "missing": "is missing",
    "literal_error": "must be one of {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "model_type": "must be a table of settings",
    "model_attributes_type": "must be a table of settings",
    "dict_type": "must be a table of settings",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
}


class SettingsRejectedError(ConfigurationError):
    """Settings do not fit; ``sentences`` has one for each finding, without any secret value."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("the settings have {count} problem(s)", count=len(self.sentences))

    @override
    def text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the findings, one a line."""
        return "\n".join(sentence.text(language) for sentence in self.sentences)


def read_settings(
    config: Path | None = None, *, environ: Mapping[str, str] | None = None
) -> tuple[Settings, tuple[Sentence, ...]]:
    """Return the settings, and warnings: environment variables that mean nothing, addresses that cause a storm.

    ``config`` names the settings file and must exist; without it ``EXAMCAL_CONFIG``, else ``examcal.toml`` is read if
    there is one. Raises SettingsRejectedError with every finding.
    """
    gathered = gather(config, environ)
    settings = _validated(gathered)
    gathered.wrong.extend(_contradictions(settings, gathered) if settings else ())
    if gathered.wrong or settings is None:
        raise SettingsRejectedError(gathered.wrong)
    return settings, (*gathered.warnings, *doubts(settings))


def secret_files(
    config: Path | None = None, *, environ: Mapping[str, str] | None = None
) -> tuple[tuple[str, Path], ...]:
    """Return the files that secrets are read from, each with the setting that names it. Raises what reading raises."""
    return tuple(gather(config, environ).files)


def _validated(gathered: Gathered) -> Settings | None:
    try:
        return Settings(**_without_unset(gathered.tree))
    except ValidationError as error:
        gathered.wrong.extend(_in_words(detail, gathered) for detail in error.errors(include_url=False))
        return None


def _without_unset(tree: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: _without_unset(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in kept.items() if value is not None}


def _in_words(detail: ErrorDetails, gathered: Gathered) -> Sentence:
    origin = gathered.origin(tuple(step for step in detail["loc"] if step != "[key]"))
    if detail["loc"][:1] == ("audiences",):
        origin = _audience_place(detail["loc"], gathered)
    return Sentence("{origin}: {finding}", {"origin": origin, "finding": _finding(detail)})


def _audience_place(location: tuple[str | int, ...], gathered: Gathered) -> str:
    place = gathered.origins.get(("audiences",), "audiences")
    if len(location) > 1 and isinstance(location[1], int):
        place += f"[{location[1] + 1}]" + "".join(f".{step}" for step in location[2:3])
    return place


def _finding(detail: ErrorDetails) -> Sentence:
    context = detail.get("ctx", {})
    error = context.get("error")
    if isinstance(error, UnfitValueError):
        return error.sentence
    if detail["type"] == "extra_forbidden":
        return _unknown_in_audience(str(detail["loc"][-1]))
    msgid = _FINDINGS.get(detail["type"], "must be a text")
    return Sentence(msgid, {name: str(value).replace("'", "") for name, value in context.items()})


def _unknown_in_audience(key: str) -> Sentence:
    nearest = difflib.get_close_matches(key, Audience.model_fields, n=1, cutoff=0.6)
    if nearest:
        return Sentence("is not a setting; did you mean {meant}?", {"meant": nearest[0]})
    return Sentence("is not a setting")


def _contradictions(settings: Settings, gathered: Gathered) -> Iterator[Sentence]:
    """Yield what single values cannot show: audiences and admins that use a channel nobody configured."""
    names: dict[str, set[str]] = {
        "wecom": set(settings.wecom.robots),
        "wecom-app": set(settings.wecom.apps),
        "apprise": set(settings.apprise),
    }
    seen: set[str] = set()
    for position, audience in enumerate(settings.audiences):
        place = _audience_place(("audiences", position), gathered)
        if audience.name in seen:
            yield Sentence('{origin}: the name "{name}" is used twice', {"origin": place, "name": audience.name})
        seen.add(audience.name)
        yield from _unconfigured(place, audience.channel, names, has_mail=bool(settings.smtp.host))
    for admin in settings.admins:
        channel = admin.lower() if ":" in admin and "@" not in admin else "email"
        if channel != "email":
            yield from _unconfigured(gathered.origin(("admins",)), channel, names, has_mail=True)


def _unconfigured(place: str, channel: str, names: Mapping[str, set[str]], *, has_mail: bool) -> Iterator[Sentence]:
    kind, _, name = channel.partition(":")
    if kind == "email" and not has_mail:
        yield Sentence(
            "{origin}: uses e-mail, but {setting} is not set", {"origin": place, "setting": "EXAMCAL_SMTP__HOST"}
        )
    if kind not in names or name in names[kind]:
        return
    wanted = {"wecom": "WECOM__ROBOTS__{}", "wecom-app": "WECOM__APPS__{}__…", "apprise": "APPRISE__{}"}[kind]
    setting = PREFIX + wanted.format(name.upper())
    nearest = difflib.get_close_matches(name, names[kind], n=1, cutoff=0.6)
    if nearest:
        yield Sentence(
            "{origin}: channel {channel} is not configured ({setting}); did you mean {meant}?",
            {"origin": place, "channel": channel, "setting": setting, "meant": f"{kind}:{nearest[0]}"},
        )
    else:
        yield Sentence(
            "{origin}: channel {channel} is not configured; set {setting}",
            {"origin": place, "channel": channel, "setting": setting},
        )
