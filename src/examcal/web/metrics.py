"""What Prometheus reads, on a listener of its own: counted in this process, or looked up in the ledger when asked.

Labels are names from the settings and words of ours, never addresses; their number is bounded by the settings. Every
family is in ``FAMILIES``, and ``docs/reference/metrics.md`` says what each means.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from typing_extensions import override

from examcal.errors import ExamcalError
from examcal.ledger.backups import last_backup
from examcal.ledger.port import Ledger
from examcal.ledger.rows import State, instant
from examcal.web.app import AsgiApp, Receive, Scope, Send
from examcal.web.health import PREFIXES, Reasons, health_routes

LATENESS: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""Upper bounds in seconds. A message leaves within a second of its instant, a retry within 36 minutes."""
LAST_TICK: Final = "last_tick"
"""The ledger's note of when deliveries were last looked at, in microseconds since 1970."""
_SHORTEST_REST: Final = 5.0
_REST: Final = 20
_CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One exported family: ``name`` as Prometheus shows it, and where it comes from."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    about: str


FAMILIES: Final = (
    Family("examcal_build_info", "gauge", ("version",), "The running version; the value is always 1."),
    Family("examcal_deliveries_planned_total", "counter", (), "Deliveries ever planned, by the planner's own count."),
    Family("examcal_deliveries", "gauge", ("channel", "state"), "Deliveries in the ledger by state."),
    Family("examcal_conserved", "gauge", (), "1 while everything ever planned is open or ended, else 0."),
    Family("examcal_due_deliveries", "gauge", ("channel",), "Deliveries that may leave now (10000 at most)."),
    Family("examcal_overdue_seconds", "gauge", ("channel",), "For how long the oldest of them could have left."),
    Family("examcal_channel_paused", "gauge", ("channel",), "1 while a channel waits after failures, else 0."),
    Family("examcal_last_tick_timestamp_seconds", "gauge", (), "When deliveries were last looked at (Unix time)."),
    Family("examcal_last_backup_timestamp_seconds", "gauge", (), "When the ledger was copied last (Unix time)."),
    Family("examcal_ledger_reachable", "gauge", (), "1 if the ledger answered this look, else 0."),
    Family("examcal_leader", "gauge", (), "1 while this process plans and keeps the timer, 0 while it stands by."),
    Family("examcal_queue_answered_timestamp_seconds", "gauge", (), "When the queue last answered (Unix time)."),
    Family("examcal_attempts_total", "counter", ("channel", "outcome"), "Ended attempts of this process."),
    Family("examcal_fenced_total", "counter", ("channel",), "Outcomes that came after another process had taken over."),
    Family(
        "examcal_delivery_lateness_seconds", "histogram", ("channel",), "From the due instant to acceptance."
    ),
    Family("examcal_schedules_total", "counter", ("result",), "Schedule versions accepted, rejected or held."),
    Family("examcal_trouble", "gauge", ("code",), "1 for each condition that needs attention; absent otherwise."),
    Family("examcal_edition_age_seconds", "gauge", (), "Since the current edition became current."),
    Family("examcal_http_requests_total", "counter", ("kind", "status"), "Responses: feed, page or application."),
)  # fmt: skip
_BY_NAME: Final = {family.name: family for family in FAMILIES}


@dataclass(frozen=True, slots=True)
class LedgerLook:
    """What one look at the ledger found; channels by name. ``last_tick`` and ``last_backup`` are Unix time."""

    planned: int
    conserved: bool
    states: Mapping[str, Mapping[str, int]]
    due: Mapping[str, int]
    overdue: Mapping[str, float]
    paused: Mapping[str, bool]
    last_tick: float | None
    last_backup: float | None = None


