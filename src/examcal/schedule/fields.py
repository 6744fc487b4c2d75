"""Typed reading of a mapping: texts, ids, addresses, dates, choices, lists. Every misuse is reported with its place.

Reading goes on after a finding, so one run reports all of them; what cannot be read is None or left out.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from examcal.errors import Sentence
from examcal.schedule.document import Mapping, Node, Scalar, Sequence
from examcal.schedule.model import Hours, Text
from examcal.schedule.problems import Findings, Place, did_you_mean, expected_one_of
from examcal.schedule.rules import parse_clock

Choice = TypeVar("Choice", bound=enum.StrEnum)

NAME_LIMIT = 200
TEXT_LIMIT = 4000
URL_LIMIT = 2000
MOST_GUESSES = 20
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至到]\s*(\d{1,2}):(\d{2})", re.ASCII)
# Characters that reorder what is shown (Unicode TR36, "bidirectional text spoofing").
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_DAY_MINUTES = 24 * 60
_FULL_WIDTH = str.maketrans("０１２３４５６７８９：－／", "0123456789:-/")
_ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_CHINESE_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Value:
    """A node that is being read, with its path and file; the handle by which findings about it are reported."""

    node: Node
    path: str
    file: str
    findings: Findings

    @property
    def place(self) -> Place:
        """Where the value begins."""
        return Place(self.file, self.node.line, self.node.column)

    @property
    def text(self) -> str:
        """The text of a scalar; empty for anything else."""
        return self.node.text if isinstance(self.node, Scalar) else ""

    def report(self, code: str, message: Sentence, hint: Sentence | None = None) -> None:
        """Report a finding about this value."""
        self.findings.report(code, self.place, self.path, message, hint=hint, value=self.text or None)

    def scalar(self) -> str | None:
        """Return the text without outer blanks; a list or a mapping is a finding."""
        if isinstance(self.node, Scalar):
            return self.node.text.strip()
        self.report("wrong-type", Sentence("one value is expected here, not a list or a mapping"))
        return None

    def entries(self) -> list[Value]:
        """Return the entries of a list; a single value counts as a list of one."""
        if isinstance(self.node, Sequence):
            nodes = self.node.entries
            return [Value(node, f"{self.path}[{at}]", self.file, self.findings) for at, node in enumerate(nodes)]
        return [self]

    def fields(self, allowed: frozenset[str]) -> Fields | None:
        """Return the mapping, its keys checked against ``allowed``; anything else is a finding."""
        if isinstance(self.node, Mapping):
            return Fields(self.node, self.path, self.file, self.findings, allowed)
        if re.match(r"\w+：", self.text):
            message = Sentence('the colon after a key must be the half-width ": ", not "："')
            self.report("full-width-colon", message)
            return None
        self.report("wrong-type", Sentence("a mapping is expected here"), expected_one_of(sorted(allowed)))
        return None

    # Single values ------------------------------------------------------------------------------------------------

    def line(self, limit: int = NAME_LIMIT) -> str | None:
        """Return a text that stands on one line, checked for what would harm mail and calendars."""
        text = self.words(limit)
        if text is not None and "\n" in text:
            self.report("bad-text", Sentence("a line break is not allowed here"))
            return None
        return text

    def words(self, limit: int = TEXT_LIMIT) -> str | None:
        """Return a text of one or several lines, checked for what would harm mail and calendars."""
        text = self.scalar()
        if text is None:
            return None
        if not text:
            self.report("empty-value", Sentence("a text is expected here"))
            return None
        fault = _text_fault(text, limit)
        if fault:
            self.report(*fault)
            return None
        return unicodedata.normalize("NFC", text)

    def texts(self, limit: int = NAME_LIMIT, *, one_line: bool = True, default_language: str = "zh-CN") -> Text | None:
        """Return a text in one language, or in several (a mapping by language)."""
        if isinstance(self.node, Mapping):
            return self._translations(limit, one_line=one_line)
        text = self.line(limit) if one_line else self.words(limit)
        return Text(((default_language, text),)) if text is not None else None

    def _translations(self, limit: int, *, one_line: bool) -> Text | None:
        self.join_cut_texts()
        values: list[tuple[str, str]] = []
        for key, value in self._pairs():
            if not _LANGUAGE.fullmatch(key.text):
                key.report(
                    "bad-language",
                    Sentence('"{language}" is not a language', {"language": key.text[:40]}),
                    Sentence("write e.g. {zh-CN: …, en: …}, or quote a text that contains a colon"),
                )
                continue
            text = value.line(limit) if one_line else value.words(limit)
            if text is not None:
                values.append((key.text, text))
        return Text(tuple(values)) if values else None

    def _pairs(self) -> Iterator[tuple[Value, Value]]:
        node = self.node
        if isinstance(node, Mapping):
            for name, value in node.values.items():
                path = f"{self.path}.{name}"
                yield (
                    Value(node.keys[name], path, self.file, self.findings),
                    Value(value, path, self.file, self.findings),
                )

    def join_cut_texts(self) -> None:
        """Put texts together that a comma inside braces or brackets has cut, with a warning.

        ``[照片(jpg, 小于30kB)]`` is one text, and so are the hours in ``{hours: 09:00-11:30, 13:30-17:00}``.
        """
        cut = _join_entries(self.node) if isinstance(self.node, Sequence) else _join_values(self.node)
        for rest in cut:
            message = Sentence("the comma cuts this text in two; it was read as one")
            place = Value(rest, self.path, self.file, self.findings)
            place.report("split-by-comma", message, Sentence("put the whole text in quotes"))

    def pairs(self) -> list[tuple[Value, Value]]:
        """Return keys and values of a mapping; anything else is a finding."""
        self.join_cut_texts()
        if not isinstance(self.node, Mapping):
            self.report("wrong-type", Sentence("a mapping is expected here"))
        return list(self._pairs())

    def identifier(self) -> str | None:
        """Return an id: small letters, digits and hyphens, at most 64."""
        text = self.scalar()
        if text is None or _ID.fullmatch(text):
            return text
        suggestion = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKC", text).casefold()).strip("-")[:64]
        hint = Sentence("an id has small letters, digits and hyphens, at most 64")
        if suggestion:
            hint = Sentence('an id has small letters, digits and hyphens, at most 64; e.g. "{id}"', {"id": suggestion})
        self.report("bad-id", Sentence('"{id}" cannot be an id', {"id": text[:80]}), hint)
        return None

    def choice(self, words: type[Choice], code: str = "unknown-value") -> Choice | None:
        """Return the member of an enumeration."""
        text = self.scalar()
        if text is None:
            return None
        if text in set(words):
            return words(text)
        known = [str(word) for word in words]
        message = Sentence('"{value}" is not known here', {"value": text[:60]})
        self.report(code, message, expected_one_of(known, text))
        return None

    def url(self) -> str | None:
        """Return an http or https address without user name and password."""
        text = self.scalar()
        fault = _url_fault(text) if text is not None else None
        if fault:
            self.report("bad-url", fault, Sentence("write e.g. https://www.nmec.org.cn"))
            return None
        return text

    def email(self) -> str | None:
        """Return one e-mail address."""
        text = self.scalar()
        if text is None or (_EMAIL.fullmatch(text) and len(text) <= 254):  # noqa: PLR2004  # RFC 5321 4.5.3.1.3
            return text
        hint = Sentence("one address per entry, e.g. office@example.org")
        self.report("bad-email", Sentence('"{value}" is not an e-mail address', {"value": text[:80]}), hint)
        return None

    def day(self) -> date | None:
        """Return a civil date, ``2026-01-29`` or ``2026年1月29日``."""
        text = self.scalar()
        if text is None:
            return None
        folded = text.translate(_FULL_WIDTH)
        found = _ISO_DAY.fullmatch(folded) or _CHINESE_DAY.fullmatch(folded)
        hint = Sentence("write e.g. 2026-01-29")
        if not found:
            self.report("bad-date", Sentence('"{value}" is not a date', {"value": text[:60]}), hint)
            return None
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            self.report("bad-date", Sentence('"{value}" does not exist in the calendar', {"value": text[:60]}), hint)
            return None

    def clock(self) -> time | None:
        """Return a time of day, ``09:00``."""
        text = self.scalar()
        moment = parse_clock(text.translate(_FULL_WIDTH)) if text is not None else None
        if text is not None and moment is None:
            message = Sentence('"{value}" is not a time of day', {"value": text[:60]})
            self.report("bad-time", message, Sentence('write e.g. "09:00"'))
        return moment

    def hours(self) -> tuple[Hours, ...]:
        """Return daily opening hours, in order, that do not overlap; empty after a finding."""
        texts = [entry.scalar() for entry in self.entries()]
        ranges = parse_hours(",".join(text for text in texts if text))
        if ranges is None:
            message = Sentence('"{value}" are not opening hours', {"value": self.text[:60]})
            self.report("bad-hours", message, Sentence('write e.g. "09:00-11:30, 13:30-17:00", in order'))
            return ()
        return ranges

    def zone(self) -> str | None:
        """Return the name of a time zone that the zone database has."""
        text = self.scalar()
        if text is None:
            return None
        if not is_zone(text):
            hint = self._nearest_zone(text) or Sentence("use an IANA name, e.g. Asia/Shanghai")
            self.report("bad-timezone", Sentence('"{value}" is not a time zone', {"value": text[:60]}), hint)
            return None
        if text.startswith("Etc/GMT") and text[7:8] in {"+", "-"}:
            message = Sentence(
                "the sign in {value} is reversed: it is {meaning}", {"value": text, "meaning": _meaning(text)}
            )
            self.report("reversed-timezone", message, Sentence("use an IANA name, e.g. Asia/Shanghai"))
        return text

    def _nearest_zone(self, text: str) -> Sentence | None:
        """Return the zone that was meant. Beijing is not in the database, its nearest spelling misleads."""
        if "beijing" in text.lower() or not self.findings.spend("zone guesses", MOST_GUESSES):
            return None
        return did_you_mean(text, _zones())


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


class Fields:
    """A mapping that is being read. Unknown keys are reported when it is opened; ``null`` counts as absent."""

    def __init__(self, node: Mapping, path: str, file: str, findings: Findings, allowed: frozenset[str]) -> None:
        self.node, self.path, self.file, self.findings = node, path, file, findings
        self.value.join_cut_texts()
        for key in node.values:
            if key not in allowed:
                self._report_unknown(key, allowed)

    def _report_unknown(self, key: str, allowed: frozenset[str]) -> None:
        place = Value(self.node.keys[key], self._path(key), self.file, self.findings)
        message = Sentence('unknown key "{key}"', {"key": key[:60]})
        place.report("unknown-key", message, expected_one_of(sorted(allowed), key))

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    @property
    def value(self) -> Value:
        """The mapping itself, for findings about it as a whole."""
        return Value(self.node, self.path, self.file, self.findings)

    def has(self, key: str) -> bool:
        """Whether the key is there and says something."""
        return key in self.node.values and not _is_null(self.node.values[key])

    def get(self, key: str) -> Value | None:
        """Return the value of a key, or None where it is absent or ``null``."""
        node = self.node.values.get(key)
        if node is None or _is_null(node):
            return None
        return Value(node, self._path(key), self.file, self.findings)

    def require(self, key: str) -> Value | None:
        """Return the value of a key; an absent one is a finding."""
        value = self.get(key)
        if value is None:
            self.value.report("missing-key", Sentence('the key "{key}" is missing', {"key": key}))
        return value

    def key(self, key: str) -> Value:
        """Return the key itself as a place for findings; the mapping where the key is absent."""
        return Value(self.node.keys.get(key, self.node), self._path(key), self.file, self.findings)

    def entries(self, key: str) -> list[Value]:
        """Return the entries under a key; empty where it is absent."""
        value = self.get(key)
        return value.entries() if value else []


def _join_entries(node: Sequence) -> list[Scalar]:
    """Join the entries of a list in brackets that belong together; return the pieces that were appended."""
    kept: list[Node] = []
    rests: list[Scalar] = []
    for entry in node.entries if node.is_flow else ():
        last = kept[-1] if kept else None
        if isinstance(last, Scalar) and isinstance(entry, Scalar) and _is_cut(last):
            _append(last, entry)
            rests.append(entry)
        else:
            kept.append(entry)
    node.entries = kept if node.is_flow else node.entries
    return rests


def _join_values(node: Node) -> list[Scalar]:
    """Join to each text of a mapping the keys without value that follow and belong to it; return those keys."""
    rests: list[Scalar] = []
    last_key, last = "", None
    for key, value in list(node.values.items()) if isinstance(node, Mapping) else ():
        is_rest = _is_null(value) and (_is_cut(last) or (last_key == "hours" and _HOURS.fullmatch(key)))
        if isinstance(node, Mapping) and isinstance(last, Scalar) and is_rest:
            _append(last, node.keys[key])
            rests.append(node.keys.pop(key))
            del node.values[key]
        else:
            last_key, last = key, value
    return rests


def _append(text: Scalar, rest: Scalar) -> None:
    text.text = f"{text.text}, {rest.text}"


def _is_cut(node: Node | None) -> bool:
    """Return whether a text without quotes has an opening bracket that it does not close."""
    if not isinstance(node, Scalar) or not node.is_plain or len(node.text) > TEXT_LIMIT:
        return False
    return sum(map(node.text.count, "(（《")) > sum(map(node.text.count, ")）》"))


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _text_fault(text: str, limit: int) -> tuple[str, Sentence, Sentence | None] | None:
    """Return what is wrong with a text. ``=?`` begins an encoded word, which mail libraries decode into headers."""
    if len(text) > limit:
        params = {"length": len(text), "limit": limit}
        return "text-too-long", Sentence("the text has {length} characters, the limit is {limit}", params), None
    control = next((c for c in text if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"), None)
    if control:
        params = {"number": f"{ord(control):04X}"}
        return "bad-text", Sentence("control characters are not allowed (U+{number})", params), None
    if "=?" in text:
        return "bad-text", Sentence('"=?" is not allowed: mail programs read it as an encoded header'), None
    if _BIDI.search(text):
        hint = Sentence("type the text again instead of copying it")
        return "bad-text", Sentence("characters that change the direction of the text are not allowed"), hint
    return None


def _url_fault(text: str) -> Sentence | None:
    if len(text) > URL_LIMIT:
        return Sentence(
            "the address has {length} characters, the limit is {limit}", {"length": len(text), "limit": URL_LIMIT}
        )
    if any(not c.isprintable() or c in ' <>"\\^`{|}' for c in text):
        return Sentence("the address contains a character that is not allowed")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Sentence("this is not a web address")
    if parts.scheme.lower() not in {"http", "https"}:
        return Sentence("only http and https addresses are allowed")
    if "@" in parts.netloc:
        return Sentence("an address must not contain a user name or password")
    return None if host else Sentence("the address has no host name")


def parse_hours(text: str) -> tuple[Hours, ...] | None:
    """Return opening hours such as ``09:00-11:00, 14:00-16:30``, or None where the text is not that.

    They must follow one another without overlap; ``24:00`` may end a day.
    """
    folded = text.translate(_FULL_WIDTH)
    spans = [_span(found) for found in _HOURS.finditer(folded)]
    if not spans or _HOURS.sub("", folded).strip(" ,，、;；"):
        return None
    ranges = tuple(span for span in spans if span)
    is_ordered = all(one.until <= two.since for one, two in pairwise(ranges))
    return ranges if is_ordered and len(ranges) == len(spans) else None


def office_hours(text: str) -> tuple[Hours, ...]:
    """Return all ranges of hours that a free text names, e.g. 工作日 09:00-11:30, 13:30-17:00."""
    spans = (_span(found) for found in _HOURS.finditer(text.translate(_FULL_WIDTH)))
    return tuple(span for span in spans if span)


def _span(found: re.Match[str]) -> Hours | None:
    since, until = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    is_real = int(found[2]) < 60 and int(found[4]) < 60 and since < until <= _DAY_MINUTES  # noqa: PLR2004  # minutes
    return Hours(since, until) if is_real else None


def is_zone(name: str) -> bool:
    """Return whether ``name`` is a time zone by its full name: abbreviations such as CST have several meanings."""
    if name != "UTC" and ("/" not in name or not re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", name)):
        return False
    if name.startswith("/"):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _meaning(zone: str) -> str:
    return f"UTC{'+' if zone[7] == '-' else '-'}{zone[8:]}"
