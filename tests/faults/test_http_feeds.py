"""Feeds over HTTP as calendars fetch them: methods, conditions, encodings, hosts; over real sockets, both ways.

Whatever takes ``address`` is asked of our own server, and of nginx and Caddy with the configurations of ``deploy/``.
``DIFFERENT`` names the few answers that those two give in their own way.
"""

from __future__ import annotations

import gzip
import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import urljoin

import pytest

from examcal.feed.selection import Selection, UnknownSelectionError
from examcal.pages.headers import SECURITY_HEADERS
from examcal.web.app import Site
from support.site import CALENDAR, FILES, MODIFIED, serving, shelf, site_of
from support.web_servers import lay_out, web_server


class Address(NamedTuple):
    """Where a server answers, and which one it is."""

    host: str
    port: int
    server: str = "our server"


OURS, NGINX, CADDY = "our server", "nginx", "caddy"
BLANKS = b"GET  /feeds/all.ics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SMUGGLING = b"GET /feeds/all.ics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
DIFFERENT = {
    (NGINX, BLANKS): "skips blanks between method and address",
    (CADDY, SMUGGLING): "passes over Content-Length beside Transfer-Encoding, and passes no body of a GET on",
    (CADDY, "gzip;q=x"): "takes a coding whose quality cannot be read",
}
FEED = "/feeds/all.ics"
EDITION = {**FILES, "404.html": b"<p>nothing" * 50}


def select(exam: str | None, site: str | None, selection: Selection) -> bytes:
    if "gone" in selection.tracks:
        raise UnknownSelectionError("the feed address asks for something that does not exist: {value}", value="gone")
    if "broken" in selection.tracks:
        raise RuntimeError("inner fault")
    return f"SELECTED {exam} {site} {selection.query}".encode()


@pytest.fixture(
    scope="module",
    params=[
        OURS,
        pytest.param(NGINX, marks=pytest.mark.needs("nginx")),
        pytest.param(CADDY, marks=pytest.mark.needs("caddy")),
    ],
)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Where the feeds are: our own server, or nginx or Caddy over the same files as an edition has them."""
    with serving(site_of(shelf(EDITION, select))) as (host, port):
        if request.param == OURS:
            yield Address(host, port)
            return
        folder = tmp_path_factory.mktemp(request.param)
        lay_out(folder / "current", EDITION, MODIFIED)
        with web_server(request.param, folder / "front", folder / "current", port) as front:
            yield Address(host, front, request.param)


def skip_what_differs(address: Address, case: str | bytes) -> None:
    if (reason := DIFFERENT.get((address.server, case))) is not None:
        pytest.skip(f"{address.server} {reason}")


def ask(
    address: tuple[str, int] | Address, method: str = "GET", path: str = FEED, *, slow: bool = False, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once; ``slow`` takes the ordinary way through h11, the default the short one."""
    connection = http.client.HTTPConnection(*address[:2], timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if slow:
        named["Connection"] = "close"
    connection.request(method, path, headers={"Accept-Encoding": "identity", **named})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


# Which names a site has is for the machine's own server to say (server_name, the address of a Caddy site).
only_ours = pytest.mark.parametrize("address", [OURS], indirect=True)
ways = pytest.mark.parametrize("slow", [False, True], ids=["short", "ordinary"])


@ways
def test_a_feed_is_a_calendar_with_everything_a_client_wants(address: Address, *, slow: bool) -> None:
    response, body = ask(address, slow=slow)
    assert (response.status, body) == (200, CALENDAR)
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(CALENDAR))
    assert response.headers["Last-Modified"] == formatdate(MODIFIED, usegmt=True)
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["ETag"].startswith('"')
    assert response.headers["Date"]
    assert response.headers["Set-Cookie"] is None
    assert response.headers["Server"] == ("nginx" if address.server == NGINX else None)  # without a version


@ways
def test_head_has_the_headers_of_get_and_no_body(address: Address, *, slow: bool) -> None:
    got, _ = ask(address, slow=slow)
    response, body = ask(address, "HEAD", slow=slow)
    assert body == b""
    same = ("ETag", "Content-Length", "Content-Type", "Last-Modified")
    assert [response.headers[name] for name in same] == [got.headers[name] for name in same]


@ways
def test_gzip_has_an_etag_of_its_own_and_unpacks_to_the_same(address: Address, *, slow: bool) -> None:
    plain, _ = ask(address, slow=slow)
    response, body = ask(address, Accept_Encoding="gzip, deflate, br", slow=slow)
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == CALENDAR
    assert response.headers["ETag"] != plain.headers["ETag"]
    again, nothing = ask(address, Accept_Encoding="gzip", If_None_Match=response.headers["ETag"], slow=slow)
    assert (again.status, nothing) == (304, b"")


