"""Plan, claim, crash, expire, edit, settle, join and leave in any order: the invariants of the ledger hold.

I1 planned = open + ended; I2 at most one claim per delivery; I3 what is sent stays sent; I4 further copies only of
rows marked ambiguous; I5 nothing is claimed before it is due, after its use, or after its recipient left; I12 opening
again changes nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from examcal.channels.port import Outcome
from examcal.ledger.claims import EARLIEST, Terms
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import Claim, Document, Settlement, State
from support.ledgers import entry, fan_out, members

START = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENDS = st.sampled_from([State.SENT, State.RETRY, State.DEAD])


class LedgerMachine(RuleBasedStateMachine):
    """One process on a SQLite ledger, with people and edits around it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="examcal-machine-"))
        self.now = START
        self.open()
        self.held: list[Claim] = []
        self.copies: dict[int, int] = {}
        self.sent: set[int] = set()
        self.gone: set[str] = set()
        self.edits = 0

    def open(self) -> None:
        self.ledger = open_ledger(f"sqlite:///{self.folder}/a.db", self.folder, self.now, machine=str).ledger

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder)

    @initialize(people=st.integers(1, 4))
    def begin(self, people: int) -> None:
        self.ledger.sync_audiences(members(people), self.now)

    @rule(chosen=st.sets(st.integers(0, 5), max_size=4), moved=st.booleans())
    def edit(self, chosen: set[int], moved: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        self.edits += 1
        wall = "moved" if moved else "first"
        entries = [
            entry(START + n * HOUR, origin=f"e/{n % 2}", rule=f"r{n}", wall=wall, useful=6 * HOUR)
            for n in sorted(chosen)
        ]
        self.ledger.accept(Document((), f"v{self.edits}"), entries, [], self.now)

    @rule()
    def plan(self) -> None:
        fan_out(self.ledger, self.now)

    @rule(people=st.integers(0, 5))
    def come_and_go(self, people: int) -> None:
        there = members(people)
        self.ledger.sync_audiences(there, self.now)
        self.gone = {f"email-{number}" for number in range(people, 6)}

    @rule(limit=st.integers(1, 5))
    def claim(self, limit: int) -> None:
        claims = self.ledger.claim(
            self.ledger.channel_ids(["email"])["email"], self.now, Terms(limit=limit), owner="m"
        ).claims
        held = {one.delivery_id for one in self.held}
        for one in claims:
            assert one.delivery_id not in held
            assert one.delivery_id not in self.sent
            assert one.reminder.entry.due_at - EARLIEST <= self.now < one.reminder.entry.useful_until
            assert one.recipient_key not in self.gone
        self.held += claims

    @precondition(lambda self: self.held)
    @rule(end=ENDS, leaves=st.booleans())
    def settle(self, end: State, leaves: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        one = self.held.pop(0)
        if leaves or end is State.SENT:
            self.copies[one.delivery_id] = self.copies.get(one.delivery_id, 0) + 1
        ambiguous = leaves and end is State.RETRY
        outcome = Outcome.ACCEPTED if end is State.SENT else Outcome.TRANSIENT
        done = Settlement(one.delivery_id, end, outcome, next_at=self.now + HOUR / 2, ambiguous=ambiguous)
        assert self.ledger.settle([done], token=one.token, now=self.now) == 0
        if end is State.SENT:
            self.sent.add(one.delivery_id)

    @rule(sent=st.integers(0, 3))
    def crash(self, sent: int) -> None:
        for one in self.held[:sent]:
            self.copies[one.delivery_id] = self.copies.get(one.delivery_id, 0) + 1
        stale, self.held = self.held, []
        self.ledger.engine.dispose()
        self.open()
        assert self.ledger.recover(self.now, everything=True) == len(stale)
        for one in stale:
            late = Settlement(one.delivery_id, State.SENT, Outcome.ACCEPTED)
            assert self.ledger.settle([late], token=one.token, now=self.now) == 1

    @rule(hours=st.integers(1, 5))
    def pass_time(self, hours: int) -> None:
        self.now += hours * HOUR
        self.ledger.expire(self.now)
        self.ledger.coalesce(self.now)

    @rule(hours=st.integers(1, 3))
    def step_back(self, hours: int) -> None:
        self.now = max(START, self.now - hours * HOUR)
        self.ledger.unexpire(self.now)

    @rule()
    def release(self) -> None:
        self.ledger.release()

    @invariant()
    def nothing_is_lost(self) -> None:
        counts = self.ledger.counts()
        assert counts.is_conserved
        assert counts.by_state.get(State.SENDING, 0) == len(self.held)
        assert counts.by_state.get(State.SENT, 0) == len(self.sent)

    @invariant()
    def copies_are_accounted_for(self) -> None:
        rows = {row.id: row for row in self.ledger.deliveries(limit=1000)}
        for number, copies in self.copies.items():
            row = rows[number]
            assert copies - (row.state is State.SENT) <= row.ambiguous + (row.state is State.DEAD)
        assert all(rows[number].state is State.SENT for number in self.sent)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=300 if os.environ.get("FULL") else 12, stateful_step_count=40, deadline=None, derandomize=True
)
