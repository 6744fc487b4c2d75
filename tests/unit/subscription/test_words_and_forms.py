"""Addresses, tokens, choices and the form: what is accepted, and that every sentence has its Chinese."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from examcal import subscription
from examcal.cli.serving import without_token
from examcal.feed.calendar import EventBook
from examcal.pages.render import render
from examcal.subscription.addresses import UnfitAddressError, masked, read_address, variant
from examcal.subscription.choice import Choice, UnfitChoiceError, read_choice
from examcal.subscription.records import safe_cell
from examcal.subscription.tokens import Purpose, SiteKey, is_token, network_of, new_token, token_hash
from examcal.subscription.wording import MailForm
from examcal.texts import catalogue
from support import schedules
from support.subscriptions import BASE, CONTROLLER, EXAM

PACKAGE = Path(subscription.__file__).parent
SAYING = {"t", "say", "_say", "refused", "told", "usage_error", "command", "option", "Group", "Sentence"}


@pytest.mark.parametrize("text", ["li@example.cn", " li@example.cn ", "a.b+c@sub.example.com", "李@例子.cn"])
def test_one_address_is_read(text: str) -> None:
    assert "@" in read_address(text)


@pytest.mark.parametrize(
    "text",
    ["", "li", "li@", "@example.cn", "li@localhost", "a@b.cn,c@d.cn", "a@b.cn;c@d.cn", "<a@b.cn>", "A <a@b.cn>",
     '"a b"@c.cn', "a@[127.0.0.1]", "a@b.cn\r\nBcc: x@y.cn", "a\0@b.cn", "=?utf-8?q?a?=@b.cn", "a@b..cn",
     "x" * 300 + "@b.cn"],
)  # fmt: skip
def test_what_is_not_one_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UnfitAddressError) as caught:
        read_address(text)
    assert len(text) < 3 or text not in str(caught.value)


def test_spellings_of_a_mailbox_count_as_one() -> None:
    spellings = {"li.si@example.cn", "LiSi@Example.CN", "lisi+exam@example.cn", "ｌｉｓｉ@example.cn"}
    assert {variant(spelling) for spelling in spellings} == {"lisi@example.cn"}
    assert masked("lisi@example.cn") == "l…@example.cn"
    assert masked("") == ""


@given(st.binary(min_size=32, max_size=32))
def test_tokens_have_one_form_and_purposes_do_not_mix(octets: bytes) -> None:
    token = SiteKey(octets).unsubscribe_token("salt")
    assert is_token(token)
    assert token == SiteKey(octets).unsubscribe_token("salt")
    assert len({token_hash(purpose, token) for purpose in Purpose}) == len(Purpose)
    assert octets.hex() not in repr(SiteKey(octets))


def test_tokens_are_new_and_have_256_bits() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(is_token(token) for token in tokens)


def test_nobody_compares_tokens_with_an_equals_sign() -> None:
    modules = [*PACKAGE.glob("*.py"), *(PACKAGE.parent / "web").glob("subscription*.py")]
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                if ".c." in ast.unparse(node.left):
                    continue  # a look-up of a digest in the database's index
                compared = " ".join(ast.unparse(side) for side in (node.left, *node.comparators))
                assert not re.search(r"\b(token|signature|digest)\b", compared), f"{module.name}: {compared}"


@pytest.mark.parametrize(
    "path", ["/me/TOKEN", "//me/TOKEN", "/%6de/TOKEN", "/calendar/TOKEN/exam.ics?x=TOKEN", "/x/TOKEN", "/me%2fTOKEN"]
)
def test_no_log_names_a_token(path: str) -> None:
    token = new_token()
    assert token not in without_token(path.replace("TOKEN", token).encode())
    assert (
        without_token(b"/feeds/physician-2026-beijing/shunyi.ics?lang=en") == "/feeds/physician-2026-beijing/shunyi.ics"
    )


def test_networks_are_what_providers_hand_out() -> None:
    assert network_of("203.0.113.9") == network_of("203.0.113.200") == network_of("::ffff:203.0.113.1")
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("fe80::1%eth0")
    assert network_of("") == network_of("nonsense")


def test_a_choice_is_checked_against_the_schedule() -> None:
    schedule = schedules.everything()
    exam = schedule.exam(EXAM)
    assert exam
    every_kind = {"exam": [EXAM], "track": [track.id for track in exam.tracks], "lang": ["en"]}
    assert read_choice(every_kind, schedule) == Choice(EXAM, language="en")
    assert read_choice({}, schedule) == Choice(language=schedule.language)
    wrong: list[Mapping[str, list[str]]] = [
        {"exam": ["never"]}, {"exam": [EXAM], "site": ["never"]}, {"site": ["shunyi"]}, {"exam": [EXAM, EXAM]},
        {"exam": [EXAM], "track": ["never"]}, {"kind": ["never"]}, {"lang": ["xx"]},
    ]  # fmt: skip
    for fields in wrong:
        with pytest.raises(UnfitChoiceError):
            read_choice(fields, schedule)


@given(st.sampled_from(["", "shunyi", "fangshan"]), st.sets(st.sampled_from(["exam", "score", "registration"])))
def test_a_choice_survives_its_row_and_its_feed_holds_what_it_covers(site: str, kinds: set[str]) -> None:
    schedule = schedules.everything()
    choice = read_choice({"exam": [EXAM], "site": [site] if site else [], "kind": sorted(kinds)}, schedule)
    assert Choice.of_row(choice.exam, choice.as_json(), choice.language) == choice
    events = EventBook(schedule).selected(choice.exam, choice.site or None, choice.wishes)
    for event in events:
        occurrence = f"{event.exam}/{event.milestone}" + (f"@{event.site}" if event.site else "")
        assert choice.covers(schedule, occurrence), occurrence


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\0"])
def test_exported_cells_are_never_formulas(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell("li@example.cn") == "li@example.cn"
    assert safe_cell(None) == ""


def test_pages_have_the_form_only_where_people_can_subscribe() -> None:
    schedule = schedules.everything()
    without = render(schedule, base_url=BASE)
    assert not [path for path, page in without.items() if b"by-mail" in page]
    pages = render(schedule, base_url=BASE, mail_form=MailForm(CONTROLLER))
    for path in ("index.html", f"{EXAM}/index.html", f"{EXAM}/shunyi/index.html", f"en/{EXAM}/index.html"):
        page = pages[path].decode()
        actions = re.findall(r'<form method="post" action="([^"]+)"', page)
        assert [urljoin(f"{BASE}/{path}", action) for action in actions] == [f"{BASE}/subscribe"], path
        assert CONTROLLER.contact in page
        assert 'name="email"' in page
    assert '<option value="shunyi" selected>' in pages[f"{EXAM}/shunyi/index.html"].decode()


def _in_templates() -> Iterator[str]:
    for template in sorted(PACKAGE.glob("templates/*.html")):
        for call in Environment(autoescape=True).parse(template.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t":
                assert isinstance(call.args[0], nodes.Const), f"{template.name}: only literals are translated"
                yield call.args[0].value


def _in_modules() -> Iterator[str]:
    root = PACKAGE.parent
    modules = [*PACKAGE.glob("*.py"), *(root / "web").glob("subscription*.py"), *(root / "cli").glob("subscrib*.py")]
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                said = node.args if name in SAYING or name.endswith("Error") else []
                said = [*said, *(word.value for word in node.keywords if word.arg in {"about", "help"})]
                yield from (
                    part.value
                    for argument in said
                    for part in ast.walk(argument)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value
                )


def test_every_sentence_has_its_chinese() -> None:
    chinese = catalogue("zh-CN")
    said = {*_in_templates(), *_in_modules()}
    assert len(said) > 80
    assert [text for text in sorted(said) if chinese.gettext(text) == text] == []


def test_chinese_keeps_every_parameter() -> None:
    with (files("examcal.texts") / "catalogs/zh_CN/subscription.mo").open("rb") as stream:
        known = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
    for english, chinese in known.items():
        if english:
            assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english
