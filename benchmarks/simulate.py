"""examcal at any size, on paper: people who get reminders, and calendars that poll the feed.

``python -m benchmarks.simulate`` prints the tables of docs/explanation/scale.md; ``--write`` puts them there. Rates are
what ``make bench`` measured (``measured.json``). Limits are documented, each with its source. Assumptions are named as
such and stand together, so that operators can put in their own figures.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MEASURED = Path(__file__).with_name("measured.json")
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "scale.md"
BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"
RECIPIENTS = (1_000, 100_000, 1_000_000, 10_000_000)
SUBSCRIBERS = (10_000, 1_000_000, 10_000_000, 100_000_000)
MEASURED_WORKERS = (1, 2, 4)
TICKET = 500  # deliveries that one job of the queue may stand for
DAY = 86_400.0


@dataclass(frozen=True)
class Limits:
    """What others allow."""

    relay_per_second: float = 20.0  # Tencent Cloud SES: 20 mails a second
    relay_first_day: int = 500  # Tencent Cloud SES: a new sender's first day
    robot_per_minute: int = 20  # developer.work.weixin.qq.com, document 99110: messages of one robot
    calls_per_minute: int = 20_000  # document 90454: calls from one IP address
    times_per_account_and_day: int = 200  # document 90236: person-times a day of an application, per account


@dataclass(frozen=True)
class Client:
    """A kind of calendar: its share of subscribers (assumed), how often it asks, and how."""

    name: str
    share: float
    polls_a_day: float
    conditional: bool
    central: bool = False  # fetched once for all subscribers of an address


CLIENTS = (
    Client("Apple, set to hourly", 0.50, 24, conditional=True),  # revalidates; the user sets the interval
    Client("Google", 0.25, 2, conditional=False, central=True),  # every 12 to 24 hours, kept by address
    Client("Outlook on the web", 0.15, 8, conditional=False),  # about every three hours
    Client("Thunderbird and others", 0.10, 48, conditional=True),  # every 30 minutes, If-None-Match
)


@dataclass(frozen=True)
class Assumptions:
    """Nobody documents these."""

    reminders_a_year: int = 12  # six milestones with two rules each
    window: float = 3600.0  # a reminder for everybody should be out within the hour
    group: int = 200  # people in a group chat
    changes_a_day: float = 0.2  # edits that change the feed's bytes
    peak: float = 10.0  # how much of an average second comes at a full hour
    gzipped: int = 12_000  # octets of the feed of one exam
    head: int = 400  # octets of an answer without a body
    addresses: int = 40  # feeds that are subscribed to: exams, sites
    edges: int = 200  # places of a content network, which each fetch for themselves
    edge_keeps: float = 300.0  # seconds
    euro_per_mail: float = 0.00025
    euro_per_octet: float = 20e-12
    euro_per_request: float = 0.6e-6
    euro_per_machine_and_year: float = 600.0


@dataclass(frozen=True)
class Rates:
    """What ``make bench`` measured, each a second; sizes in octets."""

    fan_out: float
    fan_out_shared: float
    settled: float
    settled_shared: float
    process: float
    worker: float
    not_modified: float
    gzipped: float
    recipient_octets: float
    delivery_octets: float
    shared_octets: float
    by_workers: Mapping[int, float]
    """What workers did together on one machine of two cores, with the database and the mail server beside them."""
    queue: float
    """The queue's jobs that do nothing."""

    @classmethod
    def read(cls, path: Path = MEASURED) -> Rates:
        """Read them. Raises KeyError for a file that lacks one."""
        found: Mapping[str, float] = json.loads(path.read_text("utf-8"))
        return cls(
            fan_out=found["fan_out_per_second"],
            fan_out_shared=found["fan_out_per_second_postgres"],
            settled=found["settled_per_second"],
            settled_shared=found["settled_per_second_postgres"],
            process=found["mails_per_second"],
            worker=found["mails_per_second_1_workers"],
            not_modified=found["feed_304_per_second"],
            gzipped=found["feed_gzip_per_second"],
            recipient_octets=found["octets_per_recipient"],
            delivery_octets=found["octets_per_delivery"],
            shared_octets=found["octets_per_recipient_postgres"],
            by_workers={number: found[f"mails_per_second_{number}_workers"] for number in MEASURED_WORKERS},
            queue=found["procrastinate_jobs_per_second"],
        )


