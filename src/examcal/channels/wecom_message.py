r"""Frozen WeCom messages: both forms of a text as UTF-8 JSON, tamed; payloads are JSON with a fixed order of keys.

Raw UTF-8, because the documents list an errcode (40033) for ``\u`` escapes. The same arguments give the same octets
on every machine, which WeCom's duplicate check for applications needs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from examcal.channels.port import ChannelError, Message, Outcome
from examcal.channels.wecom_text import tame_markdown, tame_text
from examcal.texts import translate


@dataclass(frozen=True, slots=True)
class FrozenTexts:
    """What is kept of a message."""

    language: str
    markdown: str
    text: str


def freeze_texts(message: Message) -> bytes:
    """Return the frozen form. Raises ChannelError (permanent-content) for an empty message (errcode 44004)."""
    markdown, text = tame_markdown(message.markdown).strip(), tame_text(message.text).strip()
    if not (markdown or text):
        raise ChannelError(Outcome.PERMANENT_CONTENT, "the message is empty")
    return dump({"v": 1, "language": message.language, "markdown": markdown or text, "text": text or markdown})


def thaw_texts(frozen: Sequence[bytes]) -> list[FrozenTexts]:
    """Read frozen forms. Raises ChannelError (permanent-content) for damaged ones."""
    try:
        return [_thaw(json.loads(octets)) for octets in frozen]
    except (ValueError, KeyError, TypeError):
        raise ChannelError(Outcome.PERMANENT_CONTENT, "the stored message is damaged") from None


def _thaw(fields: dict[str, str]) -> FrozenTexts:
    return FrozenTexts(fields["language"], fields["markdown"], fields["text"])


def reference_line(reference: str, language: str) -> str:
    """Return the line that people quote, which also keeps equal texts distinct for the duplicate check."""
    return translate("Reference: {reference}", language, reference=reference)


def dump(fields: object) -> bytes:
    """Return compact JSON in raw UTF-8, in the order of the fields."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
