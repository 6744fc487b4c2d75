"""Put a daemon together from the settings: ledger, channels, deliveries, publication, web server, admins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from examcal.channels.outbox import OutboxChannel
from examcal.cli.editions import make_edition
from examcal.cli.engine import Engine
from examcal.cli.rendering import PublishedRevisions, make_renderer
from examcal.cli.wiring import channels_of
from examcal.clock import Clock
from examcal.daemon.admins import Admins, reach_of
from examcal.delivery.limits import paces
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.delivery.port import OnAttempt, OnFenced, Trouble
from examcal.dispatch.leadership import AdvisoryLeadership, FileLeadership, own_name
from examcal.errors import Sentence, UnavailableError
from examcal.ledger.opening import Opened, open_ledger
from examcal.ledger.shared_clock import SharedClock
from examcal.publication.publisher import publish

if TYPE_CHECKING:
    from examcal.channels.port import Channel
    from examcal.delivery.message_templates import TemplateFaultError
    from examcal.dispatch.port import Dispatcher
    from examcal.ledger.store import SqlLedger
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings


@contextmanager
def only_daemon(settings: Settings, now: datetime) -> Iterator[None]:
    """Hold the lock that lets one daemon work on an embedded ledger. Raises BusyError while another one does."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    lock = FileLeadership(settings.state_dir, now)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_engine(
    settings: Settings,
    clock: Clock,
    *,
    on_trouble: Callable[[Trouble], None],
    on_change: Callable[[], None],
    on_attempt: OnAttempt = lambda _channel, _outcome, _late: None,
    on_fenced: OnFenced = lambda _channel, _count: None,
) -> Engine:
    """Open the ledger and put everything that delivers together; call it while ``only_daemon`` holds."""
    now = clock.now()
    channels = channels_of(settings)
    opened = open_ledger(settings.database, settings.state_dir, now)
    ledger = opened.ledger
    shared = SharedClock(ledger, clock, lambda ahead: on_trouble(_skew(ahead))) if ledger.shared else None
    revisions = PublishedRevisions(settings, ledger)
    renderer = make_renderer(settings, revisions, on_fault=lambda fault: on_trouble(_fault(fault)))
    deliverer = Deliverer(
        ledger,
        channels,
        renderer,
        shared or clock,
        dispatcher=_dispatcher(ledger),
        paces=paces(
            channels, smtp_per_minute=settings.smtp.rate_per_minute, smtp_connections=settings.smtp.connections
        ),
        owner=own_name(),
        read_clock=shared.read if shared else lambda: None,
        debounce=timedelta(seconds=settings.change_debounce),
        shrink_grace=timedelta(seconds=settings.shrink_grace),
        blast_limit=settings.blast_limit,
        on_trouble=on_trouble,
        on_change=on_change,
        on_attempt=on_attempt,
        on_fenced=on_fenced,
    )
    leadership = AdvisoryLeadership(ledger.engine) if ledger.shared else None
    return Engine(settings, shared or clock, opened, deliverer, channels, revisions, renderer, leadership, clock)


def _skew(ahead: timedelta | None) -> Trouble:
    """Say that this machine's clock is wrong, or the database's; ``count`` 0 is the end of it."""
    if ahead is None:
        return Trouble("clock-skew", Sentence("this machine's clock agrees with the database's again"), count=0)
    seconds = {"seconds": f"{abs(ahead.total_seconds()):.0f}"}
    if ahead > timedelta(0):
        words = Sentence("this machine's clock is {seconds} s ahead of the database's, by which is sent", seconds)
    else:
        words = Sentence("this machine's clock is {seconds} s behind the database's, by which is sent", seconds)
    return Trouble("clock-skew", words, remedy=Sentence("keep the clocks of all machines right by NTP"))


def _fault(fault: TemplateFaultError) -> Trouble:
    remedy = Sentence("examcal's own template was used instead; `examcal doctor` tries all templates")
    return Trouble("template", fault.sentence, remedy=remedy)


def _dispatcher(ledger: SqlLedger) -> Dispatcher | None:
    """Return the queue's side of a shared ledger; None delivers in this process."""
    if not ledger.shared:
        return None
    try:
        from examcal.dispatch.procrastinate_ import ProcrastinateDispatcher  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise UnavailableError("PostgreSQL needs more parts: install examcal[postgres]") from None
    return ProcrastinateDispatcher(ledger)


def make_admins(settings: Settings, clock: Clock, channels: dict[str, Channel], renderer: Renderer) -> Admins:
    """Return the way to the admins; what mail or a robot does not take goes to the outbox folder."""
    files = OutboxChannel(settings.outbox)
    reach = reach_of(settings.admins, channels, lambda: files)
    return Admins(reach, renderer, clock, settings.language, files)


def publishing(
    settings: Settings,
    clock: Clock,
    revisions: PublishedRevisions,
    base_url: str,
    leads: Callable[[], bool] = lambda: True,
) -> Callable[[Schedule], Sequence[Sentence]]:
    """Return what publishes an accepted schedule: removed milestones were confirmed, and become tombstones.

    Where ``leads`` says no, it is published here only, and other machines do not hear of it.
    """

    def publish_schedule(schedule: Schedule) -> Sequence[Sentence]:
        edition = make_edition(
            schedule, settings, now=clock.now(), previous=revisions.previous(), base_url=base_url, accept_shrink=True
        )
        publish(edition, settings.published)
        if leads():
            revisions.published(edition)
        else:
            revisions.renew()
        return edition.warnings

    return publish_schedule


def opening_troubles(opened: Opened) -> Sequence[tuple[str, Sentence]]:
    """Return what opening the ledger found out that a person must hear."""
    found: list[tuple[str, Sentence]] = []
    if opened.held:
        found.append(("held", Sentence(
            "this ledger was made on another machine; run `examcal ledger adopt` if the other one is switched off"
        )))  # fmt: skip
    if opened.reconciled:
        found.append(("reconciled", Sentence(
            "the ledger is older than its journal; {count} deliveries were marked as sent", {"count": opened.reconciled}
        )))  # fmt: skip
    return found
