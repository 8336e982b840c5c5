"""Faults of packets bite, established connections included, hit nobody else, and are gone however their agent or its harness ends."""

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
from netagent_stage import DELAY_SECONDS, FLOOD, LEASE_SECONDS, TALK, is_connecting, of, rule, talk, verdicts

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

pytestmark = pytest.mark.docker

SIGMAS = 5


@pytest.fixture
def node(stack: Stack) -> Iterator[Node]:
    """The orchestrator, whose packets to and from hive-1 are at stake; nothing is left on it afterwards."""
    yield stack.nodes["orchestrator"]
    eventually(lambda: of(stack.nodes["orchestrator"]).left(), within=10, what="no side-car left", until=lambda left: left is None)
    stack.heal()


@contextmanager
def injector(folder: Path) -> Iterator[Injector]:
    history = History(folder / "history.jsonl")
    made = Injector(history, Timeouts())
    yield made
    made.heal_all()
    history.close()


def bitten(node: Node, name: str, by: Callable[[Counters], int]) -> Counters:
    return eventually(lambda: of(node).counters(name, ["hive-1"]), within=5, what="packets that the rule changed", until=by)


def test_a_partition_cuts_both_ways_and_nobody_else(stack: Stack, node: Node) -> None:
    name = of(node).apply(rule(stack, loss=1.0))
    bitten(node, name, lambda counted: counted.dropped)
    assert not is_connecting(node, "hive-1")
    assert not is_connecting(stack.nodes["hive-1"], "orchestrator")
    assert is_connecting(node, "registry", 5.0)
    assert stack.orchestrator.get("/health"), "the harness still reaches the node"
    of(node).remove(name)
    assert is_connecting(node, "hive-1", 10.0)


def test_a_partition_cuts_established_connections_too(stack: Stack, node: Node) -> None:
    # The connection is made first; its second and third call fall into the partition.
    program = TALK.replace(
        "    try:\n", "    if _ == 1: open('/tmp/ready', 'w').close()\n    while _ == 1 and not go(): time.sleep(0.02)\n    try:\n"
    )
    program = "import os\ngo = lambda: os.path.exists('/tmp/go')\n" + program
    node.run(["sh", "-c", "rm -f /tmp/ready /tmp/go"])
    node.run(
        [
            "sh",
            "-c",
            f"cat > /tmp/talk.py <<'END'\n{program}\nEND\n(python3 -I -S /tmp/talk.py 1.0 2 >/tmp/said 2>&1; echo end >>/tmp/said) &",
        ]
    )
    eventually(lambda: node.run(["test", "-e", "/tmp/ready"]).exit_code == 0, within=10, what="an established connection")
    name = of(node).apply(rule(stack, loss=1.0))
    node.run(["touch", "/tmp/go"])
    said = eventually(lambda: node.run(["cat", "/tmp/said"]).output.split(), within=20, what="its end", until=lambda said: "end" in said)
    assert float(said[0]) > 0
    assert said[1] == "TimeoutError"
    assert of(node).counters(name).payload_bytes > 0, "what was dropped belonged to a connection that was made before"
    of(node).remove(name)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_cut_of_one_way_drops_that_way_only(stack: Stack, node: Node, direction: str) -> None:
    """Only handshakes: of one way, either the request for a connection is lost, or the answer to it."""
    other = "out" if direction == "in" else "in"
    name = of(node).apply(rule(stack, loss=1.0, direction=direction))
    watcher = of(node).apply(rule(stack, direction=other))
    assert not is_connecting(node, "hive-1")
    assert bitten(node, name, lambda counted: counted.dropped).dropped
    passed = of(node).counters(watcher)
    assert passed.dropped == 0
    if direction == "in":
        assert passed.seen > 0, "what goes out does go out"
    of(node).remove(watcher)
    of(node).remove(name)


def test_a_third_of_the_packets_is_lost_and_calls_still_succeed(stack: Stack, node: Node) -> None:
    share = 0.3
    name = of(node).apply(rule(stack, loss=share, direction="in", seed="a third"))
    answers: list[str] = []
    while of(node).counters(name).seen < 200:
        answers += talk(node, seconds=60.0, times=10)
    counted = of(node).counters(name)
    of(node).remove(name)
    spread = SIGMAS * math.sqrt(counted.seen * share * (1 - share))
    assert abs(counted.dropped - share * counted.seen) < spread, counted.sentence()
    assert not [answer for answer in answers if answer.endswith("Error")], "retransmission makes up for it"


