"""Logs on standard error: readable lines for people or JSON for machines, without secrets and addresses.

Our own messages, those of libraries, warnings of Python and exceptions that nobody caught take the same way.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from examcal.redaction import Redaction

_CHATTY = ("httpx", "httpcore", "apscheduler", "aiosmtplib", "uvicorn.error", "asyncio", "procrastinate", "alembic",
           "sqlalchemy", "psycopg", "apprise")  # fmt: skip
_OURS = frozenset({"level", "timestamp"})


class RedactedEvents:
    """Redacts every value of a log event (a structlog processor)."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's protocol
        """Return the event, fit for a log."""
        return {
            name: value if name in _OURS or name[:1] == "_" else self._clean(value) for name, value in event.items()
        }

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self._redaction.text(value if isinstance(value, str) else str(value))


def configure_logs(
    *, level: str = "info", form: str = "text", secrets: Iterable[str] = (), people: Iterable[str] = ()
) -> None:
    """Send all logs of this process to standard error. ``form`` is "text" or "json"; ``people`` are user ids."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _error_kind,
        RedactedEvents(Redaction(secrets, people)),
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
    _adopt_uncaught()


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
    logging.captureWarnings(True)  # noqa: FBT003 - the library's own signature


def _adopt_uncaught() -> None:
    """Log exceptions that nobody caught by kind and place; Python's own report would quote them."""
    log = structlog.get_logger()

    def of_thread(args: threading.ExceptHookArgs) -> None:
        log.error("a thread failed", thread=args.thread.name if args.thread else "?", exc_info=args.exc_value)

    def of_main(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        log.critical("the process failed", exc_info=error)

    threading.excepthook = of_thread
    sys.excepthook = of_main
    sys.unraisablehook = lambda args: log.error("an error could not be raised", exc_info=args.exc_value)


def _error_kind(_logger: Any, _method: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's protocol
    """Replace an exception by its kind and place: its text may quote what nobody may read."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
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
