"""``examcal status``: what was sent, what is open, and what is next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from examcal.cli.command import command
from examcal.cli.dates import moment_text, time_left
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import looking, texts_of
from examcal.cli.output import write, write_json, write_table
from examcal.cli.reading import present, read_schedule, today_of
from examcal.cli.wiring import audiences_of
from examcal.cli.words import language, say
from examcal.delivery.acceptance import choices, held_digest
from examcal.dispatch.leadership import LEADER_NOTE, is_led, is_led_here
from examcal.errors import ExamcalError
from examcal.ledger.backups import last_backup
from examcal.ledger.rows import ENDED, Counts, State
from examcal.plan.audience import choices_of, plan_rows, unserved, unserved_words
from examcal.schedule.loader import load

if TYPE_CHECKING:
    from examcal.ledger.store import SqlLedger
    from examcal.schedule.model import Schedule
    from examcal.settings import Settings

_HORIZON = timedelta(days=800)
_HOME = "Asia/Shanghai"


@command("status", "Show what was sent, what is open and what is next.", formats=("text", "json"))
def COMMAND(invocation: Invocation) -> None:  # noqa: N802 - looked up by this name
    """Report the ledger's state."""
    now = present()
    settings = invocation.settings
    with looking(settings) as ledger:
        report = status_report(invocation, settings, ledger, now)
    if invocation.wants_json:
        write_json(report)
    else:
        _write_for_people(report, now)


def status_report(
    invocation: Invocation, settings: Settings, ledger: SqlLedger | None, now: datetime
) -> dict[str, object]:
    """Return the report with the names of the public contract."""
    counts = ledger.counts() if ledger else Counts({}, 0)
    report: dict[str, object] = {"planned": counts.planned_total, "open": counts.open}
    report |= {state.value: counts.by_state.get(state, 0) for state in (*ENDED, State.RETRY, State.HELD, State.SENDING)}
    report["conserved"] = counts.is_conserved
    due = _next_due_at(invocation, settings, ledger, now)
    report["next_due_at"] = due.astimezone(ZoneInfo(_HOME)).isoformat(timespec="seconds") if due else None
    report["schedule"] = _schedule(invocation, ledger)
    report["channels"] = _channels(ledger, now)
    report["leader"] = _leader(settings, ledger)
    backup = last_backup(ledger) if ledger else None
    report["last_backup"] = backup.isoformat(timespec="seconds") if backup else None
    report["unserved"] = _unserved(invocation, settings, ledger, now)
    return report


def _unserved(invocation: Invocation, settings: Settings, ledger: SqlLedger | None, now: datetime) -> dict[str, int]:
    """Return the sites that recipients chose and no exam has, with how many they are."""
    schedule = _accepted_or_present(invocation, ledger, now)
    chosen = choices(ledger) if ledger else choices_of(audiences_of(settings))
    return unserved(chosen, schedule) if schedule else {}


def _leader(settings: Settings, ledger: SqlLedger | None) -> str | None:
    """Return which daemon plans, as host and process number; None where none runs."""
    if ledger is None:
        return None
    if ledger.shared:
        with ledger.snapshot() as connection:
            led = is_led(connection)
    else:
        led = is_led_here(settings.state_dir)
    return ledger.note(LEADER_NOTE) if led else None


def _next_due_at(
    invocation: Invocation, settings: Settings, ledger: SqlLedger | None, now: datetime
) -> datetime | None:
    """Return when the next message leaves: one that waits in the ledger, or the next one of the plan."""
    waiting = ledger.next_due_at(now) if ledger else None
    schedule = _accepted_or_present(invocation, ledger, now)
    rows = plan_rows(schedule, audiences_of(settings), since=now, until=now + _HORIZON) if schedule else ()
    planned = min((row.outcome.due_at for row in rows if row.is_planned and row.outcome.due_at), default=None)
    return min((at for at in (waiting, planned) if at), default=None)


