"""Names of channels, redaction of answers, explanations in both languages."""

import ast
from pathlib import Path

import pytest

import examcal.channels
from examcal.channels import explanations
from examcal.channels.explanations import explain_smtp, explain_wecom
from examcal.channels.names import ChannelKind, ChannelName
from examcal.channels.redaction import LONGEST, quote_answer
from examcal.channels.smtp_session import Relay
from examcal.errors import ConfigurationError
from examcal.texts import translate


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("email", ChannelKind.EMAIL, ""),
        ("Outbox", ChannelKind.OUTBOX, ""),
        ("wecom:Staff", ChannelKind.WECOM_ROBOT, "staff"),
        ("WECOM-APP:HR_1", ChannelKind.WECOM_APP, "hr_1"),
        (" apprise:phone ", ChannelKind.APPRISE, "phone"),
    ],
)
def test_a_name_is_read_in_any_case(text: str, kind: ChannelKind, name: str) -> None:
    parsed = ChannelName.parse(text)
    assert (parsed.kind, parsed.name) == (kind, name)
    assert ChannelName.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text", ["", "mail", "wecom", "wecom:", "email:x", "wecom:a b", "wecom:a:b", "sms:x", "wecom:-a"]
)
def test_other_names_are_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ChannelName.parse(text)
    assert "渠道" in caught.value.text()


def test_answers_are_quoted_without_addresses_secrets_and_controls() -> None:
    text = "5.1.1 <who@x.example>: \x1b[31mrefused\r\nkey=abc123&x access_token=t0k pass-word " + "y" * 900
    quoted = quote_answer(text, ("pass-word", "", "y"))
    assert len(quoted) <= LONGEST
    assert quoted.isprintable()
    for hidden in ("who", "x.example", "abc123", "t0k", "pass-word"):
        assert hidden not in quoted
    assert quoted.startswith("5.1.1 <***>:")


@pytest.mark.parametrize("code", ["535 5.7.8", "530", "certificate", "no-starttls", "421 4.3.2", "address"])
def test_mail_codes_have_words(code: str) -> None:
    assert explain_smtp(code) is not None


@pytest.mark.parametrize("code", ["60020", "93000", "40001", "45009", "-1", "81013", "redirect"])
def test_wecom_codes_have_words(code: str) -> None:
    assert explain_wecom(code) is not None


def test_every_sentence_of_the_package_has_its_chinese() -> None:
    sentences = set()
    for path in Path(examcal.channels.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in {"Sentence", "ConfigurationError", "translate"} and isinstance(first, ast.Constant):
                    sentences.add(first.value)
    sentences |= set(explanations._SMTP.values()) | set(explanations._WECOM.values())
    assert len(sentences) > 40
    assert [text for text in sentences if translate(text) == text] == []


def test_netease_relays_get_few_mails_a_session_unless_told_otherwise() -> None:
    assert Relay("smtp.163.com", 465).mails_a_session == 5
    assert Relay("smtp.qq.com", 465).mails_a_session == 20
    assert Relay("smtp.163.com", 465, per_session=9).mails_a_session == 9


def test_a_password_is_not_in_the_representation_of_a_relay() -> None:
    assert "canary" not in repr(Relay("h", 25, password="canary"))
