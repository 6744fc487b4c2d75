"""From octets to content lines and components, keeping the line of everything (RFC 5545 sections 3.1 and 3.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from examcal.feed.lint.finding import Broken

_PHYSICAL = re.compile(rb"\r\n|\n|\r")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BOM = b"\xef\xbb\xbf"
_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_PARAMETER = rf"[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*"
_CONTENT = re.compile(rf"([A-Za-z0-9-]+)((?:;{_PARAMETER})*):(.*)", re.DOTALL)
_PARAMETERS = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE}(?:,{_VALUE})*)")
# Parameters that hold an address or one free text: a colon or comma in one can only be a lost quote.
_QUOTED = frozenset({"ALTREP", "DIR", "MEMBER", "DELEGATED-TO", "DELEGATED-FROM", "SENT-BY"})
_SINGLE = frozenset({"CN", "LABEL", "TZID", "VALUE", "RELATED", "FMTTYPE", "LANGUAGE", "FILENAME"})
MOST_OCTETS = 75


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: upper-case name, parameters as written (without quotes), value, physical line."""

    name: str
    parameters: dict[str, str]
    value: str
    line: int


@dataclass(slots=True)
class Component:
    """A component with its properties and parts in their order."""

    name: str
    line: int
    properties: list[Property] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """Return every property of this name."""
        return [found for found in self.properties if found.name == name]

    def first(self, name: str) -> Property | None:
        """Return the first property of this name, or None."""
        return next((found for found in self.properties if found.name == name), None)

    def named(self, name: str) -> list[Component]:
        """Return every part of this name."""
        return [part for part in self.parts if part.name == name]


def _lines_with(pattern: re.Pattern[bytes], octets: bytes) -> Iterator[int]:
    """Yield the number of each line where ``pattern`` occurs, once: a line of a million NULs is one finding."""
    line, counted, told = 1, 0, 0
    for match in pattern.finditer(octets):
        line += octets.count(b"\n", counted, match.start())
        counted = match.start()
        if line != told:
            told = line
            yield line


def broken_octets(octets: bytes) -> Iterator[Broken]:
    """Yield what is wrong with the physical lines."""
    if not octets.strip():
        yield Broken("B01", 0)
        return
    if octets.startswith(_BOM):
        yield Broken("B02", 1)
    for rule, pattern in (("B03", _BARE_LF), ("B04", _BARE_CR), ("B09", _CONTROL)):
        for found in _lines_with(pattern, octets):
            yield Broken(rule, found)
    lines = _PHYSICAL.split(octets)
    if not octets.endswith(b"\r\n"):
        yield Broken("B05", len(lines))
    for number, line in enumerate(lines[:-1] if not lines[-1] else lines, 1):
        yield from _broken_line(line, number)


def _broken_line(line: bytes, number: int) -> Iterator[Broken]:
    if not line.strip():
        yield Broken("B08", number)
    if len(line) > MOST_OCTETS:
        yield Broken("B06", number, {"octets": len(line)})
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError:
            yield Broken("B07", number)


def unfolded(octets: bytes) -> Iterator[tuple[int, str, bool]]:
    """Yield each content line with its first physical line, and whether a fold cuts an escape in two."""
    number, parts, cut = 0, [b""], False
    for position, line in enumerate(_PHYSICAL.split(octets.removeprefix(_BOM)), 1):
        if line[:1] in {b" ", b"\t"} and number:
            cut = cut or (parts[-1].endswith(b"\\") and _is_open(b"".join(parts)))
            parts.append(line[1:])
            continue
        if number and any(parts):
            yield number, b"".join(parts).decode(errors="replace"), cut
        number, parts, cut = position, [line], False
    if any(parts):
        yield number, b"".join(parts).decode(errors="replace"), cut


def _is_open(text: bytes) -> bool:
    """Return whether ``text`` ends inside an escape."""
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1


class Reader:
    """Builds the tree of components; what does not fit is a finding, and reading goes on."""

    def __init__(self) -> None:
        self.roots: list[Component] = []
        self.broken: list[Broken] = []
        self._open: list[Component] = []

    def read(self, octets: bytes) -> None:
        """Read all content lines of a feed."""
        for number, text, cut in unfolded(octets):
            if cut:
                self.broken.append(Broken("B16", number))
            found = self._property(text, number)
            if found is None:
                continue
            if found.name == "BEGIN":
                self._begin(found)
            elif found.name == "END":
                self._end(found)
            elif self._open:
                self._open[-1].properties.append(found)
            else:
                self.broken.append(Broken("B15", number))
        self.broken += [Broken("B14", left.line, {"name": left.name}) for left in self._open]

    def _property(self, text: str, number: int) -> Property | None:
        match = _CONTENT.fullmatch(text)
        if match is None:
            quoted = '"' in text.partition(":")[0] and ":" in text
            self.broken.append(Broken("B12" if quoted else "B10", number))
            return None
        parameters = {}
        for name, value in _PARAMETERS.findall(match[2]):
            parameters[name.upper()] = value.strip('"')
            unquoted = not value.startswith('"')
            if unquoted and (name.upper() in _QUOTED or (name.upper() in _SINGLE and "," in value)):
                self.broken.append(Broken("B11", number, {"name": name.upper()}))
        if match[1] != match[1].upper():
            self.broken.append(Broken("B13", number, {"name": match[1]}))
        return Property(match[1].upper(), parameters, match[3], number)

    def _begin(self, found: Property) -> None:
        component = Component(found.value.strip().upper(), found.line)
        if self._open:
            self._open[-1].parts.append(component)
        else:
            self.roots.append(component)
        self._open.append(component)

    def _end(self, found: Property) -> None:
        if self._open and self._open[-1].name == found.value.strip().upper():
            self._open.pop()
        else:
            self.broken.append(Broken("B14", found.line, {"name": found.value[:40]}))
