"""Personal feeds: the calendar of one subscriber's choice, under an address that only they know."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from examcal.clock import Clock
from examcal.errors import ExamcalError
from examcal.feed.calendar import feed_path
from examcal.feed.selection import UnknownSelectionError
from examcal.subscription.choice import Choice
from examcal.subscription.desk import Desk
from examcal.subscription.tokens import Purpose, is_token, token_hash
from examcal.web.representation import Representation
from examcal.web.router import NO_EDITION
from examcal.web.shelf import Shelf, selection

_REMEMBERED: Final = 4096
_CACHE: Final = b"private, max-age=300"


@dataclass
class PersonalFeeds:
    """Finds the feed behind a token. ``language`` is that of the pages, where no schedule says one."""

    desk: Desk
    clock: Clock
    shelf: Callable[[], Shelf | None]
    language: str
    _known: OrderedDict[str, Choice] = field(default_factory=OrderedDict)

    async def answer(self, token: str, request: Request) -> Response | None:
        """Return the feed, or 304, or None for a token or a choice that has none. Raises ExamcalError."""
        choice = await self._chosen(token)
        if choice is None:
            return None
        shelf = self.shelf()
        if shelf is None:
            return _as_response(NO_EDITION.body, NO_EDITION.status, NO_EDITION.headers)
        page = _find(shelf, choice, request.scope["query_string"], self._own_language())
        if page is None:
            return None
        headers = dict(reversed(request.headers.raw))
        found = page.respond(
            encodings=headers.get(b"accept-encoding", b""),
            if_none_match=headers.get(b"if-none-match"),
            if_modified_since=headers.get(b"if-modified-since"),
        )
        fields = [(name, _CACHE if name == b"cache-control" else value) for name, value in found.headers]
        return _as_response(found.body, found.status, (*fields, (b"x-robots-tag", b"noindex, nofollow")))

    def has(self, choice: Choice) -> bool:
        """Return whether a choice has a calendar: the edition leaves feeds out that are too large."""
        shelf = self.shelf()
        return shelf is None or _find(shelf, choice, b"", self._own_language()) is not None

    def _own_language(self) -> str:
        return self.language if self.desk.schedule is None else self.desk.schedule.language

    async def _chosen(self, token: str) -> Choice | None:
        """Return what a feed holds; what was known last where the ledger cannot be asked (a 5xx ends polling)."""
        if not is_token(token):
            return None
        digest = token_hash(Purpose.FEED, token)
        try:
            choice = await asyncio.to_thread(self.desk.feed, token, self.clock.now())
        except ExamcalError:
            if digest in self._known:
                return self._known[digest]
            raise
        self._known.pop(digest, None)
        if choice is not None:
            self._known[digest] = choice
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return choice


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


def _as_response(body: bytes, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> Response:
    response = Response(body, status)
    response.raw_headers = list(headers)
    return response
