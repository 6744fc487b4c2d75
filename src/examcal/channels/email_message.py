"""Mails in bytes: frozen once per (reminder, language), completed per addressee by a splice that only concatenates.

The frozen form is nine fields between ASCII record separators (0x1E), which cannot occur in them:

    magic | domain | personal lines: text, text for subscribers, HTML, HTML for subscribers | A | B | C

A, B and C are the octets of the mail around its three personal places::

    Message-ID, To, List-Unsubscribe, List-Unsubscribe-Post (personal, written first)
    A   the common headers, then the text part up to its end
        base64 of the personal line of the text part
    B   the rest of the text part, then the HTML part up to </body>
        base64 of the personal line of the HTML part
    C   the rest of the HTML part, the calendar attachment, the closing boundaries

Both texts are padded with spaces to a multiple of three octets before a personal place and the personal lines to a
multiple of three as well, so that base64 can be cut there and joined again without touching the rest. Lines of base64
may be short (RFC 2045 section 6.8 allows any length up to 76). Boundaries are digests of the content.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import quote

from examcal.channels.addresses import EmailAddress
from examcal.channels.email_headers import check_block, phrase, unstructured
from examcal.channels.port import Addressee, ChannelError, Message, Outcome
from examcal.identity import content_digest
from examcal.texts import translate

MAGIC = b"examcal-mail-1"
SEPARATOR = b"\x1e"
LONGEST_URL = 900  # characters, so that the header line stays under 998 (RFC 5322 section 2.1.1)
LONGEST_ID = 64  # characters of a Message-ID with its brackets; longer ones are folded, and their threads break
FIELDS = 9
LINE_OCTETS = 57  # of content on one line of base64 (76 characters)
FOOTER_MARK = "<!-- examcal:personal -->"  # where a template wants the personal line; else before </body>

_KEY = re.compile(r"[0-9A-Za-z]{1,64}")
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_LIST_ID = re.compile(r"[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who mails come from: display name, address, the domain of Message-IDs, and where answers go."""

    name: str
    address: EmailAddress
    domain: str
    reply_to: EmailAddress | None = None


