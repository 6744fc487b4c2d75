"""A year of the real exam under a set clock sends exactly what ``examcal plan`` says, through edits and downtimes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examcal.channels.outbox import OutboxChannel
from examcal.ledger.rows import DeliveryRow, State
from examcal.plan.audience import Audience, plan_rows
from examcal.plan.reminder import Purpose, Reminder
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load
from examcal.schedule.model import Schedule
from support.rig import Rig

TEXT = (Path(__file__).parents[2] / "data" / "schedule.yaml").read_text("utf-8")
BEGIN, END = datetime(2026, 1, 20, 4, tzinfo=UTC), datetime(2026, 12, 20, 4, tzinfo=UTC)
AUDIENCES = (
    Audience("all", "outbox"),
    Audience("fees", "outbox", kinds=("payment", "score")),
    Audience("fangshan", "outbox", sites=("fangshan",)),
)
# Dates that are put off, each before the last day on which that is still of use.
EDITS = (
    (datetime(2026, 2, 9, 4, tzinfo=UTC), {"closes: 2026-02-11 24:00": "closes: 2026-02-13 24:00"}),
    (datetime(2026, 3, 10, 4, tzinfo=UTC), {"closes: 2026-03-12": "closes: 2026-03-18"}),
    (datetime(2026, 6, 4, 4, tzinfo=UTC), {"closes: 2026-06-17": "closes: 2026-06-18"}),
    (datetime(2026, 9, 17, 4, tzinfo=UTC), {"on: 2026-09-19": "on: 2026-09-26"}),
    (datetime(2026, 11, 25, 4, tzinfo=UTC), {"on: 2026-11-27": "on: 2026-12-04"}),
)
Sent = tuple[str, str, str, datetime]


@dataclass(frozen=True)
class Version:
    """A schedule, from when it holds, and the text that says it."""

    since: datetime
    schedule: Schedule
    texts: tuple[SourceText, ...]


def version(since: datetime, text: str) -> Version:
    texts = (SourceText("schedule.yaml", text.encode()),)
    return Version(since, load(texts, today=since.date()).schedule, texts)


def versions(chance: random.Random) -> list[Version]:
    """Return the year's versions, each edit up to a fortnight before its last moment."""
    found, text = [version(BEGIN, TEXT)], TEXT
    for last, replacements in EDITS:
        for old, new in replacements.items():
            assert old in text
            text = text.replace(old, new)
        found.append(version(last - timedelta(days=chance.randrange(14)), text))
    return found


def downtimes(chance: random.Random) -> list[tuple[datetime, datetime]]:
    begins = sorted(BEGIN + timedelta(minutes=chance.randrange(60 * 24 * 330)) for _ in range(8))
    return [(begin, begin + timedelta(hours=chance.randrange(1, 40))) for begin in begins]


def planned(year: Sequence[Version]) -> set[Sent]:
    """Return what ``examcal plan`` says of each version for as long as it holds."""
    ends = [*(one.since for one in year[1:]), END]
    return {
        (row.outcome.occurrence.id, str(row.outcome.rule), row.audience.name, row.outcome.due_at)
        for one, end in zip(year, ends, strict=True)
        for row in plan_rows(one.schedule, AUDIENCES, since=one.since, until=end)
        if isinstance(row.outcome, Reminder) and row.audience is not None
    }


async def live_through(rig: Rig, year: Sequence[Version], away: Sequence[tuple[datetime, datetime]]) -> None:
    """Let the year pass from one thing to do to the next."""
    rig.clock.go_to(BEGIN)
    await rig.loop.start()
    await rig.loop.set_audiences(AUDIENCES)
    ahead, pauses, current = list(year), list(away), year[0]
    while rig.clock.now() < END:
        now = rig.clock.now()
        while ahead and ahead[0].since <= now:
            current = ahead.pop(0)
            assert (await rig.loop.accept(current.texts, current.schedule)).held is None
        await rig.loop.finish()
        later = await rig.loop.tick()
        marks = [later, END, *(one.since for one in ahead[:1]), *(begin for begin, _ in pauses[:1])]
        rig.clock.go_to(min(mark for mark in marks if mark is not None and mark > now))
        if pauses and rig.clock.now() >= pauses[0][0]:
            rig.clock.go_to(max(rig.clock.now(), pauses.pop(0)[1]))
            await rig.crash()
            await rig.loop.set_audiences(AUDIENCES)
            await rig.loop.accept(current.texts, current.schedule)


def reminders(rig: Rig) -> list[DeliveryRow]:
    return [row for row in rig.ledger.deliveries(limit=100_000) if row.purpose == Purpose.REMINDER]


def identity(row: DeliveryRow) -> Sent:
    return (row.occurrence, row.rule, row.audience, row.due_at)


async def test_a_quiet_year_sends_the_plan_to_the_minute(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [OutboxChannel(tmp_path / "outbox")])
    year = versions(random.Random(0))[:1]
    await live_through(rig, year, ())
    sent = [row for row in reminders(rig) if row.state is State.SENT]
    assert {identity(row) for row in sent} == planned(year)
    assert all(row.ended_at is not None and row.ended_at - row.due_at < timedelta(minutes=1) for row in sent)
    assert rig.ledger.verify() == []
    await rig.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_year_of_edits_and_downtimes_sends_the_plan_and_owns_up_to_the_rest(
    tmp_path: Path, *, full: bool
) -> None:
    for seed in range(30 if full else 2):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        rig = Rig(folder, [OutboxChannel(folder / "outbox")])
        year, away = versions(chance), downtimes(chance)
        await live_through(rig, year, away)
        rows = reminders(rig)
        sent = {identity(row) for row in rows if row.state is State.SENT}
        late = {identity(row) for row in rows if any(begin <= row.due_at < end for begin, end in away)}
        assert sent - late == planned(year) - late, seed
        assert {row.state for row in rows if identity(row) in late & planned(year)} <= {State.SENT, State.EXPIRED}, seed
        assert rig.ledger.verify() == []
        assert rig.ledger.counts().open == sum(row.due_at >= END for row in rows if row.ended_at is None), seed
        await rig.close()
