"""Every sentence of the command line, the settings, the daemon and the web server has its Chinese."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path

import pytest

from examcal.texts import catalogue

_spec = importlib.util.spec_from_file_location("msgids_of_ours", Path(__file__).with_name("msgids.py"))
assert _spec is not None
assert _spec.loader is not None
_finder = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_finder)
SENTENCES = sorted(
    text for text in _finder.msgids("cli", "settings", "daemon", "web", "logs", "worker") if "charset" not in text
)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_are_sentences() -> None:
    assert len(SENTENCES) > 200


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_translated_with_the_same_parameters(sentence: str) -> None:
    chinese = catalogue("zh-CN").gettext(sentence)
    # Sentences of parameters alone differ at most in their punctuation.
    assert chinese != sentence or sentence == "{place} {message}"
    assert placeholders(chinese) == placeholders(sentence)
