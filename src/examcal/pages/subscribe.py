"""The subscription panel of a page: the addresses of its selection, and the codes that carry them to a phone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from examcal.feed.addresses import Addresses, addresses, qr_svg
from examcal.feed.calendar import feed_path
from examcal.pages.links import Origin
from examcal.pages.words import Words


@dataclass(frozen=True, slots=True)
class Panel:
    """How to subscribe to one selection. Addresses are absolute, from the base address alone."""

    at: Addresses
    calendar_code: Markup
    page_code: Markup
    needs_server: bool


def panel(
    origin: Origin,
    page: str,
    name: str,
    words: Words,
    exam: str | None,
    site: str | None = None,
    track: str | None = None,
) -> Panel | None:
    """Return the panel for a selection of ``exam``, or None where no base address is configured."""
    here = origin.of(page)
    if origin.base_url is None or here is None:
        return None
    at = addresses(origin.base_url, feed_path(exam, site), name, f"track={track}" if track else "")
    return Panel(
        at,
        _code(at.webcal, words.t("QR code: subscribe to the calendar of {name}", name=name)),
        _code(here, words.t("QR code: open this page on a phone")),
        needs_server=track is not None,
    )


def _code(content: str, title: str) -> Markup:
    return Markup('<span class="qr" role="img" aria-label="{}">{}</span>').format(title, _drawing(content))


@lru_cache(maxsize=4096)
def _drawing(content: str) -> Markup:
    """Return a code; drawing one takes longer than the rest of its page, and pages and posters share them."""
    return Markup(qr_svg(content))  # noqa: S704 - digits and path commands only
