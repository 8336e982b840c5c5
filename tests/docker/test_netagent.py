"""Packet faults affect their peers only, established connections included. They end however the netagent or the harness ends."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from netagent_stage import DELAY_SECONDS, DURATION_SECONDS, FLOOD, TALK, is_connecting, of, rule, talk, verdicts

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.network.packets import PacketFault
from hivecheck.history import History
from hivecheck.netagent.rule import Counters, Rule
from hivecheck.platforms.docker import engine
from hivecheck.platforms.platform import Node
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Answer
from hivecheck.waiting import eventually
from hivecheck.world.faults import epoch_of

pytestmark = pytest.mark.docker

SIGMAS = 5


@pytest.fixture
def node(stack: Stack) -> Iterator[Node]:
    """The orchestrator. Its packets to and from hive-1 change; no rule is left afterwards."""
    yield stack.nodes["orchestrator"]
    eventually(lambda: of(stack.nodes["orchestrator"]).left(), within=10, what="no side-car left", until=lambda left: left is None)
    stack.heal()


@contextmanager
def injector(folder: Path) -> Iterator[Injector]:
    history = History(folder / "history.jsonl")
    made = Injector(history, Timeouts(), epoch_of)
    yield made
    made.heal_all()
    history.close()


def changed(node: Node, name: str, by: Callable[[Counters], int]) -> Counters:
    return eventually(lambda: of(node).counters(name, ["hive-1"]), within=5, what="packets that the rule changed", until=by)


def test_partition(stack: Stack, node: Node) -> None:
    """A partition drops both directions to its peers and nothing else."""
    name = of(node).apply(rule(stack, loss=1.0))
    changed(node, name, lambda counted: counted.dropped)
    assert not is_connecting(node, "hive-1")
    assert not is_connecting(stack.nodes["hive-1"], "orchestrator")
    assert is_connecting(node, "registry", 5.0)
    assert stack.orchestrator.get("/health"), "the harness still reaches the node"
    of(node).remove(name)
    assert is_connecting(node, "hive-1", 10.0)


def test_partition_of_established_connection(stack: Stack, node: Node) -> None:
    """A partition drops packets of established connections, too."""
    # The connection is established first; its second and third request fall into the partition.
    program = TALK.replace(
        "    try:\n", "    if _ == 1: open('/tmp/ready', 'w').close()\n    while _ == 1 and not go(): time.sleep(0.02)\n    try:\n"
    )
    program = "import os\ngo = lambda: os.path.exists('/tmp/go')\n" + program
    node.run(["sh", "-c", "rm -f /tmp/ready /tmp/go"])
    node.run(
        [
            "sh",
            "-c",
            f"cat > /tmp/talk.py <<'END'\n{program}\nEND\n(python3 -I -S /tmp/talk.py 1.0 2 >/tmp/output 2>&1; echo end >>/tmp/output) &",
        ]
    )
    eventually(lambda: node.run(["test", "-e", "/tmp/ready"]).exit_code == 0, within=10, what="an established connection")
    name = of(node).apply(rule(stack, loss=1.0))
    node.run(["touch", "/tmp/go"])
    output = eventually(
        lambda: node.run(["cat", "/tmp/output"]).output.split(), within=20, what="its end", until=lambda words: "end" in words
    )
    assert float(output[0]) > 0
    assert output[1] == "TimeoutError"
    assert of(node).counters(name).payload_bytes > 0, "the dropped packets belong to the established connection"
    of(node).remove(name)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_one_way_loss(stack: Stack, node: Node, direction: str) -> None:
    """Loss in one direction leaves the other direction unchanged. Handshakes suffice: the request or its answer is lost."""
    other = "out" if direction == "in" else "in"
    name = of(node).apply(rule(stack, loss=1.0, direction=direction))
    watcher = of(node).apply(rule(stack, direction=other))
    assert not is_connecting(node, "hive-1")
    assert changed(node, name, lambda counted: counted.dropped).dropped
    passed = of(node).counters(watcher)
    assert passed.dropped == 0
    if direction == "in":
        assert passed.matched > 0, "packets in the other direction pass"
    of(node).remove(watcher)
    of(node).remove(name)


def test_random_loss(stack: Stack, node: Node) -> None:
    """Random loss drops its share, and requests succeed by retransmission."""
    share = 0.3
    name = of(node).apply(rule(stack, loss=share, direction="in", seed="a third"))
    answers: list[str] = []
    while of(node).counters(name).matched < 200:
        answers += talk(node, seconds=60.0, times=10)
    counted = of(node).counters(name)
    of(node).remove(name)
    spread = SIGMAS * math.sqrt(counted.matched * share * (1 - share))
    assert abs(counted.dropped - share * counted.matched) < spread, counted.sentence()
    assert not [answer for answer in answers if answer.endswith("Error")], "retransmission repairs the loss"


def test_delay(stack: Stack, node: Node) -> None:
    """A delay of 50 ms in each direction adds 100 ms to a round trip."""
    calls = 40
    before = min(map(float, talk(node, times=calls)[1:]))
    name = of(node).apply(rule(stack, delay_seconds=DELAY_SECONDS))
    during = min(map(float, talk(node, times=calls)[1:]))
    counted = of(node).counters(name)
    of(node).remove(name)
    assert counted.delayed == counted.matched >= 2 * calls
    added, late = during - before, 2 * counted.lateness_p50_seconds
    assert 2 * DELAY_SECONDS * 0.9 <= added <= 2 * DELAY_SECONDS * 1.1 + late, (before, during, counted.sentence())


def test_effect_on_counter_only(stack: Stack, node: Node) -> None:
    """A delay of a microsecond is counted, and passes neither for latency nor for loss."""
    calls = 40
    usual = talk(node, times=calls)[1:]
    name = of(node).apply(rule(stack, delay_seconds=1e-6))
    same = talk(node, times=calls)[1:]
    counted = of(node).remove(name)
    assert counted is not None
    assert counted.delayed >= 2 * calls
    assert [verdict.answer for verdict in verdicts(usual, same, counted)] == [Answer.FAILED] * 2
    name = of(node).apply(rule(stack, delay_seconds=DELAY_SECONDS, loss=0.2))
    held_up = talk(node, seconds=60.0, times=calls)[1:]
    assert [verdict.answer for verdict in verdicts(usual, held_up, of(node).remove(name))] == [Answer.PASSED] * 2


def test_saturation(stack: Stack, node: Node, tmp_path: Path) -> None:
    """A saturated netagent makes the fault inconclusive."""
    with injector(tmp_path) as injected:
        injected.known = {
            "a minute to the hives": partial(PacketFault, "delayed", "", {"delay_seconds": 60.0, "direction": "out"}, ("hive",))
        }
        injected.inject("a minute to the hives", "orchestrator", [FaultTarget.named("orchestrator", stack)])
        fault, fault_target = injected.injections[0].fault, injected.injections[0].fault_target
        assert "SATURATED" not in str(fault.effect(fault_target))
        sent = int(node.run(["python3", "-I", "-S", "-c", FLOOD]).output)
        within = 60  # a netagent takes some 30,000 packets a second from the kernel on an idle machine
        eventually(
            lambda: fault.effect(fault_target), within=within, what=f"{sent} packets held", until=lambda effect: "SATURATED" in str(effect)
        )
        with pytest.raises(
            InconclusiveError,
            match=r"a minute to the hives on orchestrator\nactual: the netagent could not process all packets in time: .* SATURATED",
        ):
            injected.heal("orchestrator")
    assert float(talk(node)[0]) > 0, "the held packets and all others pass"


def test_syn_loss(stack: Stack, node: Node) -> None:
    """A lost SYN makes a connection slow, not impossible."""
    name = of(node).apply(rule(stack, dropped_syns=1, direction="out"))
    assert float(talk(node)[0]) >= 0.9, "the kernel retries after a second"
    assert of(node).counters(name).dropped == 1
    of(node).remove(name)


def test_reset(stack: Stack, node: Node) -> None:
    """A reset reaches a connection in use."""
    name = of(node).apply(rule(stack, reset_after_bytes=0, direction="in"))
    assert talk(node) == ["ConnectionResetError"]
    assert of(node).counters(name).reset > 0
    of(node).remove(name)
    assert float(talk(node)[0]) > 0


def test_duration(stack: Stack, node: Node) -> None:
    """A rule ends by the netagent's own clock."""
    name = of(node).apply(Rule((of(stack.nodes["hive-1"]).address(),), duration_seconds=0.5, loss=1.0))
    eventually(lambda: name not in of(node).counters(name).rules, within=10, what="the rule is over")
    assert is_connecting(node, "hive-1", 10.0)
    of(node).remove(name)