@pytest.mark.parametrize("field", ["gzip;q=0", "identity", "br", "", "gzip;q=0.0, *;q=0", "gzip;q=x", "x" * 2000])
def test_gzip_is_not_sent_to_whom_does_not_take_it(address: Address, field: str) -> None:
    skip_what_differs(address, field)
    response, body = ask(address, Accept_Encoding=field)
    assert response.headers["Content-Encoding"] is None
    assert body == CALENDAR


@ways
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*", "{} "])
def test_if_none_match_answers_304_with_what_a_cache_keeps(address: Address, form: str, *, slow: bool) -> None:
    etag = ask(address)[0].headers["ETag"]
    response, body = ask(address, If_None_Match=form.format(etag), slow=slow)
    assert (response.status, body) == (304, b"")
    assert response.headers["ETag"] == etag
    assert response.headers["Cache-Control"]
    assert response.headers["Vary"]


@pytest.mark.parametrize(
    ("moment", "status"),
    [(MODIFIED, 304), (MODIFIED + 3600, 304), (MODIFIED - 1, 200), (0, 200)],
    ids=["equal", "later", "earlier", "1970"],
)
def test_if_modified_since_is_compared_as_a_date(address: Address, moment: int, status: int) -> None:
    assert ask(address, If_Modified_Since=formatdate(moment, usegmt=True))[0].status == status


@pytest.mark.parametrize("field", ["yesterday", "", "Thu, 99 Foo 1900 99:99:99 GMT", "9" * 500])
def test_a_senseless_date_is_ignored(address: Address, field: str) -> None:
    assert ask(address, If_Modified_Since=field)[0].status == 200


def test_if_none_match_wins_over_the_date(address: Address) -> None:
    fresh = formatdate(MODIFIED + 10, usegmt=True)
    assert ask(address, If_None_Match='"old"', If_Modified_Since=fresh)[0].status == 200


@ways
@pytest.mark.parametrize("path", [FEED, "/x/", "/feeds/all.ics?track=full"])
def test_conditions_that_could_fail_are_ignored(address: Address, path: str, *, slow: bool) -> None:
    for headers in ({"If_Match": '"old"'}, {"If_Unmodified_Since": formatdate(0, usegmt=True)}):
        response, body = ask(address, path=path, slow=slow, **headers)
        assert (response.status, body) == (200, ask(address, path=path)[1]), headers


@ways
def test_range_and_accept_are_ignored(address: Address, *, slow: bool) -> None:
    ranges = "bytes=" + ",".join(["0-"] * 500)
    response, body = ask(address, Range=ranges, Accept="application/json;q=1", slow=slow)
    assert (response.status, len(body)) == (200, len(CALENDAR))
    assert response.headers["Accept-Ranges"] is None


@pytest.mark.parametrize(
    "method", ["PROPFIND", "PUT", "DELETE", "REPORT", "PATCH", "OPTIONS", "POST", "TRACE", "MKCOL"]
)
def test_other_methods_are_405_with_allow(address: Address, method: str) -> None:
    response, _ = ask(address, method)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"


@ways
@pytest.mark.parametrize(
    "path",
    [
        FEED, "/", "/x/", "/x", "/nothing", "/feeds/", "/feeds/all.ics?track=gone", "/%2e%2e/etc/passwd", "/%00",
        "/%ff", "/feeds/%00", "/feeds/%00?track=full", "/" + "a" * 300, f"/feeds/{'a' * 300}.ics",
    ],
)  # fmt: skip
def test_every_answer_has_the_security_headers(address: Address, path: str, *, slow: bool) -> None:
    response, _ = ask(address, path=path, slow=slow)
    known = {200, 301, 400, 404} if address.server == NGINX else {200, 308, 404}  # 400: it does not look up .. and NUL
    assert response.status in known
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value


def test_a_page_without_its_last_slash_leads_to_the_one_with_it(address: Address) -> None:
    response, _ = ask(address, path="/x")
    assert response.status == (301 if address.server == NGINX else 308)
    assert urljoin("/x", response.headers["Location"]) == "/x/"


def test_a_selection_is_made_once_and_has_its_own_etag(address: Address) -> None:
    response, body = ask(address, path="/feeds/x.ics?track=full&utm_source=mail")
    assert body == b"SELECTED x None track=full"
    assert response.headers["ETag"] != ask(address, path="/feeds/x.ics")[0].headers["ETag"]
    same, _ = ask(address, path="/feeds/x.ics?track=full", If_None_Match=response.headers["ETag"])
    assert same.status == 304


def test_unknown_parameters_are_ignored_and_unknown_values_are_404(address: Address) -> None:
    assert ask(address, path="/feeds/all.ics?utm=1&fbclid=2")[1] == CALENDAR
    assert ask(address, path="/feeds/all.ics?track=gone")[0].status == 404
    assert ask(address, path="/feeds/all.ics?kind=nonsense")[0].status == 404
    assert ask(address, path="/feeds/all.ics?alarms=-9999999d")[0].status == 404


