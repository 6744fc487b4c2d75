"""What is served right now: the published files of one edition, and the selections of feeds that were asked for.

A shelf is exchanged as a whole, so a body and an ETag always belong to the same edition. When a selection cannot be
made, the last good bytes of that address are served instead: calendars stop polling after a single 5xx.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from examcal.web.representation import Representation, represent

_KEPT_SELECTIONS: Final = 256
_LARGEST_QUERY: Final = 1024
PARAMETERS: Final = ("track", "kind", "events", "alarms", "lang")

Select = Callable[[str, Mapping[str, str]], bytes | None]
"""Makes the feed at a path with parameters; None where a value never existed. May raise anything."""


@dataclass(frozen=True, slots=True)
class Published:
    """One file as it was published. ``modified`` is the time of its last change in seconds since 1970."""

    body: bytes
    modified: int
    gzipped: bytes | None = None


@dataclass(slots=True)
class Shelf:
    """The answers of one edition by path (without the leading slash), and its selections as they are asked for."""

    edition: str
    pages: Mapping[str, Representation]
    select: Select | None = None
    _selections: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], Representation | None] = field(
        default_factory=OrderedDict
    )
    _earlier: Shelf | None = None

    def find(self, path: str, query: bytes = b"") -> Representation | None:
        """Return what is served at ``path``; None where there is nothing."""
        page = self.pages.get(path)
        if page is None or not query or not path.endswith(".ics"):
            return page
        wanted = selection(query)
        return self._selected(page, path, wanted) if wanted else page

    def _selected(self, page: Representation, path: str, wanted: tuple[tuple[str, str], ...]) -> Representation | None:
        key = (path, wanted)
        if key in self._selections:
            self._selections.move_to_end(key)
            return self._selections[key]
        found = self._make(page, path, wanted)
        self._selections[key] = found
        if len(self._selections) > _KEPT_SELECTIONS:
            self._selections.popitem(last=False)
        return found

    def _make(self, page: Representation, path: str, wanted: tuple[tuple[str, str], ...]) -> Representation | None:
        if self.select is None:
            return page
        try:
            body = self.select(path, dict(wanted))
        except Exception:  # noqa: BLE001 - whatever went wrong inside, a subscriber keeps a good feed
            return self._last_good(path, wanted) or page
        return None if body is None else represent(path, body, page.modified)

    def _last_good(self, path: str, wanted: tuple[tuple[str, str], ...]) -> Representation | None:
        earlier = self._earlier
        return earlier._selections.get((path, wanted)) if earlier else None  # noqa: SLF001 - a shelf of the same kind

    def following(self, earlier: Shelf | None) -> Shelf:
        """Remember one edition back, for the last good bytes."""
        if earlier is not None:
            earlier._earlier = None  # noqa: SLF001 - a shelf of the same kind
        self._earlier = earlier
        return self


def selection(query: bytes) -> tuple[tuple[str, str], ...]:
    """Return the known parameters of a query, sorted; unknown, empty, repeated and oversized ones are ignored."""
    try:
        pairs = parse_qsl(query[:_LARGEST_QUERY].decode("ascii"), max_num_fields=32, errors="strict")
    except ValueError:
        return ()
    first: dict[str, str] = {}
    for name, value in pairs:
        if name in PARAMETERS:
            first.setdefault(name, value)
    return tuple(sorted(first.items()))


def fill_shelf(
    edition: str, files: Mapping[str, Published], select: Select | None = None, *, earlier: Shelf | None = None
) -> Shelf:
    """Prepare every file; answers of files that did not change are taken over from the earlier shelf."""
    pages = {path: _page(path, file, earlier) for path, file in files.items()}
    return Shelf(edition, pages, select).following(earlier)


def _page(path: str, file: Published, earlier: Shelf | None) -> Representation:
    known = earlier.pages.get(path) if earlier else None
    if known and known.full.body == file.body:
        return known
    # Apple's calendar revalidates by date alone, so changed bytes always get a later second than the bytes before.
    modified = max(file.modified, known.modified + 1) if known else file.modified
    return represent(path, file.body, modified, gzipped=file.gzipped)