def freeze_mail(message: Message, origin: Origin) -> bytes:
    """Return the frozen form of ``message``. Raises ChannelError (permanent-content) for a subject that cannot be."""
    subject = message.subject
    seed = content_digest(subject, message.text, message.html, message.calendar or b"", message.written_at.isoformat())
    outer, inner = f"=_{seed[:24]}_1", f"=_{seed[:24]}_2"
    names, block = _common_headers(message, origin, outer)
    check_block(block, names, subject)
    text, html_before, html_after = message.text, *_html_around(message.html or _page_of(message.text))
    part_a = (
        f'--{outer}\r\nContent-Type: multipart/alternative;\r\n boundary="{inner}"\r\n\r\n'
        f"--{inner}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + _base64_lines(_padded(_crlf(text.rstrip("\n") + "\n")))
    part_b = (
        f"--{inner}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + _base64_lines(_padded(_crlf(html_before)))
    part_c = _base64_lines(_crlf(html_after)) + f"--{inner}--\r\n".encode()
    part_c += _attachment(message.calendar, outer) + f"--{outer}--\r\n".encode()
    personal = (line.encode() for line in _personal_lines(message.language))
    return SEPARATOR.join((MAGIC, origin.domain.encode(), *personal, block + b"\r\n" + part_a, part_b, part_c))


def compose_mail(frozen: bytes, addressee: Addressee) -> bytes:
    """Return the whole mail for one addressee; equal arguments give equal bytes.

    An addressee whose address is not one e-mail address gets a mail without a name in To, which ``send`` refuses.
    Raises ChannelError (permanent-content) if ``frozen`` is not what ``freeze_mail`` returned.
    """
    fields = frozen.split(SEPARATOR)
    if len(fields) != FIELDS or fields[0] != MAGIC:
        raise ChannelError(Outcome.PERMANENT_CONTENT, "the stored mail is damaged")
    _, domain, text_line, text_for_subscribers, html_line, html_for_subscribers, part_a, part_b, part_c = fields
    url = _safe_url(addressee.unsubscribe_url)
    reference = addressee.reference
    text = _fill(text_for_subscribers if url else text_line, reference, url)
    page = _fill(html_for_subscribers if url else html_line, html.escape(reference), html.escape(url))
    return b"".join((_personal_headers(addressee, domain.decode(), url), part_a, text, part_b, page, part_c))


def message_id(key: str, domain: str) -> str:
    """Return the Message-ID of a delivery, at most LONGEST_ID characters; long domains lose their first labels."""
    while len(domain) > LONGEST_ID - 19 and "." in domain:
        domain = domain.partition(".")[2]
    local = key if _KEY.fullmatch(key) else content_digest(key)[:32]
    return f"<{local[: max(16, LONGEST_ID - 3 - len(domain))]}@{domain}>"


def _common_headers(message: Message, origin: Origin, boundary: str) -> tuple[list[str], bytes]:
    sender = f"{phrase(origin.name)}\r\n <{origin.address}>" if origin.name else str(origin.address)
    headers = [
        ("From", sender),
        ("Subject", unstructured(message.subject)),
        ("Date", format_datetime(message.written_at)),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    if origin.reply_to:
        headers.append(("Reply-To", str(origin.reply_to)))
    if message.list_id and (list_id := _list_id(message.list_id)):
        headers.append(("List-Id", list_id))
    headers += [
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/mixed;\r\n boundary="{boundary}"'),
        ("Content-Language", re.sub(r"[^A-Za-z0-9-]", "", message.language)),
    ]
    return [name for name, _ in headers], "".join(f"{name}: {value}\r\n" for name, value in headers).encode()


def _list_id(text: str) -> str:
    """Return ``phrase <id>`` or ``<id>`` (RFC 2919) in ASCII; nothing for an id that has none."""
    found = re.fullmatch(r"(.*?)<([^<>]*)>\s*", text, re.DOTALL)
    name, identifier = found.groups() if found else ("", text)
    if not _LIST_ID.fullmatch(identifier.strip()):
        return ""
    return f"{phrase(name.strip())}\r\n <{identifier.strip()}>" if name.strip() else f"<{identifier.strip()}>"


def _personal_lines(language: str) -> tuple[str, str, str, str]:
    """Return the personal lines (text and HTML, without and with a way to stop); reference and url are still open."""
    reference = translate("Reference: {reference}", language)
    text = f"-- \r\n{reference}\r\n"
    stop = f"{translate('Stop these messages:', language)} {{url}}\r\n"
    link = f'<a href="{{url}}" style="color:inherit">{html.escape(translate("Stop these messages", language))}</a>'
    page = f'<p style="font-size:12px;margin:8px 0 0">{html.escape(reference)}'
    return text, text + stop, f"{page}</p>\r\n", f"{page} · {link}</p>\r\n"


def _fill(line: bytes, reference: str, url: str) -> bytes:
    """Return a personal line in base64."""
    words = line.replace(b"{reference}", reference.encode()).replace(b"{url}", url.encode())
    return _base64_lines(_padded(words))


def _personal_headers(addressee: Addressee, domain: str, url: str) -> bytes:
    """Return the headers that differ per addressee; each value is checked or escaped, so none can hold a line break."""
    try:
        to = str(EmailAddress.parse(addressee.address))
    except ValueError:
        to = "undisclosed-recipients:;"
    lines = f"Message-ID: {message_id(addressee.key, domain)}\r\nTo: {to}\r\n"
    if url:  # raw, on one line each: mail programs do not find an encoded one (RFC 8058 section 3.1)
        lines += f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return lines.encode()


def _safe_url(url: str | None) -> str:
    """Return an http(s) address in printable ASCII without brackets, commas and spaces; nothing for other schemes."""
    if not url or not url.lower().startswith(("https://", "http://")):
        return ""
    return quote(url, safe="%:/?#[]@!$&'()*+;=-._~")[:LONGEST_URL]


def _page_of(text: str) -> str:
    """Return a page for a message that has only text."""
    return f'<html><body><p style="white-space:pre-wrap">{html.escape(text)}</p></body></html>'


def _html_around(page: str) -> tuple[str, str]:
    """Cut the HTML where the personal line belongs: at the template's mark, else before the last </body>."""
    before, mark, after = page.partition(FOOTER_MARK)
    if mark:
        return before, after
    ends = list(_BODY_END.finditer(page))
    cut = ends[-1].start() if ends else len(page)
    return page[:cut], page[cut:]


def _attachment(calendar: bytes | None, boundary: str) -> bytes:
    """Return the calendar part: an attachment, so that Outlook keeps showing our text; its name is ASCII."""
    if calendar is None:
        return b""
    head = (
        f'--{boundary}\r\nContent-Type: text/calendar; charset=utf-8; name="exam.ics"\r\n'
        'Content-Disposition: attachment; filename="exam.ics"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode() + _base64_lines(calendar)


def _crlf(text: str) -> bytes:
    return re.sub(r"\r\n|\r|\n", "\r\n", text).encode("utf-8", "replace")


def _padded(octets: bytes) -> bytes:
    """Fill with spaces, before a closing line break, up to a multiple of three octets."""
    spaces = b" " * (-len(octets) % 3)
    return octets[:-2] + spaces + octets[-2:] if octets.endswith(b"\r\n") else octets + spaces


def _base64_lines(octets: bytes) -> bytes:
    """Return base64 in lines of 76 characters with CRLF."""
    return b"".join(
        b64encode(octets[start : start + LINE_OCTETS]) + b"\r\n" for start in range(0, len(octets), LINE_OCTETS)
    )
