"""From the text of schedule files to a schedule, or to everything that is wrong with them. Pure: no file, no clock."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from collections.abc import Sequence as SequenceType
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time

from examcal.errors import Problem, ScheduleRejectedError, Sentence
from examcal.identity import content_digest
from examcal.schedule import cautions, formats
from examcal.schedule.document import Limits, Mapping, Node, Scalar, Sequence, SourceText, parse
from examcal.schedule.drafts import Defaults, read_exam
from examcal.schedule.fields import Fields, Value
from examcal.schedule.model import Exam, QuietHours, Schedule, WorkdayCorrections
from examcal.schedule.occurrences import Resolver
from examcal.schedule.parts import Ids, few, optional, read_reminders
from examcal.schedule.problems import Findings, Place
from examcal.schedule.rules import parse_clock
from examcal.schedule.workdays import Workdays
from examcal.texts import DEFAULT_LANGUAGE

SETTINGS_KEYS = frozenset({"version", "timezone", "language", "remind_at", "quiet_hours", "workdays", "reminders"})
TOP_KEYS = SETTINGS_KEYS | {"exams"}
WORKDAYS_KEYS = frozenset({"calendar", "holidays", "working"})
DEFAULT_ZONE = "Asia/Shanghai"
DEFAULT_REMIND_AT = time(9, 0)

__all__ = ["Limits", "Loaded", "SourceText", "digest", "load"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """An accepted schedule, and what may be doubted about it."""

    schedule: Schedule
    warnings: tuple[Problem, ...] = ()


def digest(texts: SequenceType[SourceText]) -> str:
    """Return the digest of the exact content of schedule files, in their order; their names do not count."""
    return content_digest("schedule-v1", *(text.content for text in texts))


def load(texts: SequenceType[SourceText], *, today: date, limits: Limits | None = None) -> Loaded:
    """Return the schedule that ``texts`` (the files of one schedule) write, with warnings as of ``today``.

    Raises ScheduleRejectedError with all problems of all files, warnings included, errors or not by their severity.
    """
    findings = Findings()
    with _collector_at_rest():
        documents = _documents(texts, findings, limits or Limits())
        settings = _settings(documents, findings)
        schedule = _schedule(documents, settings, findings, digest(texts), today)
    if findings.has_errors:
        raise ScheduleRejectedError(findings.errors() + findings.warnings())
    return Loaded(schedule, findings.warnings())


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python from searching for garbage cycles: what is built here has none, and the search takes a third more."""
    is_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_at_work:
            gc.enable()


def _documents(texts: SequenceType[SourceText], findings: Findings, limits: Limits) -> list[Fields]:
    total = sum(len(text.content) for text in texts)
    if len(texts) > 1 and total > limits.octets:
        message = Sentence("the files have more than {limit} bytes together", {"limit": limits.octets})
        findings.report("too-large", Place(texts[0].name), "", message)
        return []
    documents: list[Fields] = []
    left = limits.nodes
    for text in texts:
        root = parse(text, findings, Limits(limits.octets, limits.depth, left))
        if root is not None:
            left -= _size(root) if len(texts) > 1 else 0
            documents.append(Fields(root, "", text.name, findings, TOP_KEYS))
    return documents


def _size(root: Node) -> int:
    """Return the number of nodes of a document."""
    count, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        count += 1
        if isinstance(node, Mapping):
            waiting.extend(node.values.values())
            count += len(node.keys)
        elif isinstance(node, Sequence):
            waiting.extend(node.entries)
    return count


# Settings ---------------------------------------------------------------------------------------------------------


def _settings(documents: SequenceType[Fields], findings: Findings) -> MappingType[str, Value]:
    """Return the top-level settings. Several files may state the same one only if they agree."""
    stated: dict[str, Value] = {}
    for fields in documents:
        for key in sorted(SETTINGS_KEYS):
            value = fields.get(key)
            if value is None:
                continue
            first = stated.setdefault(key, value)
            if _plain(first.node) != _plain(value.node):
                params = {"key": key, "file": first.file, "line": first.place.line}
                message = Sentence('"{key}" differs from {file}, line {line}', params)
                hint = Sentence("state it in one file only")
                findings.report("settings-disagree", value.place, key, message, hint=hint, value=value.text or None)
    return stated


