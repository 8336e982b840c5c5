"""The connection pool: limits, waits in order, and release on every way out."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.orchestrator.forwarding.pool import Pool, PoolExhausted


async def hold(pool: Pool, until: asyncio.Event, worker: str = "w1") -> str:
    async with pool.connection(worker):
        await until.wait()
    return "held"


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_waits_in_order() -> None:
    """Requests above the limit wait and are served in order."""
    waits: list[bool] = []
    pool, done, order = Pool(1, 5.0, lambda seconds, has_timed_out: waits.append(has_timed_out)), asyncio.Event(), []

    async def one(number: int) -> None:
        async with pool.connection("w1"):
            order.append(number)
            await done.wait()

    tasks = [asyncio.create_task(one(number)) for number in range(4)]
    await settle()
    assert (order, pool.used, pool.waiting) == ([0], 1, 3)
    done.set()
    await asyncio.gather(*tasks)
    assert (order, pool.used, pool.waiting, waits) == ([0, 1, 2, 3], 0, 0, [False] * 3)


async def test_wait_timeout() -> None:
    """A wait for a connection has a time limit."""
    pool, done = Pool(1, 0.02), asyncio.Event()
    holder = asyncio.create_task(hold(pool, done))
    await settle()
    with pytest.raises(PoolExhausted):
        await hold(pool, done)
    assert pool.waiting == 0
    done.set()
    await holder
    assert pool.used == 0


async def test_pool_per_worker() -> None:
    """Workers have separate limits."""
    pool, done = Pool(1, 0.02), asyncio.Event()
    tasks = [asyncio.create_task(hold(pool, done, worker)) for worker in ("w1", "w2")]
    await settle()
    assert (pool.used_at("w1"), pool.used_at("w2"), pool.waiting) == (1, 1, 0)
    done.set()
    await asyncio.gather(*tasks)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["come", "finish", "leave"]), st.integers(0, 20)), max_size=40), st.integers(1, 3))
def test_pool_nothing_left(steps: list[tuple[str, int]], limit: int) -> None:
    """Any mix of ends and cancellations leaves no connection in use."""

    async def story() -> None:
        pool = Pool(limit, 5.0)
        under_way: list[tuple[asyncio.Task[str], asyncio.Event]] = []
        for step, place in steps:
            if step == "come":
                done = asyncio.Event()
                under_way.append((asyncio.create_task(hold(pool, done)), done))
            elif under_way:
                task, done = under_way.pop(place % len(under_way))
                done.set() if step == "finish" else task.cancel()
            if place % 2:
                await settle()
            assert pool.used <= limit
        for _, done in under_way:
            done.set()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)
        assert (pool.used, pool.waiting) == (0, 0)

    asyncio.run(story())