def _accepted_or_present(invocation: Invocation, ledger: SqlLedger | None, now: datetime) -> Schedule | None:
    try:
        version = ledger.current() if ledger else None
        if version:
            return load(texts_of(version), today=today_of(now)).schedule
        return read_schedule(invocation, now).schedule
    except ExamcalError:
        return None


def _schedule(invocation: Invocation, ledger: SqlLedger | None) -> dict[str, object]:
    version = ledger.current() if ledger else None
    return {
        "path": str(invocation.schedule_path),
        "version": version.id if version else None,
        "digest": version.document.digest if version else None,
        "accepted_at": version.accepted_at.isoformat(timespec="seconds") if version else None,
        "held": held_digest(ledger) if ledger else None,
    }


def _channels(ledger: SqlLedger | None, now: datetime) -> dict[str, dict[str, object]]:
    if ledger is None:
        return {}
    counted = ledger.counts_by_channel()
    return {
        row.name: {
            "paused_until": row.open_at.isoformat(timespec="seconds") if row.open_at and row.open_at > now else None,
            "failures": row.failures,
            "reason": row.reason,
            **{state.value: number for state, number in counted.get(row.name, {}).items()},
        }
        for row in ledger.channels()
    }


def _write_for_people(report: Mapping[str, object], now: datetime) -> None:
    write(say("Sent {sent}, open {open} (of {planned} planned so far).", **report))
    ended = {
        "retry": "waiting to be tried again",
        "held": "held for a person's word",
        "dead": "given up",
        "expired": "no longer useful",
        "cancelled": "overtaken by an edit",
        "suppressed": "not wanted",
    }
    for state, words in ended.items():
        if report[state]:
            write(f"  {say(words)}{say(': ')}{report[state]}")
    due = report["next_due_at"]
    if isinstance(due, str):
        moment = datetime.fromisoformat(due)
        write(say("Next message: {moment} ({left})", moment=moment_text(moment, _HOME), left=time_left(moment, now)))
    else:
        write(say("No message is planned."))
    if not report["conserved"]:
        write(say("The ledger does not add up: run `examcal ledger verify`."))
    leader = report["leader"]
    write(say("Daemon: {leader}", leader=leader) if leader else say("No daemon is running."))
    if report["last_backup"]:
        write(say("Last backup: {moment}", moment=_as_wall_time(report["last_backup"])))
    _write_schedule(report["schedule"])
    left = report["unserved"]
    for site, people in left.items() if isinstance(left, dict) else ():
        write(unserved_words(site, people).text(language()))
    _write_channels(report["channels"])


def _write_schedule(schedule: object) -> None:
    if isinstance(schedule, dict) and schedule["version"]:
        accepted_at = _as_wall_time(schedule["accepted_at"])
        write(
            say(
                "Schedule: version {version}, accepted {accepted_at} ({path})",
                **schedule | {"accepted_at": accepted_at},
            )
        )
    elif isinstance(schedule, dict):
        write(say("Schedule: not accepted by a daemon yet ({path})", **schedule))
    if isinstance(schedule, dict) and schedule["held"]:
        write(say("An edit is held because it takes much away; `examcal schedule accept` says that it is meant."))


def _write_channels(channels: object) -> None:
    if isinstance(channels, dict) and channels:
        columns = ("sent", "retry", "dead", "paused_until", "reason")
        shown = {name: row | {"paused_until": _as_wall_time(row["paused_until"])} for name, row in channels.items()}
        rows = [(name, *(row.get(column) or "" for column in columns)) for name, row in shown.items()]
        write_table([say(name) for name in ("Channel", "Sent", "Retry", "Dead", "Paused until", "Reason")], rows)


def _as_wall_time(instant: object) -> str:
    """Return an instant of the report as people read it; nothing for none."""
    return moment_text(datetime.fromisoformat(instant), _HOME) if isinstance(instant, str) else ""
