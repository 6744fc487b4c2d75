"""``examcal doctor``: settings, schedule, disk, clock, zone data and channels, each in words."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from examcal.cli.command import command, option
from examcal.cli.invocation import Invocation
from examcal.cli.ledgers import looking
from examcal.cli.output import write, write_json
from examcal.cli.reading import present, read_schedule
from examcal.cli.wiring import audiences_of, channel_names, make_channel
from examcal.cli.words import language, say
from examcal.errors import ExamcalError, ExitCode, reason_of
from examcal.plan.audience import choices_of, unserved, unserved_words

if TYPE_CHECKING:
    from examcal.settings import Settings

Verdict = Literal["fine", "warning", "bad"]
_LEAST_FREE = 64 << 20
_FOR_OTHERS = 0o037  # all but the owner's own and reading by one group
_CONNECT_SECONDS = 5.0
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    text: str


@command("doctor", "Check settings, channels, clock and disk, and explain in words.", formats=("text", "json"))
@option("--offline", is_flag=True, about="Leave out what needs the network.")
def COMMAND(invocation: Invocation, *, offline: bool) -> int:  # noqa: N802 - looked up by this name
    """Look at everything; 1 where something is bad. No secret is ever shown."""
    settings = invocation.settings
    found = [
        Finding(say("settings"), "fine", say("read")),
        *_looked_at(lambda: _schedule(invocation), say("schedule")),
        *_looked_at(lambda: _disk(settings), say("disk")),
        *_looked_at(lambda: _ledger(settings), say("ledger")),
        *_clock(present()),
        *_zone_data(),
        *_address(settings),
        *_secret_files(invocation.config),
        *_templates(settings),
        *_channels(settings, offline=offline),
    ]
    if invocation.wants_json:
        write_json([{"subject": one.subject, "verdict": one.verdict, "text": one.text} for one in found])
    else:
        marks = {"fine": "✓", "warning": "!", "bad": "✗"}
        for one in found:
            write(f"{marks[one.verdict]} {one.subject}{say(': ')}{one.text}")
    return int(ExitCode.NO if any(one.verdict == "bad" for one in found) else ExitCode.FINE)


def _looked_at(look: Callable[[], Iterator[Finding]], subject: str) -> list[Finding]:
    try:
        return list(look())
    except ExamcalError as error:
        return [Finding(subject, "bad", error.text(language()))]


def _schedule(invocation: Invocation) -> Iterator[Finding]:
    loaded = read_schedule(invocation, present())
    exams = len(loaded.schedule.exams)
    if loaded.warnings:
        text = say(
            "{exams} exams, {warnings} warnings (see `examcal check`)", exams=exams, warnings=len(loaded.warnings)
        )
        yield Finding(say("schedule"), "warning", text)
    else:
        yield Finding(say("schedule"), "fine", say("{exams} exams", exams=exams))
    known = {exam.id for exam in loaded.schedule.exams}
    for audience in invocation.settings.audiences:
        for exam in audience.exams:
            if exam not in known:
                yield Finding(say("audience {name}", name=audience.name), "warning",
                              say("names the exam {exam}, which the schedule does not have", exam=exam))  # fmt: skip
    for site, people in unserved(choices_of(audiences_of(invocation.settings)), loaded.schedule).items():
        yield Finding(say("audiences"), "warning", unserved_words(site, people).text(language()))


def _disk(settings: Settings) -> Iterator[Finding]:
    for folder in {settings.state_dir, settings.published}:
        there = _nearest(folder)
        free = shutil.disk_usage(there).free
        if not os.access(there, os.W_OK | os.X_OK):
            yield Finding(str(folder), "bad", say("may not be written"))
        elif free < _LEAST_FREE:
            yield Finding(str(folder), "bad", say("only {mebibytes} MiB are free", mebibytes=free >> 20))
        else:
            yield Finding(str(folder), "fine", say("{mebibytes} MiB are free", mebibytes=free >> 20))


def _nearest(folder: Path) -> Path:
    folder = folder.absolute()
    return next(there for there in (folder, *folder.parents) if there.is_dir())


def _ledger(settings: Settings) -> Iterator[Finding]:
    with looking(settings) as ledger:
        if ledger is None:
            yield Finding(say("ledger"), "fine", say("none yet; the first start makes it"))
            return
        findings = ledger.verify()
    verdict: Verdict = "bad" if findings else "fine"
    yield Finding(say("ledger"), verdict, "; ".join(finding.text(language()) for finding in findings) or say("adds up"))


def _clock(now: datetime) -> Iterator[Finding]:
    if now < _EARLIEST:
        yield Finding(say("clock"), "bad", say("it is {now}; set the clock and wait for NTP", now=f"{now:%Y-%m-%d}"))
    else:
        yield Finding(say("clock"), "fine", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _zone_data() -> Iterator[Finding]:
    try:
        ZoneInfo("Asia/Shanghai")
        yield Finding(say("time zones"), "fine", say("known"))
    except (ZoneInfoNotFoundError, OSError):
        yield Finding(say("time zones"), "bad", say("time zone Asia/Shanghai not found; install tzdata"))


def _address(settings: Settings) -> Iterator[Finding]:
    if settings.base_url:
        yield Finding(say("public address"), "fine", settings.base_url)
        return
    text = say("EXAMCAL_BASE_URL is not set; links lead to {address}", address=settings.site_address)
    yield Finding(say("public address"), "warning", text)


def _secret_files(config: Path | None) -> Iterator[Finding]:
    """Look at the files that secrets lie in: their owner and one group, the service's, may read them."""
    from examcal.settings import secret_files  # noqa: PLC0415 - read with the settings, on first use

    for setting, file in secret_files(config):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & _FOR_OTHERS:
            text = say("others may read or change the file (mode {mode}); use 0640 or 0600", mode=f"{mode:04o}")
            yield Finding(setting, "warning", text)


