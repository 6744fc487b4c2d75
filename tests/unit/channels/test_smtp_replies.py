"""Every row of the two fact sheets about SMTP answers."""

import pytest

from examcal.channels.port import Outcome
from examcal.channels.smtp_replies import GREYLISTED, Reply, Step, judge

T, C, R, A = Outcome.TRANSIENT, Outcome.PERMANENT_CONTENT, Outcome.PERMANENT_RECIPIENT, Outcome.AUTH

ROWS = [
    # RFC 5321 and RFC 3463
    (421, "4.3.2 closing", Step.MAIL, T),
    (450, "4.2.0 busy", Step.RCPT, T),
    (450, "4.7.1 greylisted", Step.RCPT, T),
    (451, "local error", Step.DOT, T),
    (452, "4.5.3 too many recipients", Step.RCPT, T),
    (452, "4.2.2 mailbox full", Step.RCPT, T),
    (452, "4.3.1 no space", Step.MAIL, T),
    (454, "4.7.0 TLS not available", Step.STARTTLS, T),
    (454, "4.7.0 temporary authentication failure", Step.AUTH, T),
    (500, "syntax", Step.MAIL, C),
    (501, "5.5.4 bad argument", Step.DATA, C),
    (503, "5.5.1 sequence", Step.RCPT, C),
    (504, "not implemented", Step.MAIL, C),
    (530, "5.7.0 must issue STARTTLS", Step.MAIL, A),
    (534, "5.7.9 mechanism too weak", Step.AUTH, A),
    (535, "5.7.8 authentication failed", Step.AUTH, A),
    (535, "Login Fail. Please enter your authorization code", Step.AUTH, A),
    (538, "encryption required", Step.AUTH, A),
    (504, "unrecognised mechanism", Step.AUTH, A),
    (550, "5.1.1 no such user", Step.RCPT, R),
    (550, "5.1.1 no such user", Step.DOT, R),
    (550, "5.1.2 bad domain", Step.RCPT, R),
    (550, "5.1.3 bad syntax", Step.RCPT, R),
    (550, "5.1.10 null MX", Step.RCPT, R),
    (550, "5.1.8 bad sender", Step.MAIL, A),
    (550, "no such user", Step.RCPT, R),
    (551, "user not local", Step.RCPT, R),
    (553, "mailbox name not allowed", Step.RCPT, R),
    (550, "refused", Step.DOT, C),
    (550, "5.2.1 mailbox disabled", Step.RCPT, R),
    (552, "5.2.2 over quota", Step.RCPT, T),
    (550, "5.2.2 over quota", Step.DOT, T),
    (552, "mailbox full", Step.RCPT, T),
    (552, "5.3.4 message too big", Step.DOT, C),
    (552, "message size exceeds fixed limit", Step.MAIL, C),
    (552, "5.2.3 longer than this mailbox accepts", Step.DOT, C),
    (550, "5.7.1 policy", Step.RCPT, C),
    (550, "5.7.515 access denied", Step.DOT, C),
    (554, "5.7.1 spam", Step.DOT, C),
    (554, "Message not accepted. Invalid Subject header", Step.DOT, C),
    (554, "no SMTP service here", Step.CONNECT, A),
    (521, "does not accept mail", Step.RCPT, R),
    (599, "who knows", Step.DOT, C),
    (550, "4.2.0 the classes disagree", Step.RCPT, R),
    # QQ Mail
    (550, "Ip frequency limited. http://service.mail.qq.com/x", Step.CONNECT, T),
    (550, "Domain frequency limited", Step.DOT, T),
    (550, "Sender frequency limited", Step.DOT, T),
    (550, "Connection frequency limited", Step.MAIL, T),
    (550, "Mailbox unavailable or access denied", Step.RCPT, T),
    (550, "The frequency of receiving messages is limited", Step.RCPT, T),
    (550, "Connection denied", Step.CONNECT, C),
    (550, "Suspected spam ip", Step.MAIL, C),
    (550, "Mail content denied", Step.DOT, C),
    (550, "SPF check failed", Step.DOT, C),
    (550, "Mailbox not found", Step.DOT, R),
    (550, "reader is a deactivated mailbox", Step.RCPT, R),
    (501, "Mail from address must be same as authorization user", Step.MAIL, A),
    # NetEase
    (421, "HL:REP 163 smtp10", Step.CONNECT, T),
    (421, "HL:ICC", Step.CONNECT, T),
    (421, "HL:IFC", Step.CONNECT, T),
    (421, "HL:MEP", Step.CONNECT, T),
    (450, "MI:CEL", Step.MAIL, T),
    (450, "MI:DMC 163", Step.MAIL, T),
    (451, "MI:SFQ 163", Step.MAIL, T),
    (451, "RP:QRC", Step.RCPT, T),
    (450, "RP:DRC", Step.RCPT, T),
    (451, "DT:SPM please try again", Step.DOT, T),
    (554, "DT:SPM 163 smtp5", Step.DOT, C),
    (550, "MI:SPF", Step.MAIL, C),
    (550, "MI:DMA", Step.DOT, C),
    (554, "MI:STC daily quota", Step.MAIL, T),
    (550, "RP:TRC", Step.RCPT, T),
    (554, "HL:ITC", Step.CONNECT, T),
    (550, "RP:RCL too many recipients", Step.RCPT, C),
    (550, "Invalid User: reader", Step.RCPT, R),
    (550, "User suspended", Step.RCPT, R),
    (535, "ERR.LOGIN.PASSERR", Step.AUTH, A),
    (460, "ERR.LOGIN.PASSERR", Step.AUTH, A),
    (451, "too much fail authentication", Step.AUTH, A),
    (553, "Mail from must equal authorized user", Step.MAIL, A),
    # Aliyun
    (554, "Reject by behaviour spamANTISPAM_BAT[01]: too frequently sending", Step.DOT, T),
]


@pytest.mark.parametrize(("code", "text", "step", "outcome"), ROWS)
def test_what_an_answer_means(code: int, text: str, step: Step, outcome: Outcome) -> None:
    assert judge(Reply(code, text), step).outcome is outcome


@pytest.mark.parametrize("code", [450, 451, 452])
def test_come_back_later_is_at_least_five_minutes(code: int) -> None:
    assert judge(Reply(code, "later"), Step.RCPT).retry_after == GREYLISTED == 300


@pytest.mark.parametrize("tag", ["MI:STC", "RP:TRC", "HL:ITC"])
@pytest.mark.parametrize("code", [450, 550, 554])
def test_a_daily_quota_waits_for_tomorrow_whatever_the_number(tag: str, code: int) -> None:
    assert judge(Reply(code, f"{tag} 163 smtp"), Step.DOT).until_tomorrow


def test_an_enhanced_code_counts_only_if_its_class_agrees() -> None:
    assert Reply(550, "5.1.1 no").label == "550 5.1.1"
    assert Reply(550, "4.1.1 no").label == "550"
    assert Reply(250, " 2.0.0 Ok").enhanced == "2.0.0"
