"""Typed reading of a mapping: texts, ids, addresses, dates, choices, lists. Every misuse is reported with its place.

Reading goes on after a finding, so one run reports all of them; what cannot be read is None or left out.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from typing import TypeVar

from examcal.errors import Sentence
from examcal.schedule.checks import (
    FULL_WIDTH,
    address_in,
    is_zone,
    offset_of,
    parse_hours,
    text_fault,
    url_fault,
    zones,
)
from examcal.schedule.document import Mapping, Node, Scalar, Sequence
from examcal.schedule.joining import join_entries, join_values
from examcal.schedule.model import Hours, Text
from examcal.schedule.problems import Findings, Place, closest, did_you_mean, expected_one_of
from examcal.schedule.rules import parse_clock
from examcal.schedule.spelling import full_width_bracket_hint, full_width_hint

Choice = TypeVar("Choice", bound=enum.StrEnum)

NAME_LIMIT = 200
TEXT_LIMIT = 4000
MOST_GUESSES, MOST_UNKNOWN_ZONES = 20, 200
_UNKNOWN_ZONES = "unknown zones"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_TYPOGRAPHIC_QUOTES = re.compile("\\s*[“”„‟‘’‚‛＂＇「」『』«»]")
_WIDE_COLON = re.compile(r"[\w-]+\s*：")
# Values of these codes are written in ASCII: a full-width sign in them is what is wrong.
_ASCII_ONLY = frozenset(
    {"bad-email", "bad-hours", "bad-relative", "bad-rule", "bad-time", "bad-timezone", "bad-version"}
)
_CHINESE_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]", re.ASCII)


def is_id(text: str) -> bool:
    """Return whether a text is an id: small letters, digits and hyphens, at most 64."""
    return bool(_ID.fullmatch(text))


@dataclass(slots=True)
class Value:
    """A node that is being read, with its path and file; the handle by which findings about it are reported.

    Not frozen: a large file makes a quarter of a million of them, and a frozen one takes twice as long to make.
    """

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
        """Report a finding about this value; signs that YAML does not know explain what they are part of."""
        if code.startswith(("bad-", "unknown-")) and code != "bad-text" and _TYPOGRAPHIC_QUOTES.match(self.text):
            hint = Sentence("YAML knows only the half-width quotes \" and '; use these, or none")
        elif code in _ASCII_ONLY:
            hint = full_width_hint(self.text) or hint
        self.findings.report(code, self.place, self.path, message, hint=hint, value=self.text or None)

    def has_full_width_colon(self) -> bool:
        """Report a colon of an input method after a word that would be a key; return whether there is one."""
        if not _WIDE_COLON.match(self.text):
            return False
        message = Sentence('the colon after a key must be the half-width ": ", not "："')
        self.report("full-width-colon", message)
        return True

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
        if not self.has_full_width_colon():
            hint = full_width_bracket_hint(self.text) or expected_one_of(sorted(allowed))
            self.report("wrong-type", Sentence("a mapping is expected here"), hint)
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
        fault = text_fault(text, limit)
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
                if not _LANGUAGE.match(key.text) or not key.has_full_width_colon():
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
        rests: list[Scalar] = []
        if isinstance(self.node, Sequence) and self.node.is_flow:
            rests = join_entries(self.node)
        elif isinstance(self.node, Mapping) and self.node.is_flow:
            rests = join_values(self.node)
        for rest in rests:
            message = Sentence("the comma cuts this text in two; it was read as one")
            place = Value(rest, self.path, self.file, self.findings)
            place.report("split-by-comma", message, Sentence("put the whole text in quotes"))

    def pairs(self) -> list[tuple[Value, Value]]:
        """Return keys and values of a mapping; anything else is a finding."""
        self.join_cut_texts()
        if not isinstance(self.node, Mapping):
            hint = Sentence('write "key: value", without "-" or brackets')
            self.report("wrong-type", Sentence("a mapping is expected here"), hint)
        return list(self._pairs())

    def identifier(self) -> str | None:
        """Return an id: small letters, digits and hyphens, at most 64."""
        text = self.scalar()
        if text is None or is_id(text):
            return text
        suggestion = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKC", text).casefold()).strip("-")[:64]
        hint = Sentence("an id has small letters, digits and hyphens, at most 64")
        if suggestion and (text.isascii() or re.search("[a-z]", suggestion)):
            hint = Sentence('an id has small letters, digits and hyphens, at most 64; e.g. "{id}"', {"id": suggestion})
        self.report("bad-id", Sentence('"{id}" cannot be an id', {"id": text[:80]}), hint)
        return None

    def choice(self, words: type[Choice], code: str = "unknown-value") -> Choice | None:
        """Return the member of an enumeration."""
        text = self.scalar()
        if text is None:
            return None
        with suppress(ValueError):
            return words(text)
        known = [str(word) for word in words]
        message = Sentence('"{value}" is not known here', {"value": text[:60]})
        self.report(code, message, expected_one_of(known, "" if self.findings.is_full else text))
        return None

    def url(self) -> str | None:
        """Return an http or https address without user name and password."""
        text = self.scalar()
        fault = url_fault(text) if text is not None else None
        if text is not None and fault:
            hint, meant = None if "://" in text else full_width_hint(text), address_in(text)
            if hint is None and meant:
                hint = Sentence('did you mean "{near}"?', {"near": meant})
            self.report("bad-url", fault, hint or Sentence("write e.g. https://www.nmec.org.cn"))
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
        folded = text.translate(FULL_WIDTH)
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
        moment = parse_clock(text.translate(FULL_WIDTH)) if text is not None else None
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
        if text is None or self.findings.spent.get(_UNKNOWN_ZONES, 0) > MOST_UNKNOWN_ZONES:
            return None
        if not is_zone(text):
            self.findings.spend(_UNKNOWN_ZONES, MOST_UNKNOWN_ZONES)
            hint = self._nearest_zone(text) or Sentence("use an IANA name, e.g. Asia/Shanghai")
            self.report("bad-timezone", Sentence('"{value}" is not a time zone', {"value": text[:60]}), hint)
            return None
        if text.startswith("Etc/GMT") and text[7:8] in {"+", "-"}:
            message = Sentence(
                "the sign in {value} is reversed: it is {meaning}", {"value": text, "meaning": offset_of(text)}
            )
            self.report("reversed-timezone", message, Sentence("use an IANA name, e.g. Asia/Shanghai"))
        return text

    def _nearest_zone(self, text: str) -> Sentence | None:
        """Return the zone that was meant. Beijing is not in the database, its nearest spelling misleads."""
        if "beijing" in text.lower() or not self.findings.spend("zone guesses", MOST_GUESSES):
            return None
        return did_you_mean(text, zones())


class Fields:
    """A mapping that is being read. Unknown keys are reported when it is opened; ``null`` counts as absent.

    ``has_unknown`` tells that something is missing here because its key is misspelt; ``misspelt`` are the keys that
    were probably meant: that they are missing is no further mistake.
    """

    def __init__(self, node: Mapping, path: str, file: str, findings: Findings, allowed: frozenset[str]) -> None:
        self.node, self.path, self.file, self.findings = node, path, file, findings
        if node.is_flow:
            self.value.join_cut_texts()
        self.has_unknown = False
        self.misspelt: set[str] = set()
        for key in node.values:
            if key not in allowed:
                self.has_unknown = True
                self._report_unknown(key, allowed)

    def _report_unknown(self, key: str, allowed: frozenset[str]) -> None:
        place = Value(self.node.keys[key], self._path(key), self.file, self.findings)
        if key[:1].isascii() and place.has_full_width_colon():
            self.misspelt.add(re.split("[\\s：]", key)[0])
            return
        head = re.split("[:：]", key)[0].strip()
        near = head if head in allowed else None if self.findings.is_full else closest(key, allowed)
        self.misspelt.add(near or "")
        hint = expected_one_of(sorted(allowed), near=near)
        if head in allowed and key[len(head) + 1 :].strip():
            hint = Sentence('put a space after the colon: "key: value"')
        place.report("unknown-key", Sentence('unknown key "{key}"', {"key": key[:60]}), hint)

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
        if value is None and key not in self.misspelt:
            self.value.report("missing-key", Sentence('the key "{key}" is missing', {"key": key}))
        return value

    def key(self, key: str) -> Value:
        """Return the key itself as a place for findings; the mapping where the key is absent."""
        return Value(self.node.keys.get(key, self.node), self._path(key), self.file, self.findings)

    def entries(self, key: str) -> list[Value]:
        """Return the entries under a key; empty where it is absent."""
        value = self.get(key)
        return value.entries() if value else []


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null
