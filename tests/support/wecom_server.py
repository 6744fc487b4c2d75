"""A WeCom server on loopback that behaves as the documentation says (HTTP/1.1, real sockets), with scripted faults.

::

    async with WecomServer(robots={"KEY"}, apps={("corp", "secret"): 1000002}) as wecom:
        ...  # wecom.base_url -> "http://127.0.0.1:PORT"
        wecom.posts        # every request that was read, in order (octets, path, query, time, answer)
        wecom.shown        # what people see: accepted, not a duplicate, not over the member's limit
        wecom.discarded    # over 30 a minute to one member: errcode 0, but nobody sees it

From a test that starts processes: ``with in_thread(WecomServer(...)) as wecom: wecom.wait_for(1)``.

Behaviour: wrong key 93000; unknown msgtype or body that is not JSON 40008; empty 44004; markdown over 4096 bytes
(robot) and text over 5120 bytes 40058 (2049 to 5120 is accepted and listed in ``oversize``, as the real robot does);
the 21st message of a robot in 60 s 45009; application: gettoken with 40001/40013, tokens with a life,
42001/40014/41001, 301002, 81013, ``invaliduser`` and ``unlicenseduser``, duplicate check by exact body, silent
discard above 30 a minute. ``clock`` is replaceable to make time pass.

Faults: ``faults=[WecomFault("send", nth=1, errcode=-1)]``; ``on`` is "send" (webhook/send), "token" or "app"
(message/send); nth counts the calls of that kind from 1, None is every call. A fault answers ``errcode`` with
``errmsg``, or the raw ``body`` with ``status`` and ``headers``, or acts: "drop" (read, then close), "store-drop"
(accept the message, then close), "reset" (before reading), "hang" (read, never answer), "store-hang", "drip" (a byte
every ``delay`` s), "flood" (``size`` octets), "gzip" (the usual answer, compressed), "truncate" (half of it).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

ROBOT_LIMIT, MEMBER_LIMIT, DUPLICATE_DEFAULT, DUPLICATE_MOST = 20, 30, 1800, 14400
TEXTS = {
    -1: "system busy",
    40001: "invalid credential",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40056: "invalid agentid",
    41001: "access_token missing",
    42001: "access_token expired",
    44004: "empty content",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    60020: "not allow to access from your ip",
    81013: "user & party & tag all invalid",
    82001: "no receiver",
    93000: "invalid webhook url",
    93004: "robot is disabled",
    93008: "not in group",
    301002: "not allow operate another agent with this accesstoken",
}
HINT = ", hint: [1790806079345572489457392], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e="


@dataclass(frozen=True, slots=True)
class WecomFault:
    """One scripted deviation; see the module."""

    on: str
    nth: int | None = None
    errcode: object = None
    errmsg: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    act: str = ""
    delay: float = 0.0
    size: int = 0
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A request as it was read. ``answer`` is what was (or would have been) answered."""

    on: str
    path: str
    query: Mapping[str, str]
    octets: bytes
    at: float
    answer: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.octets)

    @property
    def content(self) -> str:
        """The text of a text or markdown message."""
        return str(self.json[self.json["msgtype"]]["content"])


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that a group (``to`` is the robot's key) or a member sees."""

    to: str
    octets: bytes
    at: float

    @property
    def content(self) -> str:
        message = json.loads(self.octets)
        return str(message[message["msgtype"]]["content"])


class _Hangup(Exception):  # noqa: N818 - ends a connection, not an error
    pass


class WecomServer:
    """See the module."""

    def __init__(  # noqa: PLR0913 - a test names the few it needs
        self,
        *,
        robots: Iterable[str] = (),
        apps: Mapping[tuple[str, str], int] | None = None,
        members: Iterable[str] | None = None,
        unlicensed: Iterable[str] = (),
        faults: list[WecomFault] | None = None,
        token_life: float = 7200,
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        limit_robots: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.robots, self.apps = set(robots), dict(apps or {})
        self.members = None if members is None else {member.lower() for member in members}
        self.unlicensed = {member.lower() for member in unlicensed}
        self.faults = list(faults or [])
        self.token_life, self.clock, self.tls, self.limit_robots = token_life, clock, tls, limit_robots
        self.host, self.port = host, port
        self.posts: list[Post] = []
        self.shown: list[Shown] = []
        self.discarded: list[Shown] = []
        self.duplicates: list[Shown] = []
        self.oversize: list[Post] = []
        self.counts: dict[str, int] = defaultdict(int)
        self.in_flight = 0
        self.most_in_flight = 0
        self._tokens: dict[str, tuple[int, float]] = {}  # token -> (agent, expires)
        self._issued = 0
        self._revoked: set[str] = set()
        self._by_robot: dict[str, deque[float]] = defaultdict(deque)
        self._by_member: dict[str, deque[float]] = defaultdict(deque)
        self._seen: dict[tuple[int, bytes], float] = {}
        self._changed = threading.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """The base that replaces ``https://qyapi.weixin.qq.com``."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def webhook(self, key: str) -> str:
        """The full webhook URL of a robot on this server."""
        return f"{self.base_url}/cgi-bin/webhook/send?key={key}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=self.tls, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    # What a test does

    def revoke_tokens(self) -> None:
        """Make every token invalid before its time (40014), as WeCom may."""
        self._revoked.update(self._tokens)

    def expire_tokens(self) -> None:
        """Let every token expire now (42001)."""
        self._tokens = {token: (agent, 0.0) for token, (agent, _) in self._tokens.items()}

    def of(self, on: str) -> list[Post]:
        """Return the requests of one kind."""
        return [post for post in self.posts if post.on == on]

    async def received(self, count: int, timeout: float = 10.0) -> list[Shown]:  # noqa: ASYNC109 - a test's limit
        """Wait until ``count`` messages were shown and return all."""
        return await asyncio.to_thread(self.wait_for, count, timeout)

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Shown]:
        """Block until ``count`` messages were shown and return all; for use from another thread."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.shown) >= count, timeout):
                msg = f"{len(self.shown)} of {count} messages after {timeout} s"
                raise TimeoutError(msg)
            return list(self.shown)

    # HTTP

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (_Hangup, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, ValueError, TimeoutError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rows = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows if row)}
        url = urlsplit(target)
        on = {"/cgi-bin/webhook/send": "send", "/cgi-bin/gettoken": "token", "/cgi-bin/message/send": "app"}.get(
            url.path
        )
        if on is None:
            await _write(writer, 404, b"not found", {})
            return True
        self.counts[on] += 1
        fault = self._fault(on)
        if fault and fault.act == "reset":
            raise _Hangup
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._answer(writer, fault, on, method, url.path, query, body, headers)
        finally:
            self.in_flight -= 1
        return headers.get("connection", "").lower() != "close"

    def _fault(self, on: str) -> WecomFault | None:
        now = time.time()
        for fault in self.faults:
            if fault.on == on and fault.nth in (None, self.counts[on]) and not (fault.until and now > fault.until):
                return fault
        return None

    async def _answer(
        self,
        writer: asyncio.StreamWriter,
        fault: WecomFault | None,
        on: str,
        method: str,
        path: str,
        query: dict[str, str],
        body: bytes,
        headers: dict[str, str],
    ) -> None:
        refused = fault is not None and (
            fault.errcode is not None or fault.body is not None or fault.act in {"drop", "hang", "flood"}
        )
        if refused:
            assert fault is not None
            answer: dict[str, Any] = _answer(fault.errcode, fault.errmsg) | dict(fault.fields)
        else:
            with self._changed:
                answer = self._judge(on, method, query, body)
                self._changed.notify_all()
            answer |= dict(fault.fields) if fault else {}
        self.posts.append(Post(on, path, query, body, time.time(), answer, headers))
        octets = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        extra = {"Error-Code": str(answer.get("errcode", 0)), "Error-Msg": str(answer.get("errmsg", ""))[:60]}
        if fault is None:
            await _write(writer, 200, octets, extra)
        else:
            await self._act(writer, fault, octets, extra)

    async def _act(self, writer: asyncio.StreamWriter, fault: WecomFault, octets: bytes, extra: dict[str, str]) -> None:
        if fault.act in {"drop", "store-drop"}:
            raise _Hangup
        if fault.act in {"hang", "store-hang"}:
            await asyncio.sleep(3600)
        if fault.delay and fault.act != "drip":
            await asyncio.sleep(fault.delay)
        if fault.act == "gzip":
            await _write(writer, 200, gzip.compress(octets), extra | {"Content-Encoding": "gzip"})
        elif fault.act == "truncate":
            await _write(writer, 200, octets[: len(octets) // 2], extra)
        elif fault.act == "flood":
            await _flood(writer, fault.size)
        elif fault.act == "drip":
            await _drip(writer, octets, fault.delay)
        else:
            await _write(writer, fault.status, fault.body if fault.body is not None else octets, dict(fault.headers))

    # What the documentation says

    def _judge(self, on: str, method: str, query: dict[str, str], body: bytes) -> dict[str, Any]:
        if on == "token":
            return self._issue(query)
        if method != "POST":
            return _answer(40058, "invalid Request Parameter")
        try:
            message = json.loads(body)
            kind = message["msgtype"]
        except (ValueError, KeyError, TypeError):
            return _answer(40008, "Warning: wrong json format. invalid message type")
        if kind not in {"text", "markdown", "markdown_v2", "textcard", "news", "template_card", "image", "file"}:
            return _answer(40008)
        return self._judge_robot(query, kind, message, body) if on == "send" else self._judge_app(query, message, body)

    def _judge_robot(self, query: dict[str, str], kind: str, message: dict[str, Any], body: bytes) -> dict[str, Any]:
        key = query.get("key", "")
        if key not in self.robots:
            return _answer(93000)
        content = message.get(kind, {}).get("content", "x")
        if not content.strip():
            return _answer(44004)
        size, limit = len(content.encode()), 5120 if kind == "text" else 4096
        if size > limit:
            return _answer(40058, f"{kind}.content exceed max length {limit}. invalid Request Parameter")
        if self.limit_robots and not self._admit(self._by_robot[key], ROBOT_LIMIT):
            return _answer(45009)
        shown = Shown(key, body, time.time())
        if kind == "text" and size > 2048:
            self.oversize.append(Post("send", "", query, body, shown.at, {}, {}))
        self.shown.append(shown)
        return _answer(0)

    def _issue(self, query: dict[str, str]) -> dict[str, Any]:
        corp, secret = query.get("corpid", ""), query.get("corpsecret", "")
        if corp not in {known for known, _ in self.apps}:
            return _answer(40013)
        if (corp, secret) not in self.apps:
            return _answer(40001)
        agent, now = self.apps[corp, secret], self.clock()
        for token, (owner, expires) in self._tokens.items():
            if owner == agent and expires > now and token not in self._revoked:
                return _answer(0) | {"access_token": token, "expires_in": int(expires - now)}
        self._issued += 1
        token = f"accesstoken{self._issued:06d}"
        self._tokens[token] = (agent, now + self.token_life)
        return _answer(0) | {"access_token": token, "expires_in": int(self.token_life)}

    def _judge_app(self, query: dict[str, str], message: dict[str, Any], body: bytes) -> dict[str, Any]:
        token = query.get("access_token", "")
        if not token:
            return _answer(41001)
        if token not in self._tokens or token in self._revoked:
            return _answer(40014)
        agent, expires = self._tokens[token]
        if expires <= self.clock():
            return _answer(42001)
        if message.get("agentid") != agent:
            return _answer(40056 if not isinstance(message.get("agentid"), int) else 301002)
        return self._deliver(agent, message, body)

    def _deliver(self, agent: int, message: dict[str, Any], body: bytes) -> dict[str, Any]:
        people = [person for person in str(message.get("touser", "")).split("|") if person]
        if not people:
            return _answer(82001)
        bad = [p.lower() for p in people if self.members is not None and p.lower() not in self.members and p != "@all"]
        unlicensed = [p.lower() for p in people if p.lower() in self.unlicensed]
        good = [p for p in people if p.lower() not in {*bad, *unlicensed}]
        if not good and not unlicensed:
            return _answer(81013)
        shown_at, now = time.time(), self.clock()
        again = message.get("enable_duplicate_check") == 1
        window = min(int(message.get("duplicate_check_interval", DUPLICATE_DEFAULT)), DUPLICATE_MOST)
        duplicate = again and now - self._seen.get((agent, body), -1e9) < window
        if not duplicate:
            self._seen[agent, body] = now
        for person in good:
            entry = Shown(person, body, shown_at)
            if duplicate:
                self.duplicates.append(entry)
            elif self._admit(self._by_member[person.lower()], MEMBER_LIMIT):
                self.shown.append(entry)
            else:
                self.discarded.append(entry)
        extra = {"invaliduser": "|".join(bad)} if bad else {}
        extra |= {"unlicenseduser": "|".join(unlicensed)} if unlicensed else {}
        return _answer(0) | extra | {"msgid": f"m{self.counts['app']}"}

    def _admit(self, times: deque[float], limit: int) -> bool:
        now = self.clock()
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= limit:
            return False
        times.append(now)
        return True


def _answer(errcode: object, errmsg: str | None = None) -> dict[str, Any]:
    if errcode in {0, "0"}:
        return {"errcode": errcode, "errmsg": errmsg or "ok"}
    known = TEXTS.get(errcode, "error") if isinstance(errcode, int) else "error"
    return {"errcode": errcode, "errmsg": (errmsg or known) + HINT + str(errcode)}


async def _write(writer: asyncio.StreamWriter, status: int, octets: bytes, extra: Mapping[str, str]) -> None:
    headers = {"Server": "nginx", "Content-Type": "application/json; charset=UTF-8", "Content-Length": str(len(octets))}
    rows = "".join(f"{name}: {value}\r\n" for name, value in (headers | dict(extra)).items())
    writer.write(f"HTTP/1.1 {status} X\r\n{rows}\r\n".encode() + octets)
    await writer.drain()


async def _drip(writer: asyncio.StreamWriter, octets: bytes, delay: float) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(octets)}\r\n\r\n".encode())
    for octet in octets:
        writer.write(bytes((octet,)))
        await writer.drain()
        await asyncio.sleep(delay)


async def _flood(writer: asyncio.StreamWriter, size: int) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode())
    for _ in range(size // 65536 + 1):
        writer.write(b" " * 65536)
        await writer.drain()
