"""The outbox: messages as files, the default without configuration, and a way to see what would be sent.

Each message is ``KEY.eml`` (the mail, as the e-mail channel would send it) and ``KEY.json`` (its parts). Both are
written whole or not at all; a second send of the same delivery writes the same files again.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from examcal.channels.addresses import split_sender
from examcal.channels.email_message import Origin, compose_mail, freeze_mail
from examcal.channels.port import Addressee, ChannelError, Leaving, Message, Outcome, Receipt, at_once
from examcal.channels.wecom_message import dump
from examcal.errors import Sentence, reason_of
from examcal.identity import content_digest

SENDER = "examcal <examcal@localhost>"
BORDER = b"\x1d"  # between the parts and the mail; neither holds one

_KEY = re.compile(r"[0-9A-Za-z_-]{1,80}")
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


class OutboxChannel:
    """Writes messages into one folder, which is made when it is first needed."""

    name = "outbox"
    groups = False
    longest_send = 30.0

    def __init__(self, folder: Path, *, sender: str = SENDER) -> None:
        self._folder = folder
        name, address = split_sender(sender)
        self._origin = Origin(name, address, address.domain)

    def freeze(self, message: Message) -> bytes:
        """Return the parts and the frozen mail. Raises ChannelError (permanent-content) as the e-mail channel does."""
        parts = {
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "markdown": message.markdown,
            "language": message.language,
            "category": message.category,
            "written_at": message.written_at.isoformat(),
            "action_url": message.action_url,
            "calendar": message.calendar.decode("utf-8", "replace") if message.calendar is not None else None,
        }
        return dump(parts) + BORDER + freeze_mail(message, self._origin)

    def compose(self, frozen: Sequence[bytes], addressee: Addressee) -> tuple[bytes, ...]:
        """Return the parts, with key, reference and addressee, and the mail."""
        return tuple(self._compose(part, addressee) for part in frozen)

    def _compose(self, frozen: bytes, addressee: Addressee) -> bytes:
        parts, border, mail = frozen.partition(BORDER)
        if not border:
            raise ChannelError(Outcome.PERMANENT_CONTENT, "the stored message is damaged")
        personal = {
            "key": addressee.key,
            "reference": addressee.reference,
            "to": addressee.address,
            "unsubscribe_url": addressee.unsubscribe_url,
        }
        return dump(personal | json.loads(parts)) + BORDER + compose_mail(mail, addressee)

    async def send(self, payload: bytes, addressee: Addressee, leaving: Leaving = at_once) -> Receipt:
        """Write both files. Raises ChannelError: auth where the folder may not be written, else transient."""
        key = addressee.key if _KEY.fullmatch(addressee.key) else content_digest(addressee.key)[:32]
        parts, _, mail = payload.partition(BORDER)
        await leaving()
        try:
            await asyncio.to_thread(self._write, key, parts, mail)
        except OSError as error:
            outcome = Outcome.AUTH if error.errno in _FORBIDDEN else Outcome.TRANSIENT
            code = errno.errorcode.get(error.errno or 0, "io")
            raise ChannelError(outcome, str(reason_of(error)), code=code) from None
        return Receipt(provider_id=f"{key}.eml")

    async def close(self) -> None:
        """Nothing is held."""

    def explain(self, code: str) -> Sentence | None:
        """Return what an operating system's error means, or None."""
        if code in {"EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"}:
            return Sentence("The outbox folder {folder} cannot be written; check its owner and mode.",
                            {"folder": str(self._folder)})  # fmt: skip
        if code in {"ENOSPC", "EDQUOT"}:
            return Sentence("The disk that holds the outbox folder {folder} is full.", {"folder": str(self._folder)})
        return None

    def _write(self, key: str, parts: bytes, mail: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(self._folder / f"{key}.eml", mail)
        _replace(self._folder / f"{key}.json", parts + b"\n")


def _replace(path: Path, octets: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a loss of power. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(octets)
            stream.flush()
            os.fsync(handle)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