def _plain(node: Node) -> object:
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.values.items()}
    if isinstance(node, Sequence):
        return [_plain(entry) for entry in node.entries]
    return node.text.strip() if isinstance(node, Scalar) else None


def _version(value: Value) -> None:
    text = value.scalar()
    if text is not None and text != "1":
        message = Sentence('version "{value}" of the schedule format is not known', {"value": text[:20]})
        value.report("bad-version", message, Sentence("write version: 1"))


def _language(value: Value) -> str | None:
    text = value.scalar()
    if text is not None and not text.replace("-", "").isalnum():
        message = Sentence('"{language}" is not a language', {"language": text[:40]})
        value.report("bad-language", message, Sentence("write e.g. zh-CN or en"))
        return None
    return text


def _quiet_hours(value: Value) -> QuietHours | None:
    text = value.scalar()
    since, _, until = (text or "").replace("—", "-").replace("–", "-").replace("~", "-").partition("-")
    first, last = parse_clock(since), parse_clock(until)
    if text is None or (first and last and first != last):
        return QuietHours(first, last) if first and last else None
    message = Sentence('"{value}" are not quiet hours', {"value": text[:60]})
    value.report("bad-hours", message, Sentence("write e.g. 21:30-07:30"))
    return None


def _corrections(value: Value | None) -> WorkdayCorrections:
    """Return how working days differ from the calendar. Without ``workdays`` the Chinese one holds."""
    fields = value.fields(WORKDAYS_KEYS) if value else None
    if fields is None:
        return WorkdayCorrections("CN")
    calendar = fields.get("calendar")
    name = calendar.scalar() if calendar else None
    if calendar and name not in {"CN", "none"}:
        message = Sentence('"{value}" is not known here', {"value": calendar.text[:60]})
        calendar.report("unknown-value", message, Sentence("allowed: {words}", {"words": "CN, none"}))
    holidays, working = _days(fields, "holidays"), _days(fields, "working")
    for day in sorted(holidays.keys() & working.keys()):
        message = Sentence("{day} is both a holiday and a working day", {"day": day.isoformat()})
        working[day].report("workdays-disagree", message)
    statutory = None if name == "none" else "CN"
    return WorkdayCorrections(statutory, frozenset(holidays), frozenset(working))


def _days(fields: Fields, key: str) -> dict[date, Value]:
    days = {formats.day(value): value for value in few(fields.get(key), 2000)}
    return {day: value for day, value in days.items() if day}


# The schedule -----------------------------------------------------------------------------------------------------


def _schedule(
    documents: SequenceType[Fields],
    settings: MappingType[str, Value],
    findings: Findings,
    text_digest: str,
    today: date,
) -> Schedule:
    optional(settings.get("version"), _version)
    zone = optional(settings.get("timezone"), formats.zone) or DEFAULT_ZONE
    language = optional(settings.get("language"), _language) or DEFAULT_LANGUAGE
    remind_at = optional(settings.get("remind_at"), formats.clock) or DEFAULT_REMIND_AT
    quiet_hours = optional(settings.get("quiet_hours"), _quiet_hours)
    corrections = _corrections(settings.get("workdays"))
    workdays = Workdays(corrections)
    defaults = Defaults(zone, language, read_reminders(settings.get("reminders")), workdays)
    resolvers = _resolvers(documents, defaults, workdays, findings)
    if findings.is_exhausted:
        resolvers = []
    exams: list[Exam] = [resolver.resolve() for resolver in resolvers]
    schedule = Schedule(tuple(exams), zone, language, remind_at, quiet_hours, corrections, text_digest)
    for resolver in resolvers:
        cautions.look_again(resolver, schedule, today)
    return schedule


def _resolvers(
    documents: SequenceType[Fields], defaults: Defaults, workdays: Workdays, findings: Findings
) -> list[Resolver]:
    ids = Ids()
    resolvers: list[Resolver] = []
    has_exams = False
    for fields in documents:
        for value in fields.entries("exams"):
            has_exams = True
            draft = read_exam(value, defaults, ids)
            if draft:
                resolvers.append(Resolver(draft, workdays))
    if documents and not has_exams and not any("exams" in fields.misspelt for fields in documents):
        message = Sentence("the schedule has no exams")
        hint = Sentence('write "exams:" and under it "- id: …"')
        findings.report("no-exams", documents[0].value.place, "exams", message, hint=hint)
    return resolvers
