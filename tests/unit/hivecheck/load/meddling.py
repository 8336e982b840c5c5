"""Carriers of real local shards with something done to them, and a shard that says what a test tells it to."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping

from hivecheck.load import messages
from hivecheck.load.carriers.local import Local, LocalProcess
from hivecheck.load.messages import Order, Report

Deed = Callable[[LocalProcess], None]


class Meddled:
    """Starts local shards. A deed is done to a shard before it gets an order of that type, or after a report of that type."""

    def __init__(self, before: Mapping[type, Deed] | None = None, after: Mapping[type, Deed] | None = None) -> None:
        self._deeds = (dict(before or {}), dict(after or {}))
        self._inner = Local()
        self.pids: list[int] = []

    def start(self, name: str, variables: Mapping[str, str]) -> MeddledProcess:
        process = self._inner.start(name, variables)
        self.pids.append(process.pid)
        return MeddledProcess(process, *self._deeds)

    def close(self) -> None:
        self._inner.close()


class MeddledProcess:
    def __init__(self, inner: LocalProcess, before: Mapping[type, Deed], after: Mapping[type, Deed]) -> None:
        self._inner = inner
        self._before = before
        self._after = after

    @property
    def place(self) -> str:
        return self._inner.place

    def send(self, line: bytes) -> None:
        self._before.get(type(messages.ORDERS.decode(line)), lambda _: None)(self._inner)
        self._inner.send(line)

    def lines(self) -> Iterator[bytes]:
        for line in self._inner.lines():
            self._after.get(type(messages.REPORTS.decode(line)), lambda _: None)(self._inner)
            yield line

    def ending(self) -> str:
        return self._inner.ending()

    def kill(self) -> None:
        self._inner.kill()


class Scripted:
    """A shard without a process, and its carrier. `answers` gives the reports to each order; None ends the shard."""

    place = "nowhere"

    def __init__(self, answers: Callable[[Order], list[Report | None]]) -> None:
        self._answers = answers
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.orders: list[Order] = []

    def start(self, name: str, variables: Mapping[str, str]) -> Scripted:
        return self

    def close(self) -> None:
        """Nothing."""

    def send(self, line: bytes) -> None:
        order = messages.ORDERS.decode(line)
        self.orders.append(order)
        for report in self._answers(order):
            self._lines.put(None if report is None else messages.line(report))

    def lines(self) -> Iterator[bytes]:
        while (line := self._lines.get()) is not None:
            yield line

    def ending(self) -> str:
        return "the script is over"

    def kill(self) -> None:
        self._lines.put(None)
