"""What every platform must keep, with the real registry as its node. A new platform is a row in PLATFORMS and no edit here."""

from __future__ import annotations

import itertools
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from hivecheck.clients.registry import RegistryClient
from hivecheck.errors import ClientError, SetupError
from hivecheck.platforms import PLATFORMS
from hivecheck.platforms.platform import Node, NodeSpec, Platform
from hivecheck.tags import CAPABILITIES
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

TOKEN = "ct-contract"
NUMBERS = itertools.count(1)
WITHIN = Timeouts().node_ready

Start = Callable[..., Node]


@pytest.fixture
def stack(platform: Platform) -> Iterator[str]:
    """The name of a stack of the test's own; whatever runs in it is removed."""
    name = f"stack-{next(NUMBERS)}"
    yield name
    platform.sweep(name)
    platform.release(name)


@pytest.fixture
def start(platform: Platform, stack: str) -> Start:
    """Start a registry and wait until it answers."""

    def begin(name: str = "registry", *overrides: str, is_awaited: bool = True, **settings: object) -> Node:
        platform.reserve(stack, name)
        node = platform.start(stack, NodeSpec(name, "registry", {"token": TOKEN} | settings, overrides))
        if is_awaited:
            await_answer(node)
        return node

    return begin


@pytest.fixture(scope="module")
def registry(platform: Platform) -> Iterator[Node]:
    """One registry for the tests that only look."""
    platform.reserve("shared", "registry")
    node = platform.start("shared", NodeSpec("registry", "registry", {"token": TOKEN}))
    await_answer(node)
    yield node
    platform.sweep("shared")
    platform.release("shared")


@pytest.fixture(scope="module")
def killed(platform: Platform) -> Iterator[Node]:
    """One registry that was at work when it was killed."""
    platform.reserve("dead", "registry")
    node = platform.start("dead", NodeSpec("registry", "registry", {"token": TOKEN}))
    await_answer(node)
    node.kill()
    yield node
    platform.release("dead")


def await_answer(node: Node) -> None:
    client = RegistryClient(node.url, TOKEN)
    eventually(lambda: client.get("/health"), within=WITHIN, what=f"{node.name} answers", gone=lambda: last_words(node))
    client.close()


def await_end(node: Node) -> None:
    eventually(lambda: not node.is_running(), within=WITHIN, what=f"{node.name} ended")


def last_words(node: Node) -> str | None:
    return None if node.is_running() else f"{node.name} ended with {node.exit_code()}: {node.log_lines()[-3:]}"


def register(node: Node, identifier: str) -> None:
    body = {"id": identifier, "kind": "worker", "url": "http://127.0.0.1:9", "epoch": 1, "models": ["model-a"]}
    requests.post(f"{node.url}/services", json=body, headers={"X-Cluster-Token": TOKEN}, timeout=5).raise_for_status()


def test_it_is_called_as_its_row_in_the_table(platform: Platform) -> None:
    assert platform.name in PLATFORMS
    assert platform.run_id


@pytest.mark.parametrize("placement", ["node", "managed"])
def test_its_powers_are_powers_that_a_tag_can_require(platform: Platform, placement: str) -> None:
    assert platform.capabilities(placement) <= set(CAPABILITIES)


def test_every_node_has_an_address_of_its_own_on_the_loopback_interface(platform: Platform, stack: str) -> None:
    urls = [platform.reserve(stack, f"node-{number}") for number in range(20)]
    assert len(set(urls)) == 20
    assert {urlsplit(url).hostname for url in urls} == {"127.0.0.1"}


def test_an_address_that_is_reserved_again_is_the_same(platform: Platform, stack: str) -> None:
    assert platform.reserve(stack, "registry") == platform.reserve(stack, "registry")


def test_a_node_without_a_reserved_address_is_refused(platform: Platform, stack: str) -> None:
    with pytest.raises(SetupError, match="registry has no reserved address"):
        platform.start(stack, NodeSpec("registry", "registry"))


def test_a_started_node_answers_at_its_address_under_its_name(registry: Node) -> None:
    told = requests.get(f"{registry.url}/info", headers={"X-Cluster-Token": TOKEN}, timeout=5).json()
    assert (registry.name, registry.service, told["name"]) == ("registry", "registry", "registry")
    assert registry.is_running()
    assert registry.exit_code() is None


def test_it_runs_the_source_the_platform_names(platform: Platform, registry: Node) -> None:
    told = requests.get(f"{registry.url}/info", headers={"X-Cluster-Token": TOKEN}, timeout=5).json()
    assert told["source_hash"] == platform.source_hash()


def test_a_killed_node_is_gone_and_says_by_which_signal(killed: Node) -> None:
    assert (killed.is_running(), killed.exit_code()) == (False, -signal.SIGKILL)
    assert killed.processes() == []
    assert killed.listeners() == []


def test_killing_a_dead_node_does_nothing(killed: Node) -> None:
    killed.kill()


def test_a_signal_to_a_node_that_is_gone_is_refused(killed: Node) -> None:
    with pytest.raises(ClientError, match="has exited"):
        killed.signal(signal.SIGTERM)


