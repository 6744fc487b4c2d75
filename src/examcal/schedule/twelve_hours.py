"""Times with AM and PM as Chinese announcements write them, to offer what a refused ``5:00 PM`` probably means."""

from __future__ import annotations

import re

_HALF = re.compile(r"(?P<clock>\d{1,2}(?: ?[:：] ?\d\d)?) ?(?P<half>[ap])\.?m\b\.?", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2} ?[:：] ?\d\d|\d{1,2}(?= ?[ap]\.?m\b)", re.ASCII | re.IGNORECASE)


def in_chinese(text: str) -> str | None:
    """Return a text with 下午5:00 for ``5:00 PM``; None where some time has no such word, as in ``9:00-11:00 PM``."""
    changed, count = _HALF.subn(_before, text)
    return changed if count and count == len(_CLOCK.findall(text)) else None


def _before(match: re.Match[str]) -> str:
    clock = match["clock"] if match["clock"][-3:-2] in {":", "："} else f"{match['clock']}点"
    return ("上午" if match["half"] in "aA" else "下午") + clock
