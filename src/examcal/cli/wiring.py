"""From settings to working parts: the only place that knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examcal.plan.audience import Audience

if TYPE_CHECKING:
    from examcal.settings import Settings


def audiences_of(settings: Settings) -> tuple[Audience, ...]:
    """Return the configured audiences as the plan knows them."""
    return tuple(
        Audience(one.name, one.channel, one.to, one.exams, one.sites, one.tracks, one.kinds, one.mention, one.language)
        for one in settings.audiences
    )