def test_nobody_answers_at_a_node_s_address_while_it_is_down(killed: Node) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(killed.url, timeout=5)


def test_files_and_log_of_a_dead_node_can_still_be_read(killed: Node) -> None:
    assert killed.files("*.db") == ["registry.db"]
    assert any('"listening"' in line for line in killed.log_lines())


def test_a_command_can_be_run_where_the_node_runs(platform: Platform, registry: Node) -> None:
    assert "exec" in platform.capabilities("node")
    done = registry.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.exit_code, sorted(done.output.split())) == (3, ["err", "out"])


def test_a_command_that_is_not_there_is_refused(registry: Node) -> None:
    with pytest.raises(ClientError, match="no-such-command"):
        registry.run(["no-such-command"])


def test_other_nodes_reach_a_node_at_the_address_that_was_foretold(platform: Platform, registry: Node) -> None:
    assert registry.peer_url == platform.peer_url("shared", "registry")


def test_a_signal_to_a_process_that_is_not_the_node_s_is_refused(registry: Node) -> None:
    with pytest.raises(ClientError, match="registry has no process 1 to send SIGTERM to"):
        registry.signal(signal.SIGTERM, 1)
    assert registry.is_running()


def test_a_paused_node_shows_it_and_goes_on_when_resumed(platform: Platform, registry: Node) -> None:
    assert "pause" in platform.capabilities("node")
    registry.signal(signal.SIGSTOP)
    eventually(lambda: registry.processes()[0].state == "T", within=5, what="the registry paused")
    assert registry.is_running()
    registry.signal(signal.SIGCONT)
    await_answer(registry)


def test_a_node_that_runs_cannot_be_restarted(registry: Node) -> None:
    with pytest.raises(ClientError, match="still runs"):
        registry.restart()


def test_a_stopped_node_ends_with_code_0_and_once_restarted_has_its_address_data_and_log(start: Start) -> None:
    node = start(ttl_seconds=60.0)
    register(node, "worker-1")
    url = node.url
    node.signal(signal.SIGTERM)  # not a kill: the registry writes its database a moment after it has answered
    await_end(node)
    assert node.exit_code() == 0
    node.restart()
    await_answer(node)
    client = RegistryClient(url, TOKEN)
    assert (node.url, list(client.services(status="all"))) == (url, ["worker-1"])
    assert sum('"listening"' in line for line in node.log_lines()) == 2
    client.close()


def test_an_override_outweighs_a_setting_and_a_bad_one_is_in_the_log(start: Start) -> None:
    node = start("registry", "ttl_seconds=-1", is_awaited=False, ttl_seconds=5.0)
    await_end(node)
    assert node.exit_code() == 2
    assert "ttl_seconds = -1" in "\n".join(node.log_lines())


def test_the_person_s_environment_does_not_reach_a_node(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_TTL_SECONDS", "-1")
    assert start().is_running()


def test_files_of_its_data_folder_are_listed_and_read_from_any_place(registry: Node) -> None:
    assert registry.files("*.db") == ["registry.db"]
    assert registry.files("*.nothing") == []
    whole = registry.read_file("registry.db")
    assert whole.startswith(b"SQLite format 3")
    assert registry.read_file("registry.db", 7)[:9] == whole[7:16]
    assert registry.read_file("registry.db", 1_000_000) == b""
    assert registry.read_file("nothing.txt") == b""


def test_a_file_that_is_on_this_machine_is_where_it_says(registry: Node) -> None:
    place = registry.path_of("registry.db")
    assert place is None or Path(place).read_bytes().startswith(b"SQLite")


def test_its_processes_begin_with_the_service_itself(registry: Node) -> None:
    first = registry.processes()[0]
    assert "services.registry" in first.command
    assert first.state in "SRD"


def test_no_secret_is_on_a_command_line(registry: Node) -> None:
    assert TOKEN not in str(registry.processes())


def test_it_listens_at_its_address_and_nowhere_else(registry: Node) -> None:
    listeners = registry.listeners()
    assert all(item.is_inside for item in listeners)
    assert [item.port for item in listeners if not item.is_published] == [urlsplit(registry.peer_url).port]
    assert all(item.host == "127.0.0.1" for item in listeners if item.is_published)


def test_what_is_left_of_a_stack_is_named_swept_and_told_from_other_stacks(platform: Platform, stack: str, start: Start) -> None:
    node = start("registry-7", is_awaited=False)
    other = f"{stack}-other"
    assert platform.leftovers(other) == []
    assert platform.sweep(other) == []
    ((owner, left),) = platform.leftovers(stack)
    assert owner == stack
    assert "registry-7" in left
    assert platform.sweep(stack) == [left]
    assert platform.leftovers(stack) == []
    assert not node.is_running()


def test_a_released_address_can_be_taken_by_anybody(platform: Platform, stack: str) -> None:
    port = urlsplit(platform.reserve(stack, "registry")).port or 0
    platform.release(stack)
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", port))


def test_releasing_what_was_never_reserved_does_nothing(platform: Platform) -> None:
    platform.release("no-such-stack")