def test_killed_agent(stack: Stack, node: Node) -> None:
    """After the netagent is killed packets pass, and its side-car is removed."""
    name = of(node).apply(rule(stack, loss=1.0))
    changed(node, name, lambda counted: counted.dropped)
    client = engine.connect()
    client.api.kill(next(item["Id"] for item in sidecars(client, stack)), "SIGKILL")
    eventually(lambda: not sidecars(client, stack), within=10, what="no side-car")
    client.close()
    assert float(talk(node)[0]) > 0, "traffic flows again"
    with pytest.raises(ClientError):
        of(node).counters(name)
    of(node).remove(name)


def sidecars(client: object, stack: Stack) -> list[dict[str, object]]:
    found = engine.containers(client, stack.platform.run_id, stack.name, running_only=True)  # type: ignore[arg-type]
    return [item for item in found if item["Labels"][engine.NODE].startswith("netagent")]


def test_restarted_node(stack: Stack, node: Node) -> None:
    """A restarted node has no rules and accepts new ones."""
    first = of(node).apply(rule(stack, loss=1.0))
    changed(node, first, lambda counted: counted.dropped)
    node.kill()
    node.restart()
    eventually(lambda: stack.orchestrator.get("/health"), within=stack.timeouts.node_ready, what="it answers again")
    assert float(talk(node)[0]) > 0, "its new network has no rules"
    second = of(node).apply(rule(stack, loss=1.0))
    changed(node, second, lambda counted: counted.dropped)
    of(node).remove(first)
    assert not is_connecting(node, "hive-1"), "the removal of the old rule leaves the new one active"
    of(node).remove(second)


