"""nginx and Caddy over an edition answer as our own server does, where files can; selections reach the application."""

from __future__ import annotations

import gzip
import http.client
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import pytest

from examcal.pages.headers import SECURITY_HEADERS
from support.office import Office, Running
from support.web_servers import nginx_command, web_server, write_caddy, write_nginx

SCHEDULE = """\
version: 1
timezone: Asia/Shanghai
exams:
  - id: demo-2026
    name: 演示考试2026
    sites: [{id: shunyi, name: 顺义区}]
    tracks: [{id: full, name: 首次报考}]
    milestones:
      - id: registration
        kind: registration
        name: 网上报名
        opens: 2026-12-01 10:00
        closes: 2026-12-20 24:00
        source: {title: 公告, url: "https://example.cn", published: 2026-01-01, checked: 2026-01-02}
        remind: [closes -1d 09:00]
"""
FEED = "/feeds/demo-2026.ics"


@dataclass
class Front:
    """A web server before an office, and the office's own server."""

    kind: str
    port: int
    office: Office
    own: Running

    def ask(self, method: str = "GET", path: str = FEED, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        return ask(self.port, method, path, headers)


def ask(port: int, method: str, path: str, headers: Mapping[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"Accept-Encoding": "identity", **named})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("nginx", marks=pytest.mark.needs("nginx")),
        pytest.param("caddy", marks=pytest.mark.needs("caddy")),
    ],
)
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp(request.param)
    office = Office(folder)
    office.write_schedule(SCHEDULE)
    published = office.examcal("publish", "--out", "public")
    assert published.returncode == 0, published.stderr
    public = folder / "public"
    with (
        office.running("serve", EXAMCAL_PUBLIC_DIR=str(public)) as own,
        web_server(request.param, folder / "front", public / "current", own.port, patience=3) as port,
    ):
        yield Front(request.param, port, office, own)


def test_a_feed_is_the_published_octets_with_the_headers_of_our_own_server(front: Front) -> None:
    response, body = front.ask()
    own = front.own.get(FEED, **{"Accept-Encoding": "identity"})
    assert response.status == 200
    assert body == own.content
    assert body.startswith(b"BEGIN:VCALENDAR\r\n")
    for name in ("Content-Type", "Cache-Control", "Content-Disposition", "Vary", "Last-Modified", "Content-Length"):
        assert response.headers.get_all(name) == [own.headers[name]], name
    assert response.headers["ETag"].startswith('"')
    assert response.headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    "path", [FEED, "/", "/demo-2026/", "/assets/examcal.css", "/nothing", "/feeds/", "/changes.atom", "/schedule.json"]
)
def test_every_answer_has_the_security_headers_once(front: Front, path: str) -> None:
    response, _ = front.ask(path=path)
    own = front.own.get(path)
    assert response.status == own.status_code
    for name, value in SECURITY_HEADERS.items():
        assert response.headers.get_all(name) == [value]
    for name in ("Content-Type", "Cache-Control"):
        assert response.headers[name] == own.headers[name], name


def test_a_missing_address_has_the_page_for_it(front: Front) -> None:
    response, body = front.ask(path="/nothing")
    assert (response.status, body) == (404, front.own.get("/nothing").content)


def test_a_page_without_its_last_slash_leads_to_the_one_with_it(front: Front) -> None:
    response, _ = front.ask(path="/demo-2026")
    assert response.status in {301, 308}
    assert response.headers["Location"].endswith("/demo-2026/")


def test_head_has_the_headers_of_get_and_no_body(front: Front) -> None:
    got, _ = front.ask()
    response, body = front.ask("HEAD")
    assert (response.status, body) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Last-Modified"):
        assert response.headers[name] == got.headers[name]


def test_conditions_answer_304_by_etag_and_by_date(front: Front) -> None:
    got, _ = front.ask()
    etag, modified = got.headers["ETag"], parsedate_to_datetime(got.headers["Last-Modified"]).timestamp()
    for headers in (
        {"If_None_Match": etag},
        {"If_None_Match": f'"other", {etag}'},
        {"If_Modified_Since": formatdate(modified, usegmt=True)},
        {"If_Modified_Since": formatdate(modified + 3600, usegmt=True)},
    ):
        response, body = front.ask(**headers)
        assert (response.status, body) == (304, b""), headers
    assert front.ask(If_Modified_Since=formatdate(modified - 60, usegmt=True))[0].status == 200
    assert front.ask(If_None_Match='"old"', If_Modified_Since=formatdate(modified, usegmt=True))[0].status == 200


def test_gzip_has_an_etag_of_its_own_and_unpacks_to_the_same(front: Front) -> None:
    plain, body = front.ask()
    response, packed = front.ask(Accept_Encoding="gzip, deflate, br")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert gzip.decompress(packed) == body
    assert response.headers["ETag"] != plain.headers["ETag"]
    again, nothing = front.ask(Accept_Encoding="gzip", If_None_Match=response.headers["ETag"])
    assert (again.status, nothing) == (304, b"")
    assert front.ask(Accept_Encoding="gzip;q=0")[0].headers["Content-Encoding"] is None
    assert front.ask(path=f"{FEED}.gz")[0].status == 404


@pytest.mark.parametrize("method", ["PROPFIND", "PUT", "DELETE", "REPORT", "PATCH", "OPTIONS", "POST"])
def test_other_methods_are_405_with_allow(front: Front, method: str) -> None:
    response, _ = front.ask(method)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.headers.get_all("X-Frame-Options") == ["DENY"]


