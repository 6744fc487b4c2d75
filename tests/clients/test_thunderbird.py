"""A real Thunderbird subscribes to our feed and ends with exactly the schedule's events."""

from __future__ import annotations

import http.server
import json
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Alarm

from examcal.feed.calendar import EventBook
from support.feed_truth import Shown, truth
from support.schedules import everything

ALL_DAY = 8  # the flag of an all-day event in Thunderbird's calendar cache
PREFERENCES = {
    "calendar.registry.examcal.type": "ics",
    "calendar.registry.examcal.name": "examcal",
    "calendar.registry.examcal.cache.enabled": True,
    "calendar.registry.examcal.calendar-main-in-composite": True,
    "calendar.list.sortOrder": "examcal",
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


@pytest.fixture
def served() -> Iterator[tuple[str, threading.Event]]:
    """Serve the feed of a schedule that has everything; the event is set when it was fetched."""
    octets, fetched = EventBook(everything()).feed(), threading.Event()

    class Feed(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/calendar; charset=utf-8")
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)
            fetched.set()

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/feeds/all.ics", fetched
        finally:
            server.shutdown()
            thread.join()


def _profile(folder: Path, address: str) -> Path:
    profile = folder / "profile"
    profile.mkdir()
    preferences = PREFERENCES | {"calendar.registry.examcal.uri": address}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    return profile


def _subscribe(folder: Path, address: str, fetched: threading.Event) -> Path:
    """Run Thunderbird until its calendar cache no longer grows; return the cache."""
    profile = _profile(folder, address)
    command = ["thunderbird", "--headless", "--no-remote", "--profile", str(profile)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=os.environ | {"HOME": str(folder)}, start_new_session=True, **quiet)  # type: ignore[call-overload]
    try:
        assert fetched.wait(60), "Thunderbird never asked for the feed"
        _wait_until_still(profile / "calendar-data")
    finally:
        process.terminate()
        process.wait(30)
    return profile / "calendar-data" / "cache.sqlite"


def _wait_until_still(folder: Path) -> None:
    """Wait until the cache has not changed for eight seconds, which is how Thunderbird shows that it is done."""
    size, since, end = -1, time.monotonic(), time.monotonic() + 60
    while time.monotonic() < end and (time.monotonic() - since < 8 or size <= 0):
        now = sum(file.stat().st_size for file in folder.glob("cache.sqlite*")) if folder.is_dir() else 0
        if now != size:
            size, since = now, time.monotonic()
        time.sleep(0.2)


def _read(cache: Path) -> dict[str, tuple[str, Shown]]:
    with sqlite3.connect(cache) as database:
        rows = database.execute(
            "SELECT id, title, event_start, event_end, flags, ical_status FROM cal_events"
        ).fetchall()
        alarms: dict[str, list[Alarm]] = {}
        for uid, text in database.execute("SELECT item_id, icalString FROM cal_alarms"):
            alarms.setdefault(uid, []).append(Alarm.from_ical(text))
    return {row[0]: (row[1], _shown(*row[2:], alarms.get(row[0], []))) for row in rows}


def _shown(starts: int, ends: int, flags: int, status: str, alarms: list[Alarm]) -> Shown:
    first, last = (datetime.fromtimestamp(moment / 1_000_000, UTC) for moment in (starts, ends))
    triggers = [alarm.TRIGGER for alarm in alarms]
    if flags & ALL_DAY:
        return Shown(first.date(), last.date(), status, frozenset(triggers))
    rings = (first + trigger if isinstance(trigger, timedelta) else trigger.astimezone(UTC) for trigger in triggers)
    return Shown(first, last, status, frozenset(rings))


@pytest.mark.slow
@pytest.mark.needs("thunderbird")
@pytest.mark.timeout(180)
def test_thunderbird_shows_every_event_with_its_times_status_and_alarms(
    served: tuple[str, threading.Event], tmp_path: Path, *, full: bool
) -> None:
    if not full:
        pytest.skip("takes half a minute: run with FULL=1")
    address, fetched = served
    read = _read(_subscribe(tmp_path, address, fetched))
    expected = truth(everything())
    assert read.keys() == expected.keys()
    for uid, (shown, occurrence) in expected.items():
        title, got = read[uid]
        assert str(occurrence.name) in title
        assert got == shown, occurrence.id
    assert {type(shown.starts) for _, shown in read.values()} == {date, datetime}
