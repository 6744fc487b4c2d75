"""What the daemon is made of: the deliveries and servers that it drives, and what is not as it should be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from examcal.clock import Clock
from examcal.daemon.admins import Admins
from examcal.daemon.watching import Offer, ScheduleWatch
from examcal.errors import Sentence
from examcal.schedule.model import Schedule


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of offering a schedule. ``held`` says why it waits; ``notes`` are for the admins."""

    held: Sentence | None = None
    notes: tuple[Sentence, ...] = ()


class Work(Protocol):
    """The deliveries, as the daemon drives them."""

    async def take(self, offer: Offer) -> Taken:
        """Accept an edit and plan it, or hold it. Raises ExamcalError."""

    async def last_good(self) -> Schedule | None:
        """Return the schedule accepted last, or None on a new ledger."""

    async def deliver(self) -> datetime | None:
        """Send what is due; return when there is something to do again. Raises ExamcalError."""

    async def overdue(self) -> int:
        """Return how many channels have deliveries that should have left long ago."""

    async def paused(self) -> Sequence[str]:
        """Return the channels that are paused after failures."""

    async def last_backup(self) -> datetime | None:
        """Return when the ledger was copied last, if it is that long ago that somebody must hear of it; else None."""

    async def report(self) -> Sequence[Sentence]:
        """Return the lines of the weekly summary."""

    async def stop(self) -> None:
        """Claim nothing more, and wait for what is on its way."""

    async def lead(self) -> bool:
        """Become the one that plans; return False while another daemon is. Raises ExamcalError."""

    async def leads(self) -> bool:
        """Return whether this is still the one that plans."""

    async def published_by_leader(self) -> Schedule | None:
        """Return the schedule in force if the daemon that leads has published since the last question, else None."""

    async def knows(self, content: str) -> bool:
        """Return whether the admins heard what became of an edit, in this run or an earlier one."""

    async def remember(self, content: str) -> None:
        """Keep that the admins heard what became of an edit."""

    async def forget(self) -> None:
        """Forget the edits that the admins heard of, because one was accepted."""


class Serving(Protocol):
    """A server that runs beside the deliveries."""

    async def serve(self) -> None:
        """Serve until stopped."""

    def stop(self) -> None:
        """Let ``serve`` end."""


@dataclass(slots=True)
class Conditions:
    """What is not as it should be, by code; read by health and status."""

    by_code: dict[str, Sentence] = field(default_factory=dict)

    def set(self, code: str, sentence: Sentence | None) -> None:
        """Note a condition, or that it is over."""
        if sentence is None:
            self.by_code.pop(code, None)
        else:
            self.by_code[code] = sentence


@dataclass(frozen=True, slots=True)
class Parts:
    """What the daemon is made of. ``publish`` blocks; ``ping`` is the sign of life, None without one.

    ``show`` serves the edition that is current now, and returns whether there is one. ``ready`` hears that all runs.
    ``is_well`` says whether nothing is in force that a person must hear of by the end of the signs of life.
    ``on_schedule`` hears whether an edit was accepted, rejected or held.
    """

    clock: Clock
    work: Work
    watch: ScheduleWatch
    publish: Callable[[Schedule], Sequence[Sentence]]
    show: Callable[[], Awaitable[bool]]
    admins: Admins
    conditions: Conditions
    servers: Sequence[Serving] = ()
    ping: Callable[[], Awaitable[bool]] | None = None
    ping_every: float = 60.0
    is_well: Callable[[], bool] = lambda: True
    weekly_summary: bool = True
    ready: Callable[[Schedule | None], None] = lambda _schedule: None
    on_schedule: Callable[[str], None] = lambda _result: None

    def trouble(self, code: str, sentence: Sentence) -> None:
        """Note a condition, and tell the admins."""
        self.conditions.set(code, sentence)
        self.admins.tell(code, sentence)
