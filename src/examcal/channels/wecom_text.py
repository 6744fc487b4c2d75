"""Texts for WeCom: no mention slips in, and what is too long is cut by octets where it hurts least.

Templates escape what comes from the schedule; here is the second fence, for templates of an office's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MARK_OCTETS = len("(99/99)\n")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_OPEN_TAG = re.compile(r"<(?!(?:font color=\"(?:info|comment|warning)\"|/font)>)")
_MARKUP = re.compile(r"</?font[^>]*>|\*\*")
_BORDERS = "。；！？;!?，,、 )）》」"
_JOINERS = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


def tame_markdown(text: str) -> str:
    """Return a rendered markdown body in which only the three documented font colours are left as tags."""
    return _OPEN_TAG.sub("＜", _CONTROL.sub("", _line_feeds(text)))


def tame_text(text: str) -> str:
    """Return a rendered plain body in which nothing is a tag or a mention (``<@id>`` works in texts too)."""
    return _CONTROL.sub("", _line_feeds(text)).replace("<", "＜")


def _line_feeds(text: str) -> str:
    return re.sub(r"\r\n?|\u2028|\u2029", "\n", text)


def octets(text: str) -> int:
    """Return the length in UTF-8, which is what WeCom counts."""
    return len(text.encode())


def split_messages(messages: Sequence[str], *, limit: int, tail: str) -> tuple[str, ...]:
    """Join ``messages`` into as few parts as fit into ``limit`` octets each, every part ending with ``tail``.

    A message that fits into one part is not cut; a longer one is cut at line borders, and only a line that is too
    long by itself inside, on a character border. More than one part: each begins with ``(1/2)``.
    """
    tail = f"\n{tail}" if tail else ""
    room = limit - MARK_OCTETS - octets(tail)
    whole = "\n\n".join(messages) + tail
    if octets(whole) <= limit:
        return (whole,)
    parts: list[str] = []
    for message in messages:
        for piece, fresh in _pieces(message, room):
            joint = "\n\n" if fresh else "\n"
            if parts and octets(parts[-1]) + len(joint) + octets(piece) <= room:
                parts[-1] += joint + piece
            else:
                parts.append(piece)
    if len(parts) == 1:
        return (parts[0] + tail,)
    return tuple(f"({number}/{len(parts)})\n{part}{tail}" for number, part in enumerate(parts, 1))


def _pieces(message: str, room: int) -> Iterable[tuple[str, bool]]:
    """Yield what must stay together, and whether a message begins with it."""
    if octets(message) <= room:
        yield message, True
        return
    fresh = True
    for line in message.split("\n"):
        for piece in cut_line(line, room):
            yield piece, fresh
            fresh = False


def cut_line(line: str, room: int) -> list[str]:
    """Cut one line into pieces of at most ``room`` octets: after punctuation if that is near, never in a character.

    A line that must be cut loses its bold and colour marks, which would not close.
    """
    if octets(line) <= room:
        return [line]
    prefix = "> " if line.startswith(">") else ""
    rest = _MARKUP.sub("", line.removeprefix(">").lstrip() if prefix else line)
    pieces = []
    while rest:
        end = _cut_at(rest, room - len(prefix))
        pieces.append(prefix + rest[:end])
        rest = rest[end:].lstrip(" ")
    return pieces


def _cut_at(text: str, room: int) -> int:
    """Return the index at which to cut so that the part before has at most ``room`` octets."""
    longest = len(text.encode()[:room].decode(errors="ignore"))
    if longest >= len(text):
        return len(text)
    border = max(text.rfind(mark, longest * 2 // 3, longest) for mark in _BORDERS)
    if border > 0:
        return border + 1
    end = longest
    while end > longest - 16 and end > 1 and (_JOINERS.match(text[end]) or text[end - 1] == "\u200d"):
        end -= 1  # a sequence of code points that is seen as one character
    return end
