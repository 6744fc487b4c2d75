"""QR codes as inline SVG: always dark on light, also in dark mode, because scanners expect it."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup, escape

QUIET_ZONE = 4  # modules; ISO/IEC 18004 asks for four


def qr_svg(content: str, title: str) -> Markup:
    """Return ``content`` as an SVG element with an accessible name."""
    drawing = io.BytesIO()
    segno.make(content, error="m", micro=False).save(
        drawing,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        border=QUIET_ZONE,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    _, _, rest = drawing.getvalue().decode().strip().partition("<svg ")
    return Markup('<svg class="qr" role="img" aria-label="{}" ').format(escape(title)) + Markup(rest)  # noqa: S704 - segno's own output, digits and path commands only
