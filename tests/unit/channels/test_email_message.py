"""Frozen and composed mails: what readers get, byte for byte, and what cannot be smuggled into them."""

import email
import email.policy
import re
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examcal.channels.addresses import EmailAddress, split_sender
from examcal.channels.email_headers import check_block, neutralise, unstructured
from examcal.channels.email_message import Origin, compose_mail, freeze_mail, message_id
from examcal.channels.port import Addressee, ChannelError, Message, Outcome
from support.mails import CALENDAR, PLAIN, addressee, message

ORIGIN = Origin("考试提醒", EmailAddress("exam", "sender.example"), "sender.example")
READER = addressee(7, unsubscribe_url="https://exam.example/unsubscribe/" + "t" * 80)


def mail(source: Message = PLAIN, reader: Addressee = READER, origin: Origin = ORIGIN) -> bytes:
    return compose_mail(freeze_mail(source, origin), reader)


def parsed(octets: bytes) -> EmailMessage:
    result = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(result, EmailMessage)
    return result


def block(octets: bytes) -> bytes:
    return octets.partition(b"\r\n\r\n")[0]


def test_the_structure_keeps_our_text_visible_and_the_calendar_attached() -> None:
    read = parsed(mail())
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar",
    ]  # fmt: skip
    (attached,) = read.iter_attachments()
    assert attached.get_filename() == "exam.ics"
    assert attached.get_param("method") is None
    assert attached.get_payload(decode=True) == CALENDAR
    assert read.defects == []


def test_without_a_calendar_nothing_is_attached() -> None:
    assert list(parsed(mail(message(calendar=None))).iter_attachments()) == []


def test_the_headers_of_a_subscribers_mail() -> None:
    read = parsed(mail())
    assert read["Subject"] == PLAIN.subject
    assert read["Message-ID"] == f"<{READER.key}@sender.example>"
    assert read["To"] == "reader7@example.cn"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Content-Language"] == "zh-CN"
    assert read["List-Id"] == "<physician-2026-beijing.examcal.example>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["Date"].datetime == PLAIN.written_at
    assert read["From"].addresses[0].display_name == "考试提醒"


def test_a_long_unsubscribe_address_stays_readable_for_mail_programs() -> None:
    assert f"List-Unsubscribe: <{READER.unsubscribe_url}>\r\n".encode() in mail()


def test_who_was_put_on_a_list_by_others_has_no_unsubscribe_header() -> None:
    octets = mail(reader=addressee())
    assert b"List-Unsubscribe" not in octets
    assert "退订" not in str(parsed(octets).get_body(("plain",)))


def test_both_bodies_end_with_reference_and_way_to_stop() -> None:
    read = parsed(mail())
    for kind in ("plain", "html"):
        part = read.get_body((kind,))
        assert part is not None
        words = part.get_content()
        assert "编号：ABCDE" in words
        assert READER.unsubscribe_url in words
        assert "退订" in words


def test_the_personal_line_goes_where_the_template_wants_it() -> None:
    page = "<body>a<!-- examcal:personal -->b</body>"
    part = parsed(mail(message(html=page))).get_body(("html",))
    assert part is not None
    assert re.search(r"a\s*<p.*编号.*</p>\s*b</body>", part.get_content(), re.DOTALL)


def test_a_message_with_only_a_text_still_has_a_page() -> None:
    part = parsed(mail(message(html="", text="a < b\n还有 3 天"))).get_body(("html",))
    assert part is not None
    assert "a &lt; b" in part.get_content()
    assert "编号" in part.get_content()


def test_octets_are_ascii_with_short_lines_and_no_bare_line_breaks() -> None:
    name = Origin(
        "北京市医师资格考试办公室 Exam Office 提醒", EmailAddress("exam-reminders", "sender.example"), "sender.example"
    )
    octets = mail(message(subject="考试 A " * 60, text="长" * 3000, html="<p>" + "长" * 3000), origin=name)
    octets.decode("ascii")
    assert all(len(line) <= 76 for line in block(octets).split(b"\r\n") if b"=?" in line)  # RFC 2047 section 2
    assert all(len(line) <= 78 for line in block(octets).split(b"\r\n") if not line.startswith(b"List-Unsubscribe:"))
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert b"\n" not in octets.replace(b"\r\n", b"")


def test_encoded_words_are_short_and_never_touch() -> None:
    value = unstructured("考试 还有3天 Exam " * 12)
    words = value.split("\r\n ")
    assert len(words) > 2
    assert all(len(word) <= 75 and re.fullmatch(r"=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=", word) for word in words)


