"""Every fault has an effect on its target only, is removed, and leaves the stack at its baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.faults import FAULTS
from hivecheck.faults.database.corruption import frames
from hivecheck.faults.fault import Fault, FaultTarget, Kind
from hivecheck.faults.injector import Injector
from hivecheck.faults.model_hub import model_hub_faults
from hivecheck.faults.network.packets import packet_faults
from hivecheck.faults.process.gray_failure import contradictions
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually
from hivecheck.world.faults import epoch_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

# Fault -> (its target, another target). The target of CPU throttling gets work, else the kernel does not throttle it. The target of a log
# truncation gets writes.
CASES = {
    "a SIGKILL": ("worker-1", "worker-2"),
    "a SIGTERM": ("registry", "orchestrator"),
    "a process pause": ("worker-1", "worker-2"),
    "a container pause": ("hive-1", "registry"),
    "a network disconnect": ("hive-1", "orchestrator"),
    "a silent crash": ("hive-1", "registry"),
    "CPU throttling": ("registry", "hive-1"),
    "a restart": ("registry", "orchestrator"),
    "connection exhaustion": ("hive-1", "registry"),
    "an OOM kill": ("worker-1", "worker-2"),
    "memory pressure at 95 %": ("registry", "orchestrator"),
    "a lock on the database": ("registry", "orchestrator"),
    "a replacement of the database": ("registry", "orchestrator"),
    "a file write limit of 0 bytes": ("registry", "orchestrator"),
    "a file write limit of 1 MiB": ("hive-1", "registry"),
    "corruption of the database header": ("registry", "orchestrator"),
    "corruption of a database page": ("registry", "orchestrator"),
    "a truncation of the database": ("registry", "orchestrator"),
    "a truncation of the write-ahead log": ("registry", "orchestrator"),
    "a zeroed database": ("registry", "orchestrator"),
}
# Faults that need another topology have a test of their own: packets, the model hub, the gray failure (an admin listener), the full disk.
ELSEWHERE = {*packet_faults(), *model_hub_faults(), *contradictions(), "a full disk"}
BURN = "import time\nwhile time.process_time() < 0.5: pass"
SOON = replace(Timeouts(), fault_effect=1.0)  # a fault without an effect by then counts as a miss


@dataclass
class Misaimed:
    """A fault that hits another target than the injected one."""

    fault: Fault
    injected: FaultTarget
    act: str = "missed"
    description: str = ""
    requires: frozenset[str] = frozenset()
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = "it is for tests"
    example_target: str = ""

    def inject(self, fault_target: FaultTarget) -> None:
        self.fault.inject(self.injected)

    def effect(self, fault_target: FaultTarget) -> str | None:
        return self.fault.effect(fault_target)

    def remove(self, fault_target: FaultTarget) -> None:
        self.fault.remove(self.injected)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return self.fault.remaining(self.injected)


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    made = Stack("low-limits-1", topology.load("low_limits"), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


def injector(tmp_path: Path, timeouts: Timeouts, known: dict[str, Callable[[], Fault]] | None = None) -> Injector:
    return Injector(History(tmp_path / "history.jsonl"), timeouts, epoch_of, known or FAULTS)


def must_be_possible(stack: Stack, fault_name: str) -> None:
    if missing := FAULTS[fault_name]().requires - stack.platform.capabilities("node"):
        pytest.skip(f"platform {stack.platform.name} lacks capability {', '.join(sorted(missing))}")


def must_have_log_frames(stack: Stack) -> None:
    """The registry's log holds frames."""
    extra = {"id": "extra", "kind": "worker", "url": "http://127.0.0.1:9", "epoch": time.time_ns(), "models": ["model-extra"]}
    stack.registry.register(extra)
    stack.registry.deregister("extra", extra["epoch"])
    node = stack.nodes["registry"]
    eventually(lambda: frames(node.read_file("registry.db-wal")) >= 2, within=Timeouts().heal, what="two frames in the registry's log")


def must_be_at_baseline(stack: Stack) -> None:
    eventually(stack.not_at_baseline, within=Timeouts().heal, what="the stack at its baseline", until=lambda difference: difference is None)