def test_ranges_are_not_offered_and_ignored(front: Front) -> None:
    response, body = front.ask(Range="bytes=0-3", Accept="application/json;q=1")
    assert (response.status, len(body)) == (200, int(response.headers["Content-Length"]))
    assert response.headers["Accept-Ranges"] is None


def test_a_selection_comes_from_the_application(front: Front) -> None:
    path = f"{FEED}?events=edges,span"
    response, body = front.ask(path=path)
    assert response.status == 200
    assert body == front.own.get(path).content
    assert body != front.ask()[1]
    assert response.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert response.headers.get_all("Cache-Control") == ["public, max-age=300, must-revalidate"]
    assert front.ask(path=path, If_None_Match=response.headers["ETag"])[0].status == 304
    assert front.ask(path=f"{FEED}?track=never-there")[0].status == 404
    assert front.ask("POST", path)[0].status == 405


def test_a_selection_is_the_feed_as_published_while_the_application_is_stopped(front: Front) -> None:
    plain, published = front.ask()
    front.own.process.send_signal(signal.SIGSTOP)
    paths = (f"{FEED}?events=edges,span", "/feeds/none.ics?kind=exam", "/confirm/abc", FEED, "/")
    try:
        with ThreadPoolExecutor(len(paths)) as clients:
            answers = list(clients.map(lambda path: front.ask(path=path), paths))
    finally:
        front.own.process.send_signal(signal.SIGCONT)
    (selected, body), (missing, _), (confirmation, words), *files = answers
    assert (selected.status, body) == (200, published)
    for name in ("Content-Type", "Content-Disposition", "Vary", "Last-Modified", "Content-Length"):
        assert selected.headers.get_all(name) == [plain.headers[name]], name
    assert selected.headers["Cache-Control"] == "no-cache"
    assert missing.status == 404
    assert [response.status for response, _ in files] == [200, 200]
    assert confirmation.status in {502, 504}
    assert "稍后再试" in words.decode()
    for name, value in SECURITY_HEADERS.items():
        assert confirmation.headers.get_all(name) == [value]


def test_health_is_that_of_the_application(front: Front) -> None:
    response, body = front.ask(path="/healthz")
    assert (response.status, body) == (200, b"ok\n")


@pytest.mark.parametrize("kind", [
    pytest.param("nginx", marks=pytest.mark.needs("nginx")),
    pytest.param("caddy", marks=pytest.mark.needs("caddy")),
])  # fmt: skip
def test_an_edit_gets_a_new_etag_at_once_and_only_for_what_changed(tmp_path: Path, kind: str) -> None:
    office = Office(tmp_path)
    office.write_schedule(SCHEDULE)
    assert office.examcal("publish", "--out", "public").returncode == 0
    with web_server(kind, tmp_path / "front", tmp_path / "public" / "current", 9) as port:
        before, _ = ask(port, "GET", FEED, {})
        style, _ = ask(port, "GET", "/assets/examcal.css", {})
        office.write_schedule(SCHEDULE.replace("12-20 24:00", "12-21 24:00"))
        assert office.examcal("publish", "--out", "public").returncode == 0
        after, body = ask(port, "GET", FEED, {})
        assert after.headers["ETag"] != before.headers["ETag"]
        assert after.headers["Last-Modified"] != before.headers["Last-Modified"]
        assert b"20261221" in body
        again, _ = ask(port, "GET", "/assets/examcal.css", {"If_None_Match": style.headers["ETag"]})
        assert again.status == 304
        # The application is away: a selection is the feed as published, never a 5xx.
        asked = time.monotonic()
        selected, plain = ask(port, "GET", f"{FEED}?track=full", {})
        assert (selected.status, plain) == (200, body)
        assert time.monotonic() - asked < 5
        # Without the body no 200: an empty feed takes every date out of a calendar.
        for name, field in (("If_None_Match", "ETag"), ("If_Modified_Since", "Last-Modified")):
            again, octets = ask(port, "GET", f"{FEED}?track=full", {name: after.headers[field]})
            assert (again.status, octets) in {(200, body), (304, b"")}
        assert ask(port, "GET", "/confirm/abc", {})[0].status >= 500


@pytest.mark.needs("nginx")
def test_nginx_finds_nothing_wrong_and_logs_no_token(tmp_path: Path) -> None:
    main = write_nginx(tmp_path, tmp_path, 8080, 8000)
    done = subprocess.run(
        [nginx_command(), "-t", "-p", tmp_path, "-c", main], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
    (tmp_path / "public").mkdir()
    with web_server("nginx", tmp_path / "front", tmp_path / "public", 9) as port:
        ask(port, "GET", "/confirm/c2VjcmV0LXRva2Vu", {})
    assert "/confirm/-" in (tmp_path / "front" / "examcal.log").read_text()
    for log in (tmp_path / "front").glob("*.log"):
        assert "c2VjcmV0LXRva2Vu" not in log.read_text()


@pytest.mark.needs("caddy")
def test_caddy_finds_nothing_wrong_and_logs_no_token(tmp_path: Path) -> None:
    file = write_caddy(tmp_path, tmp_path, 8080, 8000)
    done = subprocess.run(
        ["caddy", "validate", "--config", file, "--adapter", "caddyfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"level":"error"' not in done.stderr
    (tmp_path / "public").mkdir()
    with web_server("caddy", tmp_path / "front", tmp_path / "public", 9) as port:
        ask(port, "GET", "/confirm/c2VjcmV0LXRva2Vu", {})
    said = (tmp_path / "front" / "out").read_text()
    assert "/confirm/-" in said
    assert "c2VjcmV0LXRva2Vu" not in said
