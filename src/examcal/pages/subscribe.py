"""The subscription panel of a page: the addresses of its selection, and the codes that carry them to a phone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from examcal.feed.addresses import Addresses, addresses, qr_svg
from examcal.feed.calendar import feed_path
from examcal.pages.book import Book
from examcal.schedule.model import Exam


@dataclass(frozen=True, slots=True)
class Panel:
    """How to subscribe to one selection. Addresses are absolute, from the base address alone.

    Without ``at`` and ``calendar_code`` the edition leaves the feed out, and there is only the page.
    """

    at: Addresses | None
    calendar_code: Markup | None
    page_code: Markup
    needs_server: bool


def panel(book: Book, page: str, name: str, feed: str | None, track: str | None = None) -> Panel | None:
    """Return the panel for the feed at path ``feed`` (None: left out), or None where no base address is configured."""
    here, words = book.origin.of(page), book.words
    if book.origin.base_url is None or here is None:
        return None
    at = addresses(book.origin.base_url, feed, name, f"track={track}" if track else "") if feed else None
    return Panel(
        at,
        _code(at.webcal, words.t("QR code: subscribe to the calendar of {name}", name=name)) if at else None,
        _code(here, words.t("QR code: open this page on a phone")),
        needs_server=track is not None,
    )


def instead(book: Book, exam: Exam | None, place: str | None = None) -> str:
    """Say what to subscribe to where the calendar of ``exam`` (None: of all exams) is left out for its size."""
    if exam is None:
        smaller = [feed_path(each.id) for each in book.schedule.exams]
    else:
        smaller = [] if place else [feed_path(exam.id, site.id) for site in exam.sites]
    if not any(book.there(path) for path in smaller):
        return book.words.t(
            "This calendar is too large for calendar programs. Put the dates that concern you into your calendar "
            "one by one."
        )
    if exam is None:
        return book.words.t(
            "The calendar of all exams is too large for calendar programs. Open an exam above and subscribe to its "
            "calendar."
        )
    return book.words.t(
        "The calendar of the whole exam is too large for calendar programs. Open your site above and subscribe to its "
        "calendar."
    )


def _code(content: str, title: str) -> Markup:
    return Markup('<span class="qr" role="img" aria-label="{}">{}</span>').format(title, _drawing(content))


@lru_cache(maxsize=4096)
def _drawing(content: str) -> Markup:
    """Return a code; drawing one takes longer than the rest of its page, and pages and posters share them."""
    return Markup(qr_svg(content))  # noqa: S704 - digits and path commands only
