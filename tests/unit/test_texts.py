"""The catalogues as one: they are merged, so a sentence can have one translation only."""

from __future__ import annotations

import gettext
from collections import defaultdict
from importlib.resources import files

from examcal import texts


def chinese() -> dict[str, dict[str, str]]:
    """Return, by sentence, its Chinese in each domain."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in (files(texts) / "catalogs" / "zh_CN").iterdir():
        if entry.name.endswith(".mo"):
            with entry.open("rb") as stream:
                words: dict[str, str] = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
            for msgid, translation in words.items():
                if msgid:
                    found[msgid][entry.name] = translation
    return found


def test_a_sentence_has_one_translation_in_all_domains() -> None:
    apart = {msgid: words for msgid, words in chinese().items() if len(set(words.values())) > 1}
    assert apart == {}


def test_a_milestone_is_called_the_same_everywhere() -> None:
    other = [words for words in chinese().values() if any("事项" in word for word in words.values())]
    assert other == [{"feed.mo": "【事项】"}]  # the mark of an event of no particular kind
