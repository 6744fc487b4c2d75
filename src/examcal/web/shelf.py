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

from examcal.feed.selection import DEFAULT, Selection, UnknownSelectionError
from examcal.web.representation import Representation, represent

_KEPT_SELECTIONS: Final = 256
_LARGEST_QUERY: Final = 1024
_MOST_FIELDS: Final = 32

Select = Callable[[str | None, str | None, Selection], bytes]
"""Makes the feed of an exam and a site (None: all). Raises UnknownSelectionError for what never existed."""


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
    _selections: OrderedDict[tuple[str, Selection], Representation] = field(default_factory=OrderedDict)
    _earlier: Shelf | None = None

    def find(self, path: str, query: bytes = b"") -> Representation | None:
        """Return what is served at ``path``; None where there is nothing."""
        page = self.pages.get(path)
        feed = _feed_of(path) if page and query and self.select else None
        if page is None or feed is None:
            return page
        try:
            wishes = selection(query)
        except UnknownSelectionError:
            return None
        return page if wishes == DEFAULT else self._selected(page, path, feed, wishes)

    def _selected(
        self, page: Representation, path: str, feed: tuple[str | None, str | None], wishes: Selection
    ) -> Representation | None:
        known = self._selections.get((path, wishes))
        if known is not None:
            self._selections.move_to_end((path, wishes))
            return known
        try:
            made = represent(path, self._make(feed, wishes), page.modified)
        except UnknownSelectionError:
            return None
        except Exception:  # noqa: BLE001 - whatever went wrong inside, a subscriber keeps a good feed
            return self._last_good(path, wishes) or page
        self._selections[path, wishes] = made
        if len(self._selections) > _KEPT_SELECTIONS:
            self._selections.popitem(last=False)
        return made

    def _make(self, feed: tuple[str | None, str | None], wishes: Selection) -> bytes:
        if self.select is None:
            raise UnknownSelectionError("the feed address asks for something that does not exist: {value}", value="?")
        return self.select(*feed, wishes)

    def _last_good(self, path: str, wishes: Selection) -> Representation | None:
        earlier = self._earlier
        return earlier._selections.get((path, wishes)) if earlier else None  # noqa: SLF001 - a shelf of the same kind

    def following(self, earlier: Shelf | None) -> Shelf:
        """Remember one edition back, for the last good bytes."""
        if earlier is not None:
            earlier._earlier = None  # noqa: SLF001 - a shelf of the same kind
        self._earlier = earlier
        return self


def selection(query: bytes) -> Selection:
    """Return the wishes of a query; unknown parameters are ignored. Raises UnknownSelectionError."""
    try:
        pairs = parse_qsl(query[:_LARGEST_QUERY].decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        return DEFAULT
    return Selection.parse(pairs)


def _feed_of(path: str) -> tuple[str | None, str | None] | None:
    """Return the exam and site of a feed's path; None where it is no feed that selections apply to."""
    steps = path.removesuffix(".ics").split("/")
    if not path.endswith(".ics") or steps[0] != "feeds":
        return None
    match steps[1:]:
        case ["all"]:
            return None, None
        case [exam]:
            return exam, None
        case [exam, site]:
            return exam, site
        case _:
            return None


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