@dataclass(frozen=True)
class Office:
    """One number of recipients, all by mail: how long a reminder to everybody takes, and what a year leaves behind."""

    recipients: int
    stages: Mapping[str, float]
    """Seconds of each stage if it were alone; they run side by side, so the slowest counts."""
    relays: int
    workers: int
    rows: int
    octets: float
    euro: float

    @property
    def bottleneck(self) -> str:
        """The stage that breaks first."""
        return max(self.stages, key=lambda name: self.stages[name])

    @property
    def seconds(self) -> float:
        """How long one reminder to everybody takes."""
        return max(self.stages.values())


@dataclass(frozen=True)
class Public:
    """One number of subscribers of the feed: the polls of a day, and who answers them."""

    subscribers: int
    polls: float
    share_304: float
    octets: float
    peak_per_second: float
    processes: int
    origin_per_second: float
    euro: float


@dataclass(frozen=True)
class Simulation:
    """What is fixed, and what follows from it for any size. ``relays`` 0 takes as many as the window needs."""

    rates: Rates
    limits: Limits = field(default_factory=Limits)
    assumed: Assumptions = field(default_factory=Assumptions)

    def office(self, recipients: int, relays: int = 0) -> Office:
        """Return how a reminder to ``recipients`` goes out through ``relays`` mail accounts."""
        rates, assumed = self.rates, self.assumed
        relays = relays or max(1, math.ceil(recipients / assumed.window / self.limits.relay_per_second))
        wanted = min(relays * self.limits.relay_per_second, recipients / assumed.window)
        workers = 0 if wanted <= rates.process else math.ceil(wanted / rates.worker)
        stages = {
            "planning": recipients / (rates.fan_out_shared if workers else rates.fan_out),
            "the ledger": recipients / (rates.settled_shared if workers else rates.settled),
            "processes": recipients / (workers * rates.worker if workers else rates.process),
            "mail relays": recipients / (relays * self.limits.relay_per_second),
        }
        deliveries = recipients * assumed.reminders_a_year
        each = rates.shared_octets if workers else rates.recipient_octets + rates.delivery_octets
        return Office(
            recipients,
            stages,
            relays,
            workers,
            rows=recipients + 2 * deliveries,  # a delivery and its attempt
            octets=recipients * each + (deliveries - recipients) * rates.delivery_octets,
            euro=deliveries * assumed.euro_per_mail + (1 + workers) * assumed.euro_per_machine_and_year,
        )

    def together(self, workers: int) -> float:
        """Return the mails a second of workers that each have a machine: until the ledger's commits are the limit.

        Not verified: nobody has measured workers on machines of their own.
        """
        return min(workers * self.rates.worker, self.rates.settled_shared)

    def crowded(self, workers: int) -> float:
        """Return the mails a second of workers that share one machine with the database and the mail server.

        Amdahl's law; how much of the work does not run side by side is taken from the fewest and the most workers that
        were measured, so that those between check it.
        """
        measured = self.rates.by_workers
        few, most = min(measured), max(measured)
        alone = (most * measured[few] / (few * measured[most]) - 1) / (most / few - 1)
        return measured[few] * (workers / few) / (1 + alone * (workers / few - 1))

    def robots(self, recipients: int) -> float:
        """Return the seconds until every group chat has one message; each group has a robot, all share our address."""
        groups = math.ceil(recipients / self.assumed.group)
        return max(60 / self.limits.robot_per_minute, groups / self.limits.calls_per_minute * 60)

    def members(self, recipients: int) -> tuple[float, int]:
        """Return the seconds of one personal call for each member, and the messages a day that their accounts allow."""
        seconds = recipients / self.limits.calls_per_minute * 60
        return seconds, recipients * self.limits.times_per_account_and_day

    def public(self, subscribers: int) -> Public:
        """Return what the polls of a day cost, in the middle and at their peak."""
        assumed, rates = self.assumed, self.rates
        polls = {one: self._polls(one, subscribers) for one in CLIENTS}
        total = sum(polls.values())
        share = sum(count * self._unchanged(one) for one, count in polls.items()) / total
        octets = total * (assumed.head + (1 - share) * assumed.gzipped)
        peak = total / DAY * assumed.peak
        seconds_each = share / rates.not_modified + (1 - share) / rates.gzipped
        edge = assumed.addresses * assumed.edges / assumed.edge_keeps
        return Public(
            subscribers,
            polls=total,
            share_304=share,
            octets=octets,
            peak_per_second=peak,
            processes=math.ceil(peak * seconds_each),
            origin_per_second=min(total / DAY, edge),
            euro=365 * (octets * assumed.euro_per_octet + total * assumed.euro_per_request),
        )

    def _polls(self, client: Client, subscribers: int) -> float:
        askers = self.assumed.addresses if client.central else client.share * subscribers
        return askers * client.polls_a_day

    def _unchanged(self, client: Client) -> float:
        """Return which part of a client's polls is answered with 304."""
        return max(0.0, 1 - self.assumed.changes_a_day / client.polls_a_day) if client.conditional else 0.0


