"""All parts of ``examcal run``, and which tells which: deliveries, publication, web server, subscriptions, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from examcal.cli.measuring import (
    count_requests,
    counting_attempts,
    counting_fenced,
    counting_schedules,
    make_metrics,
    metrics_servers,
)
from examcal.cli.running import make_admins, make_engine, opening_troubles, publishing
from examcal.cli.serving import edition_reasons, follow, make_site, mount, selecting_from, showing
from examcal.cli.subscribing import ScheduleInForce, make_desk, make_postman, make_routes
from examcal.clock import SystemClock
from examcal.daemon.daemon import Daemon
from examcal.daemon.heartbeat import ping
from examcal.daemon.parts import Conditions, Parts
from examcal.daemon.watching import ScheduleWatch
from examcal.delivery.port import Trouble
from examcal.errors import Sentence
from examcal.publication.manifest import Manifest
from examcal.subscription.postman import Postman
from examcal.web.following import EditionFollower
from examcal.web.health import Reason
from examcal.web.server import WebServer
from examcal.web.shelf import Select

if TYPE_CHECKING:
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings

_CRITICAL = frozenset({"ledger", "clock", "stalled"})
"""While one of these is so, the main job does not run."""


class Composition:
    """The parts of one process that does everything. Made on the loop that runs it, while ``only_daemon`` holds."""

    def __init__(self, settings: Settings, schedule: Path, ready: Callable[[str, Schedule | None], None]) -> None:
        self.settings, self.clock = settings, SystemClock()
        self.loop = asyncio.get_running_loop()
        self.conditions = Conditions()
        self.accepted: list[Schedule] = []
        self.metrics = make_metrics(settings, self.clock)
        self.engine = make_engine(
            settings,
            self.clock,
            on_trouble=self._pass_on,
            on_change=self._wake,
            on_attempt=counting_attempts(self.metrics),
            on_fenced=counting_fenced(self.metrics),
        )
        self.admins = make_admins(settings, self.clock, self.engine.channels, self.engine.renderer)
        self.follower = EditionFollower(settings.published, self._selecting)
        self.site = make_site(settings, self.clock, self._reasons)
        self.show = showing(self.site, self.follower)
        self.web = WebServer(self.site, *settings.listen)
        self.address = settings.base_url or f"http://{settings.listen._replace(port=self.web.address[1])}"
        self._publish = publishing(settings, self.clock, self.engine.revisions, self.address, self._leads)
        self._count()
        self.daemon = Daemon(self._parts(schedule, ready))
        for code, sentence in opening_troubles(self.engine.opened):
            self.admins.tell(code, sentence)

    async def run(self) -> None:
        """Run until the daemon is stopped, and show every new edition meanwhile."""
        following = asyncio.create_task(follow(self.show))
        await self.daemon.run()
        following.cancel()

    def _parts(self, schedule: Path, ready: Callable[[str, Schedule | None], None]) -> Parts:
        settings, secret = self.settings, self.settings.heartbeat_url
        return Parts(
            self.clock,
            self.engine,
            ScheduleWatch(schedule),
            self._publish_and_keep,
            self.show,
            self.admins,
            self.conditions,
            servers=[self.web, *self._postmen(), *metrics_servers(settings, self.metrics, self._reasons)],
            ping=partial(ping, secret.get_secret_value()) if secret else None,
            ping_every=settings.heartbeat_every,
            is_well=self._is_well,
            weekly_summary=settings.weekly_summary,
            ready=partial(ready, self.address),
            on_schedule=counting_schedules(self.metrics),
        )

    def _publish_and_keep(self, schedule: Schedule) -> Sequence[Sentence]:
        self.accepted[:] = [schedule]
        return self._publish(schedule)

    def _selecting(self, manifest: Manifest) -> Select | None:
        return selecting_from(lambda: self.accepted[-1], self.clock)(manifest) if self.accepted else None

    def _leads(self) -> bool:
        return self.engine.leading

    def _wake(self) -> None:
        self.daemon.wake()

    def _pass_on(self, trouble: Trouble) -> None:
        self.loop.call_soon_threadsafe(self._hear, trouble)

    def _hear(self, trouble: Trouble) -> None:
        """Pass trouble of the deliveries on to the admins; a paused channel is told again when it pauses again."""
        if not trouble.count:
            self.conditions.set(trouble.code, None)
            return
        self.conditions.set(trouble.code, trouble.sentence)
        remedy = () if trouble.remedy is None else (trouble.remedy,)
        self.admins.tell(f"{trouble.code} {trouble.sentence.text('en')}", trouble.sentence, *remedy)

    def _reasons(self) -> Sequence[Reason]:
        language, conditions = self.settings.language, self.conditions.by_code.items()
        own = [Reason(code, sentence.text(language), critical=code in _CRITICAL) for code, sentence in conditions]
        return [*edition_reasons(self.site, self.follower, language), *own]

    def _is_well(self) -> bool:
        """Return whether the main job runs, and what should have left by now has left."""
        return "overdue" not in self.conditions.by_code and not any(one.critical for one in self._reasons())

    def _count(self) -> None:
        """Tell the metrics where to look."""
        metrics, ledger = self.metrics, self.engine.opened.ledger
        if metrics is None:
            return
        from examcal.web.metrics import look_at  # noqa: PLC0415 - only where metrics are asked for

        metrics.look = lambda: look_at(ledger, self.engine.clock.now())
        metrics.leads = self._leads
        metrics.answered_at = lambda: self.engine.taker.answered_at if self.engine.taker else None
        metrics.troubles = lambda: tuple(self.conditions.by_code)
        count_requests(self.site, metrics)

    def _postmen(self) -> Sequence[Postman]:
        """Let people subscribe by e-mail, where that is set up; return who sends the letters."""
        settings, ledger = self.settings, self.engine.opened.ledger
        if not settings.takes_subscribers:
            return ()
        postmen: list[Postman] = []
        desk = make_desk(
            settings,
            ledger,
            ScheduleInForce(self.accepted, ledger, self.clock),
            on_letter=lambda: self.loop.call_soon_threadsafe(postmen[0].wake),
            on_change=lambda: self.loop.call_soon_threadsafe(self._wake),
        )
        postmen.append(make_postman(settings, desk, self.engine.channels["email"], self.clock, self.address))
        mount(self.site, make_routes(settings, desk, self.clock, lambda: self.site.shelf, self.address))
        return postmen