def test_an_inner_fault_serves_the_feed_all_the_same(address: Address) -> None:
    response, body = ask(address, path="/feeds/all.ics?track=broken")
    assert (response.status, body) == (200, CALENDAR)


def test_ten_thousand_parameters_are_bounded(address: Address) -> None:
    assert ask(address, path="/feeds/all.ics?" + "a=1&" * 900)[0].status == 200
    assert ask(address, path="/feeds/all.ics?" + "a=1&" * 2500)[0].status == 414


@only_ours
@ways
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example"])
def test_foreign_hosts_are_misdirected(address: Address, host: str, *, slow: bool) -> None:
    assert ask(address, Host=host, slow=slow)[0].status in {400, 421}


def test_only_the_public_name_and_this_machine_are_hosts() -> None:
    with serving(site_of(shelf(), "https://exam.example.cn")) as address:
        assert ask(address, Host="exam.example.cn")[0].status == 200
        assert ask(address, Host="EXAM.example.cn:443")[0].status == 200
        assert ask(address, Host="localhost")[0].status == 200
        assert ask(address, Host="192.0.2.1")[0].status == 421


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /feeds/all.ics HTTP/1.1\r\n\r\n",
        b"GET /feeds/all.ics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        SMUGGLING,
        b"\x16\x03\x01\x02\x00\x01",
        BLANKS,
    ],
    ids=["no-host", "two-hosts", "smuggling", "tls", "two-blanks"],
)
def test_malformed_requests_get_400_and_the_server_lives(address: Address, request_head: bytes) -> None:
    skip_what_differs(address, request_head)
    with socket.create_connection(address[:2], timeout=15) as client:
        client.sendall(request_head + b"\r\n\r\n")
        assert client.recv(4096).startswith((b"HTTP/1.1 400", b"HTTP/1.1 421"))
    assert ask(address)[0].status == 200


def test_a_header_of_a_megabyte_is_refused(address: Address) -> None:
    with socket.create_connection(address[:2], timeout=15) as client:
        try:
            client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000)
            answer = client.recv(4096)
        except ConnectionError:
            answer = b""
        assert not answer or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert ask(address)[0].status == 200


def test_pipelined_requests_are_answered_in_order(address: Address) -> None:
    one = b"GET /x/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = b"GET /feeds/all.ics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(address[:2], timeout=15) as client:
        client.sendall(one + one + last)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.endswith(CALENDAR)


def test_nothing_published_is_503_with_a_time_to_come_back() -> None:
    with serving(site_of(None)) as address:
        response, _ = ask(address)
        assert (response.status, response.headers["Retry-After"]) == (503, "30")


def test_a_failing_application_gives_a_500_without_details() -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("secret detail")

    site = site_of(shelf())
    site.dynamic, site.prefixes = fails, ("/boom",)
    with serving(site) as address:
        response, body = ask(address, path="/boom")
        assert response.status == 500
        assert b"secret" not in body
        assert response.headers["Content-Security-Policy"]


def test_changed_bytes_have_a_later_date_even_within_one_second() -> None:
    first = shelf()
    changed = shelf({**FILES, "feeds/all.ics": CALENDAR + b"X"}, earlier=first, name="two")
    assert changed.pages["feeds/all.ics"].modified > first.pages["feeds/all.ics"].modified
    assert changed.pages["index.html"] is first.pages["index.html"]


def test_a_body_and_an_etag_always_belong_to_one_edition() -> None:
    editions = [shelf({"feeds/all.ics": bytes([65 + n]) * 200_000}, name=str(n)) for n in range(4)]
    bodies = {found.pages["feeds/all.ics"].etag.decode(): found.pages["feeds/all.ics"].full.body for found in editions}
    site: Site = site_of(editions[0])
    with serving(site) as address:
        for turn in range(60):
            site.shelf = editions[turn % 4]
            response, body = ask(address, slow=bool(turn % 2))
            assert bodies[response.headers["ETag"]] == body


def test_two_hundred_downloads_during_fifty_publications_are_each_whole_and_of_one_edition() -> None:
    editions = [shelf({"feeds/all.ics": bytes([65 + n]) * 100_000}, name=str(n)) for n in range(5)]
    bodies = {found.pages["feeds/all.ics"].etag.decode(): found.pages["feeds/all.ics"].full.body for found in editions}
    site: Site = site_of(editions[0])
    with serving(site) as address, ThreadPoolExecutor(200) as clients:
        downloads = []
        for turn in range(50):
            site.shelf = editions[turn % 5]
            downloads += [clients.submit(ask, address, slow=bool(number % 2)) for number in range(4)]
        answers = [download.result(60) for download in downloads]
    assert len(answers) == 200
    assert all(bodies[response.headers["ETag"]] == body for response, body in answers)
    assert len({response.headers["ETag"] for response, _ in answers}) > 1