def test_a_delay_of_twice_50_ms_is_a_tenth_of_a_second_a_round_trip(stack: Stack, node: Node) -> None:
    """On a kept-alive connection a call is one round trip; the quickest of many is the one that a busy machine disturbed least."""
    calls = 40
    before = min(map(float, talk(node, times=calls)[1:]))
    name = of(node).apply(rule(stack, delay_seconds=DELAY_SECONDS))
    during = min(map(float, talk(node, times=calls)[1:]))
    counted = of(node).counters(name)
    of(node).remove(name)
    assert counted.delayed == counted.seen >= 2 * calls
    added, late = during - before, 2 * counted.lateness_p50_seconds
    assert 2 * DELAY_SECONDS * 0.9 <= added <= 2 * DELAY_SECONDS * 1.1 + late, (before, during, counted.sentence())


def test_a_fault_that_bites_its_own_counter_only_passes_for_neither_a_slow_way_nor_a_lossy_one(stack: Stack, node: Node) -> None:
    """A microsecond's delay is counted like any other, and nobody can tell."""
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


def test_an_agent_that_has_too_much_to_hold_says_so_and_what_was_seen_meanwhile_does_not_count(
    stack: Stack, node: Node, tmp_path: Path
) -> None:
    with injector(tmp_path) as injected:
        injected.known = {
            "an age to the hives": partial(PacketFault, "delayed", "", {"delay_seconds": 60.0, "direction": "out"}, ("hive",))
        }
        injected.inject("an age to the hives", "orchestrator", [FaultTarget.named("orchestrator", stack)])
        fault, fault_target = injected.injections[0].fault, injected.injections[0].fault_target
        assert "SATURATED" not in str(fault.effect(fault_target))
        sent = int(node.run(["python3", "-I", "-S", "-c", FLOOD]).output)
        within = 60  # an agent takes some 30,000 packets a second from the kernel where nobody else wants the processor
        eventually(
            lambda: fault.effect(fault_target), within=within, what=f"{sent} packets held", until=lambda told: "SATURATED" in str(told)
        )
        with pytest.raises(
            InconclusiveError, match=r"an age to the hives on orchestrator\nactual: the agent could not keep up .* SATURATED"
        ):
            injected.heal("orchestrator")
    assert float(talk(node)[0]) > 0, "what it held is on its way, and so is everything else"


def test_a_first_packet_that_is_lost_makes_a_connection_slow_not_impossible(stack: Stack, node: Node) -> None:
    name = of(node).apply(rule(stack, dropped_syns=1, direction="out"))
    assert float(talk(node)[0]) >= 0.9, "the kernel tries again after a second"
    assert of(node).counters(name).dropped == 1
    of(node).remove(name)


def test_a_reset_reaches_a_connection_in_use(stack: Stack, node: Node) -> None:
    name = of(node).apply(rule(stack, reset_after_bytes=0, direction="in"))
    assert talk(node) == ["ConnectionResetError"]
    assert of(node).counters(name).reset > 0
    of(node).remove(name)
    assert float(talk(node)[0]) > 0


def test_a_lease_ends_by_the_agent_s_own_clock(stack: Stack, node: Node) -> None:
    name = of(node).apply(Rule((of(stack.nodes["hive-1"]).address(),), duration_seconds=0.5, loss=1.0))
    eventually(lambda: name not in of(node).counters(name).rules, within=10, what="the rule is over")
    assert is_connecting(node, "hive-1", 10.0)
    of(node).remove(name)


def test_an_agent_that_is_killed_lets_packets_pass_and_its_chain_is_taken_away(stack: Stack, node: Node) -> None:
    name = of(node).apply(rule(stack, loss=1.0))
    bitten(node, name, lambda counted: counted.dropped)
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


def test_a_node_that_is_started_again_in_mid_fault_is_clean_and_can_be_struck_again(stack: Stack, node: Node) -> None:
    first = of(node).apply(rule(stack, loss=1.0))
    bitten(node, first, lambda counted: counted.dropped)
    node.kill()
    node.restart()
    eventually(lambda: stack.orchestrator.get("/health"), within=stack.timeouts.node_ready, what="it answers again")
    assert float(talk(node)[0]) > 0, "its new network has no rules"
    second = of(node).apply(rule(stack, loss=1.0))
    bitten(node, second, lambda counted: counted.dropped)
    of(node).remove(first)
    assert not is_connecting(node, "hive-1"), "what is over does not end what is not"
    of(node).remove(second)