def look_at(ledger: Ledger, now: datetime) -> LedgerLook:
    """Read everything that is exported of a ledger; blocks. Raises what the ledger raises."""
    counts, tick, backup = ledger.counts(), ledger.note(LAST_TICK), last_backup(ledger)
    names = {row.id: row.name for row in ledger.channels()}
    waiting = ledger.next_due_by_channel(now)
    due = ledger.due_by_channel(now)
    return LedgerLook(
        planned=counts.planned_total,
        conserved=counts.is_conserved,
        states={
            name: {state.value: number for state, number in states.items()}
            for name, states in ledger.counts_by_channel().items()
        },
        due={name: due.get(number, 0) for number, name in names.items()},
        overdue={
            name: max(0.0, (now - waiting[number]).total_seconds()) if number in waiting else 0.0
            for number, name in names.items()
        },
        paused={row.name: row.open_at is not None and row.open_at > now for row in ledger.channels()},
        last_tick=instant(int(tick)).timestamp() if tick else None,
        last_backup=backup.timestamp() if backup else None,
    )


@dataclass(eq=False)
class Metrics(Collector):
    """Counts what this process does, and asks the others when Prometheus does.

    ``look`` reads the ledger (None where another process exports it), ``leads`` says whether this process plans,
    ``troubles`` are the codes of conditions in force, ``edition_age`` is in seconds or None, ``answered_at`` says when
    the queue last answered. Everything that counts is called in the event loop; a look at the ledger is repeated only
    after twenty times the time that it took.
    """

    version: str
    look: Callable[[], LedgerLook] | None = None
    leads: Callable[[], bool] | None = None
    troubles: Callable[[], Sequence[str]] = lambda: ()
    edition_age: Callable[[], float | None] = lambda: None
    answered_at: Callable[[], datetime | None] = lambda: None
    _requests: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _attempts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _fenced: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _schedules: Counter[str] = field(default_factory=Counter)
    _lateness: dict[str, list[int]] = field(default_factory=dict)
    _late_sum: Counter[str] = field(default_factory=Counter)
    _looked: tuple[float, LedgerLook | None] | None = None

    def request(self, method: str, target: bytes, status: int, size: int) -> None:
        """Count a response (``web.app.Recorder``)."""
        del method, size
        kind = "feed" if target.startswith(b"/feeds/") else _kind_of(target)
        self._requests[kind, str(status)] += 1

    def attempt(self, channel: str, outcome: str, late: float | None) -> None:
        """Count an ended attempt; ``late`` is how many seconds after its instant an accepted message left."""
        self._attempts[channel, outcome] += 1
        if late is not None:
            late = max(0.0, late)
            self._lateness.setdefault(channel, [0] * (len(LATENESS) + 1))[bisect_left(LATENESS, late)] += 1
            self._late_sum[channel] += late  # type: ignore[assignment]  # a Counter adds up fractions as well

    def fenced(self, channel: str, count: int) -> None:
        """Count outcomes that the ledger did not take, because another process works on their deliveries."""
        self._fenced[(channel,)] += count

    def schedule(self, result: str) -> None:
        """Count an offered schedule: "accepted", "rejected" or "held"."""
        self._schedules[result] += 1

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield every family that this process has something to say about."""
        yield _gauge("examcal_build_info", {(self.version,): 1})
        if self.look is not None:
            yield from self._of_ledger(self.look)
        if self.leads is not None:
            yield _gauge("examcal_leader", {(): self.leads()})
        answered_at = self.answered_at()
        if answered_at is not None:
            yield _gauge("examcal_queue_answered_timestamp_seconds", {(): answered_at.timestamp()})
        yield _counter("examcal_attempts_total", self._attempts)
        yield _counter("examcal_fenced_total", self._fenced)
        yield self._histogram()
        yield _counter("examcal_schedules_total", {(result,): count for result, count in self._schedules.items()})
        yield _gauge("examcal_trouble", {(code,): 1 for code in self.troubles()})
        age = self.edition_age()
        if age is not None:
            yield _gauge("examcal_edition_age_seconds", {(): max(0.0, age)})
        yield _counter("examcal_http_requests_total", self._requests)

    def _of_ledger(self, look: Callable[[], LedgerLook]) -> Iterator[Metric]:
        found = self._rested(look)
        yield _gauge("examcal_ledger_reachable", {(): found is not None})
        if found is None:
            return
        by_state: dict[tuple[str, ...], float] = {
            (name, state.value): found.states.get(name, {}).get(state.value, 0) for name in found.due for state in State
        }
        yield _counter("examcal_deliveries_planned_total", {(): found.planned})
        yield _gauge("examcal_deliveries", by_state)
        yield _gauge("examcal_conserved", {(): found.conserved})
        yield _gauge("examcal_due_deliveries", {(name,): count for name, count in found.due.items()})
        yield _gauge("examcal_overdue_seconds", {(name,): age for name, age in found.overdue.items()})
        yield _gauge("examcal_channel_paused", {(name,): paused for name, paused in found.paused.items()})
        if found.last_tick is not None:
            yield _gauge("examcal_last_tick_timestamp_seconds", {(): found.last_tick})
        if found.last_backup is not None:
            yield _gauge("examcal_last_backup_timestamp_seconds", {(): found.last_backup})

    def _rested(self, look: Callable[[], LedgerLook]) -> LedgerLook | None:
        """Look, unless the last look is so recent that looking again would cost more than it tells."""
        begun = time.monotonic()
        if self._looked is not None and begun < self._looked[0]:
            return self._looked[1]
        try:
            found: LedgerLook | None = look()
        except ExamcalError:
            found = None
        ended = time.monotonic()
        self._looked = ended + max(_SHORTEST_REST, _REST * (ended - begun)), found
        return found

    def _histogram(self) -> Metric:
        name = "examcal_delivery_lateness_seconds"
        family = HistogramMetricFamily(name, _BY_NAME[name].about, labels=_BY_NAME[name].labels)
        for channel, numbers in self._lateness.items():
            below, buckets = 0, []
            for bound, number in zip((*map(str, LATENESS), "+Inf"), numbers, strict=True):
                below += number
                buckets.append((bound, below))
            family.add_metric([channel], buckets, self._late_sum[channel])
        return family


def exposition(metrics: Metrics) -> Callable[[], bytes]:
    """Return what puts all metrics, and those of the process (memory, time, files), into Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry)


