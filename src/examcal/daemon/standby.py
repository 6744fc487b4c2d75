"""Standing by: try to lead, and meanwhile serve what the daemon that leads has published."""

from __future__ import annotations

from examcal.daemon.parts import Parts
from examcal.daemon.publishing import Publishing
from examcal.errors import ExamcalError, Sentence
from examcal.ledger.trouble import LedgerDamagedError, LedgerUnreachableError

_OF_THE_LEADER = ("clock", "stalled", "overdue", "channel-paused")
"""Conditions that the daemon that leads finds and ends."""


class Standby:
    """The way to the lead, and what is served on it. Conditions say what is waited for: a daemon, or the ledger."""

    def __init__(self, parts: Parts, publishing: Publishing) -> None:
        self._parts = parts
        self._publishing = publishing
        self._has_tried = False

    async def lead(self) -> bool:
        """Try once to lead; return whether this daemon does.

        The first try raises what the person who started us must hear (ExamcalError), unless it is a server that may
        come back. Later ones raise LedgerDamagedError alone.
        """
        first, self._has_tried = not self._has_tried, True
        conditions = self._parts.conditions
        try:
            leads = await self._parts.work.lead()
            if not leads:
                await self._follow()
        except LedgerDamagedError:
            raise
        except ExamcalError as error:
            if first and not isinstance(error, LedgerUnreachableError):
                raise
            conditions.set("standing-by", None)
            self._parts.trouble("ledger", error.sentence)
            return False
        for code in ("ledger", *(() if leads else _OF_THE_LEADER)):
            conditions.set(code, None)
        conditions.set("standing-by", None if leads else Sentence("another daemon leads"))
        return leads

    async def _follow(self) -> None:
        """Publish here what the daemon that leads published on its machine."""
        schedule = await self._parts.work.published_by_leader()
        if schedule is not None:
            await self._publishing.publish(schedule)
