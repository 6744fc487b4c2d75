"""The catalogues as one: they are merged, so a sentence can have one translation only."""

from __future__ import annotations

import gettext
import string
from collections import defaultdict
from importlib.resources import files

import pytest

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


@pytest.mark.parametrize(
    ("sentence", "numbers", "english"),
    [
        ("{recipients} recipients will get a change notice.", (1,), "1 recipient will get a change notice."),
        ("{recipients} recipients will get a change notice.", (2,), "2 recipients will get a change notice."),
        ("{recipients} recipients will get a change notice.", (0,), "0 recipients will get a change notice."),
        ("{file}: {errors} errors, {warnings} warnings", ("1", 1, 21), "1: 1 error, 21 warnings"),
        ("{file}: {errors} errors, {warnings} warnings", ("x", 3, 1), "x: 3 errors, 1 warning"),
        ("{count} deliveries are marked as sent.", (1,), "1 delivery is marked as sent."),
        ("{planned} messages are planned, {skipped} rules lead to none.", (1, 1),
         "1 message is planned, 1 rule leads to none."),
        ("line {number} says the same as line {first}", (1, 1), "line 1 says the same as line 1"),
    ],
)  # fmt: skip
def test_english_counts_one_in_the_singular(sentence: str, numbers: tuple[object, ...], english: str) -> None:
    names = [name for _, name, _, _ in string.Formatter().parse(sentence) if name]
    assert texts.translate(sentence, "en", **dict(zip(names, numbers, strict=True))) == english


def test_chinese_is_left_alone_by_english_grammar() -> None:
    assert texts.translate("{recipients} recipients will get a change notice.", "zh-CN", recipients=1).startswith(
        "将有 1 个"
    )
