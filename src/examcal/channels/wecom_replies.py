"""What WeCom's answers mean: errcodes (documents 90313, 90454, 99110, 90236) and bodies that are no answer at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examcal.channels.http_exchange import Answer
from examcal.channels.port import ChannelError, Outcome
from examcal.channels.redaction import quote_answer

MINUTE = 60.0  # a minute limit lifts after one minute (document 90454)
BUSY = 2.0  # -1: try again shortly, at most three times

_CONTENT = (40007, 40008, 40033, 40035, 40058, 40063, 44004, 45002, 45008, 82001, 40032)
_RECIPIENT = (40003, 40031, 60111, 81013)
_AUTH = (
    40001, 40013, 40014, 40056, 40091, 41001, 42001, 41002, 41004, 43009, 48002, 50001, 50003, 60011, 60020,
    301002, 301007, 90500,
)  # fmt: skip
_ROBOT_GONE = range(93000, 94000)  # wrong key, disabled, not in the group; unknown ones are of the same family
TOKEN_CODES = frozenset({40014, 42001})

OUTCOMES: Mapping[int, Outcome] = {
    **dict.fromkeys(_CONTENT, Outcome.PERMANENT_CONTENT),
    **dict.fromkeys(_RECIPIENT, Outcome.PERMANENT_RECIPIENT),
    **dict.fromkeys(_AUTH, Outcome.AUTH),
    **dict.fromkeys(_ROBOT_GONE, Outcome.AUTH),
    **dict.fromkeys((45009, 45033), Outcome.THROTTLED),
    -1: Outcome.TRANSIENT,
}

_EGRESS = re.compile(r"from ip: ?([0-9A-Fa-f.:]{3,45})")
_HTTP_CONFIGURATION = frozenset({401, 403, 404, 405, 407})


@dataclass(frozen=True, slots=True)
class WecomReply:
    """A JSON object that carries an errcode. ``egress`` is our address as WeCom saw it, if it said so."""

    errcode: int
    errmsg: str
    fields: Mapping[str, object]
    egress: str | None = None


def read_reply(answer: Answer) -> WecomReply:
    """Return WeCom's reply, whatever its errcode. Raises ChannelError for an answer that is none of WeCom's."""
    if answer.status != 200:  # noqa: PLR2004 - WeCom always says 200
        raise _not_ok(answer.status)
    try:
        fields = json.loads(answer.body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _not_wecom() from None
    errcode = _integer(fields.get("errcode")) if isinstance(fields, dict) else None
    if errcode is None:
        raise _not_wecom()
    errmsg = str(fields.get("errmsg", ""))[:2000]
    found = _EGRESS.search(errmsg)
    return WecomReply(errcode, errmsg.partition(", hint:")[0], fields, found.group(1) if found else None)


def refusal(reply: WecomReply, secrets: Sequence[str]) -> ChannelError:
    """Return the classified error for an errcode other than 0; one that nobody documents is final after two tries."""
    outcome = OUTCOMES.get(reply.errcode)
    wait = {Outcome.THROTTLED: MINUTE}.get(outcome) if outcome else None
    return ChannelError(
        outcome or Outcome.TRANSIENT,
        quote_answer(reply.errmsg, secrets) or "refused",
        code=str(reply.errcode),
        retry_after=BUSY if reply.errcode == -1 else wait,
        final_after=None if outcome else 2,
    )


def _integer(value: object) -> int | None:
    """Return a whole number, also one written as a string; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9 else None


def _refuse_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _not_wecom() -> ChannelError:
    return ChannelError(Outcome.TRANSIENT, "the answer is not WeCom's", code="not-wecom")


def _not_ok(status: int) -> ChannelError:
    if 300 <= status < 400:  # noqa: PLR2004 - a redirect would carry the key elsewhere
        return ChannelError(Outcome.AUTH, f"HTTP {status}: redirects are not followed", code="redirect")
    if status == 429:  # noqa: PLR2004 - too many requests
        return ChannelError(Outcome.THROTTLED, "HTTP 429", code="HTTP 429", retry_after=MINUTE)
    if status == 413:  # noqa: PLR2004 - content too large
        return ChannelError(Outcome.PERMANENT_CONTENT, "HTTP 413", code="HTTP 413")
    outcome = Outcome.AUTH if status in _HTTP_CONFIGURATION else Outcome.TRANSIENT
    return ChannelError(outcome, f"HTTP {status}", code=f"HTTP {status}")
