"""A stack from up to down, on every platform."""

from __future__ import annotations

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


def test_a_stack_that_is_up_is_at_its_baseline_and_says_how_long_it_took(stack: Stack) -> None:
    assert stack.not_at_baseline() is None
    assert 0 < stack.ready_seconds < stack.timeouts.stack_ready
    assert list(stack.urls()) == ["registry", "orchestrator", "hive-1"]


def test_every_process_of_the_stack_is_a_node_s_and_its_service_comes_first(stack: Stack) -> None:
    hive = stack.nodes["hive-1"].processes()
    assert "services.hive" in hive[0].command
    assert sum("services.worker" in process.command for process in hive) == 2


def test_a_worker_is_found_with_its_node_and_process(stack: Stack) -> None:
    node, pid = stack.node_of("worker-1")
    assert node is stack.nodes["hive-1"]
    assert pid in [process.pid for process in node.processes()]
    assert stack.hive_of("worker-1") is stack.hives["hive-1"]


def test_a_worker_nobody_knows_is_not_found(stack: Stack) -> None:
    with pytest.raises(ClientError, match="worker-9"):
        stack.node_of("worker-9")
    with pytest.raises(ClientError, match="worker-9"):
        stack.hive_of("worker-9")


def test_a_killed_worker_is_seen_and_healed(stack: Stack) -> None:
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


def test_a_paused_worker_is_resumed_by_healing(stack: Stack) -> None:
    node, pid = stack.node_of("worker-2")
    node.signal(signal.SIGSTOP, pid)
    stack.heal()
    assert {process.state for process in node.processes()} <= set("SRD")


def test_a_stopped_node_is_named_and_started_again_by_healing(stack: Stack) -> None:
    stack.nodes["orchestrator"].kill()
    assert stack.not_at_baseline() == "not running: orchestrator"
    stack.heal()


def test_a_worker_that_was_added_is_removed_by_healing(stack: Stack) -> None:
    stack.hives["hive-1"].start_worker("worker-7", ["model-a"])
    eventually(lambda: "worker-7" in stack.orchestrator.workers(), within=stack.timeouts.restart, what="worker-7 is routed to")
    stack.heal()
    assert sorted(stack.hives["hive-1"].workers()) == ["worker-1", "worker-2"]


def test_a_node_that_joined_is_dismissed_by_healing(stack: Stack) -> None:
    stack.platform.reserve(stack.name, "registry-2")
    guest = stack.platform.start(stack.name, NodeSpec("registry-2", "registry", {"token": stack.secrets.token}))
    stack.nodes["registry-2"] = guest
    eventually(guest.log_lines, within=stack.timeouts.node_ready, what="the guest started")
    stack.heal()
    assert "registry-2" not in stack.nodes
    assert not guest.is_running()


def test_a_stack_that_cannot_be_healed_says_what_it_lacks(stack: Stack) -> None:
    impatient = Stack(stack.name, changed("hive-1", workers=[{"id": "worker-8", "models": ["model-a"]}]), stack.platform, Timeouts())
    impatient.nodes, impatient.clients = stack.nodes, stack.clients
    impatient.timeouts = Timeouts().scaled(0.01)
    with pytest.raises(HealError, match="worker-8"):
        impatient.heal()
    stack.hives["hive-1"].start_worker("worker-1", ["model-a"])
    stack.hives["hive-1"].start_worker("worker-2", ["model-a"])
    stack.heal()


def test_a_node_that_dies_is_named_with_its_last_words_and_nothing_is_left(platform: Platform) -> None:
    bad = Stack("bad-1", changed("hive-1", probe_interval_seconds=-4), platform, Timeouts())
    with pytest.raises(NodeDiedError) as caught:
        bad.up()
    assert "hive-1 ended with code 2" in str(caught.value)
    assert "last log lines:" in str(caught.value)
    assert "hive-1:   probe_interval_seconds = -4" in str(caught.value)
    assert platform.leftovers("bad-1") == []


def test_a_stack_that_is_not_ready_in_time_says_what_it_lacks_and_nothing_is_left(platform: Platform) -> None:
    slow = Stack("slow-1", SMALL, platform, Timeouts(stack_ready=0.05))
    with pytest.raises(SetupError, match=r"expected: stack slow-1 ready, within 0\.05 s") as caught:
        slow.up()
    assert not isinstance(caught.value, NodeDiedError)
    assert platform.leftovers("slow-1") == []


def test_a_pooled_stack_is_shared_stands_beside_another_and_goes_down_without_a_trace(stack: Stack, platform: Platform) -> None:
    told: list[str] = []
    pool = StackPool(platform, Timeouts(), lambda item: told.append(f"starting {item.name}"), lambda item: told.append("ready"))
    second = pool.shared("cascade_shutdown")
    assert pool.shared("cascade_shutdown") is second
    assert (pool.all(), pool.is_own(second), told) == ([second], False, ["starting cascade_shutdown-1", "ready"])
    assert not set(second.urls().values()) & set(stack.urls().values())
    assert not set(second.secrets.all()) & set(stack.secrets.all())
    assert pool.down(second) == []
    assert (pool.all(), platform.leftovers(second.name)) == ([], [])
    for url in second.urls().values():
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)


def test_what_outlives_an_orderly_stop_is_named_and_removed(platform: Platform) -> None:
    lone = Topology("lone", "A registry alone.", (NodeDeclaration("registry", "registry"),))
    stack = Stack("lone-1", lone, platform, Timeouts())
    platform.reserve("lone-1", "registry")
    node = platform.start("lone-1", NodeSpec("registry", "registry", {"token": "ct-x"}))
    eventually(node.log_lines, within=stack.timeouts.node_ready, what="it started")  # and it is no node of the stack's
    (left,) = stack.down()
    assert "lone-1/registry" in left
    assert platform.leftovers("lone-1") == []
