"""The web server as the settings say: site, followed edition, selections, health."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog
from starlette.applications import Starlette

from examcal.clock import Clock
from examcal.daemon.background import in_background
from examcal.errors import ExamcalError, Sentence
from examcal.publication.manifest import Manifest
from examcal.publication.revisions import revise
from examcal.web import subscription
from examcal.web.app import Receive, Scope, Send, Site
from examcal.web.following import EditionFollower
from examcal.web.health import PREFIXES, Reason, Reasons, health_routes
from examcal.web.router import Hosts
from examcal.web.server import DateField
from examcal.web.shelf import Select

if TYPE_CHECKING:
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings
    from examcal.web.subscription import SubscriptionRoutes

_PERSONAL = re.compile(r"(/(?:confirm|me|unsubscribe|calendar))/.+", re.DOTALL)
_LIKE_A_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,}")
_LOOK_EVERY = 2.0  # seconds between two looks for an edition that somebody else published
ENDS_WITHIN = 18.0
"""Seconds from a signal to the end at the latest: well before a supervisor kills, and less than the 20 promised."""
_log = structlog.get_logger()


def make_site(settings: Settings, clock: Clock, reasons: Reasons) -> Site:
    """Return the site with its health routes; its shelf is empty."""
    dynamic = Starlette(routes=health_routes(reasons))
    return Site(
        Hosts(settings.base_url, settings.allowed_hosts),
        DateField(clock),
        dynamic=dynamic,
        prefixes=PREFIXES,
        fail=lambda error: _log.error("request failed", exc_info=error),
        record=_access_log() if settings.log_level == "debug" else _forget,
    )


def mount(site: Site, more: SubscriptionRoutes) -> None:
    """Let a site take subscriptions, beside what it answers already."""
    before, own = site.dynamic, more.application()

    async def dynamic(scope: Scope, receive: Receive, send: Send) -> None:
        app = own if before is None or scope["path"].startswith(subscription.PREFIXES) else before
        await app(scope, receive, send)

    site.dynamic = dynamic
    site.prefixes = (*site.prefixes, *subscription.PREFIXES)


def _forget(method: str, target: bytes, status: int, size: int) -> None:
    del method, target, status, size


def _access_log() -> Callable[[str, bytes, int, int], None]:
    def record(method: str, target: bytes, status: int, size: int) -> None:
        _log.debug("request", method=method, path=without_token(target), status=status, size=size)

    return record


def without_token(target: bytes) -> str:
    """Return a request's address for a log: without its query, and without the token of a personal address."""
    path = unquote(target.partition(b"?")[0].decode("ascii", "replace"))
    return _LIKE_A_TOKEN.sub("…", _PERSONAL.sub(r"\1/…", path))[:200]


def selecting_from(read: Callable[[], Schedule], clock: Clock) -> Callable[[Manifest], Select | None]:
    """Return what makes selections for an edition from the schedule that ``read`` returns."""

    def selecting(manifest: Manifest) -> Select | None:
        try:
            book = revise(read(), manifest, clock.now(), accept_shrink=True).book
        except ExamcalError as error:
            _log.warning("no selections: the schedule cannot be read", reason=str(error))
            return None
        return book.feed

    return selecting


def showing(site: Site, follower: EditionFollower) -> Callable[[], Awaitable[bool]]:
    """Return what puts the current edition on the shelf, one look at a time, and returns whether one is there."""
    looking = asyncio.Lock()

    async def show() -> bool:
        async with looking:
            try:
                site.shelf = await in_background(lambda: follower.look(site.shelf))
            except Exception as error:  # noqa: BLE001 - the last good edition stays, and reminders do not need pages
                _log.error("the edition cannot be shown", exc_info=error)
        return site.shelf is not None

    return show


async def follow(show: Callable[[], Awaitable[bool]]) -> None:
    """Show every new edition, whoever published it, until cancelled."""
    while True:
        await show()
        await asyncio.sleep(_LOOK_EVERY)


def edition_reasons(site: Site, follower: EditionFollower, language: str) -> Sequence[Reason]:
    """Return what is wrong with what is served."""
    if site.shelf is None:
        return [Reason("no-edition", Sentence("Nothing is published yet.").text(language), critical=True)]
    if follower.trouble is not None:
        return [Reason("edition-unreadable", follower.trouble.text(language))]
    return []


def _end_anyway() -> None:
    _log.warning("ended without waiting for calls that hang")
    os._exit(0)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first SIGTERM or SIGINT; a second one ends the process at once.

    So does the end of ``ENDS_WITHIN``: a call to a database that a network swallows cannot be cut short. What is lost
    with it is what a kill loses, and the ledger is made for that.
    """
    loop = asyncio.get_running_loop()

    def first(number: int) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        _log.info("stopping", signal=signal.Signals(number).name)
        last = threading.Timer(ENDS_WITHIN, _end_anyway)
        last.daemon = True
        last.start()
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, first, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