def test_cases_are_complete() -> None:
    """Each fault has a case here or a test of its own."""
    assert {*CASES, *ELSEWHERE} == set(FAULTS)


@pytest.mark.parametrize("fault_name", CASES)
def test_effect_and_removal(stack: Stack, tmp_path: Path, fault_name: str) -> None:
    """The effect is observed, and the removal leaves the stack at its baseline."""
    must_be_possible(stack, fault_name)
    fault_target = FaultTarget.named(CASES[fault_name][0], stack)
    with ThreadPoolExecutor(1) as pool:
        if "CPU" in fault_name:
            pool.submit(fault_target.node.run, ["python3", "-c", BURN])
        if "log" in fault_name:
            must_have_log_frames(stack)
        own = injector(tmp_path, Timeouts())
        own.inject(fault_name, fault_target.name, [fault_target])
        injected = own.history.events("fault", fault_target.name)[-1]
        assert injected.data["what"] == "injected" and injected.data["effect"]
        own.heal(fault_target.name)
    assert own.history.events("fault", fault_target.name)[-1].data["what"] == "removed"
    assert own.active() == []
    must_be_at_baseline(stack)


def test_log_written_after_truncation(stack: Stack) -> None:
    """A truncated log counts as truncated after the service has written on."""
    must_have_log_frames(stack)
    fault_target, other = FaultTarget.named("registry", stack), FaultTarget.named("orchestrator", stack)
    fault = FAULTS["a truncation of the write-ahead log"]()
    fault.inject(fault_target)
    extra = {"id": "extra", "kind": "worker", "url": "http://127.0.0.1:9", "epoch": time.time_ns(), "models": ["model-extra"]}
    stack.registry.register(extra)
    stack.registry.deregister("extra", extra["epoch"])
    written = "the registry has written on, or begun another log"
    eventually(
        lambda: fault_target.node.read_file("registry.db-wal") != fault.left, within=Timeouts().database_fault_detection, what=written
    )  # type: ignore[attr-defined]
    assert "frames" in str(fault.effect(fault_target))
    assert fault.effect(other) is None, "its log is not truncated"
    fault.remove(fault_target)
    eventually(lambda: fault.remaining(fault_target), within=Timeouts().fault_heal, what="nothing left", until=lambda left: left is None)
    must_be_at_baseline(stack)


def test_killed_worker_is_replaced(stack: Stack, tmp_path: Path) -> None:
    """A killed worker counts as replaced when its hive has started another process."""
    must_be_possible(stack, "a SIGKILL")
    fault_target = FaultTarget.named("worker-1", stack)
    assert fault_target.not_replaced() is None, "the worker runs"
    own = injector(tmp_path, Timeouts())
    own.inject("a SIGKILL", "worker-1", [fault_target])
    own.heal("worker-1")
    assert FaultTarget.named("worker-1", stack).pid != fault_target.pid
    must_be_at_baseline(stack)


def test_epoch_during_registry_fault(stack: Stack, tmp_path: Path) -> None:
    """The epoch of a worker is known while the registry is under a fault."""
    epoch = stack.registry.workers()["worker-1"]["epoch"]
    own = injector(tmp_path, Timeouts())
    own.inject("a SIGKILL", "registry", [FaultTarget.named("registry", stack)])
    own.inject("a process pause", "worker-1", [FaultTarget.named("worker-1", stack)])
    assert own.history.acts("worker-1")[-1].data["epoch"] == epoch
    own.heal_all()
    must_be_at_baseline(stack)


@pytest.mark.parametrize("fault_name", CASES)
def test_misaimed(stack: Stack, tmp_path: Path, fault_name: str) -> None:
    """A fault that hits another target is inconclusive and removed."""
    must_be_possible(stack, fault_name)
    injected, fault_target = (FaultTarget.named(name, stack) for name in CASES[fault_name])
    if "log" in fault_name:
        must_have_log_frames(stack)
    own = injector(tmp_path, SOON, {fault_name: lambda: Misaimed(FAULTS[fault_name](), injected)})
    with pytest.raises(InconclusiveError, match="had no effect"):
        own.inject(fault_name, fault_target.name, [fault_target])
    assert own.active() == []
    own.heal_all()
    must_be_at_baseline(stack)
