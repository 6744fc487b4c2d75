"""The scale study: its numbers follow from rates and limits, and the page shows what it computes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.simulate import (
    CLIENTS,
    DAY,
    PAGE,
    RECIPIENTS,
    SUBSCRIBERS,
    TICKET,
    Limits,
    Rates,
    Simulation,
    size,
    span,
    written,
)

from examcal.dispatch.port import BATCH


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(Rates.read())


@pytest.mark.parametrize("recipients", RECIPIENTS)
def test_the_time_is_the_work_by_the_rate_of_the_slowest_stage(simulation: Simulation, recipients: int) -> None:
    office = simulation.office(recipients, relays=3)
    assert office.stages["mail relays"] == pytest.approx(recipients / (3 * Limits().relay_per_second))
    assert office.seconds == office.stages[office.bottleneck] == max(office.stages.values())
    for name, rate in (("planning", "fan_out"), ("the ledger", "settled")):
        shared = f"{rate}_shared" if office.workers else rate
        assert office.stages[name] == pytest.approx(recipients / getattr(simulation.rates, shared))


@pytest.mark.parametrize("recipients", RECIPIENTS)
def test_no_limit_is_exceeded(simulation: Simulation, recipients: int) -> None:
    limits, office = simulation.limits, simulation.office(recipients)
    per_relay = recipients / office.stages["mail relays"] / office.relays
    assert per_relay <= limits.relay_per_second * 1.000001
    assert office.stages["mail relays"] <= simulation.assumed.window
    groups = math.ceil(recipients / simulation.assumed.group)
    assert groups / simulation.robots(recipients) <= limits.calls_per_minute / 60 * 1.000001 or groups < 1000
    assert simulation.robots(recipients) >= 60 / limits.robot_per_minute
    seconds, allowed = simulation.members(recipients)
    assert recipients / seconds * 60 <= limits.calls_per_minute * 1.000001
    assert allowed >= recipients


def test_workers_keep_the_relays_busy_and_a_small_office_needs_none(simulation: Simulation) -> None:
    assert simulation.office(1_000).workers == 0
    large = simulation.office(10_000_000)
    wanted = 10_000_000 / simulation.assumed.window
    assert large.workers * simulation.rates.worker >= wanted > (large.workers - 1) * simulation.rates.worker


@pytest.mark.parametrize("subscribers", SUBSCRIBERS)
def test_polls_and_octets_add_up(simulation: Simulation, subscribers: int) -> None:
    public = simulation.public(subscribers)
    own = sum(c.share * c.polls_a_day for c in CLIENTS if not c.central) * subscribers
    central = sum(c.polls_a_day for c in CLIENTS if c.central) * simulation.assumed.addresses
    assert public.polls == pytest.approx(own + central)
    assert 0 < public.share_304 < 1
    full = public.octets - public.polls * simulation.assumed.head
    assert full == pytest.approx(public.polls * (1 - public.share_304) * simulation.assumed.gzipped)
    assert public.peak_per_second == pytest.approx(public.polls / DAY * simulation.assumed.peak)
    assert public.origin_per_second <= public.polls / DAY


def test_a_network_keeps_the_origin_idle_at_any_size(simulation: Simulation) -> None:
    assert simulation.public(10_000_000).origin_per_second == simulation.public(100_000_000).origin_per_second < 100


def test_more_people_never_take_less_and_faster_rates_never_more(simulation: Simulation) -> None:
    times = [simulation.office(count, relays=5).seconds for count in RECIPIENTS]
    assert times == sorted(times)
    assert [simulation.public(count).processes for count in SUBSCRIBERS] == sorted(
        simulation.public(count).processes for count in SUBSCRIBERS
    )
    rates = simulation.rates
    faster = replace(simulation, rates=replace(rates, settled_shared=2 * rates.settled_shared))
    assert faster.office(10_000_000).stages["the ledger"] < simulation.office(10_000_000).stages["the ledger"]


def test_shares_of_calendars_are_a_whole() -> None:
    assert sum(client.share for client in CLIENTS) == pytest.approx(1)


def test_a_rate_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "measured.json").write_text('{"fan_out_per_second": 1}')
    with pytest.raises(KeyError, match="fan_out_per_second_postgres"):
        Rates.read(tmp_path / "measured.json")


def test_the_page_shows_what_is_computed(simulation: Simulation) -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page, simulation), "run: python -m benchmarks.simulate --write"


@pytest.mark.parametrize(("seconds", "text"), [(3.0, "3.0 s"), (60, "60 s"), (600, "10 min"), (36000, "10.0 h")])
def test_spans_are_for_people(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_sizes_are_for_people() -> None:
    assert [size(octets) for octets in (500.0, 2e6, 3.5e9, 1.2e13)] == ["0 kB", "2.0 MB", "3.5 GB", "12.0 TB"]


def test_the_model_of_one_machine_is_within_a_quarter_of_what_workers_did_there(simulation: Simulation) -> None:
    assert list(simulation.rates.by_workers) == [1, 2, 4]
    for workers, measured in simulation.rates.by_workers.items():
        assert 1 / 1.25 <= simulation.crowded(workers) / measured <= 1.25, workers
    for workers in (1, 4):  # the model is made of these two
        assert simulation.crowded(workers) == pytest.approx(simulation.rates.by_workers[workers])


def test_what_nobody_measured_is_called_so_and_stays_below_the_ledgers_limit(simulation: Simulation) -> None:
    assert simulation.together(1) == min(simulation.rates.by_workers[1], simulation.rates.settled_shared)
    assert all(simulation.together(workers) <= simulation.rates.settled_shared for workers in (1, 2, 4, 100))
    assert "a machine each: not verified" in PAGE.read_text("utf-8")


def test_the_queue_outruns_the_ledger(simulation: Simulation) -> None:
    assert simulation.rates.queue * TICKET > simulation.rates.settled_shared
    assert TICKET == BATCH
    assert f"{simulation.rates.queue * TICKET:,.0f}/s" in PAGE.read_text("utf-8")
