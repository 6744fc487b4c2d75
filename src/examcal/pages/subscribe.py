"""The addresses under which a selection can be subscribed to, and the codes that carry them to a phone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from examcal.pages.links import Origin, feed_path
from examcal.pages.qr import qr_svg
from examcal.pages.words import Words


@dataclass(frozen=True, slots=True)
class Panel:
    """How to subscribe to one selection. Addresses are absolute, from the base address alone."""

    https: str
    webcal: str
    google: str
    outlook: str
    office: str
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
    https = origin.of(feed_path(exam, site), f"track={track}" if track else "")
    here = origin.of(page)
    if https is None or here is None:
        return None
    webcal = "webcal://" + https.partition("://")[2]
    query = f"url={quote(https, safe='')}&name={quote(name, safe='')}"
    return Panel(
        https=https,
        webcal=webcal,
        google=f"https://calendar.google.com/calendar/render?cid={quote(webcal, safe='')}",
        outlook=f"https://outlook.live.com/calendar/0/addfromweb?{query}",
        office=f"https://outlook.office.com/calendar/0/addfromweb?{query}",
        calendar_code=qr_svg(webcal, words.t("QR code: subscribe to the calendar of {name}", name=name)),
        page_code=qr_svg(here, words.t("QR code: open this page on a phone")),
        needs_server=track is not None,
    )
