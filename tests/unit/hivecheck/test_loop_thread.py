"""The one asyncio loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hivecheck.loop_thread import LoopThread
from hivecheck.waiting import eventually


def test_work_runs_on_the_loop_s_own_thread_and_its_result_comes_back() -> None:
    async def name() -> str:
        return threading.current_thread().name

    with LoopThread() as loop:
        assert loop.run(name(), 5) == "hivecheck-loop"


def test_an_error_of_the_work_is_raised_at_the_caller() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with LoopThread() as loop, pytest.raises(KeyError):
        loop.run(fail(), 5)


def test_work_goes_on_while_the_caller_does_something_else() -> None:
    steps: list[int] = []

    async def count() -> None:
        for step in range(3):
            steps.append(step)
            await asyncio.sleep(0)

    with LoopThread() as loop:
        future = loop.start(count())
        eventually(future.done, within=5, what="the work ended")
    assert steps == [0, 1, 2]


def test_work_that_takes_too_long_is_cancelled() -> None:
    ended: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with LoopThread() as loop:
        with pytest.raises(TimeoutError, match=r"no result within 0\.05 s"):
            loop.run(hang(), 0.05)
        eventually(lambda: ended, within=5, what="the work cancelled")


def test_closing_cancels_what_still_runs_and_ends_the_thread_even_twice() -> None:
    before = threading.enumerate()
    loop = LoopThread()
    future = loop.start(asyncio.sleep(60))
    loop.close()
    loop.close()
    assert future.cancelled()
    assert not set(threading.enumerate()) - set(before)
