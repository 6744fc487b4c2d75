"""Gather settings from the environment, from ``examcal.toml`` and from the files that secrets lie in."""

from __future__ import annotations

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from examcal.errors import ConfigurationError, Sentence, reason_of
from examcal.settings.doubts import breaks_lines, variable_in
from examcal.settings.model import Settings

PREFIX = "EXAMCAL_"
DEFAULT_FILE = Path("examcal.toml")
_LARGEST_FILE = 1_000_000
_LARGEST_SECRET = 10_000
_NOT_SETTINGS = frozenset({"config"})  # names the settings file itself
_NAMED = {("wecom", "robots"), ("wecom", "apps"), ("apprise",)}


class Gathered:
    """Settings as read, with the place each came from."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}
        self.origins: dict[tuple[str, ...], str] = {}
        self.wrong: list[Sentence] = []
        self.warnings: list[Sentence] = []
        self.files: list[tuple[str, Path]] = []

    def put(self, path: tuple[str, ...], value: object, origin: str) -> None:
        """Set a value; one that is already there wins, because the stronger source is read first."""
        if path in self.origins:
            return
        if _kind(path) is SecretStr and breaks_lines(value):
            self.wrong.append(Sentence("{origin}: has a line break or a control character in it", {"origin": origin}))
        branch = self.tree
        for key in path[:-1]:
            branch = branch.setdefault(key, {})
            if not isinstance(branch, dict):
                return
        branch[path[-1]] = value
        self.origins[path] = origin

    def origin(self, path: tuple[str | int, ...]) -> str:
        """Return where the value at ``path`` was set, or how it would be called in the environment."""
        names = tuple(str(step) for step in path)
        for length in range(len(names), 0, -1):
            if names[:length] in self.origins:
                return self.origins[names[:length]]
        return PREFIX + "__".join(names).upper()


def gather(config: Path | None, environ: Mapping[str, str] | None) -> Gathered:
    """Return what the environment and the settings file say. Raises ConfigurationError for an unreadable file."""
    environ = os.environ if environ is None else environ
    gathered = Gathered()
    _gather_environment(gathered, environ)
    named = config or (Path(environ["EXAMCAL_CONFIG"]) if environ.get("EXAMCAL_CONFIG") else None)
    if named or DEFAULT_FILE.is_file():
        _gather_file(gathered, named or DEFAULT_FILE)
    return gathered


def _gather_environment(gathered: Gathered, environ: Mapping[str, str]) -> None:
    for variable in sorted(environ):
        if not variable.upper().startswith(PREFIX):
            continue
        path = tuple(variable[len(PREFIX) :].lower().split("__"))
        value, wanted = environ[variable], _secret_from_file(path) or path
        if path[0] in _NOT_SETTINGS:
            continue
        if _kind(wanted) is None:
            gathered.warnings.append(_unknown("{origin} is not a setting and is ignored", variable, path, variable))
        elif wanted is path:
            _refuse_variable(gathered, path, value, variable)
            gathered.put(path, value or None, variable)  # an empty variable is as good as none
        else:
            _put_from_file(gathered, wanted, value, variable)


def _gather_file(gathered: Gathered, file: Path) -> None:
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise ConfigurationError("{file}: the settings file is larger than 1 MB", file=file)
        tree = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(
            "{file}: there is no such settings file; `examcal init` writes one to start from", file=file
        ) from None
    except OSError as error:
        raise ConfigurationError("{file}: cannot be read: {reason}", file=file, reason=reason_of(error)) from None
    except UnicodeDecodeError:
        raise ConfigurationError("{file}: the settings file is not UTF-8", file=file) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("{file}: not valid TOML: {reason}", file=file, reason=error) from None
    for path, value in _leaves(tree):
        _gather_entry(gathered, path, value, f"{file}: {'.'.join(path)}")


def _gather_entry(gathered: Gathered, path: tuple[str, ...], value: object, origin: str) -> None:
    path = tuple(step.lower() for step in path)
    secret = _secret_from_file(path)
    if secret:
        _put_from_file(gathered, secret, value, origin)
    elif _kind(path) is None:
        gathered.wrong.append(_unknown("{origin} is not a setting", origin, path, path[-1]))
    else:
        _refuse_variable(gathered, path, value, origin)
        gathered.put(path, value, origin)


def _refuse_variable(gathered: Gathered, path: tuple[str, ...], value: object, origin: str) -> None:
    """Report ``${NAME}``, which other programs replace: here it would be the password itself."""
    written = variable_in(value)
    if written:
        setting = PREFIX + "__".join(path).upper()
        params = {"origin": origin, "written": written, "setting": setting}
        gathered.wrong.append(
            Sentence("{origin}: {written} is not replaced here; write the value, or set {setting} instead", params)
        )


def _put_from_file(gathered: Gathered, path: tuple[str, ...], file: object, origin: str) -> None:
    """Read a secret from a file; one line end at the end is not part of it."""
    gathered.files.append((origin, Path(str(file))))
    try:
        with Path(str(file)).open("rb") as stream:
            secret = stream.read(_LARGEST_SECRET).decode()
    except OSError as error:
        gathered.wrong.append(
            Sentence(
                '{origin}: the file "{file}" cannot be read: {reason}',
                {"origin": origin, "file": file, "reason": reason_of(error)},
            )
        )
        return
    except UnicodeDecodeError:
        gathered.wrong.append(Sentence('{origin}: the file "{file}" is not UTF-8', {"origin": origin, "file": file}))
        return
    secret = secret.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
    if not secret:
        gathered.wrong.append(Sentence('{origin}: the file "{file}" is empty', {"origin": origin, "file": file}))
        return
    gathered.put(path, secret, origin)


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in tree.items():
        path = (*above, key)
        if isinstance(value, dict) and not _is_leaf(path):
            yield from _leaves(value, path)
        else:
            yield path, value


def _is_leaf(path: tuple[str, ...]) -> bool:
    """Whether the setting at ``path`` takes a single value, so that a table there is for pydantic to refuse."""
    kind = _kind(tuple(step.lower() for step in path))
    return kind is not None and not (isinstance(kind, type) and issubclass(kind, BaseModel)) and not _is_table(kind)


def _is_table(kind: object) -> bool:
    return typing.get_origin(kind) is dict


def _kind(path: tuple[str, ...]) -> object | None:
    """Return the type that the settings have at ``path``, or None where there is no such setting."""
    kind: object = Settings
    for step in path:
        kind = _plain(kind)
        if _is_table(kind):
            kind = typing.get_args(kind)[1] if step else None
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and step in kind.model_fields:
            kind = kind.model_fields[step].annotation
        else:
            return None
    return _plain(kind)


def _plain(kind: object) -> object:
    """Return a type without ``Annotated`` and without ``| None``."""
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        rest = [option for option in typing.get_args(kind) if option is not type(None)]
        return _plain(rest[0]) if len(rest) == 1 else kind
    return kind


def _secret_from_file(path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the path of the secret that a ``…_file`` setting fills, or None where it is not one."""
    secret = (*path[:-1], path[-1].removesuffix("_file"))
    taken = _kind(path) is not None and path[:-1] not in _NAMED
    return secret if secret != path and not taken and _kind(secret) is SecretStr else None


def _unknown(msgid: str, origin: str, path: tuple[str, ...], written: str) -> Sentence:
    """Say that a key is unknown, with the most similar one that exists."""
    parent = _kind(path[:-1]) if path[:-1] else Settings
    known = list(parent.model_fields) if isinstance(parent, type) and issubclass(parent, BaseModel) else []
    nearest = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.6)
    if not nearest:
        return Sentence(msgid, {"origin": origin})
    meant = nearest[0] if written == path[-1] else PREFIX + "__".join((*path[:-1], nearest[0])).upper()
    return Sentence(msgid + "; did you mean {meant}?", {"origin": origin, "meant": meant})
