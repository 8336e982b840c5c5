"""Each capability of the engine has an effect in the node and is undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError, NotSupportedError
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import FaultTarget
from hivecheck.platforms.docker.docker_platform import PROCESSES, process_views
from hivecheck.platforms.node_program import shell_command
from hivecheck.platforms.platform import EngineControl, Node
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually

pytestmark = pytest.mark.docker

# A fixed amount of work, not of time: other processes change its duration, never its amount.
BURN_SECONDS = 0.4
BURN = f"""
import pathlib, time

def throttled():
    text = next(path for path in map(pathlib.Path, ("/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat")) if path.exists()).read_text()
    return int(dict(line.split() for line in text.splitlines())["nr_throttled"])

before, started = throttled(), time.monotonic()
while time.process_time() < {BURN_SECONDS}: pass
print(time.monotonic() - started, throttled() - before)
"""


def engine_of(node: Node) -> EngineControl:
    assert node.engine is not None
    return node.engine


def is_answering(node: Node) -> bool:
    try:
        return ControlClient(node.url, "", timeout_seconds=0.5).ask("GET", "/health").status == 200
    except ClientError:
        return False


def burn(node: Node) -> tuple[float, int]:
    """The duration of BURN_SECONDS of computing, and the number of periods in which the kernel throttled the node meanwhile."""
    took_seconds, throttled = node.run(["python3", "-c", BURN]).output.split()
    return float(took_seconds), int(throttled)


def test_container_pause(stack: Stack) -> None:
    """A paused node does not answer, and answers again after the pause."""
    node = stack.nodes["orchestrator"]
    engine_of(node).pause_container()
    assert not is_answering(node)
    assert node.is_running()
    engine_of(node).resume_container()
    eventually(lambda: is_answering(node), within=5, what="it answers again")


def test_network_disconnect(stack: Stack) -> None:
    """A disconnected node is unreachable, and reachable by its name after it returns."""
    hive, orchestrator = stack.nodes["hive-1"], stack.orchestrator
    engine_of(hive).disconnect()
    eventually(lambda: not orchestrator.is_ready(), within=10, what="the gateway has no routable worker")
    assert not is_answering(hive)
    engine_of(hive).connect()
    eventually(orchestrator.is_ready, within=15, what="the orchestrator routes again")
    assert stack.nodes["orchestrator"].run(["python3", "-c", "import socket; socket.create_connection(('hive-1', 8000), 5)"]).exit_code == 0
    eventually(lambda: is_answering(hive), within=5, what="its published port answers at the old address")
    stack.heal()


def test_addresses_stay(stack: Stack) -> None:
    """Nodes that were away together return to their own addresses in any order."""
    nodes = [stack.nodes[name] for name in ("orchestrator", "registry")]
    before = [engine_of(node).packets.address() for node in nodes]
    assert len(set(before)) == 2
    for node in nodes:
        node.kill()
    for node in nodes[::-1]:
        node.restart()
    assert [engine_of(node).packets.address() for node in nodes] == before
    for node in nodes:
        engine_of(node).disconnect()
    for node in nodes:
        engine_of(node).connect()
    assert [engine_of(node).packets.address() for node in nodes] == before
    eventually(
        stack.not_at_baseline, within=stack.timeouts.heal, what="the stack at its baseline", until=lambda difference: difference is None
    )


def test_cpu_limit(stack: Stack) -> None:
    """A CPU limit throttles the node, and its removal ends that."""
    node = stack.nodes["registry"]
    engine_of(node).limit_cpu(0.1)
    took_seconds, throttled = burn(node)
    assert took_seconds > 0.5 * BURN_SECONDS / 0.1, "a tenth of a core takes ten times as long; start-up may use half of that"
    assert throttled > 10, "the kernel throttled the node in most periods"
    engine_of(node).restore_cpu()
    assert burn(node)[1] == 0, "the kernel throttles no longer, also on a busy machine"


def test_memory_limit(stack: Stack) -> None:
    """The kernel kills a process beyond the node's memory limit."""
    node = stack.nodes["registry"]
    engine_of(node).limit_memory(128 * 1024 * 1024)
    eater = node.run(["python3", "-c", "data = bytearray(300 * 1024 * 1024)"])
    engine_of(node).restore_memory()
    assert eater.exit_code == 137, f"expected: the eater killed by the kernel\nactual: {eater}"
    assert node.run(["python3", "-c", "data = bytearray(300 * 1024 * 1024)"]).exit_code == 0
    assert is_answering(node)


def test_usage(stack: Stack) -> None:
    """The usage is that of the node."""
    node = stack.nodes["registry"]
    before = engine_of(node).usage()
    node.run(["python3", "-c", BURN])
    after = engine_of(node).usage()
    assert 5_000_000 < after.memory_bytes < 512 * 1024 * 1024
    assert after.cpu_seconds - before.cpu_seconds >= BURN_SECONDS * 0.9
    assert after.processes >= 2, "init and the service"


def test_engine_refusal(stack: Stack) -> None:
    """A refusal of the engine is a ClientError with its words."""
    with pytest.raises(ClientError, match="registry: the engine refuses unpause"):
        engine_of(stack.nodes["registry"]).resume_container()


def test_processes(stack: Stack) -> None:
    """This machine lists the same processes as a command in the node."""
    node = stack.nodes["hive-1"]
    inside = [view for view in process_views(node.run(shell_command(PROCESSES)).output) if view.pid != 1]
    here = node.processes()
    assert len(here) >= 3, "the hive and its workers"
    assert {replace(view, state="") for view in here} == {replace(view, state="") for view in inside}


class Hidden:
    """A node, or its engine, without access from this machine: every question needs a command in the node."""

    def __init__(self, node: Any) -> None:
        self._node = node

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    @property
    def engine(self) -> Any:
        return Hidden(self._node.engine)

    def proc_of(self, pid: int) -> None:
        """Nowhere."""

    def control_file(self, *names: str) -> None:
        """None of them."""


@pytest.mark.parametrize(
    "fault_name",
    ["a restart", "a lock on the database", "a file write limit of 0 bytes", "connection exhaustion"],
)
def test_faults_without_local_kernel(stack: Stack, fault_name: str) -> None:
    """Faults work where this machine has no access to the node's processes."""
    name = "hive-1" if "exhaustion" in fault_name else "registry"
    fault_target, fault = replace(FaultTarget.named(name, stack), node=Hidden(stack.nodes[name])), FAULTS[fault_name]()  # type: ignore[arg-type]
    fault.inject(fault_target)
    assert eventually(lambda: fault.effect(fault_target), within=5, what=f"{fault_name} has an effect")
    fault.remove(fault_target)
    eventually(lambda: fault.remaining(fault_target), within=10, what="nothing left", until=lambda left: left is None)
    stack.heal()


def test_memory_pressure_needs_local_kernel(stack: Stack) -> None:
    """Memory pressure is not supported without access, because a command in the node would take its last memory."""
    fault_target = replace(FaultTarget.named("registry", stack), node=Hidden(stack.nodes["registry"]))  # type: ignore[arg-type]
    with pytest.raises(NotSupportedError, match="shows the control group of registry"):
        FAULTS["memory pressure at 95 %"]().inject(fault_target)
    assert stack.not_at_baseline() is None
