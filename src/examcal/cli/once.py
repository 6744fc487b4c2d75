"""``examcal run --once``, for cron: accept the schedule, publish, deliver what is due, and stop.

What a daemon tells the admins, this tells them too. It remembers in the ledger what it told, because every run is a
process of its own: a rejected or held edit once for its content, anything else again after the admins' silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from examcal.cli.engine import Engine
from examcal.cli.output import warn, write
from examcal.cli.problems import warn_about
from examcal.cli.reading import today_of
from examcal.cli.running import make_admins, make_engine, opening_troubles, publishing
from examcal.cli.subscribing import ScheduleInForce, make_desk, make_postman
from examcal.cli.words import language, say
from examcal.clock import Clock, SystemClock
from examcal.daemon.admins import SILENCE, Admins
from examcal.daemon.told import EDIT, edit_key, read_told, without_edits, write_told
from examcal.daemon.watching import Offer, Rejection, ScheduleWatch
from examcal.delivery.port import Trouble
from examcal.errors import ExamcalError, RefusedError, Sentence
from examcal.identity import content_digest

if TYPE_CHECKING:
    from examcal.cli.invocation import Invocation
    from examcal.ledger.port import Ledger
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings

_UNTOLD = frozenset({"schedule-held", "downtime"})
"""An edit that is held is told by its content; and that nothing ran between two rounds is how cron works."""


class Told:
    """Tells the admins what they were not told by an earlier run. ``send`` once nothing more is to come."""

    def __init__(self, ledger: Ledger, admins: Admins, now: datetime) -> None:
        self._ledger, self._admins, self._now = ledger, admins, now
        self._new: list[tuple[str, tuple[Sentence, ...]]] = []
        self._told = read_told(ledger)

    def tell(self, key: str, *sentences: Sentence) -> None:
        """Tell of trouble, unless it was told within the silence."""
        self._once(content_digest(key)[:32], sentences, SILENCE)

    def tell_of_edit(self, content: str, *sentences: Sentence) -> None:
        """Tell what became of an edit with this content, once."""
        self._once(edit_key(content), sentences, None)

    def accepted(self) -> None:
        """Forget the edits that were told of, so that the same one is told of again when it returns."""
        self._told = without_edits(self._told)

    async def send(self) -> None:
        """Write down what is told, then tell it: a ledger that cannot be written must not make a mail of every run."""
        if not self._admins.reach:
            return
        kept = {key: at for key, at in self._told.items() if key.startswith(EDIT) or self._now - at < SILENCE}
        write_told(self._ledger, kept)
        for key, sentences in self._new:
            self._admins.tell(key, *sentences)
        await self._admins.close()

    def _once(self, key: str, sentences: tuple[Sentence, ...], silence: timedelta | None) -> None:
        at = self._told.get(key)
        if at is None or (silence is not None and not timedelta(0) <= self._now - at < silence):
            self._told[key] = self._now
            self._new.append((key, sentences))


async def run_once(invocation: Invocation) -> None:
    """Do one round. Raises RefusedError where the schedule is held; what is due leaves all the same."""
    settings, clock = invocation.settings, SystemClock()
    heard: list[Trouble] = []

    def hear(trouble: Trouble) -> None:
        warn(trouble.sentence.text(language()))
        heard.append(trouble)

    engine = make_engine(settings, clock, on_trouble=hear, on_change=lambda: None)
    try:
        if not await engine.lead():
            warn(say("Another daemon leads; it delivers."))
            return
        admins = make_admins(settings, clock, engine.channels, engine.renderer)
        told = Told(engine.opened.ledger, admins, clock.now())
        for code, sentence in opening_troubles(engine.opened):
            _say(told, code, sentence)
        try:
            await _round(invocation, engine, told)
        finally:
            for trouble in heard:
                _pass_on(told, trouble)
            with suppress(ExamcalError):  # a ledger that cannot be written; what is wrong with it is raised already
                await told.send()
    finally:
        await engine.stop()


async def _round(invocation: Invocation, engine: Engine, told: Told) -> None:
    settings, clock = invocation.settings, engine.clock
    held = await _take(invocation, engine, told)
    await _send_letters(settings, engine, clock)
    await engine.deliverer.finish()
    counts = engine.opened.ledger.counts()
    write(say("Sent {sent}, open {open} (of {planned} planned so far).", sent=counts.by_state.get("sent", 0),  # type: ignore[call-overload]  # a str enum
              open=counts.open, planned=counts.planned_total))  # fmt: skip
    if held is not None:
        raise RefusedError(held.msgid, **held.params)


async def _take(invocation: Invocation, engine: Engine, told: Told) -> Sentence | None:
    """Accept and publish what the file says; return why it is held, where it is."""
    settings, clock = invocation.settings, engine.clock
    found = ScheduleWatch(invocation.schedule_path).first(today_of(clock.now()))
    publish = publishing(settings, clock, engine.revisions, settings.site_address)
    if isinstance(found, Rejection):
        last = await engine.last_good()
        told.tell_of_edit(f"schedule-rejected {found.content or found.error}", *found.words())
        if last is None:
            raise found.error
        warn(say("The schedule is rejected; the last good version stays in force."))
        warn_about(found.problems) if found.problems else warn(found.error.text(language()))
        _publish(publish, last, told)
        return None
    return await _offer(found, engine, publish, told)


async def _offer(
    offer: Offer, engine: Engine, publish: Callable[[Schedule], Sequence[object]], told: Told
) -> Sentence | None:
    taken = await engine.take(offer)
    if taken.held is not None:
        told.tell_of_edit(f"schedule-held {offer.schedule.digest}", taken.held)
        return taken.held
    told.accepted()
    for note in taken.notes:
        _say(told, f"accepted {offer.schedule.digest}", note)
    _publish(publish, offer.schedule, told)
    return None


async def _send_letters(settings: Settings, engine: Engine, clock: Clock) -> None:
    """Send what subscribers wait for, asked for over a web server beside (``examcal serve``)."""
    if settings.takes_subscribers:
        desk = make_desk(settings, engine.opened.ledger, ScheduleInForce((), engine.opened.ledger, clock))
        await make_postman(settings, desk, engine.channels["email"], clock, settings.site_address).flush()


def _publish(publish: Callable[[Schedule], Sequence[object]], schedule: Schedule, told: Told) -> None:
    """Publish; a refusal must not keep reminders from leaving."""
    try:
        publish(schedule)
    except ExamcalError as error:
        _say(told, "publication", error.sentence)
    except Exception as error:  # noqa: BLE001 - pages must not keep reminders from leaving
        structlog.get_logger().error("publishing failed", exc_info=error)
        told.tell("publication", Sentence("publishing failed; the last edition stays"))


def _say(told: Told, key: str, sentence: Sentence) -> None:
    """Say trouble on standard error, and tell the admins."""
    warn(sentence.text(language()))
    told.tell(f"{key} {sentence}", sentence)


def _pass_on(told: Told, trouble: Trouble) -> None:
    """Tell what the deliveries met with; why an edit is held is told by itself."""
    if trouble.code not in _UNTOLD:
        remedy = () if trouble.remedy is None else (trouble.remedy,)
        told.tell(f"{trouble.code} {trouble.sentence}", trouble.sentence, *remedy)