def test_injection(stack: Stack, node: Node, tmp_path: Path) -> None:
    """An injected packet fault has an effect, is removed, and its totals are in history."""
    with injector(tmp_path) as injected:
        injected.inject("a partition from the hives", "orchestrator", [FaultTarget.named("orchestrator", stack)])
        assert not is_connecting(node, "hive-1")
        injected.heal("orchestrator")
    events = {event.data["what"]: event.data for event in injected.history.events("fault", "orchestrator")}
    assert "NFQUEUE by iptables-" in events["injected"]["effect"]
    assert events["removed"]["stats"]["dropped"] > 0, "the totals are in history at the end"
    assert "% of a core" in events["removed"]["stats"]["description"]
    assert is_connecting(node, "hive-1", 10.0)


def test_absent_peer(stack: Stack, node: Node, tmp_path: Path) -> None:
    """A partition from all nodes leaves out a disconnected peer."""
    absent = stack.nodes["registry"]
    assert absent.engine is not None
    absent.engine.disconnect()
    with injector(tmp_path) as injected:
        injected.inject("a partition from all nodes", "orchestrator", [FaultTarget.named("orchestrator", stack)])
        assert not is_connecting(node, "hive-1")
        injected.heal("orchestrator")
    absent.engine.connect()
    assert is_connecting(node, "hive-1", 10.0) and is_connecting(node, "registry", 10.0)


@pytest.mark.parametrize("fault_name", ["a partition from the workers", "a reset after 4096 bytes to the workers"])
def test_no_peers(stack: Stack, node: Node, tmp_path: Path, fault_name: str) -> None:
    """A packet fault without peers is inconclusive: in this topology no worker is a node."""
    with injector(tmp_path) as injected, pytest.raises(InconclusiveError, match="had no effect"):
        injected.inject(fault_name, "orchestrator", [FaultTarget.named("orchestrator", stack)])
    assert is_connecting(node, "hive-1", 10.0)


def test_wrong_address(stack: Stack, node: Node) -> None:
    """A rule about another address changes nothing."""
    name = of(node).apply(Rule(("192.0.2.1",), DURATION_SECONDS, loss=1.0))
    assert is_connecting(node, "hive-1", 10.0)
    assert of(node).counters(name, ["hive-1"]).dropped == 0
    of(node).remove(name)


@pytest.mark.parametrize("fault_name", [fault_name for fault_name in FAULTS if fault_name.endswith("the hives")])
def test_every_change(stack: Stack, node: Node, fault_name: str) -> None:
    """Each packet fault has an effect and is removed. Byte limits need some 70 bytes a request."""
    fault_target, fault = FaultTarget.named("orchestrator", stack), FAULTS[fault_name]()
    with ThreadPoolExecutor(1) as pool:
        fault.inject(fault_target)
        if "bytes" in fault_name:
            pool.submit(talk, node, 30.0, 100)
        effect = eventually(lambda: fault.effect(fault_target), within=5, what=f"{fault_name} has an effect")
    fault.remove(fault_target)
    eventually(lambda: fault.remaining(fault_target), within=10, what="nothing left", until=lambda left: left is None)
    assert effect
    assert is_connecting(node, "hive-1", 10.0)


HARNESS = """
import sys
from hivecheck.netagent.rule import Rule
from hivecheck.platforms.docker.packets import DockerPackets
from hivecheck.platforms.docker import engine
from hivecheck.platforms.platform import Node
packets = DockerPackets(engine.connect().api, sys.argv[1], "orchestrator")
packets.apply(Rule((sys.argv[2],), 120.0, loss=1.0))
print("injected", flush=True)
sys.stdin.read()
"""


def test_killed_harness(stack: Stack, node: Node) -> None:
    """A killed harness leaves no rule."""
    client = engine.connect()
    found = engine.containers(client, stack.platform.run_id, stack.name)
    container = next(item["Id"] for item in found if item["Labels"][engine.NODE] == "orchestrator")
    command = [sys.executable, "-c", HARNESS, container, of(stack.nodes["hive-1"]).address()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == "injected\n"
        assert not is_connecting(node, "hive-1")
        harness.send_signal(signal.SIGKILL)
    within = Timeouts().clean_up
    eventually(lambda: is_connecting(node, "hive-1"), within=within, what="packets pass again")
    eventually(lambda: not sidecars(client, stack), within=within, what="no side-car")
    client.close()
