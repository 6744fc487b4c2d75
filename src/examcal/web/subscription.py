"""Subscription over HTTP: the form's target, the pages behind the links in mails, and personal feeds.

GET never changes anything, because mail scanners and browsers fetch links in advance; a change is always a POST from a
page of ours (or, to unsubscribe, RFC 8058's one-click POST). There are no cookies and no redirects. Every answer is
private, and an unknown, expired, revoked or foreign token gets one and the same 404.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeVar

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from examcal.clock import Clock
from examcal.errors import ExamcalError
from examcal.feed.calendar import feed_path
from examcal.feed.selection import UnknownSelectionError
from examcal.subscription.addresses import UnfitAddressError, read_address
from examcal.subscription.choice import Choice, UnfitChoiceError, read_choice
from examcal.subscription.desk import Desk, Welcome
from examcal.subscription.screens import Screens
from examcal.subscription.subscribers import Status, Subscriber
from examcal.subscription.tokens import Purpose, is_token, token_hash
from examcal.texts import LANGUAGES
from examcal.web.representation import Representation
from examcal.web.router import NO_EDITION
from examcal.web.shelf import Shelf, selection
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
_REMEMBERED: Final = 4096
_HONEYPOT: Final = "website"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.ics", re.ASCII)
_PRIVATE: Final = {"cache-control": "private, no-store", "x-robots-tag": "noindex, nofollow"}
_TOO_MANY: Final = "Too many requests came from your network. Please try again in an hour."
_TOO_LARGE: Final = (
    "This calendar is too large for calendar programs. Put the dates that concern you into your calendar one by one."
)
_FEED_CACHE: Final = b"private, max-age=300"
_log = structlog.get_logger()
P = ParamSpec("P")
R = TypeVar("R")
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
    _feeds: OrderedDict[str, Choice] = field(default_factory=OrderedDict)

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
        if len(self._waiting) >= MOST_WAITING or not await _aside(self.desk.admit, client, now):
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
                    await _aside(self.desk.ask, address, choice, client, self.clock.now())
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
            if not await _aside(self.desk.refuse, token, client, now):
                return self._missing()
            return self._page(self.pages.told("Nothing will be sent to this address again."))
        welcome = await _aside(self.desk.confirm, token, client, now)
        if welcome is None:
            return self._missing()
        if not self._has_feed(welcome.subscriber.choice):
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
            found = await _aside(self.desk.stop, Purpose.MANAGE, token, client, now)
            return self._missing() if found is None else self._page(self.pages.stopped(found, self.desk.schedule))
        found = await self._bearer(Purpose.MANAGE, request)
        schedule = self.desk.schedule
        if found is None or schedule is None:
            return self._missing()
        if _asks(fields, "feed"):
            if not self._has_feed(found.choice):
                raise RequestRefusedError(HTTPStatus.CONFLICT, _TOO_LARGE)
            feed = await _aside(self.desk.renew_feed, token, now)
            return self._page(self.pages.own(found, schedule, feed=feed))
        try:
            choice = read_choice(fields, schedule, exam=found.choice.exam)
        except UnfitChoiceError as error:
            raise RequestRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, error.sentence.msgid) from None
        changed = await _aside(self.desk.change, token, choice, client, now)
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
            if not await _aside(self.desk.ask_link, token, now):
                return self._missing()
            return self._page(self.pages.told("A mail with your personal link is on its way."))
        client = client_of(request, self.trusted)
        found = await _aside(self.desk.stop, Purpose.UNSUBSCRIBE, token, client, now)
        return self._missing() if found is None else self._page(self.pages.stopped(found, self.desk.schedule))

    # Personal feeds ---------------------------------------------------------------------------------------------------

    async def _feed(self, request: Request) -> Response:
        token = _token(request)
        choice = await self._chosen(token) if _NAME.fullmatch(request.path_params["name"]) else None
        if choice is None:
            return self._missing()
        shelf = self.shelf()
        if shelf is None:
            return _as_response(NO_EDITION.body, NO_EDITION.status, NO_EDITION.headers)
        own = self.pages.language if self.desk.schedule is None else self.desk.schedule.language
        page = _find(shelf, choice, request.scope["query_string"], own)
        if page is None:
            return self._missing()
        headers = dict(reversed(request.headers.raw))
        found = page.respond(
            encodings=headers.get(b"accept-encoding", b""),
            if_none_match=headers.get(b"if-none-match"),
            if_modified_since=headers.get(b"if-modified-since"),
        )
        fields = [(b"cache-control", _FEED_CACHE) if name == b"cache-control" else (name, value)
                  for name, value in found.headers]  # fmt: skip
        return _as_response(found.body, found.status, (*fields, (b"x-robots-tag", b"noindex, nofollow")))

    def _has_feed(self, choice: Choice) -> bool:
        """Return whether a choice has a calendar: the edition leaves feeds out that are too large."""
        shelf = self.shelf()
        own = self.pages.language if self.desk.schedule is None else self.desk.schedule.language
        return shelf is None or _find(shelf, choice, b"", own) is not None

    async def _chosen(self, token: str) -> Choice | None:
        """Return what a feed holds; what was known last where the ledger cannot be asked (a 5xx ends polling)."""
        if not is_token(token):
            return None
        digest = token_hash(Purpose.FEED, token)
        try:
            choice = await _aside(self.desk.feed, token, self.clock.now())
        except ExamcalError:
            if digest in self._feeds:
                return self._feeds[digest]
            raise
        self._feeds.pop(digest, None)
        if choice is not None:
            self._feeds[digest] = choice
            if len(self._feeds) > _REMEMBERED:
                self._feeds.popitem(last=False)
        return choice

    # Answers ----------------------------------------------------------------------------------------------------------

    async def _bearer(self, purpose: Purpose, request: Request, *, only_active: bool = True) -> Subscriber | None:
        """Return whose token the path holds, if it is good for that page."""
        found = await _aside(self.desk.bearer, purpose, _token(request), self.clock.now())
        if found is None:
            return None
        status = found.subscriber.status
        fits = status is Status.ACTIVE or (purpose is Purpose.CONFIRM and status is Status.PENDING and not found.used)
        return found.subscriber if fits or not only_active else None

    def _missing(self) -> Response:
        return self._page(self.pages.missing(), HTTPStatus.NOT_FOUND)

    def _page(self, body: bytes, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
        return Response(body, status, {**_PRIVATE, **headers}, "text/html; charset=utf-8")


def _find(shelf: Shelf, choice: Choice, query: bytes, own: str) -> Representation | None:
    """Return the feed of a choice; one whose site, tracks or exam the schedule no longer has becomes wider.

    ``own`` is the language that feeds have unless another one is asked for.
    """
    try:
        asked = selection(query)
    except UnknownSelectionError:
        return None
    wanted_language = asked.language or choice.language
    language = None if wanted_language == own else wanted_language
    wishes = replace(choice.wishes, views=asked.views, alarms=asked.alarms, language=language).query.encode()
    plain = replace(asked, tracks=(), kinds=(), sites=(), language=language).query.encode()
    exam, site = choice.exam or None, choice.site or None
    attempts = [
        (exam, site, wishes),
        (exam, site, plain),
        (exam, None, wishes),
        (exam, None, plain),
        (None, None, plain),
    ]
    for exam_id, site_id, wanted in attempts:
        found = shelf.find(feed_path(exam_id, site_id), wanted)
        if found is not None:
            return found
    return None


def _token(request: Request) -> str:
    token: str = request.path_params["token"]
    return token


def _asks(fields: Fields, what: str) -> bool:
    return list(fields.get("do", ())) == [what]


def _language(fields: Fields, default: str) -> str:
    asked = next(iter(fields.get("lang", ())), "")
    return asked if asked in LANGUAGES else default


def _as_response(body: bytes, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> Response:
    response = Response(body, status)
    response.raw_headers = list(headers)
    return response


async def _aside(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await asyncio.to_thread(call, *args, **kwargs)
