"""Mails look like the pages."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("examcal.pages") / "static" / "examcal.css").read_text("utf-8")
MAILS = {
    "reminder": (files("examcal.delivery") / "templates" / "layout.html.j2").read_text("utf-8"),
    "letter": (files("examcal.subscription") / "templates" / "letter.html").read_text("utf-8"),
}


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))


@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_has_the_colours_of_the_pages_by_day_and_by_night(mail: str) -> None:
    day, _, night = CSS.partition("@media (prefers-color-scheme: dark)")
    tones, _, rest = MAILS[mail].partition("@media (prefers-color-scheme: dark)")
    mail_night, _, mail_day = rest.partition("</style>")
    by_day, by_night = colours(day), colours(night.partition("}\n}")[0])
    for name in ("paper", "card", "ink", "soft", "seal"):
        assert by_day[name] in tones + mail_day, name
        assert by_night[name] in mail_night or (mail, name) == ("letter", "seal"), name