INJECTIONS = [
    "=?utf-8?q?x=0D=0ABcc:_e@x?=",
    "=?utf-8?b?eA0KQmNjOiBlQHg=?=",
    "=?utf-8?q?x=0D=0A=0D=0Abody?=",
    "=?utf-8?q?x=0ABcc:_e@x?=",
    "很长的中文标题" * 9 + " =?utf-8?q?x=0D=0ABcc:_e@x?= " + "尾巴" * 20,
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=0D=0ABcc:_e@x=3F=3D?=",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_encoded_word_in_a_title_adds_no_header_for_any_reader(text: str) -> None:
    octets = mail(message(subject=text), origin=Origin(text, ORIGIN.address, "sender.example"))
    once = parsed(octets)
    assert once["Bcc"] is None
    again = parsed(once.as_bytes(policy=email.policy.SMTP))
    assert again["Bcc"] is None
    assert sorted(again.keys()) == sorted(once.keys())
    assert str(once["Subject"]) == neutralise(text)


@pytest.mark.parametrize("text", ["a\r\nBcc: x@y", "a\nb", "a\rb", "a\x00b", "a\x0bb", "a\x7fb"])
def test_line_breaks_and_controls_in_a_subject_are_refused(text: str) -> None:
    with pytest.raises(ChannelError) as caught:
        freeze_mail(message(subject=text), ORIGIN)
    assert caught.value.outcome is Outcome.PERMANENT_CONTENT


@pytest.mark.parametrize(
    "damaged",
    [b"From: a\r\nSubject: s\nBcc: x\r\n", b"From: a\r\nSubject: s\r\nBcc: x\r\n", b"From: a\r\nSubject: other\r\n",
     b"From: a\r\nSubject: s\r\n\r\nbody", b"Subject: s\r\n", b"From: a\r\nSubject: s\rBcc: x\r\n"],
)  # fmt: skip
def test_a_header_block_that_reads_differently_is_refused(damaged: bytes) -> None:
    check_block(b"From: a\r\nSubject: s\r\n", ["Subject", "From"], "s")
    with pytest.raises(ChannelError):
        check_block(damaged, ["Subject", "From"], "s")


@pytest.mark.parametrize(
    "url", ["https://x/>\r\nBcc: e@x", "https://x/, <mailto:e@x>", "https://x/ y", "https://x/\u2028z"]
)
def test_an_odd_unsubscribe_address_cannot_leave_its_header(url: str) -> None:
    octets = mail(reader=addressee(unsubscribe_url=url))
    read = parsed(octets)
    assert read["Bcc"] is None
    assert str(read["List-Unsubscribe"]).count("<") == str(read["List-Unsubscribe"]).count(">") == 1


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", ""])
def test_other_schemes_are_no_way_to_stop(url: str) -> None:
    assert b"List-Unsubscribe" not in mail(reader=addressee(unsubscribe_url=url))


def test_a_message_id_is_at_most_64_characters() -> None:
    for domain in ("a.cn", "a" * 29 + ".cn", "very." * 12 + "example.com", "x" * 63 + ".example"):
        assert len(message_id("f" * 32, domain)) <= 64 or "." not in domain[40:]
        assert re.fullmatch(r"<[0-9a-f]{16,32}@[a-z.]+>", message_id("f" * 32, domain))
    assert message_id("f" * 32, "very." * 12 + "example.com") != message_id("e" * 32, "very." * 12 + "example.com")


def test_the_date_keeps_its_offset() -> None:
    at = datetime(2026, 2, 8, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    assert b"Date: Sun, 08 Feb 2026 09:00:00 +0800\r\n" in mail(message(written_at=at))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120).filter(str.strip))
def test_any_subject_reads_back_exactly(subject: str) -> None:
    octets = mail(message(subject=subject))
    check_block(block(octets) + b"\r\n", list(parsed(octets).keys()), subject)


@given(st.text(max_size=300), st.text(max_size=300), st.integers(0, 10**9))
def test_any_body_reads_back_with_the_personal_line_behind_it(text: str, page: str, number: int) -> None:
    reader = addressee(number, reference="QWXYZ", unsubscribe_url=f"https://e.example/u/{number}")
    read = parsed(mail(message(text=text, html=page), reader))
    plain = read.get_body(("plain",)).get_payload(decode=True).decode()  # type: ignore[union-attr]
    head, _, tail = plain.partition("-- \r\n") if "-- \r\n" not in text else plain.rpartition("-- \r\n")
    wanted = re.sub(r"\r\n|\r|\n", "\r\n", text.rstrip("\n").encode("utf-8", "replace").decode())
    assert head.rstrip(" \r\n") == wanted.rstrip(" \r\n")
    assert tail.rstrip(" \r\n").endswith(f"https://e.example/u/{number}")


@pytest.mark.parametrize(
    ("text", "address"),
    [("a@b.cn", "a@b.cn"), ("A.b+c@B.CN", "A.b+c@b.cn"), ("张三@例子.cn", "张三@xn--fsqu00a.cn"),
     ("a@localhost", "a@localhost"),
     ("o'neil@x-y.example", "o'neil@x-y.example")],
)  # fmt: skip
def test_one_address_is_read(text: str, address: str) -> None:
    assert str(EmailAddress.parse(text)) == address


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b", "a@", "a@b,c@d", "a@b;c@d", "a <b@c>", "<a@b>", "a b@c", "a@b c", "a@-b.cn", "a@b..cn", "a..b@c.cn",
     ".a@b.cn", "a.@b.cn", '"a b"@c.cn', "a@[127.0.0.1]", "a\n@b.cn", "a@b.cn\n", "a@b\u2028.cn", "a" * 65 + "@b.cn",
     "a@" + "b" * 64 + ".cn", "a@" + "b." * 130 + "cn", "a(c)@b.cn", "a@b@c.cn", "a\u202e@b.cn", "a@\u0000.cn"],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        EmailAddress.parse(text)


def test_senders_may_have_a_name() -> None:
    assert split_sender('"Exam Office" <a@b.cn>') == ("Exam Office", EmailAddress("a", "b.cn"))
    assert split_sender("a@b.cn") == ("", EmailAddress("a", "b.cn"))
    assert split_sender("考试 提醒<a@b.cn>")[0] == "考试 提醒"
    with pytest.raises(ValueError, match="control"):
        split_sender("x\r\nBcc: y <a@b.cn>")