def test_a_fault_strikes_is_seen_to_bite_and_heals(stack: Stack, node: Node, tmp_path: Path) -> None:
    with injector(tmp_path) as injected:
        injected.inject("a partition from the hives", "orchestrator", [FaultTarget.named("orchestrator", stack)])
        assert not is_connecting(node, "hive-1")
        injected.heal("orchestrator")
    told = {event.data["what"]: event.data for event in injected.history.events("fault", "orchestrator")}
    assert "NFQUEUE by iptables-" in told["injected"]["effect"]
    assert told["removed"]["stats"]["dropped"] > 0, "what it did in all is told at its end"
    assert "% of a core" in told["removed"]["stats"]["description"]
    assert is_connecting(node, "hive-1", 10.0)


def test_a_node_is_cut_off_from_everybody_who_is_there(stack: Stack, node: Node, tmp_path: Path) -> None:
    absent = stack.nodes["registry"]
    assert absent.engine is not None
    absent.engine.disconnect()
    with injector(tmp_path) as injected:
        injected.inject("a partition from all nodes", "orchestrator", [FaultTarget.named("orchestrator", stack)])
        assert not is_connecting(node, "hive-1")
        injected.heal("orchestrator")
    absent.engine.connect()
    assert is_connecting(node, "hive-1", 10.0) and is_connecting(node, "registry", 10.0)


@pytest.mark.parametrize("words", ["a partition from the workers", "a reset after 4096 bytes to the workers"])
def test_a_fault_aimed_at_nobody_does_not_count(stack: Stack, node: Node, tmp_path: Path, words: str) -> None:
    """The small stack has no workers of their own: nobody is there to be cut off from."""
    with injector(tmp_path) as injected, pytest.raises(InconclusiveError, match="had no effect"):
        injected.inject(words, "orchestrator", [FaultTarget.named("orchestrator", stack)])
    assert is_connecting(node, "hive-1", 10.0)


def test_a_rule_about_a_wrong_address_changes_nothing(stack: Stack, node: Node) -> None:
    name = of(node).apply(Rule(("192.0.2.1",), LEASE_SECONDS, loss=1.0))
    assert is_connecting(node, "hive-1", 10.0)
    assert of(node).counters(name, ["hive-1"]).dropped == 0
    of(node).remove(name)


@pytest.mark.parametrize("words", [words for words in FAULTS if words.endswith("the hives")])
def test_every_change_of_packets_bites_and_heals(stack: Stack, node: Node, words: str) -> None:
    """What needs more than a handshake to bite on is given something to cut: some 70 bytes a call."""
    fault_target, fault = FaultTarget.named("orchestrator", stack), FAULTS[words]()
    with ThreadPoolExecutor(1) as pool:
        fault.inject(fault_target)
        if "bytes" in words:
            pool.submit(talk, node, 30.0, 100)
        effect = eventually(lambda: fault.effect(fault_target), within=5, what=f"{words} has an effect")
    fault.remove(fault_target)
    eventually(lambda: fault.remaining(fault_target), within=10, what="nothing left", until=lambda left: left is None)
    assert effect
    assert is_connecting(node, "hive-1", 10.0)


HARNESS = """
import sys
from hivecheck.netagent.rule import Rule
from hivecheck.platforms.docker.packets import DockerPackets
from hivecheck.platforms import docker_engine
from hivecheck.platforms.platform import Node
packets = DockerPackets(docker_engine.connect().api, sys.argv[1], "orchestrator")
packets.apply(Rule((sys.argv[2],), 120.0, loss=1.0))
print("injected", flush=True)
sys.stdin.read()
"""


def test_a_harness_that_is_killed_leaves_no_rule(stack: Stack, node: Node) -> None:
    client = engine.connect()
    found = engine.containers(client, stack.platform.run_id, stack.name)
    container = next(item["Id"] for item in found if item["Labels"][engine.NODE] == "orchestrator")
    command = [sys.executable, "-c", HARNESS, container, of(stack.nodes["hive-1"]).address()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == "struck\n"
        assert not is_connecting(node, "hive-1")
        harness.send_signal(signal.SIGKILL)
    within = Timeouts().clean_up
    eventually(lambda: is_connecting(node, "hive-1"), within=within, what="packets pass again")
    eventually(lambda: not sidecars(client, stack), within=within, what="no side-car")
    client.close()
