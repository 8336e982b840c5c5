"""The pacer: due times, future times and the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
import uvloop

from hivecheck.load.pacer import Pacer

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
FUTURE_SECONDS, LONG_SECONDS = 0.02, 60.0


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    factory: Callable[[], asyncio.AbstractEventLoop] = request.param
    return factory


async def rounds() -> None:
    """Let the loop run all that is due."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_pacer_due_times(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Several due times give one callback, after the calls. A due time after it gives the next one."""

    async def work() -> None:
        calls: list[float] = []
        pacer = Pacer(asyncio.get_running_loop(), lambda: calls.append(time.monotonic()))
        for _ in range(3):
            pacer.call_at(time.monotonic())
        assert not calls
        await rounds()
        assert len(calls) == 1
        pacer.call_at(0.0)
        await rounds()
        assert len(calls) == 2
        pacer.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(work())


def test_pacer_future_time(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """A future time calls back no earlier, and it replaces the one before."""

    async def work() -> None:
        called: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        pacer = Pacer(asyncio.get_running_loop(), lambda: called.set_result(time.monotonic()))
        pacer.call_at(time.monotonic() + LONG_SECONDS)
        due = time.monotonic() + FUTURE_SECONDS
        pacer.call_at(due)
        assert await asyncio.wait_for(called, LONG_SECONDS / 2) >= due
        pacer.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(work())


def test_pacer_close(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """A closed pacer calls back no more, also for what was due."""

    async def work() -> None:
        calls: list[None] = []
        pacer = Pacer(asyncio.get_running_loop(), lambda: calls.append(None))
        pacer.call_at(0.0)
        pacer.close()
        await rounds()
        assert not calls

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(work())
