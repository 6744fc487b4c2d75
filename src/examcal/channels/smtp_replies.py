"""What an SMTP answer means for a delivery: RFC 5321 and RFC 3463, and where Chinese providers differ.

QQ Mail and NetEase answer 5yz to what is only "too much for now"; their texts and ``XX:YYY`` tags are looked at before
the numbers (QQ Mail help 122/166-175 and 1011; NetEase's list of bounce codes, whose editions disagree on the numbers).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from examcal.channels.port import Outcome

GREYLISTED = 300.0  # seconds; the least that 450, 451 and 452 ask for
QUARTER_HOUR = 900.0
LATER = 1800.0  # seconds; secret frequency limits and full mailboxes


class Step(enum.StrEnum):
    """How far a session has come. After DOT an answer that does not come is ambiguous."""

    CONNECT = "connect"
    GREETING = "greeting"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer: three digits and the text of all its lines."""

    code: int
    text: str

    @property
    def good(self) -> bool:
        """Whether the command was carried out."""
        return 200 <= self.code < 300  # noqa: PLR2004 - RFC 5321 section 4.2.1

    @property
    def enhanced(self) -> str:
        """The enhanced status code ("5.1.1"), or nothing if there is none or its class contradicts the basic code."""
        found = _ENHANCED.match(self.text)
        return found.group(1) if found and found.group(1)[0] == str(self.code)[0] else ""

    @property
    def words(self) -> str:
        """The text without the enhanced code."""
        return self.text[len(self.enhanced) :].lstrip() if self.text.startswith(self.enhanced) else self.text

    @property
    def label(self) -> str:
        """Both codes as they are shown and kept, e.g. ``450 4.2.0``."""
        return f"{self.code} {self.enhanced}".rstrip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, the seconds to wait at least (None: no wish), and whether to wait for the next day instead."""

    outcome: Outcome
    retry_after: float | None = None
    until_tomorrow: bool = False


_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_TAG = re.compile(r"\b([A-Z]{2}:[A-Z]{3})\b")
_TRANSIENT, _CONTENT, _RECIPIENT, _AUTH = (
    Outcome.TRANSIENT,
    Outcome.PERMANENT_CONTENT,
    Outcome.PERMANENT_RECIPIENT,
    Outcome.AUTH,
)

_TOMORROW = Verdict(_TRANSIENT, until_tomorrow=True)

NETEASE: dict[str, Verdict] = {
    **dict.fromkeys(("MI:STC", "RP:TRC", "HL:ITC"), _TOMORROW),  # daily quotas
    **dict.fromkeys(("HL:REP", "HL:ICC", "HL:IFC", "HL:MEP"), Verdict(_TRANSIENT, QUARTER_HOUR)),
    **dict.fromkeys(("MI:SFQ", "RP:QRC", "RP:DRC"), Verdict(_TRANSIENT, QUARTER_HOUR)),
    **dict.fromkeys(("MI:CEL", "MI:DMC"), Verdict(_TRANSIENT, GREYLISTED)),  # too many in this connection
    **dict.fromkeys(("MI:SPF", "MI:DMA", "RP:RCL"), Verdict(_CONTENT)),
}

_TEXTS: tuple[tuple[re.Pattern[str], Verdict], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), verdict)
    for pattern, verdict in (
        (r"err\.login\.passerr|too much fail authentication", Verdict(_AUTH)),
        (r"(ip|domain|sender|connection) frequency limited", Verdict(_TRANSIENT, LATER)),
        (r"mailbox unavailable or access denied", Verdict(_TRANSIENT, LATER)),
        (r"frequency of receiving messages is limited", Verdict(_TRANSIENT, LATER)),
        (r"daily.{0,40}(quota|limit|sending)|(quota|limit).{0,20}(per day|of the day)", _TOMORROW),
        (r"too frequently sending", Verdict(_TRANSIENT, LATER)),
        (r"connection denied|suspected spam ip|mail content denied|spf check failed", Verdict(_CONTENT)),
        (r"mailbox not found|invalid user|user suspended|is a deactivated mailbox", Verdict(_RECIPIENT)),
        (r"must (be same as|equal) author|not owned by user|mail from must", Verdict(_AUTH)),
    )
)  # fmt: skip

_LOGIN_CODES = frozenset({530, 534, 535, 538})
_LOGIN_ENHANCED = frozenset({"5.7.8", "5.7.9", "4.7.12"})
_WAITING_CODES = frozenset({450, 451, 452})


def judge(reply: Reply, step: Step) -> Verdict:
    """Classify a refusal that came at ``step``."""
    if reply.code in _LOGIN_CODES or reply.enhanced in _LOGIN_ENHANCED:
        return Verdict(Outcome.AUTH)
    return _by_text(reply) or (_judge_temporary(reply) if reply.code < 500 else _judge_final(reply, step))  # noqa: PLR2004


def _by_text(reply: Reply) -> Verdict | None:
    tag = _TAG.search(reply.text)
    if tag and tag.group(1) in NETEASE:
        return NETEASE[tag.group(1)]
    if tag and tag.group(1) == "DT:SPM":
        return Verdict(_TRANSIENT, 120.0) if reply.code < 500 else Verdict(_CONTENT)  # noqa: PLR2004 - class 4 or 5
    return next((verdict for pattern, verdict in _TEXTS if pattern.search(reply.text)), None)


def _judge_temporary(reply: Reply) -> Verdict:
    return Verdict(_TRANSIENT, GREYLISTED if reply.code in _WAITING_CODES else None)


def _judge_final(reply: Reply, step: Step) -> Verdict:
    if step in {Step.CONNECT, Step.GREETING, Step.STARTTLS, Step.AUTH}:
        return Verdict(Outcome.AUTH)  # no mail is at fault here
    _, _, detail = reply.enhanced.partition(".")
    subject, _, number = detail.partition(".")
    match subject:
        case "1":
            return Verdict(Outcome.AUTH if step is Step.MAIL else _RECIPIENT)
        case "2":
            return _judge_mailbox(number)
        case "3" if number == "4":
            return Verdict(_CONTENT)
        case "6" | "7":
            return Verdict(_CONTENT)
        case _:
            return _judge_number(reply, step)


def _judge_mailbox(number: str) -> Verdict:
    if number == "2":  # full
        return Verdict(_TRANSIENT, LATER)
    return Verdict(_CONTENT if number == "3" else _RECIPIENT)  # 5.2.3: longer than this mailbox accepts


def _judge_number(reply: Reply, step: Step) -> Verdict:
    if 500 <= reply.code <= 504:  # noqa: PLR2004 - syntax and sequence: our fault or a configured one
        return Verdict(_CONTENT)
    if reply.code == 552:  # noqa: PLR2004 - RFC 5321: exceeded storage allocation; servers use it for both
        too_big = re.search(r"size|too (large|big)", reply.text, re.IGNORECASE)
        return Verdict(_CONTENT) if too_big else Verdict(_TRANSIENT, LATER)
    return Verdict(_RECIPIENT if step is Step.RCPT and reply.code != 554 else _CONTENT)  # noqa: PLR2004 - 554 is policy
