"""How things stand: the numbers that ``examcal status``, the health checks and the metrics show."""

from __future__ import annotations

from datetime import datetime

from examcal.delivery.acceptance import held_digest
from examcal.delivery.loop import TICK_NOTE
from examcal.ledger.port import Ledger
from examcal.ledger.rows import OPEN, State, instant

LEADER_NOTE = "leader"


def status(ledger: Ledger, now: datetime) -> dict[str, object]:
    """Return the figures with the names of the public contract. ``open`` counts planned, retry, sending and held."""
    counts = ledger.counts()
    due = ledger.next_due_at(now)
    return {
        "planned": counts.planned_total,
        "open": counts.open,
        **{state.value: counts.by_state.get(state, 0) for state in State if state is not State.PLANNED},
        "waiting": counts.by_state.get(State.PLANNED, 0),
        "conserved": counts.is_conserved,
        "next_due_at": due.isoformat() if due else None,
        "schedule": _schedule(ledger),
        "channels": _channels(ledger, now),
        "leader": ledger.note(LEADER_NOTE),
        "last_tick_at": _stamp(ledger.note(TICK_NOTE)),
    }


def nothing_yet() -> dict[str, object]:
    """Return the figures of a ledger that was not made yet."""
    numbers = ("planned", "open", *(state.value for state in State if state is not State.PLANNED), "waiting")
    unknown = dict.fromkeys(("next_due_at", "schedule", "leader", "last_tick_at"))
    return {**dict.fromkeys(numbers, 0), "conserved": True, **unknown, "channels": []}


def _schedule(ledger: Ledger) -> dict[str, object] | None:
    version = ledger.current()
    if version is None:
        return None
    return {
        "version": version.id,
        "digest": version.document.digest,
        "accepted_at": version.accepted_at.isoformat(),
        "files": [name for name, _ in version.document.texts],
        "held": held_digest(ledger),
    }


def _channels(ledger: Ledger, now: datetime) -> list[dict[str, object]]:
    numbers = ledger.counts_by_channel()
    return [
        {
            "name": row.name,
            "state": "paused" if row.open_at is not None and row.open_at > now else "ok",
            "paused_until": row.open_at.isoformat() if row.open_at is not None and row.open_at > now else None,
            "reason": row.reason,
            "failures": row.failures,
            "open": sum(numbers.get(row.name, {}).get(state, 0) for state in OPEN),
            "sent": numbers.get(row.name, {}).get(State.SENT, 0),
        }
        for row in ledger.channels()
    ]


def _stamp(noted: str | None) -> str | None:
    return instant(int(noted)).isoformat() if noted else None
