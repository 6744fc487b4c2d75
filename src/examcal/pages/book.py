"""What all pages of one language share: templates, words, addresses, and the parts that several pages show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from examcal.feed.addresses import NOTES
from examcal.feed.calendar import feed_path, milestone_path
from examcal.identity import content_digest
from examcal.pages import links
from examcal.pages.entries import Entry, entries_of
from examcal.pages.history import PublishedChange
from examcal.pages.links import Layout, Origin, depth, relative
from examcal.pages.words import Words
from examcal.schedule.model import Exam, Schedule

MailForm = Callable[[Exam | None, str, str, str | None, str | None], Markup]
"""Makes the form for reminders by e-mail: exam (None: all), language, where it posts to, site, track."""
ASSETS = ("examcal.css", "examcal.js", "favicon.svg", "icon.png")


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return the templates. Everything they are given is escaped."""
    environment = Environment(
        loader=PackageLoader("examcal.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    environment.globals.update(web_url=links.web_url, phone_url=links.phone_url, mail_url=links.mail_url)
    return environment


@lru_cache(maxsize=1)
def assets() -> Mapping[str, bytes]:
    """Return the style sheet, the script and the icons by path."""
    folder = files("examcal.pages") / "static"
    return {"favicon.ico": (folder / "favicon.ico").read_bytes()} | {
        f"assets/{name}": (folder / name).read_bytes() for name in ASSETS
    }


@lru_cache(maxsize=1)
def asset_version() -> str:
    """Return eight digits that change with any asset, so that browsers may keep them for a year."""
    return content_digest(*(part for path, octets in sorted(assets().items()) for part in (path, octets)))[:8]


@dataclass(frozen=True, slots=True)
class Book:
    """All pages of one language. What was made once for one page is kept for the others."""

    schedule: Schedule
    origin: Origin
    changes: Sequence[PublishedChange]
    moves: Mapping[str, PublishedChange]
    layouts: Mapping[str, Layout]
    words: Words
    layout: Layout
    mail_form: MailForm | None = None
    left_out: Collection[str] = ()
    _entries: dict[tuple[str, str | None], list[Entry]] = field(default_factory=dict)
    _cards: dict[tuple[str, bool, str, frozenset[str]], Markup] = field(default_factory=dict)

    def page(self, template: str, path: str, twins: Mapping[str, str], **values: object) -> bytes:
        """Return a page's bytes; ``twins`` are the paths of the same page by language."""
        given = {**self._given(path), "twins": twins, "notes": NOTES, "version": asset_version(), **values}
        return templates().get_template(template).render(given).encode()

    def _given(self, path: str) -> dict[str, object]:
        return {
            "t": self.words.t,
            "words": self.words,
            "said": self.words.said,
            "site_layout": self.layout,
            "origin": self.origin,
            "path": path,
            "to": lambda target: relative(path, target),
            "all_feed": self.there(feed_path()),
            "asset": lambda name: f"{relative(path, 'assets/' + name)}?v={asset_version()}",
        }

    def there(self, feed: str) -> str | None:
        """Return the path of a feed, or None where the edition leaves it out."""
        return None if feed in self.left_out else feed

    def mail(self, path: str, exam: Exam | None, place: str | None = None, track: str | None = None) -> Markup | None:
        """Return the form of the page at ``path``, or None where nobody can subscribe by e-mail."""
        if self.mail_form is None:
            return None
        return self.mail_form(exam, self.words.language, relative(path, "subscribe"), place, track)

    def twins(self, of: str, *arguments: str | None) -> dict[str, str]:
        """Return the paths in all languages of the page that the layout's method ``of`` names."""
        return {language: getattr(layout, of)(*arguments) for language, layout in self.layouts.items()}

    def entries(self, exam: Exam, site: str | None = None) -> list[Entry]:
        """Return the entries of an exam (at a site) in order of their dates."""
        key = (exam.id, site)
        if key not in self._entries:
            self._entries[key] = entries_of(exam, self.words, self.moves, site)
        return self._entries[key]

    def card(self, exam: Exam, entry: Entry, path: str, anchors: frozenset[str]) -> Markup:
        """Return an entry as it stands in the list of the page at ``path``, where ``anchors`` can be linked to."""
        linked = anchors & {anchor for anchor, _ in entry.requires}
        key = (entry.occurrence.id, entry.falls_back, depth(path), linked)
        if key not in self._cards:
            given = {**self._given(path), "exam": exam, "entry": entry, "anchors": linked}
            given["single"] = self.there(milestone_path(exam.id, entry.occurrence.milestone))
            self._cards[key] = Markup(templates().get_template("card.html").render(given))  # noqa: S704 - escaped there
        return self._cards[key]
