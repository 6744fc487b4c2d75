"""Publish a schedule and show it, one at a time, whoever asks for it."""

from __future__ import annotations

import asyncio

import structlog

from examcal.daemon.background import in_background
from examcal.daemon.parts import Parts
from examcal.errors import ExamcalError, Sentence
from examcal.schedule.model import Schedule

_log = structlog.get_logger()


class Publishing:
    """Publishes through the daemon's parts; an edition that is refused leaves the old one in place."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = asyncio.Lock()

    async def publish(self, schedule: Schedule) -> None:
        """Publish and show; what goes wrong is told to the admins, and raises nothing."""
        parts = self._parts
        async with self._lock:
            try:
                warnings = await in_background(lambda: parts.publish(schedule))
                await parts.show()
            except ExamcalError as error:
                parts.trouble("publication", error.sentence)
                return
            except Exception as error:  # noqa: BLE001 - pages must not keep reminders from leaving
                _log.error("publishing failed", exc_info=error)
                parts.trouble("publication", Sentence("publishing failed; the last edition stays"))
                return
        parts.conditions.set("publication", None)
        parts.admins.over("publication")
        if warnings:
            parts.admins.tell("publication-warning", *warnings)
