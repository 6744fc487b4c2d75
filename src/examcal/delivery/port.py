"""What the delivery loop asks of others: messages, and a word about trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from examcal.channels.port import Message, Outcome
from examcal.errors import Sentence
from examcal.schedule.changes import Change
from examcal.schedule.model import Edge, Exam, Occurrence, Rule, Schedule


class Renderer(Protocol):
    """Puts reminders and changes into words; ``delivery.message.Renderer`` does."""

    def reminder(  # noqa: PLR0913 - a message is a function of exactly these
        self,
        occurrence: Occurrence,
        exam: Exam,
        schedule: Schedule,
        rule: Rule,
        anchor_edge: Edge | None = None,
        *,
        language: str,
        now: datetime,
        late: bool = False,
        due_at: datetime | None = None,
    ) -> Message:
        """Return the message of a reminder."""

    def change(self, change: Change, exam: Exam, schedule: Schedule, *, language: str, now: datetime) -> Message:
        """Return the message of a change notice."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that an operator should hear of.

    ``code`` groups equal ones; ``count`` says how many it stands for, 0 that it is over.
    ``remedy`` says what it means and what to do, where that is known.

    Codes: ``channel-paused``, ``dead-letter``, ``held``, ``schedule-held``, ``clock``, ``ledger``, ``downtime``,
    ``render``, ``fault``, ``stopped``, ``clock-skew``.
    """

    code: str
    sentence: Sentence
    count: int = 1
    remedy: Sentence | None = None


OnTrouble = Callable[[Trouble], None]
OnFenced = Callable[[str, int], None]
"""Hears of a channel's outcomes that came after another process had taken over; called in the event loop."""
OnAttempt = Callable[[str, Outcome, float], None]
"""Hears of every ended attempt: channel, outcome, seconds since the due instant; called in the event loop."""
