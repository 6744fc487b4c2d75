"""A delivery loop on a real ledger with real channels and a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from examcal.channels.email import EmailChannel
from examcal.channels.port import Channel
from examcal.channels.smtp_session import Relay, Security
from examcal.channels.wecom_robot import WecomRobotChannel
from examcal.delivery.acceptance import Acceptance
from examcal.delivery.limits import paces
from examcal.delivery.loop import Deliverer
from examcal.delivery.message import Renderer
from examcal.delivery.port import Trouble
from examcal.ledger.opening import open_ledger
from examcal.ledger.rows import State
from examcal.ledger.store import SqlLedger
from examcal.plan.audience import Audience
from examcal.schedule.document import SourceText
from examcal.schedule.loader import load

START = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)  # 09:10 in Shanghai


class SetClock:
    """A wall clock that stands still until it is moved; the boot clock goes along unless told otherwise."""

    def __init__(self, start: datetime = START) -> None:
        self.wall, self.boot = start, 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.boot

    def boottime(self) -> float:
        return self.boot

    def go(self, span: timedelta) -> None:
        """Let time pass."""
        self.wall += span
        self.boot += span.total_seconds()

    def go_to(self, moment: datetime) -> None:
        """Let time pass until ``moment``."""
        self.go(moment - self.wall)

    def step(self, span: timedelta) -> None:
        """Set the wall clock, as an administrator would."""
        self.wall += span


class Rig:
    """See the module. ``milestones`` are lines of YAML below ``milestones:``."""

    def __init__(self, folder: Path, channels: Iterable[Channel], url: str = "", **options: object) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.url = url or f"sqlite:///{folder}/var/examcal.db"
        self.channels = {channel.name: channel for channel in channels}
        self.troubles: list[Trouble] = []
        self._options = options
        self.open()

    def open(self) -> None:
        """Open the ledger and make a new loop on it, as a started process does."""
        self.ledger: SqlLedger = open_ledger(self.url, self.folder / "var", self.clock.now(), machine=str).ledger
        options = {"paces": paces(self.channels, smtp_per_minute=None, smtp_connections=2)} | self._options
        self.loop = Deliverer(
            self.ledger,
            self.channels,
            Renderer(),
            self.clock,
            on_trouble=self.troubles.append,
            **options,  # type: ignore[arg-type]
        )
        self.loop._tools.pause = self._pause  # type: ignore[method-assign]  # waiting moves the clock instead

    async def _pause(self, span: timedelta) -> bool:
        self.clock.go(span)
        return not self.loop._tools.stopping.is_set()

    async def start(self, *audiences: Audience, milestones: Sequence[str] = ()) -> None:
        """Start the loop with audiences and a schedule."""
        await self.loop.start()
        await self.loop.set_audiences(audiences)
        if milestones:
            await self.accept(*milestones)

    async def accept(self, *milestones: str, confirmed: bool = False) -> Acceptance:
        """Accept a schedule of these milestones, or have it held."""
        lines = "\n".join(f"      - {one}" for one in milestones)
        head = "version: 1\ntimezone: Asia/Shanghai\nexams:\n  - id: e\n    name: 医师资格考试\n    milestones:\n"
        texts = [SourceText("schedule.yaml", (head + lines + "\n").encode())]
        schedule = load(texts, today=self.clock.now().date()).schedule
        return await self.loop.accept(texts, schedule, confirmed=confirmed)

    async def deliver(self) -> dict[State, int]:
        """Deliver everything due at the clock's time; return the ledger's counts."""
        await self.loop.finish()
        return dict(self.ledger.counts().by_state)

    async def crash(self) -> None:
        """Forget the loop without a word, as a killed process does, and start another one."""
        self.loop.thread.close()
        self.ledger.engine.dispose()
        self.open()
        await self.loop.start()

    async def close(self) -> None:
        await self.loop.drain(1.0)
        for channel in self.channels.values():
            await channel.close()
        self.ledger.close()


def email(port: int, *, password: str = "") -> EmailChannel:
    """Return a mail channel to a local server."""
    login = {"username": "u", "password": password} if password else {}
    relay = Relay("127.0.0.1", port, Security.NONE, connections=2, **login)
    return EmailChannel(relay, sender="提醒 <from@example.org>")


def robot(base_url: str, name: str = "staff", key: str = "KEY") -> WecomRobotChannel:
    """Return a robot on a local server."""
    return WecomRobotChannel(name, key, base_url=base_url)


def people(count: int = 3, name: str = "hr", channel: str = "email") -> Audience:
    """Return an audience of ``count`` addresses."""
    return Audience(name, channel, tuple(f"u{number}@example.org" for number in range(count)))


def shanghai(moment: datetime) -> str:
    """Return an instant as a schedule writes it."""
    return f"{moment + timedelta(hours=8):%Y-%m-%d %H:%M}"


def closing(moment: datetime, *, name: str = "m", rules: str = "[closes -1h]", days: int = 20) -> str:
    """Return a registration that closes at ``moment``, in one line of YAML."""
    return (
        f"{{id: {name}, kind: registration, name: 网上报名{name}, opens: {shanghai(moment - timedelta(days=days))},"
        f" closes: {shanghai(moment)}, remind: {rules}}}"
    )
