"""Names of channels as audiences write them.

``email``, ``outbox``, ``wecom:NAME``, ``wecom-app:NAME``, ``apprise:NAME``.

Names are case-insensitive, because environment variables are upper case.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from examcal.errors import ConfigurationError


class ChannelKind(enum.StrEnum):
    """The ways out that exist."""

    EMAIL = "email"
    OUTBOX = "outbox"
    WECOM_ROBOT = "wecom"
    WECOM_APP = "wecom-app"
    APPRISE = "apprise"


_NAMED = frozenset({ChannelKind.WECOM_ROBOT, ChannelKind.WECOM_APP, ChannelKind.APPRISE})
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A kind and, for robots, applications and Apprise targets, the configured name in lower case."""

    kind: ChannelKind
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name. Raises ConfigurationError for an unknown kind, and for a missing, odd or needless name."""
        kind_text, colon, name = text.strip().lower().partition(":")
        try:
            kind = ChannelKind(kind_text)
        except ValueError:
            raise ConfigurationError(
                'channel "{channel}" is unknown; use email, outbox, wecom:NAME, wecom-app:NAME or apprise:NAME',
                channel=text,
            ) from None
        if (kind in _NAMED) != bool(colon) or (colon and not _NAME.fullmatch(name)):
            raise ConfigurationError(
                'channel "{channel}" is unknown; use email, outbox, wecom:NAME, wecom-app:NAME or apprise:NAME',
                channel=text,
            )
        return cls(kind, name)

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)
