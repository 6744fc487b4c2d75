"""Error codes in words: what they mean and what to do, for ``doctor``, ``send-test`` and the operator's mails."""

from __future__ import annotations

import re
from collections.abc import Mapping

from examcal.errors import Sentence

_LOGIN = (
    "The server refused the log-in. QQ, 163 and WeCom mail want an authorisation code (from the mailbox settings), "
    "not the password of the mailbox. examcal does not try again for 15 minutes, so that the account is not locked."
)
_LOGIN_FIRST = "The server asks for TLS or a log-in first. Check SECURITY, USERNAME and PASSWORD of SMTP."
_ROBOT = (
    "WeCom does not know this robot: the key is wrong, or the robot was removed from its group. Copy the webhook "
    "address from the group's settings again."
)

_SMTP: Mapping[str, str] = {
    "535": _LOGIN,
    "534": _LOGIN,
    "530": _LOGIN_FIRST,
    "538": _LOGIN_FIRST,
    "no-tls": "A password is not sent without TLS. Set SECURITY of SMTP to starttls or tls.",
    "no-starttls": "The server does not offer STARTTLS. Try port 465 with SECURITY=tls. Nothing was sent in clear.",
    "no-auth": "The server offers no log-in that examcal speaks (PLAIN, LOGIN). Check host and port.",
    "certificate": (
        "The certificate of the mail server is not trusted, expired, or for another name. Use the server's full name "
        "as host; for an authority of your own set SSL_CERT_FILE."
    ),
    "tls": "TLS could not be set up. Port 465 wants SECURITY=tls, ports 587 and 25 want SECURITY=starttls.",
    "connection": "The mail server cannot be reached or broke the connection off. Check host, port and firewall.",
    "timeout": "The mail server did not answer in time. Check host, port and firewall.",
    "421": "The mail server is closing or busy; examcal tries again by itself.",
    "450": "The mail server asks to come back later (often greylisting); examcal tries again by itself.",
    "451": "The mail server asks to come back later (often greylisting); examcal tries again by itself.",
    "550": "The mail server refuses this recipient or this mail; its text says which.",
    "553": "The mail server refuses an address; the sender must usually be the mailbox that logs in.",
    "554": "The mail server refuses the mail by its policy; check SPF, DKIM and the reputation of the sender.",
    "address": "This is not one valid e-mail address.",
    "no-smtputf8": "The address has non-ASCII letters before the @, and the relay does not accept such addresses.",
}

_WECOM: Mapping[str, str] = {
    "-1": "WeCom is busy; examcal tries again by itself.",
    "40001": "The secret of the WeCom application is wrong. Copy it from the application's page again.",
    "40013": "The corporation id (CORP_ID) is wrong.",
    "40014": "WeCom withdrew the access token; examcal fetches a new one by itself.",
    "42001": "WeCom withdrew the access token; examcal fetches a new one by itself.",
    "40056": "The AGENT_ID does not belong to this secret.",
    "301002": "The AGENT_ID does not belong to this secret.",
    "40058": "WeCom refuses the content of the message.",
    "44004": "The message is empty.",
    "45002": "The message is too long.",
    "45009": "Too many messages: a robot may send 20 a minute. examcal waits a minute.",
    "45033": "Too many calls at the same time; examcal waits.",
    "48002": "The application may not use this interface.",
    "50003": "The application is disabled.",
    "60011": "The application may not reach this member; check its visible range.",
    "60111": "WeCom does not know this user id.",
    "81013": "WeCom knows none of the recipients, or they are outside the application's visible range.",
    "82001": "The message has no recipient.",
    "93000": _ROBOT,
    "93004": "The robot was disabled.",
    "93006": _ROBOT,
    "93008": "The robot is not in the group.",
    "redirect": "The server answered with a redirect, which is not followed. Check BASE_URL of WECOM.",
    "address": "This is not a WeCom user id.",
    "forbidden-address": "The name of the WeCom server leads to an address that is not public; check DNS and BASE_URL.",
    "not-wecom": "What answered is not WeCom; a proxy or a log-in page of the network may be in between.",
    "connection": "WeCom cannot be reached. Check network, DNS and firewall.",
    "timeout": "WeCom did not answer in time.",
    "tls": "The certificate of the server is not trusted. For an authority of your own set SSL_CERT_FILE.",
}


def explain_smtp(code: str) -> Sentence | None:
    """Return the meaning of ``535 5.7.8``, ``certificate`` and the like, or None."""
    msgid = _SMTP.get(code) or _SMTP.get(code.partition(" ")[0])
    return Sentence(msgid) if msgid else None


def explain_wecom(code: str, egress: str | None = None) -> Sentence | None:
    """Return the meaning of an errcode, or None; ``egress`` is our own address as WeCom saw it (for 60020)."""
    if code == "60020" and egress:
        return Sentence(
            "WeCom accepts calls of this application only from trusted addresses, and ours is {address}. Add it on the "
            "application's page under trusted IP; it counts after about a minute.",
            {"address": egress},
        )
    if code == "60020":
        return Sentence(
            "WeCom accepts calls of this application only from trusted addresses. Add the address of this machine on "
            "the application's page under trusted IP; it counts after about a minute."
        )
    msgid = _WECOM.get(code) or (_ROBOT if re.fullmatch(r"93\d{3}", code) else None)
    return Sentence(msgid) if msgid else None
