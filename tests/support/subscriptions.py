"""The front of a site where people subscribe: real application, ledger, postman and mail channel; only time is set."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from examcal.channels.email import EmailChannel
from examcal.channels.smtp_session import Relay, Security
from examcal.cli.serving import mount
from examcal.feed.calendar import EventBook, feed_path
from examcal.ledger.opening import open_ledger
from examcal.ledger.store import SqlLedger
from examcal.subscription.desk import Desk
from examcal.subscription.postman import Postman
from examcal.subscription.screens import Screens
from examcal.subscription.site_key import site_key
from examcal.subscription.tokens import SiteKey
from examcal.subscription.wording import Controller
from examcal.web.app import Site
from examcal.web.router import Hosts
from examcal.web.shelf import Published, Shelf, fill_shelf
from examcal.web.subscription import SubscriptionRoutes
from examcal.web.subscription_request import networks
from support import schedules
from support.smtp_server import SmtpServer

BASE = "https://kaoshi.example.org"
EXAM = schedules.EVERYTHING_EXAM
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
CONTROLLER = Controller("某考试办公室", "privacy@example.org")
SENDER = "考试办公室 <office@example.org>"


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    boottime = monotonic

    def pass_(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


@dataclass
class Front:
    """What a test holds. ``client`` speaks to the application from 192.0.2.1, a peer that is no proxy."""

    ledger: SqlLedger
    key: SiteKey
    desk: Desk
    site: Site
    routes: SubscriptionRoutes
    postman: Postman
    smtp: SmtpServer
    clock: SetClock
    folder: Path
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, peer: str = "192.0.2.1", base: str = BASE) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.site, client=(peer, 4711), raise_app_exceptions=False)
        made = httpx.AsyncClient(transport=transport, base_url=base)
        self._clients.append(made)
        return made

    async def settle(self) -> None:
        """Wait until everything that follows an answer is done, and send what waits."""
        while self.routes._waiting:
            await asyncio.gather(*self.routes._waiting, return_exceptions=True)
        await self.postman.flush()

    async def ask(self, address: str = "li@example.cn", peer: str = "192.0.2.1", **fields: str) -> httpx.Response:
        answer = await self.client(peer).post("/subscribe", data={"email": address, "exam": EXAM, **fields})
        await self.settle()
        return answer

    def links(self, word: str = "confirm") -> list[str]:
        """Return the paths of all links of a kind in all mails, oldest first."""
        return [urlsplit(found).path for mail in self.mails() for found in re.findall(rf"{BASE}/{word}/\S+", mail)]

    def mails(self) -> list[str]:
        return [text_of(mail.octets) for mail in self.smtp.mails]

    async def subscribed(self, address: str = "li@example.cn", **fields: str) -> Welcome:
        """Let somebody subscribe and confirm."""
        before = len(self.smtp.mails)
        await self.ask(address, **fields)
        link = re.findall(rf"{BASE}(/confirm/\S+)", self.mails()[before])[0]
        page = (await self.client().post(link)).text
        with self.ledger.snapshot() as connection:
            kept = connection.exec_driver_sql(
                "SELECT unsubscribe_url FROM recipient JOIN subscriber USING (key) ORDER BY subscriber.id DESC"
            ).scalars()
            salt = str(kept.first()).partition(":")[2]
        return Welcome(
            link,
            re.findall(rf'href="{BASE}(/me/[^"]+)"', page)[0],
            re.findall(rf'value="{BASE}(/calendar/[^"]+)"', page)[0],
            f"/unsubscribe/{self.key.unsubscribe_token(salt)}",
        )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.ledger.snapshot() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@dataclass(frozen=True)
class Welcome:
    """The personal paths of a subscriber."""

    confirm: str
    own: str
    feed: str
    stop: str


def text_of(octets: bytes) -> str:
    """Return a mail's plain text."""
    body = email.message_from_bytes(octets, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@lru_cache(maxsize=1)
def shelf() -> Shelf:
    """Return the feeds of the schedule with every feature, and a front page."""
    book = EventBook(schedules.everything())
    paths: list[tuple[str | None, str | None]] = [(None, None)]
    for exam in book.schedule.exams:
        paths += [(exam.id, None), *((exam.id, site.id) for site in exam.sites)]
    files = {feed_path(*path): Published(book.feed(*path), 1_700_000_000) for path in paths}
    return fill_shelf("e1", {**files, "index.html": Published(b"<!doctype html>", 1_700_000_000)}, book.feed)


@asynccontextmanager
async def front(
    folder: Path, *, url: str | None = None, trusted: tuple[str, ...] = (), smtp: SmtpServer | None = None
) -> AsyncIterator[Front]:
    """Open the front of a site in ``folder``."""
    clock, schedule = SetClock(), schedules.everything()
    ledger = open_ledger(url or f"sqlite:///{folder}/var/examcal.db", folder / "var", START, machine=lambda: "m").ledger
    key = site_key(ledger, folder / "var", None)
    desk = Desk(ledger, key, lambda: schedule)
    routes = SubscriptionRoutes(desk, Screens(BASE, CONTROLLER, "zh-CN"), clock, shelf, networks(trusted))
    site = Site(Hosts(BASE), lambda: b"Mon, 05 Jan 2026 01:00:00 GMT", shelf=shelf())
    mount(site, routes)
    async with smtp or SmtpServer() as server:
        relay = Relay(host=server.host, port=server.port, security=Security.NONE)
        channel = EmailChannel(relay, sender=SENDER)
        postman = Postman(desk, channel, clock, BASE, CONTROLLER)
        made = Front(ledger, key, desk, site, routes, postman, server, clock, folder)
        try:
            yield made
        finally:
            for client in made._clients:
                await client.aclose()
            await channel.close()
            ledger.close()
