"""Short ways to fill a ledger: entries, members, a plan, and a claim."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from examcal.channels.port import Outcome
from examcal.ledger.claims import Terms
from examcal.ledger.rows import Accepted, Claim, Document, Member, ReminderEntry, Selection, Settlement, State
from examcal.ledger.store import SqlLedger

DAY = timedelta(days=1)


def entry(
    due: datetime,
    *,
    origin: str = "e/m",
    rule: str = "closes -1d",
    wall: str = "2026-03-10",
    useful: timedelta = DAY,
    purpose: str = "reminder",
) -> ReminderEntry:
    return ReminderEntry(
        key=f"{origin}|{rule}|{wall}|{purpose}",
        purpose=purpose,
        origin=origin,
        anchor=f"closes:{wall}",
        zone="Asia/Shanghai",
        rule=rule,
        occurrence=origin,
        due_at=due,
        useful_until=due + useful,
    )


EVERYTHING = Selection()


def members(count: int, channel: str = "email", selection: Selection = EVERYTHING) -> list[Member]:
    return [Member(f"{channel}-{number}", channel, f"u{number}@example.org", selection) for number in range(count)]


def accept(
    ledger: SqlLedger,
    entries: Sequence[ReminderEntry],
    now: datetime,
    *,
    notices: Sequence[ReminderEntry] = (),
    digest: str = "d1",
) -> Accepted:
    return ledger.accept(Document((("s.yaml", digest.encode()),), digest), entries, notices, now)


def fan_out(ledger: SqlLedger, now: datetime) -> int:
    made = 0
    while rows := ledger.waiting_for_fan_out(now + 400 * DAY):
        for row in rows:
            made += ledger.fan_out_page(row, None, {}, now)[0]
    return made


def planned(ledger: SqlLedger, now: datetime, *entries: ReminderEntry, people: int = 3) -> None:
    ledger.sync_audiences(members(people), now)
    accept(ledger, entries or [entry(now)], now)
    fan_out(ledger, now)


def claim(ledger: SqlLedger, now: datetime, terms: Terms | None = None, channel: str = "email") -> tuple[Claim, ...]:
    number = ledger.channel_ids([channel])[channel]
    return ledger.claim(number, now, terms or Terms(), owner="test").claims


def settle(ledger: SqlLedger, claims: Sequence[Claim], now: datetime, state: State = State.SENT, **more: object) -> int:
    outcome = Outcome.ACCEPTED if state is State.SENT else Outcome.TRANSIENT
    ends = [Settlement(one.delivery_id, state, outcome, **more) for one in claims]  # type: ignore[arg-type]
    for end in ends if state is State.SENT else ():
        ledger.journal(f"{end.delivery_id:032x}", None, now)
    return ledger.settle(ends, token=claims[0].token, now=now)


def states(ledger: SqlLedger) -> dict[State, int]:
    return dict(ledger.counts().by_state)
