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


def test_waiting_ones_get_their_slot_in_the_order_they_came() -> None:
    async def scenario() -> None:
        slots, order = Slots(1, 10), []

        async def visit(name: str) -> None:
            with await slots.acquire("m"):
                order.append(name)
                await asyncio.sleep(0)

        await asyncio.gather(*(visit(name) for name in "abcde"))
        assert order == list("abcde")

    run(scenario())


def test_the_queue_refuses_whom_it_cannot_hold() -> None:
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


def test_a_slot_handed_to_someone_who_is_cancelled_in_the_same_moment_goes_on_to_the_next() -> None:
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


def test_a_slot_is_given_back_once_however_often_it_is_released() -> None:
    async def scenario() -> None:
        slots = Slots(2, 0)
        with await slots.acquire("m") as one, await slots.acquire("m"):
            one.release()
            one.release()
            assert slots.running == 1

    run(scenario())


def test_it_counts_by_key() -> None:
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
def test_after_any_mix_of_actions_nothing_is_left(actions: list[tuple[str, int]], max_running: int, max_waiting: int) -> None:
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
