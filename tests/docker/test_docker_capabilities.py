"""What the engine can do to a node bites, shows in the node, and is undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import FaultTarget
from hivecheck.platforms.docker.docker_platform import PROCESSES, process_views
from hivecheck.platforms.platform import EngineControl, Node
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually

pytestmark = pytest.mark.docker

# A fixed amount of work, not of time: what a busy machine leaves to the node changes how long it takes, never how much it is.
BURN_SECONDS = 0.4
BURN = f"""
import pathlib, time

def throttled():
    told = next(path for path in map(pathlib.Path, ("/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat")) if path.exists()).read_text()
    return int(dict(line.split() for line in told.splitlines())["nr_throttled"])

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
    """How long BURN_SECONDS of computing took (seconds), and in how many periods the kernel held the node back meanwhile."""
    took_seconds, throttled = node.run(["python3", "-c", BURN]).output.split()
    return float(took_seconds), int(throttled)


def test_a_frozen_node_answers_nobody_and_does_again_when_thawed(stack: Stack) -> None:
    node = stack.nodes["orchestrator"]
    engine_of(node).freeze()
    assert not is_answering(node)
    assert node.is_running()
    engine_of(node).thaw()
    eventually(lambda: is_answering(node), within=5, what="it answers again")


def test_a_node_off_the_network_is_lost_to_its_peers_and_found_by_its_name_when_it_is_back(stack: Stack) -> None:
    hive, orchestrator = stack.nodes["hive-1"], stack.orchestrator
    engine_of(hive).disconnect()
    eventually(lambda: not orchestrator.is_ready(), within=10, what="the orchestrator has nobody to route to")
    assert not is_answering(hive)
    engine_of(hive).connect()
    eventually(orchestrator.is_ready, within=15, what="the orchestrator routes again")
    assert stack.nodes["orchestrator"].run(["python3", "-c", "import socket; socket.create_connection(('hive-1', 8000), 5)"]).exit_code == 0
    eventually(lambda: is_answering(hive), within=5, what="its published port answers at the old address")
    stack.heal()


def test_nodes_that_were_away_at_the_same_time_come_back_at_their_own_addresses_in_whatever_order(stack: Stack) -> None:
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
    eventually(stack.not_at_baseline, within=stack.timeouts.heal, what="the stack at its baseline", until=lambda odd: odd is None)


def test_a_node_squeezed_to_a_tenth_of_a_core_gets_no_more_than_that_and_all_of_it_back(stack: Stack) -> None:
    node = stack.nodes["registry"]
    engine_of(node).limit_cpu(0.1)
    took_seconds, throttled = burn(node)
    assert took_seconds > 0.5 * BURN_SECONDS / 0.1, "a tenth of a core takes ten times as long; half of it for what start-up used up"
    assert throttled > 10, "the kernel held it back in most of its periods"
    engine_of(node).restore_cpu()
    assert burn(node)[1] == 0, "nobody holds it back any more, however busy the machine is"


def test_the_kernel_holds_a_node_to_the_memory_it_was_left_with(stack: Stack) -> None:
    node = stack.nodes["registry"]
    engine_of(node).limit_memory(128 * 1024 * 1024)
    eater = node.run(["python3", "-c", "data = bytearray(300 * 1024 * 1024)"])
    engine_of(node).restore_memory()
    assert eater.exit_code == 137, f"expected: the eater killed by the kernel\nactual: {eater}"
    assert node.run(["python3", "-c", "data = bytearray(300 * 1024 * 1024)"]).exit_code == 0
    assert is_answering(node)


def test_usage_is_that_of_the_node(stack: Stack) -> None:
    node = stack.nodes["registry"]
    before = engine_of(node).usage()
    node.run(["python3", "-c", BURN])
    after = engine_of(node).usage()
    assert 5_000_000 < after.memory_bytes < 512 * 1024 * 1024
    assert after.cpu_seconds - before.cpu_seconds >= BURN_SECONDS * 0.9
    assert after.processes >= 2, "init and the service"


def test_the_engine_s_refusal_is_told_in_words(stack: Stack) -> None:
    with pytest.raises(ClientError, match="registry: the engine refuses unpause"):
        engine_of(stack.nodes["registry"]).thaw()


def test_the_kernel_shows_here_the_processes_that_a_command_in_the_node_sees(stack: Stack) -> None:
    node = stack.nodes["hive-1"]
    inside = [view for view in process_views(node.run(["sh", "-c", PROCESSES]).output) if view.pid != 1]
    here = node.processes()
    assert len(here) >= 3, "the hive and its workers"
    assert {replace(view, state="") for view in here} == {replace(view, state="") for view in inside}


class Hidden:
    """A node, or its engine, of which this machine's kernel shows nothing: what is asked must be asked inside."""

    def __init__(self, shown: Any) -> None:
        self._shown = shown

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)

    @property
    def engine(self) -> Any:
        return Hidden(self._shown.engine)

    def proc_of(self, pid: int) -> None:
        """Nowhere."""

    def control_file(self, *names: str) -> None:
        """None of them."""


@pytest.mark.parametrize(
    "words", ["a restart", "a lock on the database", "a file write limit of 0 bytes", "memory pressure at 95 %", "connection exhaustion"]
)
def test_where_the_kernel_shows_nothing_here_faults_bite_and_heal_all_the_same(stack: Stack, words: str) -> None:
    name = "hive-1" if "hoard" in words else "registry"
    fault_target, fault = replace(FaultTarget.named(name, stack), node=Hidden(stack.nodes[name])), FAULTS[words]()  # type: ignore[arg-type]
    fault.inject(fault_target)
    assert eventually(lambda: fault.effect(fault_target), within=5, what=f"{words} has an effect")
    fault.remove(fault_target)
    eventually(lambda: fault.remaining(fault_target), within=10, what="nothing left", until=lambda left: left is None)
    stack.heal()
