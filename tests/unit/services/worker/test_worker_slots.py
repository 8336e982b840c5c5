"""Slots: their order, their limits and their release."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.worker.slots import QueueFull, Slots


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


async def settle() -> None:
    """Let every ready task run."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_fifo_order() -> None:
    """Waiting entries get their slot in order of arrival."""

    async def scenario() -> None:
        slots, order = Slots(1, 10), []

        async def visit(name: str) -> None:
            with await slots.acquire("m"):
                order.append(name)
                await asyncio.sleep(0)

        await asyncio.gather(*(visit(name) for name in "abcde"))
        assert order == list("abcde")

    run(scenario())


def test_queue_limit() -> None:
    """A full queue rejects further entries."""

    async def scenario() -> None:
        slots = Slots(1, 1)
        with await slots.acquire("m"):
            waiting = asyncio.create_task(slots.acquire("m"))
            await settle()
            with pytest.raises(QueueFull):
                await slots.acquire("m")
        (await waiting).release()
        assert (slots.running, slots.waiting) == (0, 0)

    run(scenario())


def test_slot_of_cancelled_waiter() -> None:
    """A slot that goes to a cancelled entry passes to the next one."""

    async def scenario() -> None:
        slots = Slots(1, 2)
        held = await slots.acquire("m")
        first, second = (asyncio.create_task(slots.acquire("m")) for _ in range(2))
        await settle()
        held.release()
        first.cancel()
        (await second).release()
        assert slots.running == 0

    run(scenario())


def test_release_once() -> None:
    """A slot is returned once, even after several releases."""

    async def scenario() -> None:
        slots = Slots(2, 0)
        with await slots.acquire("m") as one, await slots.acquire("m"):
            one.release()
            one.release()
            assert slots.running == 1

    run(scenario())


def test_counts_by_key() -> None:
    """Running and waiting entries are counted by key."""

    async def scenario() -> None:
        slots = Slots(1, 2)
        held = await slots.acquire("a")
        waiting = asyncio.create_task(slots.acquire("b"))
        await settle()
        assert [slots.running_of("a"), slots.waiting_of("a"), slots.running_of("b"), slots.waiting_of("b")] == [1, 0, 0, 1]
        held.release()
        (await waiting).release()
        assert [slots.running_of("a"), slots.running_of("b")] == [0, 0]

    run(scenario())


_ACTIONS = st.lists(st.tuples(st.sampled_from(["acquire", "cancel", "release", "settle"]), st.integers(0, 20)), max_size=60)


@given(actions=_ACTIONS, max_running=st.integers(1, 3), max_waiting=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_nothing_left(actions: list[tuple[str, int]], max_running: int, max_waiting: int) -> None:
    """After any sequence of actions no slot stays in use."""

    async def visit(slots: Slots, done: asyncio.Event) -> None:
        with await slots.acquire("m"):
            await done.wait()

    async def scenario() -> None:
        slots = Slots(max_running, max_waiting)
        visits: list[tuple[asyncio.Task[None], asyncio.Event]] = []
        for action, number in actions:
            if action == "acquire":
                done = asyncio.Event()
                visits.append((asyncio.create_task(visit(slots, done)), done))
            elif action == "settle":
                await settle()
            elif visits:
                task, done = visits[number % len(visits)]
                task.cancel() if action == "cancel" else done.set()
            assert slots.running <= max_running
            assert slots.waiting <= max_waiting
        for _, done in visits:
            done.set()
        await asyncio.gather(*(task for task, _ in visits), return_exceptions=True)
        assert (slots.running, slots.waiting, slots.running_of("m"), slots.waiting_of("m")) == (0, 0, 0, 0)
        assert slots.idle.is_set()

    run(scenario())
