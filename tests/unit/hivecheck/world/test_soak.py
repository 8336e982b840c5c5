"""A soak: what ends it early, and which model its load uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from soak_stories import TOKENS, request

from hivecheck.checks.recovery.sound_soak import sound_soak
from hivecheck.errors import UsageError
from hivecheck.faults.planning.soak_plan import SoakPlan
from hivecheck.history import Event, History, Operation
from hivecheck.measurement.floors import CYCLES
from hivecheck.measurement.soak import rounds
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.verdict import Answer
from hivecheck.world.soak import Soak, most_served

PLAN = SoakPlan(minutes=0.1, faults=0)


@dataclass
class Cluster:
    """Stands for everything around a soak. `change` is of each of its requests, `held` is what a drain leaves."""

    history: History
    change: Callable[[Operation], Operation] = lambda one: one
    held: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    nodes: dict[str, Any] = field(default_factory=lambda: {"orchestrator": None})
    topology: Any = field(default_factory=lambda: topology.load("five_workers"))

    def begin(self, *given: object, **more: object) -> None:
        """Of the load it sends requests, of the cycles it does nothing."""
        if given:
            self.begin_again()

    def begin_again(self) -> None:
        now = time.monotonic()
        for number in range(4):
            self.history.record(self.change(request(number, now)))

    def end(self) -> None:
        """The load sends nothing more."""

    def read(self, within: float, since: float | None = None) -> None:
        rows = [{"request_id": one.id, "completion_tokens": TOKENS} for one in self.history.operations(None)]
        self.history.record(Event(time.monotonic(), "state", "orchestrator", {"ledger": rows}))

    def end_cycle(self, number: int, requests: int, intended: int) -> str | None:
        cycle = {"number": number, "requests": requests, "relayed_bytes": 0, "intended": intended, "held": self.held}
        self.history.record(Event(time.monotonic(), "state", CYCLES, {"cycle": cycle}))
        return self.held


def soak(lines: list[str], plan: SoakPlan = PLAN, **behaviour: Any) -> Soak:
    history = History()
    cluster: Any = Cluster(history, **behaviour)
    return Soak(cluster, history, cluster, cluster, cluster, cluster, plan, lines.append)


def test_wrong_answer_ends_soak() -> None:
    """The first round with a wrong answer is the last one, and the report so far has it as a failure."""
    lines: list[str] = []
    stopped = soak(lines, change=lambda one: replace(one, headers=(("x-request-id", "r9"),)))
    with pytest.raises(AssertionError, match="it is the answer to r9"):
        stopped.run()
    assert len(rounds(stopped.history)) == 1 and any("round 1: floors" in line for line in lines)
    assert sound_soak(stopped.history).answer is Answer.FAILED


def test_held_request_ends_soak() -> None:
    """A request that is in flight after the drain ends the soak after its round."""
    stopped = soak([], held="requests in flight: orchestrator: 1")
    with pytest.raises(AssertionError, match="orchestrator: 1"):
        stopped.run()
    assert len(rounds(stopped.history)) == 1


def test_impossible_plan_is_refused() -> None:
    """A plan that is not possible starts no load."""
    refused = soak([], replace(PLAN, faults=9))
    with pytest.raises(UsageError):
        refused.run()
    assert not refused.history.operations(None)


def test_model_with_most_workers() -> None:
    """The load uses the model with the most workers. A topology without workers is refused."""
    assert most_served(topology.load("five_workers")) == "model-a"
    with pytest.raises(UsageError, match="with workers"):
        most_served(replace_workers(topology.load("small")))


def replace_workers(full: topology.Topology) -> topology.Topology:
    """The same topology without hives."""
    return topology.Topology(full.name, full.summary, tuple(node for node in full.nodes if node.service != "hive"))
