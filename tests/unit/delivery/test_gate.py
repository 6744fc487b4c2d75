"""One message at a time may have left without anybody knowing what became of it."""

from __future__ import annotations

import asyncio

import pytest

from examcal.channels.port import ChannelError, Outcome
from examcal.delivery import gate
from examcal.delivery.gate import Gate


async def pass_through(through: Gate, left: list[str], name: str, noted: asyncio.Event) -> None:
    with through.passage(lambda: True) as passage:
        await passage.leave()
        left.append(name)
        passage.answered()
        await noted.wait()


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_message_leaves_when_the_acceptance_of_the_one_before_is_noted() -> None:
    through, left, noted = Gate(), [], asyncio.Event()
    both = [asyncio.ensure_future(pass_through(through, left, name, noted)) for name in ("first", "second")]
    await settled()
    assert left == ["first"]
    noted.set()
    await asyncio.gather(*both)
    assert left == ["first", "second"]


async def test_where_copies_are_recognised_several_leave_side_by_side() -> None:
    through, left, noted = Gate(width=2), [], asyncio.Event()
    both = [asyncio.ensure_future(pass_through(through, left, name, noted)) for name in ("first", "second")]
    await settled()
    assert left == ["first", "second"]
    noted.set()
    await asyncio.gather(*both)


async def test_a_server_that_does_not_answer_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "PATIENCE", 0.01)
    through = Gate()
    with through.passage(lambda: True) as silent:
        await silent.leave()
        async with asyncio.timeout(10):
            with through.passage(lambda: True) as other:
                await other.leave()
    with through.passage(lambda: True) as third:  # the way was given back once, not twice
        await third.leave()
        third.answered()
        with through.passage(lambda: True) as fourth:
            waiting = asyncio.ensure_future(fourth.leave())
            await settled()
            assert not waiting.done()
            waiting.cancel()


async def test_a_ledger_that_does_not_answer_holds_up_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "PATIENCE", 0.01)
    through, left, noted = Gate(), [], asyncio.Event()
    both = [asyncio.ensure_future(pass_through(through, left, name, noted)) for name in ("first", "second")]
    await asyncio.wait(both, timeout=0.05)
    assert left == ["first"]
    noted.set()
    await asyncio.gather(*both)


async def test_what_must_not_leave_any_more_is_turned_back_and_the_way_is_free() -> None:
    through = Gate()
    with through.passage(lambda: False) as late:
        with pytest.raises(ChannelError) as refused:
            await late.leave()
        assert refused.value.outcome is Outcome.TRANSIENT
        assert late.turned_back
    with through.passage(lambda: True) as other:
        await other.leave()
    assert not other.turned_back


async def test_a_message_that_leaves_again_in_one_send_passes_once() -> None:
    through = Gate()
    with through.passage(lambda: True) as passage:
        await passage.leave()
        await passage.leave()
    with through.passage(lambda: True) as other:
        await other.leave()
