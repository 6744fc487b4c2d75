"""Mail headers written by ourselves, because CPython's writer has faults that meet this product exactly.

- a header value ``=?utf-8?q?x=0D=0ABcc:_e@x?=`` becomes a real ``Bcc`` header (3.11.7; the CVE-2024-6923 family);
- subjects that mix Chinese and ASCII lose spaces when folded (before 3.13);
- two encoded words may touch, which Yahoo refuses (python/cpython#144156);
- List-Unsubscribe with an address over 77 characters is RFC 2047-encoded, and mail programs then show no button.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import re
from collections.abc import Sequence
from email.errors import MultipartInvariantViolationDefect
from email.header import decode_header, make_header

from examcal.channels.port import ChannelError, Outcome

WORD_OCTETS = 39  # of text in one encoded word: with a name like Subject the line has 73 of RFC 2047's 76 characters
RAW_LONGEST = 60  # characters of an ASCII value that stays as it is, on one line with its name

_PLAIN = re.compile(r"[\x20-\x7e]*")
_ATOM = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")


def neutralise(text: str) -> str:
    """Return ``text`` so that no reader, however often it decodes, finds an encoded word in it."""
    return text.replace("=?", "=\u200b?")


def unstructured(text: str) -> str:
    """Return the value of a free-text header (Subject): plain ASCII if short, else encoded words, folded.

    Raises ChannelError (permanent-content) for line breaks and other control characters.
    """
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):  # noqa: PLR2004 - C0 and DEL
        raise ChannelError(Outcome.PERMANENT_CONTENT, "a header text holds control characters")
    text = neutralise(text)
    if _PLAIN.fullmatch(text) and len(text) <= RAW_LONGEST and text == text.strip():
        return text
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in _words(text))


def phrase(name: str) -> str:
    """Return a display name: an atom phrase, a quoted string, or encoded words."""
    if name.isascii() and len(name) <= RAW_LONGEST and "=?" not in name:
        return name if _ATOM.fullmatch(name) else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", name))
    return unstructured(name)


def _words(text: str) -> list[bytes]:
    """Cut ``text`` on character borders into runs of at most WORD_OCTETS octets of UTF-8."""
    words = [bytearray()]
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(words[-1]) + len(octets) > WORD_OCTETS:
            words.append(bytearray())
        words[-1] += octets
    return [bytes(word) for word in words]


def check_block(block: bytes, names: Sequence[str], subject: str) -> None:
    """Parse a serialised header block again and refuse it unless it holds exactly ``names`` and ``subject``.

    Refuses a bare CR or LF, a header that appeared or vanished, and a subject that reads differently. Raises
    ChannelError (permanent-content).
    """
    bare = block.replace(b"\r\n", b"")
    parsed = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(block)
    read = str(make_header(decode_header(parsed.get("Subject", "").replace("\r\n", ""))))
    if b"\r" in bare or b"\n" in bare or sorted(parsed.keys()) != sorted(names) or read != neutralise(subject):
        raise ChannelError(Outcome.PERMANENT_CONTENT, "the header block does not read back as it was meant")
    defects = [one for one in parsed.defects if not isinstance(one, MultipartInvariantViolationDefect)]
    if parsed.get_payload() or defects:  # early 3.11 misses the parts, which it was not shown
        raise ChannelError(Outcome.PERMANENT_CONTENT, "the header block does not read back as it was meant")
