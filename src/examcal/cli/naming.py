"""What the terminal calls an occurrence."""

from __future__ import annotations

from examcal.cli.words import language
from examcal.schedule.model import Exam, Occurrence


def name_of(exam: Exam | None, occurrence: Occurrence) -> str:
    """Return the name, and for a site's own window the site's name: ``现场资格审核 @房山区``."""
    name = occurrence.name.in_(language())
    if occurrence.site is None:
        return name
    site = exam.site(occurrence.site) if exam else None
    return f"{name} @{site.name.in_(language()) if site else occurrence.site}"
