"""A reminder: one occurrence, one rule, one due instant, one end of usefulness. It says nothing about people."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from examcal.identity import content_digest
from examcal.schedule.model import Occurrence, Rule


class Purpose(enum.StrEnum):
    """Why a message is sent."""

    REMINDER = "reminder"
    CHANGE = "change"


class SkipReason(enum.StrEnum):
    """Why a rule gives no reminder to send."""

    TBA = "tba"  # the milestone has no date yet
    NO_ANCHOR = "no-anchor"  # a default rule whose edge the milestone lacks
    CANCELLED = "cancelled"  # the milestone was called off
    PAST = "past"  # due before the asked-for interval began, and of no more use
    EQUAL = "equal"  # two rules give the same instant; the earlier written one is sent
    COALESCED = "coalesced"  # overdue together with a later one of the same milestone
    NO_AUDIENCE = "no-audience"  # nobody is configured to receive it
    AFTER_ANCHOR = "after-anchor"  # meant for before the closing, but its time of day lies behind it


@dataclass(frozen=True, slots=True)
class Reminder:
    """One thing to say at one time. ``due_at`` and ``useful_until`` are aware instants; ``useful_until`` is exclusive.

    ``moved_by`` names what moved ``due_at`` away from the rule's own instant ("quiet-hours"), or is empty.
    ``provisional`` marks working days counted in a year whose calendar is not published yet.
    """

    occurrence: Occurrence
    rule: Rule
    anchor_at: datetime
    anchor_wall: str
    due_at: datetime
    useful_until: datetime
    moved_by: str = ""
    provisional: bool = False

    @property
    def key(self) -> str:
        """A digest of (occurrence id, anchor wall time + zone, rule, purpose): stable over edits of anything else."""
        occurrence = self.occurrence
        return content_digest(
            "reminder-v1",
            occurrence.origin_id,
            f"{self.rule.anchor}:{self.anchor_wall}[{occurrence.zone}]",
            str(self.rule),
            Purpose.REMINDER,
        )[:32]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that leads to no message, with the reason."""

    occurrence: Occurrence
    rule: Rule
    reason: SkipReason
    due_at: datetime | None = None
