"""Subscription over HTTP against the threats that it meets (the threat model's T01 to T15, T33, T34, T46, T48)."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import re
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from examcal.ledger.trouble import LedgerUnreachableError
from examcal.pages.headers import SECURITY_HEADERS
from examcal.subscription import records
from examcal.web.shelf import Published, fill_shelf
from support.smtp_server import Fault, SmtpServer
from support.subscriptions import BASE, EXAM, Front, front

FORM = {"content-type": "application/x-www-form-urlencoded"}
EVIL = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
ODD = ("x", "A" * 42, "A" * 44, "A" * 42 + "B", "A" * 42 + "=", "%00", "%ff", "..%2f..", "A" * 4000, "é" * 43)
VICTIM = "victim@example.cn"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as made:
        yield made


def snapshot(site: Front) -> list[object]:
    """Return everything that a request could have changed, limits aside."""
    tables = ("subscriber", "subscription_token", "subscription_letter", "subscription_consent", "recipient")
    return [site.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


async def test_one_can_subscribe_confirm_change_and_stop(site: Front) -> None:
    answer = await site.ask("li@example.cn", site="shunyi", kind="exam")
    assert answer.status_code == 200
    assert "请查收邮件" in answer.text
    shown = await site.client().get(site.links()[0])
    assert "顺义区" in shown.text
    assert "某考试办公室" in shown.text
    assert site.rows("SELECT count(*) FROM recipient WHERE source = 'subscriber'") == [(0,)]
    welcome = await site.subscribed("wang@example.cn")
    assert site.rows("SELECT active, address FROM recipient WHERE source = 'subscriber'") == [(1, "wang@example.cn")]
    saved = await site.client().post(welcome.own, data={"do": "save", "site": "shunyi", "kind": "score", "lang": "en"})
    assert "Saved." in saved.text
    assert site.rows("SELECT language FROM recipient WHERE source = 'subscriber'") == [("en",)]
    stopped = await site.client().post(welcome.own, data={"do": "stop"})
    assert "No more reminders will come" in stopped.text
    assert site.rows("SELECT active, address FROM recipient WHERE source = 'subscriber'") == [(0, "")]
    assert (await site.client().get(welcome.own)).status_code == 404
    assert (await site.client().get(welcome.feed)).status_code == 404


# T01 ------------------------------------------------------------------------------------------------------------------


async def test_nothing_but_the_one_letter_reaches_an_address_that_did_not_confirm(site: Front) -> None:
    await site.ask(VICTIM)
    site.clock.pass_(hours=47)
    await site.postman._prune()
    assert site.rows("SELECT count(*) FROM subscriber") == [(1,)]
    site.clock.pass_(hours=1, seconds=1)
    await site.postman._prune()
    await site.settle()
    assert len(site.smtp.mails) == 1
    assert site.rows("SELECT count(*) FROM subscriber") == [(0,)]
    assert site.rows("SELECT count(*) FROM subscription_token") == [(0,)]
    assert (await site.client().post(site.links()[0])).status_code == 404


# T02, T33 -------------------------------------------------------------------------------------------------------------


async def test_hundreds_of_requests_in_fifty_spellings_make_at_most_three_mails(site: Front, *, full: bool) -> None:
    spellings = [
        *(f"victim+{number}@example.cn" for number in range(20)),
        *("victim"[:cut] + "." + "victim"[cut:] + "@example.cn" for cut in range(1, 6)),
        *("Victim@Example.CN", "VICTIM@example.cn", "ｖｉｃｔｉｍ@example.cn", "vic.tim+x@EXAMPLE.cn", VICTIM),
        *(f"v.i.c.t.i.m+{number}@example.cn" for number in range(20)),
    ]
    for number in range(500 if full else 150):
        answer = await site.client(f"198.51.{number % 200}.7").post(
            "/subscribe", data={"email": spellings[number % 50], "exam": EXAM if number % 3 else ""}
        )
        assert answer.status_code in {200, 422}
        site.clock.pass_(minutes=2)
    await site.settle()
    assert 1 <= len(site.smtp.mails) <= 3


async def test_an_address_gets_a_mail_every_ten_minutes_and_three_a_day_at_most(site: Front) -> None:
    await site.ask(VICTIM)
    site.clock.pass_(minutes=9)
    await site.ask(VICTIM)
    assert len(site.smtp.mails) == 1
    for _ in range(5):
        site.clock.pass_(minutes=11)
        await site.ask(VICTIM)
    assert len(site.smtp.mails) == 3
    site.clock.pass_(days=1)
    await site.ask(VICTIM)
    assert len(site.smtp.mails) == 4


@pytest.mark.parametrize(
    ("peers", "limited"),
    [
        ([f"203.0.113.{number}" for number in range(21)], True),  # one /24
        ([f"2001:db8::{number:x}" for number in range(21)], True),  # one /64
        ([f"::ffff:203.0.113.{number}" for number in range(21)], True),  # IPv4 in IPv6
        ([f"2001:db8:{number:x}::1" for number in range(21)], False),
    ],
)
async def test_a_network_may_ask_twenty_times_an_hour(site: Front, peers: list[str], *, limited: bool) -> None:
    answers = [
        (await site.client(peer).post("/subscribe", data={"email": f"p{number}@example.cn", "exam": EXAM})).status_code
        for number, peer in enumerate(peers)
    ]
    assert answers == [200] * 20 + [429 if limited else 200]
    site.clock.pass_(minutes=61)
    assert (await site.ask("later@example.cn", peers[0])).status_code == 200


async def test_everybody_together_is_limited_too(site: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examcal.subscription.throttle.GLOBAL_HOURLY", 30)
    answers = [
        (await site.client(f"2001:db8:{number:x}::1").post("/subscribe", data={"email": "a@example.cn"})).status_code
        for number in range(40)
    ]
    assert answers == [200] * 30 + [429] * 10


async def test_only_a_trusted_proxy_says_who_asks(tmp_path: Path) -> None:
    async with front(tmp_path / "plain") as plain:
        forged = [{"X-Forwarded-For": f"6.6.{number}.6"} for number in range(21)]
        answers = [
            (await plain.client().post("/subscribe", data={"email": "a@example.cn"}, headers=header)).status_code
            for header in forged
        ]
        assert answers[-1] == 429
    async with front(tmp_path / "proxied", trusted=("127.0.0.1", "10.0.0.0/8")) as proxied:
        peer = proxied.client("127.0.0.1")
        headers = [{"X-Forwarded-For": f"6.6.6.6, 6.6.{number}.6, 10.1.2.3"} for number in range(21)]
        answers = [
            (await peer.post("/subscribe", data={"email": "a@example.cn"}, headers=header)).status_code
            for header in headers
        ]
        assert answers == [200] * 21


async def test_a_filled_honeypot_is_thanked_and_ignored(site: Front) -> None:
    ordinary = await site.ask("li@example.cn")
    trapped = await site.ask("robot@example.cn", website="https://spam.example")
    assert trapped.content == ordinary.content
    assert len(site.smtp.mails) == 1


# T03, T14 -------------------------------------------------------------------------------------------------------------


async def test_the_letter_holds_nothing_that_the_form_said(site: Front) -> None:
    await site.ask("li@example.cn", name="BUY-NOW-NAME", comment="http://spam.example", website="", site="shunyi")
    mail = site.smtp.mails[0].octets
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    words = str(parsed["Subject"]) + "".join(
        str(part.get_content()) for part in parsed.walk() if part.get_content_maintype() == "text"
    )
    for typed in ("BUY-NOW", "spam.example", "li@example.cn", "shunyi", "顺义"):
        assert typed not in words
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["To"] == "li@example.cn"
    assert "src=" not in words  # nothing is loaded from anywhere


async def test_links_lead_to_the_public_address_whatever_the_host_field_says(site: Front) -> None:
    answer = await site.client().post(
        "/subscribe",
        data={"email": "li@example.cn"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )
    assert answer.status_code == 421
    await site.ask(peer="192.0.2.9")
    assert "evil" not in site.mails()[0]
    assert f"{BASE}/confirm/" in site.mails()[0]


# T04 ------------------------------------------------------------------------------------------------------------------


async def prepared_addresses(site: Front) -> dict[str, str]:
    """Return one address in each state."""
    await site.ask("pending@example.cn", "192.0.2.2")
    await site.subscribed("active@example.cn")
    left = await site.subscribed("left@example.cn")
    await site.client().post(left.stop)
    await site.ask("blocked@example.cn", "192.0.2.3")
    await site.client().post(site.links()[-1], data={"do": "refuse"})
    return {state: f"{state}@example.cn" for state in ("new", "pending", "active", "left", "blocked")}


async def test_the_answer_is_the_same_whatever_is_known_of_an_address(site: Front) -> None:
    addresses = await prepared_addresses(site)
    site.clock.pass_(hours=2)
    answers = [await site.ask(address, f"198.51.100.{number}") for number, address in enumerate(addresses.values())]
    assert len({(answer.status_code, answer.content, tuple(answer.headers.items())) for answer in answers}) == 1


async def test_only_the_owner_of_a_known_address_learns_that_it_is_known(site: Front) -> None:
    addresses = await prepared_addresses(site)
    site.clock.pass_(hours=2)
    before = len(site.smtp.mails)
    for address in addresses.values():
        await site.ask(address)
    sent = {mail.recipients[0].partition("@")[0]: text for mail, text in
            list(zip(site.smtp.mails, site.mails(), strict=True))[before:]}  # fmt: skip
    assert {state: "/me/" in text for state, text in sent.items()} == {
        "new": False, "pending": False, "active": True, "left": False,
    }  # fmt: skip


async def test_the_answer_takes_the_same_time_whatever_is_known_of_an_address(site: Front, *, full: bool) -> None:
    site.desk._network_hourly = 10**9
    addresses = await prepared_addresses(site)
    times: dict[str, list[float]] = {state: [] for state in addresses}
    client = site.client()
    for _ in range(100 if full else 25):
        for state, address in addresses.items():
            body = urlencode({"email": address, "exam": EXAM})
            begun = time.perf_counter()
            await client.post("/subscribe", content=body, headers=FORM)
            times[state].append(time.perf_counter() - begun)
            await site.settle()
            site.clock.pass_(hours=9)
    medians = {state: statistics.median(found) for state, found in times.items()}
    assert max(medians.values()) < 2 * min(medians.values()), medians


# T05, T06, T07, T10 ---------------------------------------------------------------------------------------------------


async def test_no_token_lies_in_any_file_and_only_digests_in_the_database(site: Front) -> None:
    welcome = await site.subscribed()
    again = await site.subscribed("other@example.cn")
    tokens = [path.split("/")[2] for one in (welcome, again) for path in (one.confirm, one.own, one.feed, one.stop)]
    assert len(set(tokens)) == 8
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
    for file in (path for path in site.folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        assert not [token for token in tokens if token.encode() in content], file
    purposes = ("confirm", "manage", "feed", "unsub")
    kept = {row[0] for row in site.rows("SELECT hash FROM subscription_token")}
    wanted = {
        hashlib.sha256(f"{purpose}|{token}".encode()).hexdigest()
        for start in (0, 4)
        for purpose, token in zip(purposes, tokens[start : start + 4], strict=True)
    }
    assert kept == wanted


async def test_a_token_of_one_purpose_is_nothing_to_another(site: Front) -> None:
    await site.ask("fresh@example.cn", "192.0.2.77")
    welcome = await site.subscribed()
    tokens = {
        "confirm": site.links()[0].split("/")[2],
        "me": welcome.own.split("/")[2],
        "calendar": welcome.feed.split("/")[2],
        "unsubscribe": welcome.stop.split("/")[2],
    }
    before = snapshot(site)
    for purpose in tokens:
        for kind, token in tokens.items():
            path = f"/{purpose}/{token}/exam.ics" if purpose == "calendar" else f"/{purpose}/{token}"
            expected = 200 if purpose == kind else 404
            assert (await site.client().get(path)).status_code == expected, (purpose, kind)
            if purpose not in {kind, "calendar"}:
                answer = await site.client().post(path, data={"do": "stop"})
                assert answer.status_code == 404, (purpose, kind)
    assert snapshot(site) == before


async def test_malformed_tokens_are_not_looked_up_and_get_the_same_answer(
    site: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = await site.client().get("/me/" + "A" * 43)
    assert unknown.status_code == 404
    asked: list[str] = []
    monkeypatch.setattr("examcal.subscription.subscribers.bearer", lambda *_: asked.append("look-up"))
    for token in (
        "x",
        "A" * 42,
        "A" * 44,
        "A" * 42 + "B",
        "A" * 42 + "=",
        "%00",
        "%ff",
        "..%2f..",
        "A" * 4000,
        "é" * 43,
    ):
        for word in ("confirm", "me", "unsubscribe"):
            answer = await site.client().get(f"/{word}/{token}")
            assert answer.status_code in {404, 414}
            if "/" not in answer.request.url.path.removeprefix(f"/{word}/") and answer.status_code == 404:
                assert answer.content == unknown.content
    assert asked == []


# T08, T09, T15, T18 ---------------------------------------------------------------------------------------------------


async def test_every_answer_is_private_and_guarded(site: Front) -> None:
    welcome = await site.subscribed()
    client = site.client()
    answers = [
        await client.post("/subscribe", data={"email": "a@example.cn"}),
        await client.post("/subscribe", data={"email": "nonsense"}),
        await client.get(welcome.confirm),
        await client.get(welcome.own),
        await client.get(welcome.stop),
        await client.get("/me/" + "A" * 43),
        await client.post("/subscribe", content=b"x" * 5000, headers=FORM),
        await client.get(welcome.feed),
        await client.get("/me/a/b"),
        await client.get("/subscribe"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] in {"private, no-store", "private, max-age=300"}
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "set-cookie" not in answer.headers
        assert answer.headers["referrer-policy"] == "no-referrer"
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
        assert "<script" not in answer.text


async def test_a_personal_feed_holds_what_was_chosen_and_can_be_replaced(site: Front) -> None:
    welcome = await site.subscribed(kind="exam")
    client = site.client()
    feed = await client.get(welcome.feed)
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    kinds = set(re.findall(r"X-EXAMCAL-ID:\S+?/([a-z0-9-]+)[#@]", feed.text.replace("\r\n ", "")))
    everything = (await client.get(f"/feeds/{EXAM}.ics")).text
    assert 0 < feed.text.count("BEGIN:VEVENT") < everything.count("BEGIN:VEVENT")
    assert "registration" not in kinds
    same = await client.get(welcome.feed, headers={"If-None-Match": feed.headers["etag"]})
    assert same.status_code == 304
    assert (await client.head(welcome.feed)).status_code == 200
    assert (await client.post(welcome.feed)).status_code == 405
    assert (await client.get(welcome.feed.replace("exam.ics", "exam.css"))).status_code == 404
    assert (await client.get(welcome.feed + "?alarms=none")).text.count("BEGIN:VALARM") == 0
    page = (await client.post(welcome.own, data={"do": "feed"})).text
    renewed = re.findall(rf'value="{BASE}(/calendar/[^"]+)"', page)[0]
    assert (await client.get(welcome.feed)).status_code == 404
    assert (await client.get(renewed)).text == feed.text


async def test_no_personal_feed_is_offered_where_the_exams_feed_is_too_large_to_be_published(site: Front) -> None:
    welcome = await site.subscribed()
    files = {"index.html": Published(b"<!doctype html>", 1_700_000_000)}
    site.routes.shelf = lambda: fill_shelf("e2", files)
    await site.ask("other@example.cn")
    page = (await site.client().post(site.links()[-1])).text
    assert "/me/" in page
    assert "/calendar/" not in page
    renewed = await site.client().post(welcome.own, data={"do": "feed"})
    assert renewed.status_code == 409
    assert "太大" in renewed.text


async def test_a_personal_feed_survives_a_ledger_that_cannot_be_asked(
    site: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    welcome, other = await site.subscribed(), await site.subscribed("other@example.cn")
    good = await site.client().get(welcome.feed)

    def unreachable(*_: object) -> None:
        raise LedgerUnreachableError("the database cannot be reached")

    monkeypatch.setattr(site.ledger, "snapshot", unreachable)
    assert (await site.client().get(welcome.feed)).content == good.content
    assert (await site.client().get(other.feed)).status_code == 503
    assert (await site.client().get(other.own)).status_code == 503


# T11 ------------------------------------------------------------------------------------------------------------------


async def test_consent_is_on_record_without_address_and_network(site: Front) -> None:
    welcome = await site.subscribed()
    await site.client().post(welcome.stop)
    record = site.rows("SELECT action, notice, network, address_key FROM subscription_consent ORDER BY id")
    assert [row[0] for row in record] == ["asked", "confirmed", "left"]
    assert all(row[1] for row in record)
    assert "192.0.2" not in repr(record)
    assert "li@" not in repr(record)


async def test_leaving_erases_the_address_from_every_file(site: Front) -> None:
    canary = "canary-7731@example.cn"
    welcome = await site.subscribed(canary)
    await site.client().post(welcome.stop)
    records.scrub(site.ledger)
    for file in (path for path in site.folder.rglob("*") if path.is_file()):
        assert b"canary-7731" not in file.read_bytes(), file


# T12 ------------------------------------------------------------------------------------------------------------------


async def test_scanners_change_nothing_however_often_they_look(site: Front) -> None:
    await site.ask("scanned@example.cn", "192.0.2.55")
    welcome = await site.subscribed()
    before = snapshot(site)
    for path in (site.links()[0], welcome.own, welcome.stop, welcome.feed):
        for number in range(25):
            headers = [{}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}]
            method = "HEAD" if number % 2 else "GET"
            answer = await site.client().request(method, path, headers=headers[number % 4])
            assert answer.status_code == 200
    assert (await site.client().get("/subscribe?email=x@example.cn")).status_code == 405
    await site.settle()
    assert snapshot(site) == before


# T13 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),  # what browsers send from our pages
        ({"Origin": BASE}, 200),
        ({}, 200),
    ],
)
async def test_forms_come_from_our_own_pages(site: Front, headers: dict[str, str], status: int) -> None:
    await site.ask("asked@example.cn", "192.0.2.44")
    welcome = await site.subscribed()
    client = site.client()
    assert (await client.post("/subscribe", data={"email": "b@example.cn"}, headers=headers)).status_code == status
    assert (await client.post(site.links()[0], headers=headers)).status_code == status
    assert (await client.post(welcome.own, data={"do": "save"}, headers=headers)).status_code == status


# T34, B62 to B66, B72 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"email": "a@example.cn"}', 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"email=a@example.cn", 415),
        ("", b"email=a@example.cn", 415),
        (FORM["content-type"], b"email=" + b"a" * 5000, 413),
        (FORM["content-type"], b"&".join(b"f%d=1" % number for number in range(200)), 422),
        (FORM["content-type"], b"email=a@example.cn&email=b@example.cn", 422),
        (FORM["content-type"], b"email=a@example.cn%00", 422),
        (FORM["content-type"], b"email=a@example.cn%0d%0aBcc:+x@example.cn", 422),
        (FORM["content-type"], b"email=a@example.cn,b@example.cn", 422),
        (FORM["content-type"], b"email==?utf-8?q?a?=@example.cn", 422),
        (FORM["content-type"], b"email=%ff@example.cn", 422),
        (FORM["content-type"], b"email=", 422),
        (FORM["content-type"], b"", 422),
        (FORM["content-type"], b"email=a@localhost", 422),
        (FORM["content-type"], b"email=a@example.cn&exam=never", 422),
        (FORM["content-type"], b"email=a@example.cn&exam=%s&site=never" % EXAM.encode(), 422),
        (FORM["content-type"], b"email=a@example.cn&exam=%s&track=never" % EXAM.encode(), 422),
        (FORM["content-type"], b"email=a@example.cn&kind=never", 422),
        (FORM["content-type"], b"email=a@example.cn&lang=../../", 422),
        (FORM["content-type"] + "; charset=utf-8", b"email=a@example.cn&next=//evil&days=1e9", 200),
    ],
)
async def test_odd_requests_are_refused_and_change_nothing(site: Front, kind: str, body: bytes, status: int) -> None:
    before = snapshot(site)
    answer = await site.client().post("/subscribe", content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == status
    assert "location" not in answer.headers
    if status != 200:
        await site.settle()
        assert snapshot(site) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
async def test_other_methods_are_not_allowed(site: Front, method: str) -> None:
    welcome = await site.subscribed()
    for path, allowed in (("/subscribe", "POST"), (welcome.own, "GET, HEAD, POST"), (welcome.feed, "GET, HEAD")):
        answer = await site.client().request(method, path)
        assert answer.status_code == 405
        assert sorted(answer.headers["allow"].replace(" ", "").split(",")) == allowed.split(", ")


# B67 to B69, T46, T48 -------------------------------------------------------------------------------------------------


async def test_confirming_twice_is_once_and_shows_no_token_again(site: Front) -> None:
    await site.ask()
    link = site.links()[0]
    first, second = await site.client().post(link), await site.client().post(link)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "/me/" in first.text
    assert "/me/" not in second.text
    assert (await site.client().get(link)).status_code == 200
    assert site.rows("SELECT count(*) FROM subscription_token WHERE purpose = 'unsub'") == [(1,)]


async def test_many_confirmations_at_once_make_one_subscription(site: Front) -> None:
    await site.ask()
    link = site.links()[0]
    answers = await asyncio.gather(*(site.client().post(link) for _ in range(8)))
    assert sum("/me/" in answer.text for answer in answers) == 1
    assert site.rows("SELECT count(*) FROM recipient WHERE source = 'subscriber'") == [(1,)]


async def test_an_old_confirmation_link_does_not_bring_back_who_left(site: Front) -> None:
    welcome = await site.subscribed()
    await site.client().post(welcome.stop)
    assert (await site.client().post(welcome.confirm)).status_code == 404
    assert site.rows("SELECT active FROM recipient WHERE source = 'subscriber'") == [(0,)]
    site.clock.pass_(hours=1)
    await site.ask()
    assert (await site.client().post(welcome.confirm)).status_code == 404  # the new request needs its own link
    assert (await site.client().post(site.links()[-1])).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM["content-type"], b"List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        ),
        ("", b""),
    ],
)
async def test_one_click_stops_without_cookie_or_redirect_and_again_later(site: Front, kind: str, body: bytes) -> None:
    welcome = await site.subscribed()
    headers = {"content-type": kind} if kind else {}
    for _ in range(3):
        answer = await site.client("40.92.0.1").post(welcome.stop, content=body, headers=headers)
        assert answer.status_code == 200
        assert not {"set-cookie", "location"} & set(answer.headers)
        site.clock.pass_(days=29)
        await site.postman._prune()
    assert site.rows("SELECT active, address FROM recipient WHERE source = 'subscriber'") == [(0, "")]
    site.clock.pass_(days=10)
    await site.postman._prune()
    assert (await site.client().post(welcome.stop)).status_code == 404


async def test_the_stop_page_offers_a_mail_with_the_own_page(site: Front) -> None:
    welcome = await site.subscribed()
    site.clock.pass_(hours=1)
    assert "do" in (await site.client().get(welcome.stop)).text
    answer = await site.client().post(welcome.stop, data={"do": "link"})
    assert answer.status_code == 200
    await site.settle()
    assert (await site.client().get(site.links("me")[-1])).status_code == 200
    assert site.rows("SELECT active FROM recipient WHERE source = 'subscriber'") == [(1,)]


async def test_who_refuses_is_never_written_to_again(site: Front) -> None:
    await site.ask(VICTIM)
    answer = await site.client().post(site.links()[0], data={"do": "refuse"})
    assert answer.status_code == 200
    for _ in range(3):
        site.clock.pass_(days=2)
        await site.ask("Victim@example.cn", exam="")
    assert len(site.smtp.mails) == 1
    assert site.rows("SELECT state, address FROM subscriber") == [("blocked", "")]


# Letters --------------------------------------------------------------------------------------------------------------


async def test_a_letter_waits_for_a_server_that_is_away(tmp_path: Path) -> None:
    faults = [Fault("RCPT", nth=1, reply="451 4.7.1 greylisted"), Fault("DOT", nth=1, store=True, drop=True)]
    async with front(tmp_path, smtp=SmtpServer(faults=faults)) as site:
        await site.ask()
        assert site.smtp.mails == []
        site.clock.pass_(minutes=16)
        await site.postman.flush()
        assert len(site.smtp.dropped) == 1
        site.clock.pass_(minutes=11)
        await site.postman.flush()
        assert len(site.smtp.mails) == 1
        assert (await site.client().post(site.links()[0])).status_code == 200


async def test_a_mailbox_that_does_not_exist_is_not_tried_again(tmp_path: Path) -> None:
    async with front(tmp_path, smtp=SmtpServer(faults=[Fault("RCPT", reply="550 5.1.1 no such user")])) as site:
        await site.ask()
        site.clock.pass_(hours=2)
        await site.postman.flush()
        assert site.smtp.count("RCPT") == 1
        assert site.rows("SELECT count(*) FROM subscription_letter") == [(0,)]