def _templates(settings: Settings) -> Iterator[Finding]:
    """Try the office's own message templates."""
    if settings.templates_dir is None:
        return
    from examcal.delivery.message import Renderer  # noqa: PLC0415 - only where there are templates to try

    faults = Renderer(settings.site_address, settings.templates_dir).faults()
    for fault in faults:
        yield Finding(say("message templates"), "bad", fault.text(language()))
    if not faults:
        yield Finding(say("message templates"), "fine", str(settings.templates_dir))


def _channels(settings: Settings, *, offline: bool) -> Iterator[Finding]:
    if channel_names(settings) == ("outbox",):
        text = say("neither mail nor WeCom is set up; messages go to {folder}", folder=settings.outbox)
        yield Finding(say("channels"), "warning", text)
    refusals = _refusals(settings)
    for name in channel_names(settings):
        try:
            channel = make_channel(settings, name)
        except ExamcalError as error:
            yield Finding(name, "bad", error.text(language()))
            continue
        yield _reach(settings, name, offline=offline)
        if name in refusals:
            meaning = channel.explain(refusals[name])
            text = say("paused since its last answer: {code}", code=refusals[name])
            yield Finding(name, "bad", f"{text}{say(': ')}{meaning.text(language())}" if meaning else text)


def _refusals(settings: Settings) -> dict[str, str]:
    """Return the answers, by channel, after which deliveries paused and none was accepted since."""
    try:
        with looking(settings) as ledger:
            rows = ledger.channels() if ledger is not None else []
    except ExamcalError:
        return {}  # what is wrong with the ledger is a finding of its own
    return {row.name: row.reason for row in rows if row.open_at is not None}


def _reach(settings: Settings, name: str, *, offline: bool) -> Finding:
    """Connect, without sending anything."""
    smtp, wecom = settings.smtp, urlsplit(settings.wecom.base_url)
    targets = {
        "email": (smtp.host or "", smtp.effective_port, smtp.security == "tls"),
        "wecom": (wecom.hostname or "", wecom.port or 443, wecom.scheme == "https"),
    }
    target = targets.get(name.partition(":")[0].partition("-")[0])
    if offline or target is None:
        return Finding(name, "fine", say("configured"))
    host, port, secure = target
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain:
            if secure:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except ssl.SSLCertVerificationError:
        return Finding(name, "bad", say("the certificate of {host} is not trusted", host=host))
    except OSError as error:
        reason = reason_of(error).text(language())
        text = say("{host}:{port} cannot be reached: {reason}", host=host, port=port, reason=reason)
        return Finding(name, "bad", text)
    text = say(
        "{host}:{port} can be reached; `examcal send-test {name}` sends a message", host=host, port=port, name=name
    )
    return Finding(name, "fine", text)
