"""What can go wrong, as sentences for people: a problem in a document, or an error that ends a command.

Texts are kept as an English message identifier with named parameters and are put into words
(Chinese by default) only where they are shown, so an error can cross layers without choosing a language.
"""

from __future__ import annotations

import enum
import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from typing_extensions import override

from examcal.texts import DEFAULT_LANGUAGE, translate


class ExitCode(enum.IntEnum):
    """Exit codes of the command line; 65 and above are those of sysexits.h."""

    FINE = 0
    NO = 1
    USAGE = 2
    BAD_DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    SOFTWARE = 70
    IO = 74
    BUSY = 75
    NO_PERMISSION = 77
    CONFIGURATION = 78


class Severity(enum.StrEnum):
    """An error keeps a document from being accepted; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message identifier (English) and its named parameters, put into words by ``text``."""

    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the sentence in ``language`` ("zh-CN" or "en")."""
        params = {k: v.text(language) if isinstance(v, Sentence) else v for k, v in self.params.items()}
        return translate(self.msgid, language, **params)

    @override
    def __str__(self) -> str:
        """Return the sentence in English, for what is written without choosing a language."""
        return self.text("en")


_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of the path is no folder",
    errno.EISDIR: "it is a folder",
    errno.EEXIST: "it exists already",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOSPC: "no space is left",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.EADDRINUSE: "the address is in use",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.ECONNREFUSED: "the connection was refused",
    errno.ECONNRESET: "the connection was reset",
    errno.EPIPE: "the connection was closed",
    errno.EHOSTUNREACH: "the host cannot be reached",
    errno.ENETUNREACH: "the network cannot be reached",
    errno.ETIMEDOUT: "timed out",
}


def reason_of(error: OSError) -> Sentence:
    """Return why the operating system refused something; in its own words where we have none."""
    from socket import gaierror  # noqa: PLC0415 - only where something failed; its numbers are not those of errno

    if isinstance(error, gaierror):
        return Sentence("the name is not known")
    number = error.errno or (errno.ETIMEDOUT if isinstance(error, TimeoutError) else 0)
    return Sentence(_REASONS.get(number) or error.strerror or type(error).__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a document. ``line`` and ``column`` count from 1; 0 means the file as a whole."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    path: str
    message: Sentence
    hint: Sentence | None = None
    value: str | None = None

    def as_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, object]:
        """Return the finding with the names of the public contract (``check --format json``)."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message.text(language),
            "hint": self.hint.text(language) if self.hint else "",
        }


class ExamcalError(Exception):
    """The root of all errors that examcal raises on purpose; nobody sees a traceback for one."""

    exit_code: ClassVar[ExitCode] = ExitCode.SOFTWARE

    def __init__(self, msgid: str, /, **params: object) -> None:
        self.sentence = Sentence(msgid, params)
        super().__init__(msgid.format(**params) if params else msgid)

    def text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the error as a sentence in ``language``."""
        return self.sentence.text(language)


class ConfigurationError(ExamcalError):
    """A setting is missing, unknown or contradicts another one."""

    exit_code = ExitCode.CONFIGURATION


class ScheduleRejectedError(ExamcalError):
    """A schedule file has problems; all of them are in ``problems``."""

    exit_code = ExitCode.BAD_DATA

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("the schedule has {count} problem(s)", count=len(self.problems))


class NoInputError(ExamcalError):
    """A named file is missing or is not a regular readable file."""

    exit_code = ExitCode.NO_INPUT


class StorageError(ExamcalError, OSError):
    """Reading or writing on disk failed, or a stored file is damaged."""

    exit_code = ExitCode.IO


class PermissionDeniedError(ExamcalError, PermissionError):
    """The operating system forbids an access that is needed."""

    exit_code = ExitCode.NO_PERMISSION


class BusyError(ExamcalError):
    """Another daemon already holds the ledger."""

    exit_code = ExitCode.BUSY


class UnavailableError(ExamcalError):
    """A server or part that is needed cannot be reached or is not installed."""

    exit_code = ExitCode.UNAVAILABLE


class RefusedError(ExamcalError):
    """The answer is "no": a guard refused, nothing was changed."""

    exit_code = ExitCode.NO
