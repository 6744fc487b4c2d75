"""The changes as an Atom feed (RFC 4287), without a clock: its times are those of the changes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from xml.etree import ElementTree as ET

from examcal.identity import UID_NAMESPACE
from examcal.pages.history import PublishedChange
from examcal.pages.kit import Told, told
from examcal.pages.links import Layout, Origin, relative
from examcal.pages.words import Words
from examcal.schedule.model import Schedule

ATOM = "http://www.w3.org/2005/Atom"
UNPRINTABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST = 100  # entries; readers keep what they have seen


def feed(schedule: Schedule, changes: Sequence[PublishedChange], origin: Origin, layout: Layout, words: Words) -> bytes:
    """Return the feed of the newest changes, newest first."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": words.language})
    _add(root, "id", _urn("changes-feed", words.language, *(exam.id for exam in schedule.exams[:1])))
    _add(root, "title", words.t("Exam calendar: what changed"))
    _add(root, "updated", _stamp(changes[0].published_at if changes else _started(schedule)))
    _add(_add(root, "author"), "name", _author(schedule, words))
    _add(root, "link", rel="self", type="application/atom+xml", href=_address(origin, layout, layout.atom))
    _add(root, "link", rel="alternate", type="text/html", href=_address(origin, layout, layout.changes))
    for change in changes[:MOST]:
        _entry(root, told(schedule, change, words), origin, layout, words)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _entry(root: ET.Element, change: Told, origin: Origin, layout: Layout, words: Words) -> None:
    entry = _add(root, "entry")
    place = f" ({change.site})" if change.site else ""
    what = words.t("{what}: {name}", what=change.what, name=change.name + place)
    source = change.change.source
    _add(entry, "id", _urn("change", change.change.key))
    _add(entry, "title", _printable(f"{what} {change.old} → {change.new}"))
    _add(entry, "updated", _stamp(change.change.published_at))
    _add(
        entry, "link", rel="alternate", type="text/html", href=_address(origin, layout, layout.exam(change.change.exam))
    )
    lines = [change.exam, what, f"{change.old} → {change.new}"]
    if change.source or (source and source.url):
        lines.append(words.t("Source: {source}", source=" ".join(filter(None, (change.source, change.source_url)))))
    _add(entry, "content", _printable("\n".join(lines)), type="text")


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _printable(text: str) -> str:
    """Return ``text`` without the characters that XML 1.0 cannot carry (section 2.2)."""
    return UNPRINTABLE.sub("", text)


def _urn(*parts: str) -> str:
    return f"urn:uuid:{uuid.uuid5(UID_NAMESPACE, '/'.join(parts))}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _started(schedule: Schedule) -> datetime:
    days = [day for o in schedule.occurrences() for s in o.sources for day in (s.checked, s.published) if day]
    return datetime.combine(max(days, default=date(1970, 1, 1)), time(), UTC)


def _author(schedule: Schedule, words: Words) -> str:
    organizer = next((exam.organizer for exam in schedule.exams if exam.organizer), None)
    return _printable(organizer.in_(words.language)) if organizer else words.t("Exam calendar")


def _address(origin: Origin, layout: Layout, path: str) -> str:
    return origin.of(path) or relative(layout.atom, path)
