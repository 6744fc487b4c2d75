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
from typing import TypeVar

from examcal.errors import Sentence
from examcal.schedule.checks import (
    text_fault,
)
from examcal.schedule.document import Mapping, Node, Scalar, Sequence
from examcal.schedule.joining import join_entries, join_values
from examcal.schedule.model import Text
from examcal.schedule.problems import Findings, Place, closest, expected_one_of
from examcal.schedule.spelling import full_width_bracket_hint, full_width_hint

Choice = TypeVar("Choice", bound=enum.StrEnum)

NAME_LIMIT = 200
TEXT_LIMIT = 4000
MOST_GUESSES = 20
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_TYPOGRAPHIC_QUOTES = re.compile("\\s*[“”„‟‘’‚‛＂＇「」『』«»]")
_WIDE_COLON = re.compile(r"[\w-]+\s*：")
# Values of these codes are written in ASCII: a full-width sign in them is what is wrong.
_ASCII_ONLY = frozenset(
    {"bad-email", "bad-hours", "bad-relative", "bad-rule", "bad-time", "bad-timezone", "bad-version"}
)


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
