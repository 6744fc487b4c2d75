"""How to subscribe: the addresses of a feed for each kind of calendar, a QR code, and what each calendar really does.

``webcal`` alone is not enough: some readers turn it into http, some drop the scheme, and Google on Android cannot
subscribe at all. So the plain https address always comes first.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import segno

from examcal.errors import ConfigurationError, Sentence

_QUIET_ZONE = 4  # modules, ISO/IEC 18004 section 9.1


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one feed can be subscribed to. All are absolute; ``https`` is http where the site itself is."""

    https: str
    webcal: str
    google: str
    outlook: str
    office: str

    @property
    def qr(self) -> str:
        """The webcal address as an SVG code, which phones open in their calendar."""
        return qr_svg(self.webcal)


@dataclass(frozen=True, slots=True)
class ClientNote:
    """What a reader of one calendar should know: how late it learns of changes, and whether it rings."""

    client: Sentence
    refresh: Sentence
    alarms: Sentence
    how: Sentence


def addresses(base_url: str, path: str, name: str, query: str = "") -> Addresses:
    """Return the addresses of the feed at ``path`` (``feeds/all.ics``) below ``base_url``.

    ``name`` is what the calendar is called; ``query`` a selection's own query string. Raises ConfigurationError for a
    base address that is not http(s).
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("{url} is not a web address", url=base_url)
    https = f"{base_url.rstrip('/')}/{quote(path)}" + (f"?{query}" if query else "")
    webcal = "webcal" + https.removeprefix(parts.scheme)
    wanted = f"url={quote(https, safe='')}&name={quote(name, safe='')}"
    return Addresses(
        https,
        webcal,
        # Google takes the address only with the webcal scheme; with https it adds an empty calendar.
        f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
        f"https://outlook.live.com/calendar/0/addfromweb?{wanted}",
        f"https://outlook.office.com/calendar/0/addfromweb?{wanted}",
    )


_MASK = 0
"""The checkerboard. Readers take every mask; trying all eight for the prettiest took half of a publication's time."""


def qr_svg(content: str) -> str:
    """Return ``content`` as an SVG code, dark on light whatever the page's colours, with a quiet zone."""
    drawing = io.BytesIO()
    code = segno.make(content, error="m", micro=False, mask=_MASK)
    code.save(drawing, kind="svg", xmldecl=False, border=_QUIET_ZONE, dark="#000", light="#fff", omitsize=True)
    return drawing.getvalue().decode()


def qr_text(content: str) -> str:
    """Return ``content`` as a code of block characters, for a terminal with light letters on a dark ground."""
    drawing = io.StringIO()
    code = segno.make(content, error="m", micro=False, mask=_MASK)
    code.terminal(out=drawing, border=_QUIET_ZONE, compact=True)
    return drawing.getvalue().rstrip("\n")


_RINGS = Sentence("alarms ring")
_IGNORES = Sentence("alarms are ignored; use e-mail or WeCom reminders")
NOTES: tuple[ClientNote, ...] = (
    ClientNote(
        Sentence("Apple Calendar (iPhone, iPad, Mac)"),
        Sentence("every 5 minutes to once a week, as you choose; often 15 minutes"),
        Sentence("alarms ring if “Remove Alerts” is switched off when subscribing"),
        Sentence("open the webcal link, or scan the code"),
    ),
    ClientNote(
        Sentence("Google Calendar"),
        Sentence("by Google alone, 12 to 24 hours late"),
        _IGNORES,
        Sentence("use the Google link in a browser; the Android app cannot subscribe by itself"),
    ),
    ClientNote(
        Sentence("Outlook.com, new Outlook"),
        Sentence("about every 3 hours, up to a day"),
        _IGNORES,
        Sentence("use the Outlook link, or add the https address “from web”"),
    ),
    ClientNote(
        Sentence("Outlook (classic, Windows)"),
        Sentence("as the feed asks: every 4 hours"),
        _IGNORES,
        Sentence("open the webcal link"),
    ),
    ClientNote(
        Sentence("Thunderbird"),
        Sentence("every 30 minutes, or as you choose"),
        _RINGS,
        Sentence("add the https address as a calendar on the network"),
    ),
    ClientNote(
        Sentence("Android (ICSx5)"),
        Sentence("as you choose in the app"),
        _RINGS,
        Sentence("add the https address in the app ICSx5; it shows in any calendar app"),
    ),
    ClientNote(
        Sentence("Nextcloud"),
        Sentence("as the feed asks: every 4 hours"),
        Sentence("alarms are removed unless the administrator allows them"),
        Sentence("add the https address as a subscription"),
    ),
    ClientNote(
        Sentence("GNOME Calendar, Evolution, KOrganizer"),
        Sentence("as you choose"),
        _RINGS,
        Sentence("add the https address as a calendar from the web"),
    ),
    ClientNote(
        Sentence("WeCom, DingTalk, Feishu"),
        Sentence("not at all"),
        _IGNORES,
        Sentence("these cannot subscribe to a calendar address; examcal sends WeCom messages instead"),
    ),
)
