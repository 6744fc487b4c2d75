"""Subscription over HTTP: the form's target, the pages behind the links in mails, and personal feeds.

GET never changes anything, because mail scanners and browsers fetch links in advance; a change is always a POST from a
page of ours (or, to unsubscribe, RFC 8058's one-click POST). There are no cookies and no redirects. Every answer is
private, and an unknown, expired, revoked or foreign token gets one and the same 404.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from examcal.clock import Clock
from examcal.errors import ExamcalError
from examcal.subscription.addresses import UnfitAddressError, read_address
from examcal.subscription.choice import Choice, UnfitChoiceError, read_choice
from examcal.subscription.desk import Desk, Welcome
from examcal.subscription.screens import Screens
from examcal.subscription.subscribers import Status, Subscriber
from examcal.subscription.tokens import Purpose
from examcal.texts import LANGUAGES
from examcal.web.personal_feeds import PersonalFeeds
from examcal.web.shelf import Shelf
from examcal.web.subscription_request import (
    Fields,
    Networks,
    RequestRefusedError,
    client_of,
    read_form,
    read_one_click,
    refuse_foreign_origin,
)

PREFIXES: Final = ("/subscribe", "/confirm/", "/me/", "/unsubscribe/", "/calendar/")
MOST_WAITING: Final = 200
"""Requests that are being worked on after their answer has left."""
_HONEYPOT: Final = "website"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.ics", re.ASCII)
_PRIVATE: Final = {"cache-control": "private, no-store", "x-robots-tag": "noindex, nofollow"}
_TOO_MANY: Final = "Too many requests came from your network. Please try again in an hour."
_TOO_LARGE: Final = (
    "This calendar is too large for calendar programs. Put the dates that concern you into your calendar one by one."
)
_log = structlog.get_logger()
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass
class SubscriptionRoutes:
    """The routes and what they share. ``shelf`` returns the edition that is served now."""

    desk: Desk
    pages: Screens
    clock: Clock
    shelf: Callable[[], Shelf | None]
    trusted: Networks = ()
    _waiting: set[asyncio.Task[None]] = field(default_factory=set)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Prepare the personal feeds, which come from the same desk and shelf."""
        look = lambda: self.shelf()  # noqa: E731, PLW0108 - ``shelf`` may be set anew
        self._feeds = PersonalFeeds(self.desk, self.clock, look, self.pages.language)

    def routes(self) -> list[Route]:
        """Return the routes, for the application that answers below ``PREFIXES``."""
        return [
            Route("/subscribe", self._safely(self._subscribe), methods=["POST"]),
            self._both("/confirm/{token}", self._show_confirm, self._confirm),
            self._both("/me/{token}", self._show_own, self._change_own),
            self._both("/unsubscribe/{token}", self._show_stop, self._stop),
            Route("/calendar/{token}/{name}", self._safely(self._feed), methods=["GET"]),
        ]

    def application(self) -> Starlette:
        """Return the application below ``PREFIXES``; what it has no route for is answered as privately as the rest."""
        return Starlette(routes=self.routes(), exception_handlers={HTTPException: self._odd})

    async def _odd(self, _request: Request, error: Exception) -> Response:
        status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
        if status is not HTTPStatus.METHOD_NOT_ALLOWED:
            return self._missing()
        allowed = (error.headers or {}).get("Allow", "") if isinstance(error, HTTPException) else ""
        return self._page(self.pages.refused("This address takes an ordinary form only."), status, allow=allowed)

    def _both(self, path: str, show: Handler, change: Handler) -> Route:
        """Return a route whose GET and HEAD only show, and whose POST changes."""

        async def answer(request: Request) -> Response:
            return await (change if request.method == "POST" else show)(request)

        return Route(path, self._safely(answer), methods=["GET", "POST"])

    def _safely(self, answer: Handler) -> Handler:
        """Answer refusals and an unreachable ledger with a page that says what to do."""

        async def safe(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestRefusedError as refused:
                return self._page(self.pages.refused(refused.msgid), refused.status)
            except ExamcalError as error:
                _log.warning("subscriptions are not available", reason=error.text("en"))
                page = self.pages.refused("This does not work at the moment. Please try again in a few minutes.")
                return self._page(page, HTTPStatus.SERVICE_UNAVAILABLE, **{"retry-after": "300"})

        return safe

    # Asking -----------------------------------------------------------------------------------------------------------

    async def _subscribe(self, request: Request) -> Response:
        refuse_foreign_origin(request)
        fields = await read_form(request)
        language = _language(fields, self.pages.language)
        schedule = self.desk.schedule
        if schedule is None:
            raise RequestRefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "Nothing is published yet.")
        emails = fields.get("email", ())
        try:
            if len(emails) != 1:
                raise UnfitAddressError("This is not an e-mail address.")  # noqa: TRY301 - one answer for all of them
            address, choice = read_address(emails[0]), read_choice(fields, schedule)
        except (UnfitAddressError, UnfitChoiceError) as error:
            return self._page(self.pages.refused(error.sentence.msgid, language), HTTPStatus.UNPROCESSABLE_ENTITY)
        if any(fields.get(_HONEYPOT, ())):
            return self._page(self.pages.asked(language))
        client, now = client_of(request, self.trusted), self.clock.now()
        if len(self._waiting) >= MOST_WAITING or not await asyncio.to_thread(self.desk.admit, client, now):
            page = self.pages.refused(
                "Too many requests came from your network. Please try again in an hour.", language
            )
            return self._page(page, HTTPStatus.TOO_MANY_REQUESTS, **{"retry-after": "3600"})
        self._ask_later(address, choice, client)
        return self._page(self.pages.asked(language))

    def _ask_later(self, address: str, choice: Choice, client: str) -> None:
        """Work on a request after its answer has left, so that the answer's time tells nothing of the address."""

        async def ask() -> None:
            async with self._asking:
                try:
                    await asyncio.to_thread(self.desk.ask, address, choice, client, self.clock.now())
                except Exception as error:  # noqa: BLE001 - nobody waits for it; the log is told
                    _log.error("a subscription request was lost", exc_info=error)

        task = asyncio.create_task(ask())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    # Confirming -------------------------------------------------------------------------------------------------------

    async def _show_confirm(self, request: Request) -> Response:
        found = await self._bearer(Purpose.CONFIRM, request)
        if found is None:
            return self._missing()
        if found.status is Status.ACTIVE:
            return self._page(self.pages.welcome(Welcome(found), self.desk.schedule))
        return self._page(self.pages.confirm(found, self.desk.schedule))

    async def _confirm(self, request: Request) -> Response:
        refuse_foreign_origin(request)
        fields = await read_one_click(request)
        token, client, now = _token(request), client_of(request, self.trusted), self.clock.now()
        if _asks(fields, "refuse"):
            if not await asyncio.to_thread(self.desk.refuse, token, client, now):
                return self._missing()
            return self._page(self.pages.told("Nothing will be sent to this address again."))
        welcome = await asyncio.to_thread(self.desk.confirm, token, client, now)
        if welcome is None:
            return self._missing()
        if not self._feeds.has(welcome.subscriber.choice):
            welcome = replace(welcome, feed=None)
        return self._page(self.pages.welcome(welcome, self.desk.schedule))

    # Self-service -----------------------------------------------------------------------------------------------------

    async def _show_own(self, request: Request) -> Response:
        found = await self._bearer(Purpose.MANAGE, request)
        return self._missing() if found is None else self._page(self.pages.own(found, self.desk.schedule))

    async def _change_own(self, request: Request) -> Response:
        refuse_foreign_origin(request)
        fields = await read_form(request)
        token, client, now = _token(request), client_of(request, self.trusted), self.clock.now()
        if _asks(fields, "stop"):
            found = await asyncio.to_thread(self.desk.stop, Purpose.MANAGE, token, client, now)
            return self._missing() if found is None else self._page(self.pages.stopped(found, self.desk.schedule))
        found = await self._bearer(Purpose.MANAGE, request)
        schedule = self.desk.schedule
        if found is None or schedule is None:
            return self._missing()
        if _asks(fields, "feed"):
            if not self._feeds.has(found.choice):
                raise RequestRefusedError(HTTPStatus.CONFLICT, _TOO_LARGE)
            feed = await asyncio.to_thread(self.desk.renew_feed, token, now)
            return self._page(self.pages.own(found, schedule, feed=feed))
        try:
            choice = read_choice(fields, schedule, exam=found.choice.exam)
        except UnfitChoiceError as error:
            raise RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, error.sentence.msgid) from None
        changed = await asyncio.to_thread(self.desk.change, token, choice, client, now)
        return self._missing() if changed is None else self._page(self.pages.own(changed, schedule, saved=True))

    # Stopping ---------------------------------------------------------------------------------------------------------

    async def _show_stop(self, request: Request) -> Response:
        found = await self._bearer(Purpose.UNSUBSCRIBE, request, only_active=False)
        if found is None:
            return self._missing()
        if found.status is not Status.ACTIVE:
            return self._page(self.pages.stopped(found, self.desk.schedule))
        return self._page(self.pages.stop(found, self.desk.schedule))

    async def _stop(self, request: Request) -> Response:
        """Answer RFC 8058's one-click POST and that of our own page: no cookie, no question, no redirect."""
        fields = await read_one_click(request)
        token, now = _token(request), self.clock.now()
        if _asks(fields, "link"):
            refuse_foreign_origin(request)
            if not await asyncio.to_thread(self.desk.ask_link, token, now):
                return self._missing()
            return self._page(self.pages.told("A mail with your personal link is on its way."))
        client = client_of(request, self.trusted)
        found = await asyncio.to_thread(self.desk.stop, Purpose.UNSUBSCRIBE, token, client, now)
        return self._missing() if found is None else self._page(self.pages.stopped(found, self.desk.schedule))

    # Personal feeds ---------------------------------------------------------------------------------------------------

    async def _feed(self, request: Request) -> Response:
        is_named = _NAME.fullmatch(request.path_params["name"])
        found = await self._feeds.answer(_token(request), request) if is_named else None
        return found or self._missing()

    # Answers ----------------------------------------------------------------------------------------------------------

    async def _bearer(self, purpose: Purpose, request: Request, *, only_active: bool = True) -> Subscriber | None:
        """Return whose token the path holds, if it is good for that page."""
        found = await asyncio.to_thread(self.desk.bearer, purpose, _token(request), self.clock.now())
        if found is None:
            return None
        status = found.subscriber.status
        fits = status is Status.ACTIVE or (purpose is Purpose.CONFIRM and status is Status.PENDING and not found.used)
        return found.subscriber if fits or not only_active else None

    def _missing(self) -> Response:
        return self._page(self.pages.missing(), HTTPStatus.NOT_FOUND)

    def _page(self, body: bytes, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
        return Response(body, status, {**_PRIVATE, **headers}, "text/html; charset=utf-8")


def _token(request: Request) -> str:
    token: str = request.path_params["token"]
    return token


def _asks(fields: Fields, what: str) -> bool:
    return list(fields.get("do", ())) == [what]


def _language(fields: Fields, default: str) -> str:
    asked = next(iter(fields.get("lang", ())), "")
    return asked if asked in LANGUAGES else default