def span(seconds: float) -> str:
    """Return a span for people."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


def size(octets: float) -> str:
    """Return a size for people, in powers of ten."""
    for unit, one in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if octets >= one:
            return f"{octets / one:,.1f} {unit}"
    return f"{octets / 1e3:.0f} kB"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def offices(simulation: Simulation) -> str:
    """Return the table of recipients."""
    rows = []
    for count in RECIPIENTS:
        one, alone = simulation.office(count), simulation.office(count, relays=1)
        rows.append((
            f"{count:,}", f"{span(alone.seconds)} ({alone.bottleneck})", one.relays, one.workers or "none",
            f"{span(one.seconds)} ({one.bottleneck})", span(one.stages["planning"]), span(one.stages["the ledger"]),
            f"{one.rows:,}", size(one.octets), f"{one.euro:,.0f} €",
        ))  # fmt: skip
    head = ("recipients", "one relay", "relays for an hour", "workers", "then", "planning", "ledger", "rows a year")
    return _table((*head, "size", "a year"), rows)


def chats(simulation: Simulation) -> str:
    """Return the table of WeCom."""
    rows = []
    for count in RECIPIENTS:
        seconds, allowed = simulation.members(count)
        groups = math.ceil(count / simulation.assumed.group)
        rows.append((f"{count:,}", f"{groups:,}", span(simulation.robots(count)), span(seconds), f"{allowed:,}"))
    head = ("people", "groups with a robot", "one message to each group", "one message to each member")
    return _table((*head, "person-times allowed a day"), rows)


def publics(simulation: Simulation) -> str:
    """Return the table of subscribers."""
    rows = []
    for count in SUBSCRIBERS:
        one = simulation.public(count)
        rows.append((
            f"{count:,}", f"{one.polls:,.0f}", f"{100 * one.share_304:.0f} %", size(one.octets),
            f"{one.peak_per_second:,.0f}/s", f"{one.processes:,}", f"{one.origin_per_second:,.0f}/s",
            f"{one.euro:,.0f} €",
        ))  # fmt: skip
    head = ("subscribers", "polls a day", "304", "octets a day", "peak", "our processes for the peak")
    return _table((*head, "origin behind a network", "network a year"), rows)


def checked(simulation: Simulation) -> str:
    """Return the table that holds the model against what was measured."""
    rates = simulation.rates
    rows: list[tuple[str, str, str, str]] = [
        (
            f"{number} workers" if number > 1 else "1 worker", f"{found:,.0f}/s",
            f"{simulation.crowded(number):,.0f}/s", f"{simulation.together(number):,.0f}/s",
        )
        for number, found in rates.by_workers.items()
    ]  # fmt: skip
    rows.append((f"the queue, {TICKET} a ticket", f"{rates.queue:,.0f} tickets, {rates.queue * TICKET:,.0f}/s", "", ""))
    return _table(("", "measured, all on two cores", "the model of that", "a machine each: not verified"), rows)


def tables(simulation: Simulation) -> str:
    """Return all of them."""
    return "\n\n".join((offices(simulation), chats(simulation), publics(simulation), checked(simulation)))


def written(page: str, simulation: Simulation) -> str:
    """Return the page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{tables(simulation)}\n\n{END}{after}"


def write() -> None:
    """Make the tables of the page anew from the measured rates."""
    PAGE.write_text(written(PAGE.read_text("utf-8"), Simulation(Rates.read())), "utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    else:
        print(tables(Simulation(Rates.read())))
