"""Slow and vanishing clients cost others nothing (F108, F112, F116)."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from examcal.web import protocol
from support.site import serving, shelf, site_of

REQUEST = b"GET /feeds/all.ics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def is_closed(client: socket.socket, within: float) -> bool:
    client.settimeout(within)
    try:
        return client.recv(10) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_slow_headers_are_cut_off_and_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_DEADLINE", 0.5)
    with serving(site_of(shelf())) as address:
        slow = [socket.create_connection(address) for _ in range(200)]
        for client in slow:
            client.sendall(b"GET /feeds/all.ics HTTP/1.1\r\nHo")
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(REQUEST)
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert all(is_closed(client, 10) for client in slow)
        for client in slow:
            client.close()


def test_an_idle_connection_stays_for_the_next_request_and_goes_at_its_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "IDLE_DEADLINE", 1.0)
    monkeypatch.setattr(protocol, "HEADER_DEADLINE", 0.3)
    with serving(site_of(shelf())) as address, socket.create_connection(address, timeout=5) as client:
        for _ in range(2):
            client.sendall(REQUEST)
            received = b""
            while not received.endswith(b"END:VCALENDAR\r\n"):
                received += client.recv(65536)
            time.sleep(0.6)
        assert is_closed(client, 10)


def test_a_reader_that_stops_reading_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WRITE_DEADLINE", 1.0)
    monkeypatch.setattr(protocol, "HEADER_DEADLINE", 0.5)
    with serving(site_of(shelf({"feeds/all.ics": b"x" * 20_000_000}))) as address:
        received = 0
        with socket.create_connection(address, timeout=10) as client:
            client.sendall(REQUEST)
            time.sleep(3)
            with contextlib.suppress(ConnectionError):
                while piece := client.recv(1 << 20):
                    received += len(piece)
        assert received < 20_000_000


def test_a_thousand_vanishing_clients_leave_nothing_behind() -> None:
    site = site_of(shelf({"feeds/all.ics": b"x" * 500_000}))
    with serving(site) as address:
        for _ in range(300):
            client = socket.create_connection(address)
            client.sendall(REQUEST)
            client.close()
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(REQUEST)
            assert client.recv(15) == b"HTTP/1.1 200 OK"
