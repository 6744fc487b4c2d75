"""Logs on standard error: readable lines for people or JSON for machines, without secrets and mail addresses.

Secrets are taken out by value (those of the settings) and by shape (``key=``, ``access_token=``, addresses of
people), in our own messages and in those of libraries.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

_SHORTEST_SECRET = 4
_HIDDEN = "***"
_QUERY = re.compile(r"(?i)\b(key|access_token|corpsecret|secret|token|password)=[^&\s\"']+")
_USER_INFO = re.compile(r"(?<=://)[^/\s@\"']+@")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]/=]+@[^\s<>\"',;:()\[\]]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_CHATTY = ("httpx", "httpcore", "apscheduler", "aiosmtplib", "uvicorn.error", "asyncio", "procrastinate", "alembic")


class Redaction:
    """Takes secrets and addresses out of whatever is logged."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longer ones first, so that a secret that contains another one goes as a whole.
        self._secrets = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return ``text`` on one line, without what nobody may read."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _USER_INFO.sub(f"{_HIDDEN}@", _QUERY.sub(rf"\1={_HIDDEN}", text))
        return _CONTROLS.sub("\ufffd", _ADDRESS.sub(_HIDDEN, text))

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's protocol
        """Redact every value of a log event."""
        return {
            name: self.text(value) if isinstance(value, str) else self._other(value) for name, value in event.items()
        }

    def _other(self, value: object) -> object:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(str(value))


def configure_logs(*, level: str = "info", form: str = "text", secrets: Iterable[str] = ()) -> None:
    """Send all logs of this process to standard error. ``form`` is "text" or "json"."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _error_kind,
        Redaction(secrets),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, sort_keys=False)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(threshold, shared, renderer)


def _adopt_libraries(threshold: int, shared: list[Processor], renderer: Processor) -> None:
    """Pass what libraries log through the same redaction; the chatty ones only from warnings on."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(max(threshold, logging.INFO))  # libraries log request addresses with keys at debug level
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _error_kind(_logger: Any, _method: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's protocol
    """Replace an exception by its kind and place: its text may quote what nobody may read."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            event["at"] = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
    return event
