"""What to do about a problem whose place in the code knows no better advice: every finding says a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from examcal.errors import Sentence

REMEDIES: Mapping[str, Sentence] = MappingProxyType(
    {
        "bad-date": Sentence("check the announcement; write e.g. 2026-01-29 10:00, or 2026年1月29日10时"),
        "bad-phone": Sentence('write digits, e.g. "83366909"; leave "phones" out where there is none'),
        "bad-text": Sentence("type this text anew instead of copying it"),
        "bad-yaml": Sentence("look at the indentation, quotes and brackets here and on the line above"),
        "circular-requires": Sentence('take one of them out of "requires"'),
        "closes-before-opens": Sentence("check year, month and day of both; the end must come after the start"),
        "duplicate-key": Sentence("keep one of the two lines"),
        "empty-value": Sentence(
            "write something after the colon, or delete the line; a text beginning with # needs quotes"
        ),
        "equal-reminders": Sentence("keep one of the two rules"),
        "full-width-colon": Sentence("change it to a half-width colon and a space"),
        "hidden-character": Sentence("type this text anew; it often comes along when text is copied"),
        "missing-edge": Sentence("count from an edge that it has, or give it this edge"),
        "missing-key": Sentence('add a line "key: value" with this key'),
        "never-open": Sentence('correct "days" and "hours", or the dates'),
        "rule-without-anchor": Sentence("count from the other edge, or give the milestone this edge"),
        "session-outside-window": Sentence("correct the session, or the dates of the milestone"),
        "several-documents": Sentence("put further exams into the same list, or into a file of their own"),
        "site-outside-window": Sentence("correct the site's dates, or widen those of the whole area"),
        "text-too-long": Sentence("shorten it; longer explanations belong on the page that the source names"),
        "too-deep": Sentence("look for brackets that are not closed"),
        "too-many": Sentence("delete what is not needed, or divide it"),
        "too-many-values": Sentence("delete what is not needed, or keep past exams in another schedule"),
        "unknown-track": Sentence('add the track to the exam under "tracks"'),
        "workdays-disagree": Sentence('keep the day in one of "holidays" and "working"'),
        "wrong-type": Sentence("write one value here, in quotes where it holds brackets or braces"),
    }
)
"""One remedy for each code that is sometimes reported without its own hint."""
