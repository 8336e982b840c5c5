"""Cycles: when they end, and which facts they leave in history."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from hivecheck.errors import ConditionTimeoutError
from hivecheck.history import History
from hivecheck.measurement.floors import cycles, note
from hivecheck.measurement.leaks import LEAST, WARM_UP
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Answer
from hivecheck.world.observations.cycles import Cycles

MOST = 30
COUNT = 40
SHORT = Timeouts().scaled(0.01)


@dataclass
class Cluster:
    """Stands for everything around the cycles.

    Each request adds `kept` descriptors, up to `limit`. Every other cycle has `swing` more. Each cycle leaves `slots` requests in flight.
    """

    history: History
    kept: float = 0.0
    limit: float = 1e9
    swing: int = 0
    slots: int = 0
    in_flight: int = 0
    is_stuck: bool = False
    sent: int = 0
    timeouts: Timeouts = SHORT
    nodes: dict[str, Any] = field(default_factory=lambda: {"orchestrator": None})
    killed: list[int] = field(default_factory=list)

    def complete(self, model: str, count: int) -> int:
        if self.is_stuck:
            raise ConditionTimeoutError("expected: the end of every request\nactual: none")
        self.sent += count
        self.in_flight += self.slots
        return count

    def start(self, model: str, **options: Any) -> Any:
        """A stream with its first token, of worker 0 or 1 in turn."""
        self.sent += 1
        worker = self.sent % 2
        operation = SimpleNamespace(tokens=["t0"], is_answered=True, header=lambda name: f"worker-{worker}", worker=worker)
        return SimpleNamespace(operation=operation)

    def wait(self, calls: list[Any]) -> None:
        """The streams of the killed worker break off."""
        for call in calls:
            call.operation.is_answered = call.operation.worker != self.killed[-1]

    def node_of(self, worker: str) -> tuple[Any, int]:
        return SimpleNamespace(signal=lambda number, pid: self.killed.append(pid)), int(worker[-1])

    def not_at_baseline(self) -> None:
        """The stack is at its baseline."""

    def forget_failures(self) -> None:
        """There are no circuits."""

    def leave(self) -> None:
        """The clients disconnect."""

    def work_in_hand(self) -> str | None:
        return f"requests in flight: {self.in_flight}" if self.in_flight else None

    def read(self, cycle: int | None) -> str | None:
        process = {"name": "orchestrator", "pid": 7, "started": 1, "memory_bytes": 1000, "threads": 1, "sockets": {}}
        process["descriptors"] = 20 + int(min(self.limit, self.kept * self.sent)) + self.swing * ((cycle or 0) % 2)
        if cycle is not None:
            self.history.record(note(0.0, "orchestrator", cycle, [process]))
        return None


def run(ending: str = "", **behaviour: Any) -> Cycles:
    """Cycles of a cluster with this behaviour, to their end."""
    history = History()
    cluster: Any = Cluster(history, **behaviour)
    told = Cycles(stack=cluster, history=history, chats=cluster, endings=cluster, resources=cluster)
    told.run(WARM_UP + LEAST, MOST, COUNT, "model-a", ending)
    return told


def test_acquittal_ends_early() -> None:
    """The least number of cycles is enough where nothing grows."""
    told = run()
    assert told.verdict().answer is Answer.PASSED and len(cycles(told.history)) == WARM_UP + LEAST


def test_leak_takes_all_cycles() -> None:
    """A leak gets every cycle of the scenario, because growth of a few cycles may end."""
    told = run(kept=1.0)
    assert told.verdict().answer is Answer.FAILED and len(cycles(told.history)) == MOST


def test_unclear_case_takes_all_cycles() -> None:
    """Floors that may be a leak or none get every cycle of the scenario."""
    told = run(kept=0.01, swing=200)
    assert told.verdict().answer is Answer.INCONCLUSIVE and len(cycles(told.history)) == MOST


def test_growth_that_ends_is_acquitted() -> None:
    """Growth up to a limit is acquitted by later cycles."""
    told = run(kept=1.0, limit=6.5 * COUNT)
    assert told.verdict().answer is Answer.PASSED and WARM_UP + LEAST < len(cycles(told.history)) < MOST


def test_held_request_ends_the_cycles() -> None:
    """A request that is not released is a finding after one cycle."""
    told = run(slots=1)
    assert [cycle.held for cycle in cycles(told.history)] == ["requests in flight: 1"]
    assert told.verdict().answer is Answer.FAILED


def test_request_from_before_is_not_held() -> None:
    """A request that ran before the cycles may run on."""
    assert run(in_flight=1).verdict().answer is Answer.PASSED


def test_kills_take_turns() -> None:
    """Each cycle kills another worker than the cycle before, so that none crashes again soon after its restart."""
    told = run(ending=", during which a worker is killed")
    killed = told.stack.killed  # type: ignore[attr-defined]
    assert killed == [number % 2 for number in range(WARM_UP + LEAST)] and told.verdict().answer is Answer.PASSED


def test_stuck_load_without_held_request_is_inconclusive() -> None:
    """A load that does not end, without a request that is held, gives no finding."""
    with pytest.raises(ConditionTimeoutError, match="the end of every request"):
        run(is_stuck=True)
