"""A small schedule that fills every part of a message, so that an office's templates can be tried in advance. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime

from examcal.schedule.changes import Change, ChangeKind
from examcal.schedule.model import (
    Anchor,
    Contact,
    Edge,
    Exam,
    Kind,
    Milestone,
    Occurrence,
    Rule,
    Schedule,
    Shape,
    Site,
    Source,
    Status,
    Text,
    Track,
)

DUE_AT = datetime(2026, 2, 10, 1, tzinfo=UTC)
RULE = Rule(Anchor.CLOSES)
_ZONE = "Asia/Shanghai"


def sample_schedule() -> Schedule:
    """Return a schedule of one exam with one milestone at one site."""
    words = Text((("zh-CN", "示例"), ("en", "Sample")))
    occurrence = Occurrence(
        "sample",
        "registration",
        Kind.REGISTRATION,
        words,
        Shape.WINDOW,
        Status.EXPECTED,
        _ZONE,
        site="site",
        opens=Edge(datetime(2026, 1, 29, 2, tzinfo=UTC), date(2026, 1, 29), "10:00"),
        closes=Edge(datetime(2026, 2, 11, 16, tzinfo=UTC), date(2026, 2, 11), "24:00"),
        tracks=("track",),
        requires=("registration",),
        sources=(Source(words, "https://example.org", "…", date(2026, 1, 20), date(2026, 1, 21)),),
        tasks=(words,),
        notes=words,
        location=words,
        contacts=(Contact(words, ("83366909",), words),),
    )
    exam = Exam(
        "sample",
        words,
        _ZONE,
        (Milestone("registration", occurrence),),
        sites=(Site("site", words, ("83366909",), words),),
        tracks=(Track("track", words), Track("other", words)),
    )
    return Schedule((exam,))


def sample_change(occurrence: Occurrence) -> Change:
    """Return a change of the sample's milestone."""
    return Change(ChangeKind.ANNOUNCED, occurrence, occurrence, Anchor.CLOSES, None, occurrence.closes)