def metrics_app(metrics: Metrics, reasons: Reasons = lambda: ()) -> AsgiApp:
    """Return the application of the metrics listener: ``/metrics``, ``/healthz`` and ``/readyz``.

    A worker has no other listener, so who watches it asks here.
    """
    expose, health = exposition(metrics), Starlette(routes=health_routes(reasons))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] in PREFIXES:
            await health(scope, receive, send)
            return
        found = scope["path"] == "/metrics" and scope["method"] in {"GET", "HEAD"}
        body = await asyncio.to_thread(expose) if found else b"see /metrics\n"
        kind = _CONTENT_TYPE if found else b"text/plain"
        fields = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": fields})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return app


def _kind_of(target: bytes) -> str:
    path = target.partition(b"?")[0]
    word = path.split(b"/", 2)[1] if path.count(b"/") else b""
    ours = {b"subscribe", b"confirm", b"me", b"unsubscribe", b"calendar", b"healthz", b"readyz"}
    return "application" if word in ours else "page"


def _gauge(name: str, values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, _BY_NAME[name].about, labels=_BY_NAME[name].labels)
    for labels, value in sorted(values.items()):
        family.add_metric(labels, float(value))
    return family


def _counter(name: str, values: Mapping[tuple[str, ...], float]) -> Metric:
    family = CounterMetricFamily(name, _BY_NAME[name].about, labels=_BY_NAME[name].labels)
    for labels, value in sorted(values.items()):
        family.add_metric(labels, float(value))
    return family
