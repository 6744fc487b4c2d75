"""Metrics as the settings say: only with METRICS_LISTEN, on a listener of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from examcal import __version__
from examcal.channels.port import Outcome
from examcal.publication.manifest import CURRENT

if TYPE_CHECKING:
    from examcal.clock import Clock
    from examcal.settings import Settings
    from examcal.web.app import Site
    from examcal.web.health import Reason
    from examcal.web.metrics import Metrics
    from examcal.web.server import WebServer


def make_metrics(settings: Settings, clock: Clock) -> Metrics | None:
    """Return what counts, or None where nobody asks for it."""
    if settings.metrics_listen is None:
        return None
    from examcal.web.metrics import Metrics  # noqa: PLC0415 - only where metrics are asked for

    return Metrics(__version__, edition_age=lambda: _edition_age(settings, clock))


def metrics_servers(
    settings: Settings, metrics: Metrics | None, reasons: Callable[[], Sequence[Reason]]
) -> Sequence[WebServer]:
    """Return the listener of metrics and health. Raises UnavailableError where its address is taken."""
    if metrics is None or settings.metrics_listen is None:
        return ()
    from examcal.web.metrics import metrics_app  # noqa: PLC0415 - only where metrics are asked for
    from examcal.web.server import WebServer  # noqa: PLC0415 - same; a worker has no other server

    return (WebServer(metrics_app(metrics, reasons), *settings.metrics_listen, setting="EXAMCAL_METRICS_LISTEN"),)


def count_requests(site: Site, metrics: Metrics | None) -> None:
    """Let a site's responses be counted, too."""
    if metrics is None:
        return
    before, count = site.record, metrics.request

    def record(method: str, target: bytes, status: int, size: int) -> None:
        before(method, target, status, size)
        count(method, target, status, size)

    site.record = record


def counting_attempts(metrics: Metrics | None) -> Callable[[str, Outcome, float], None]:
    """Return what hears of ended attempts."""

    def heard(channel: str, outcome: Outcome, late: float) -> None:
        if metrics is not None:
            metrics.attempt(channel, outcome.value, late if outcome is Outcome.ACCEPTED else None)

    return heard


def counting_fenced(metrics: Metrics | None) -> Callable[[str, int], None]:
    """Return what hears of outcomes that came too late to count."""
    return metrics.fenced if metrics is not None else lambda _channel, _count: None


def counting_schedules(metrics: Metrics | None) -> Callable[[str], None]:
    """Return what hears of offered schedules."""

    def heard(result: str) -> None:
        if metrics is not None:
            metrics.schedule(result)

    return heard


def _edition_age(settings: Settings, clock: Clock) -> float | None:
    """Return how many seconds ago the current edition became current: that is when its link was made."""
    try:
        return clock.now().timestamp() - (settings.published / CURRENT).lstat().st_mtime
    except OSError:
        return None
