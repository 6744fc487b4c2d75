"""Edits of the schedule: offered to the ledger, accepted or held, and the admins told once of what is refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import structlog

from examcal.daemon.background import in_background
from examcal.daemon.parts import Parts
from examcal.daemon.watching import Offer, Rejection
from examcal.errors import ExamcalError, Sentence
from examcal.ledger.trouble import LedgerDamagedError
from examcal.schedule.model import Schedule

HOME = ZoneInfo("Asia/Shanghai")
_log = structlog.get_logger()


class Edits:
    """Follows the schedule's files. ``accepted`` hears of every schedule that is in force from now on.

    ``give_up`` hears of a ledger that cannot be trusted.
    """

    def __init__(
        self, parts: Parts, accepted: Callable[[Schedule], None], give_up: Callable[[LedgerDamagedError], None]
    ) -> None:
        self._parts = parts
        self._accepted = accepted
        self._give_up = give_up
        self._looking = asyncio.Lock()
        self._held: Offer | None = None

    async def first(self) -> None:
        """Read the schedule at the start, without waiting for an editor to end."""
        found = await in_background(lambda: self._parts.watch.first(self._today()))
        await self._take_found(found)
        if isinstance(found, Rejection):
            _log.warning("starting on the last good schedule")
        await self._settle()

    async def look(self) -> None:
        """Look at the schedule; a held edit is offered again, because a person may have said yes."""
        if self._looking.locked():
            return
        async with self._looking:
            moment, today = self._parts.clock.monotonic(), self._today()
            found = await in_background(lambda: self._parts.watch.look(moment, today))
            if found is not None:
                await self._take_found(found)
            await self._settle()

    async def _take_found(self, found: Offer | Rejection) -> None:
        """Note a rejection, or keep an offer to be settled."""
        if isinstance(found, Offer):
            self._held = found
            self._parts.conditions.set("schedule-rejected", None)
            return
        self._held = None
        self._parts.on_schedule("rejected")
        rejected, *why = found.words()
        self._parts.conditions.set("schedule-rejected", rejected)
        await self._tell_of_rejection(f"schedule-rejected {found.content or found.error}", rejected, *why)

    async def _settle(self) -> None:
        """Offer what is held to the ledger."""
        offer = self._held
        if offer is None:
            return
        try:
            taken = await self._parts.work.take(offer)
        except LedgerDamagedError as error:
            self._give_up(error)
        except ExamcalError as error:
            self._parts.trouble("ledger", error.sentence)
        else:
            if taken.held is not None:
                self._hold(offer, taken.held)
            else:
                await self._accept(offer, taken.notes)

    def _hold(self, offer: Offer, why: Sentence) -> None:
        if "schedule-held" not in self._parts.conditions.by_code:
            self._parts.on_schedule("held")
        self._parts.conditions.set("schedule-held", why)
        self._parts.admins.tell(f"schedule-held {offer.schedule.digest}", why)

    async def _accept(self, offer: Offer, notes: tuple[Sentence, ...]) -> None:
        self._held = None
        await self._forget()
        self._parts.conditions.set("schedule-held", None)
        if notes:
            self._parts.admins.tell(f"accepted {offer.schedule.digest}", *notes)
        self._parts.on_schedule("accepted")
        _log.info("schedule accepted", digest=offer.schedule.digest[:12])
        self._accepted(offer.schedule)

    async def _tell_of_rejection(self, content: str, *sentences: Sentence) -> None:
        """Tell the admins of a rejected edit, once for its content: a restart does not tell it again."""

        async def remember() -> None:
            if "schedule-rejected" in self._parts.conditions.by_code:
                # It is told again at the next start, which is better than never; RuntimeError: the ledger is closed.
                with contextlib.suppress(ExamcalError, RuntimeError):
                    await self._parts.work.remember(content)

        with contextlib.suppress(ExamcalError):  # what is wrong with the ledger is told where it is worked on
            if await self._parts.work.knows(content):
                _log.warning("the schedule is rejected, as the admins know")
                return
        self._parts.admins.tell(content, *sentences, then=remember)

    async def _forget(self) -> None:
        """Let an edit that returns after another one was accepted be told of again."""
        for code in ("schedule-rejected", "schedule-held"):
            self._parts.admins.over(code)
        with contextlib.suppress(ExamcalError):  # then an edit that returns is not told of again
            await self._parts.work.forget()

    def _today(self) -> date:
        return self._parts.clock.now().astimezone(HOME).date()
