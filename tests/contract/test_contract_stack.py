"""A stack from up to down, on every platform."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests

from hivecheck.errors import ClientError, HealError, NodeDiedError, SetupError
from hivecheck.platforms.platform import NodeSpec, Platform
from hivecheck.stack.pool import StackPool
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.topologies.topology import NodeDeclaration, Topology
from hivecheck.waiting import eventually

SMALL = topology.load("small")


@pytest.fixture(scope="module")
def stack(small_stack: Stack) -> Stack:
    return small_stack


@pytest.fixture(autouse=True)
def _is_left_at_its_baseline(stack: Stack) -> Iterator[None]:
    yield
    assert stack.not_at_baseline() is None


def changed(node: str, **settings: Any) -> Topology:
    """The small topology, one node of which has other settings."""
    nodes = [msgspec.structs.replace(item, settings=item.settings | settings) if item.name == node else item for item in SMALL.nodes]
    return msgspec.structs.replace(SMALL, nodes=tuple(nodes))


def test_up_reaches_baseline(stack: Stack) -> None:
    """A started stack is at its baseline and reports its start time."""
    assert stack.not_at_baseline() is None
    assert 0 < stack.ready_seconds < stack.timeouts.stack_ready
    assert list(stack.urls()) == ["registry", "orchestrator", "hive-1"]


def test_processes_belong_to_nodes(stack: Stack) -> None:
    """Every process of the stack belongs to a node, the service first."""
    hive = stack.nodes["hive-1"].processes()
    assert "services.hive" in hive[0].command
    assert sum("services.worker" in process.command for process in hive) == 2


def test_node_of_worker(stack: Stack) -> None:
    """A worker is found with its node and process."""
    node, pid = stack.node_of("worker-1")
    assert node is stack.nodes["hive-1"]
    assert pid in [process.pid for process in node.processes()]
    assert stack.hive_of("worker-1") is stack.hives["hive-1"]


def test_unknown_worker(stack: Stack) -> None:
    """An unknown worker is not found."""
    with pytest.raises(ClientError, match="worker-9"):
        stack.node_of("worker-9")
    with pytest.raises(ClientError, match="worker-9"):
        stack.hive_of("worker-9")


def test_heal_after_worker_kill(stack: Stack) -> None:
    """A killed worker is a difference from the baseline, and healing waits for its restart."""
    node, pid = stack.node_of("worker-1")
    node.signal(signal.SIGKILL, pid)
    eventually(stack.not_at_baseline, within=stack.timeouts.worker_detection, what="the death is seen")
    stack.heal()
    assert stack.node_of("worker-1")[1] != pid


def test_heal_waits_for_ejected_worker(stack: Stack) -> None:
    """Healing waits until the gateway routes to an ejected worker again, because the next scenario needs all workers."""
    headers = {"Authorization": f"Bearer {stack.secrets.keys['tester']}", "X-Simulate": "at=worker-1;fault=reset"}
    chat = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}
    url = f"{stack.orchestrator.url}/v1/chat/completions"

    def difference_after_a_chat() -> str | None:
        assert requests.post(url, json=chat, headers=headers, timeout=10).status_code == 200
        return stack.not_at_baseline()

    assert "ejected worker-1" in (eventually(difference_after_a_chat, within=10, what="worker-1 got one of them") or "")
    stack.heal()


def test_heal_closes_circuits(stack: Stack) -> None:
    """Healing closes the circuits of a scenario, because nothing else probes a worker before the next scenario needs it."""
    headers = {"Authorization": f"Bearer {stack.secrets.keys['tester']}", "X-Simulate": "fault=status:500"}
    chat = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}

    def open_circuits_after_a_chat() -> set[str]:
        requests.post(f"{stack.orchestrator.url}/v1/chat/completions", json=chat, headers=headers, timeout=10)
        return {name for name, worker in stack.orchestrator.workers().items() if worker["circuit"] != "closed"}

    eventually(open_circuits_after_a_chat, within=10, what="a circuit is open")
    stack.heal()
    assert {worker["circuit"] for worker in stack.orchestrator.workers().values()} == {"closed"}


def test_heal_resumes_worker(stack: Stack) -> None:
    """Healing resumes a paused worker."""
    node, pid = stack.node_of("worker-2")
    node.signal(signal.SIGSTOP, pid)
    stack.heal()
    assert {process.state for process in node.processes()} <= set("SRD")


def test_heal_restarts_node(stack: Stack) -> None:
    """A stopped node is named, and healing starts it again."""
    stack.nodes["orchestrator"].kill()
    assert stack.not_at_baseline() == "not running: orchestrator"
    stack.heal()


def test_heal_removes_added_worker(stack: Stack) -> None:
    """Healing removes an added worker."""
    stack.hives["hive-1"].start_worker("worker-7", ["model-a"])
    eventually(lambda: "worker-7" in stack.orchestrator.workers(), within=stack.timeouts.restart, what="worker-7 is routed to")
    stack.heal()
    assert sorted(stack.hives["hive-1"].workers()) == ["worker-1", "worker-2"]


def test_heal_removes_joined_node(stack: Stack) -> None:
    """Healing stops a node that joined."""
    stack.platform.reserve(stack.name, "registry-2")
    extra = stack.platform.start(stack.name, NodeSpec("registry-2", "registry", {"token": stack.secrets.token}))
    stack.nodes["registry-2"] = extra
    eventually(extra.log_lines, within=stack.timeouts.node_ready, what="the guest started")
    stack.heal()
    assert "registry-2" not in stack.nodes
    assert not extra.is_running()


def test_heal_removes_offline_entry(stack: Stack) -> None:
    """Healing removes the entry of a service that died, because it would keep the gateway degraded for the removal time."""
    ghost = {"id": "hive-9", "kind": "hive", "url": "http://127.0.0.1:9", "epoch": 1}
    assert stack.registry.register(ghost).status == 201
    eventually(lambda: stack.registry.services(status="offline"), within=stack.timeouts.lease_expiry, what="hive-9 is offline")
    assert "hive-9" in (stack.not_at_baseline() or "")
    stack.heal()
    assert stack.orchestrator.health()["status"] == "healthy"


def test_heal_failure_names_cause(stack: Stack) -> None:
    """A failed healing names what is missing."""
    impatient = Stack(stack.name, changed("hive-1", workers=[{"id": "worker-8", "models": ["model-a"]}]), stack.platform, Timeouts())
    impatient.nodes, impatient.clients = stack.nodes, stack.clients
    impatient.timeouts = Timeouts().scaled(0.01)
    with pytest.raises(HealError, match="worker-8"):
        impatient.heal()
    stack.hives["hive-1"].start_worker("worker-1", ["model-a"])
    stack.hives["hive-1"].start_worker("worker-2", ["model-a"])
    stack.heal()


def test_dead_node_is_named(platform: Platform) -> None:
    """A node that exits at the start is named with its last log lines, and nothing is left."""
    bad = Stack("bad-1", changed("hive-1", probe_interval_seconds=-4), platform, Timeouts())
    with pytest.raises(NodeDiedError) as caught:
        bad.up()
    assert "hive-1 ended with code 2" in str(caught.value)
    assert "last log lines:" in str(caught.value)
    assert "hive-1:   probe_interval_seconds = -4" in str(caught.value)
    assert platform.leftovers("bad-1") == []


def test_slow_stack_is_named(platform: Platform) -> None:
    """A stack that is not ready in time names what is missing, and nothing is left."""
    slow = Stack("slow-1", SMALL, platform, Timeouts(stack_ready=0.05))
    with pytest.raises(SetupError, match=r"expected: stack slow-1 ready, within 0\.05 s") as caught:
        slow.up()
    assert not isinstance(caught.value, NodeDiedError)
    assert platform.leftovers("slow-1") == []


def test_pool_shares_stack(stack: Stack, platform: Platform) -> None:
    """The pool shares a stack of one topology, beside another one, and leaves nothing."""
    messages: list[str] = []
    pool = StackPool(
        platform,
        Timeouts(),
        lambda item: messages.append(f"starting {item.name}"),
        lambda item: messages.append("ready"),
        None,
        itertools.count(1),
    )
    second = pool.shared("cascade_shutdown")
    assert pool.shared("cascade_shutdown") is second
    assert (pool.all(), pool.is_own(second), messages) == ([second], False, ["starting cascade_shutdown-1", "ready"])
    assert not set(second.urls().values()) & set(stack.urls().values())
    assert not set(second.secrets.all()) & set(stack.secrets.all())
    assert pool.down(second) == []
    assert (pool.all(), platform.leftovers(second.name)) == ([], [])
    for url in second.urls().values():
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)


def test_leftover_is_named(platform: Platform) -> None:
    """A process that outlives its stop is named and removed."""
    lone = Topology("lone", "A registry alone.", (NodeDeclaration("registry", "registry"),))
    stack = Stack("lone-1", lone, platform, Timeouts())
    platform.reserve("lone-1", "registry")
    node = platform.start("lone-1", NodeSpec("registry", "registry", {"token": "ct-x"}))
    eventually(node.log_lines, within=stack.timeouts.node_ready, what="it started")  # and it is no node of the stack's
    (left,) = stack.down()
    assert "lone-1/registry" in left
    assert platform.leftovers("lone-1") == []


@pytest.mark.parametrize("moment", ["starting", "ready"])
def test_interrupted_pool_knows_stack(platform: Platform, moment: str) -> None:
    """An interruption at any moment of a start leaves a stack that the pool can take down."""

    def announce(at: str) -> None:
        if at == moment:
            raise KeyboardInterrupt

    pool = StackPool(platform, Timeouts(), lambda _: announce("starting"), lambda _: announce("ready"), None, itertools.count(31))
    with pytest.raises(KeyboardInterrupt):
        pool.own("small")
    (interrupted,) = pool.all()
    assert pool.down(interrupted) == []
    assert (pool.all(), platform.leftovers(interrupted.name)) == ([], [])
