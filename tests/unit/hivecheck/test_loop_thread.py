"""The one asyncio loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hivecheck.loop_thread import LoopThread
from hivecheck.waiting import eventually


def test_runs_on_own_thread() -> None:
    """Work runs on the thread of the loop, and its result comes back."""

    async def name() -> str:
        return threading.current_thread().name

    with LoopThread() as loop:
        assert loop.run(name(), 5) == "hivecheck-loop"


def test_error_reaches_caller() -> None:
    """An error of the work is raised at the caller."""

    async def fail() -> None:
        raise KeyError("x")

    with LoopThread() as loop, pytest.raises(KeyError):
        loop.run(fail(), 5)


def test_work_continues() -> None:
    """Started work continues while the caller does something else."""
    steps: list[int] = []

    async def count() -> None:
        for step in range(3):
            steps.append(step)
            await asyncio.sleep(0)

    with LoopThread() as loop:
        future = loop.start(count())
        eventually(future.done, within=5, what="the work ended")
    assert steps == [0, 1, 2]


def test_timeout_cancels() -> None:
    """Work that exceeds its time limit is cancelled."""
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


def test_close_twice() -> None:
    """Closing cancels running work and ends the thread, also a second time."""
    before = threading.enumerate()
    loop = LoopThread()
    future = loop.start(asyncio.sleep(60))
    loop.close()
    loop.close()
    assert future.cancelled()
    assert not set(threading.enumerate()) - set(before)
