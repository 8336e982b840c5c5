"""A gray failure is a contradiction of health and chats. A worker without an admin listener is inconclusive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.process.gray_failure import GrayFailure
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.platforms.ports import PortReservation
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually
from hivecheck.world.faults import epoch_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FAULT = "a gray failure"
WORKER = "worker-3"
SOON = replace(Timeouts(), fault_effect=1.0)  # a fault without an effect by then counts as a miss


@dataclass
class WithoutOrder(GrayFailure):
    """A gray failure without its order to the worker."""

    requires: frozenset[str] = field(default_factory=frozenset)

    def inject(self, fault_target: FaultTarget) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    made = Stack("small-gray", topology.load("small"), platform, Timeouts())
    made.up()
    port = PortReservation()
    made.hives["hive-1"].start_worker(WORKER, ["model-a"], ["--set", f"admin_port={port.port}"])
    eventually(lambda: WORKER in made.registry.workers(), within=Timeouts().restart, what=f"{WORKER} registered")
    yield made
    port.release()
    assert made.down() == []


@pytest.mark.parametrize(
    ("fault", "effect"), [(FAULT, "a chat has no answer"), ("a false health report", f"health checks of {WORKER} got 503")]
)
def test_effect_and_removal(stack: Stack, tmp_path: Path, fault: str, effect: str) -> None:
    """The effect is observed, and the removal leaves nothing."""
    own = Injector(History(tmp_path / "history.jsonl"), Timeouts(), epoch_of)
    own.inject(fault, WORKER, [FaultTarget.named(WORKER, stack)])
    assert effect in own.history.events("fault", WORKER)[-1].data["effect"]
    own.heal(WORKER)
    assert own.history.events("fault", WORKER)[-1].data["what"] == "removed"
    assert own.active() == []


def test_no_order(stack: Stack, tmp_path: Path) -> None:
    """A worker that received no order shows no effect."""
    own = Injector(History(tmp_path / "history.jsonl"), SOON, epoch_of, {FAULT: WithoutOrder})
    with pytest.raises(InconclusiveError, match="had no effect"):
        own.inject(FAULT, WORKER, [FaultTarget.named(WORKER, stack)])
    own.heal_all()


def test_no_admin_listener(stack: Stack, tmp_path: Path) -> None:
    """A worker without an admin listener is inconclusive."""
    own = Injector(History(tmp_path / "history.jsonl"), SOON, epoch_of)
    with pytest.raises(InconclusiveError, match="admin listener"):
        own.inject(FAULT, "worker-1", [FaultTarget.named("worker-1", stack)])
    own.heal_all()
