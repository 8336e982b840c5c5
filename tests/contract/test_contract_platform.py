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


def test_name_is_its_row(platform: Platform) -> None:
    """A platform has the name of its row in the table."""
    assert platform.name in PLATFORMS
    assert platform.run_id


@pytest.mark.parametrize("placement", ["node", "managed"])
def test_capabilities_are_tags(platform: Platform, placement: str) -> None:
    """Every capability of a platform is one that a tag can require."""
    assert platform.capabilities(placement) <= set(CAPABILITIES)


def test_loopback_address(platform: Platform, stack: str) -> None:
    """Every node has its own address on the loopback interface."""
    urls = [platform.reserve(stack, f"node-{number}") for number in range(20)]
    assert len(set(urls)) == 20
    assert {urlsplit(url).hostname for url in urls} == {"127.0.0.1"}


def test_reserve_is_stable(platform: Platform, stack: str) -> None:
    """A second reservation returns the same address."""
    assert platform.reserve(stack, "registry") == platform.reserve(stack, "registry")


def test_start_needs_reservation(platform: Platform, stack: str) -> None:
    """A node without a reserved address is refused."""
    with pytest.raises(SetupError, match="registry has no reserved address"):
        platform.start(stack, NodeSpec("registry", "registry"))


def test_started_node_answers(registry: Node) -> None:
    """A started node answers at its address with its name."""
    info = requests.get(f"{registry.url}/info", headers={"X-Cluster-Token": TOKEN}, timeout=5).json()
    assert (registry.name, registry.service, info["name"]) == ("registry", "registry", "registry")
    assert registry.is_running()
    assert registry.exit_code() is None


def test_source_hash_matches(platform: Platform, registry: Node) -> None:
    """A node reports the source hash of the platform."""
    info = requests.get(f"{registry.url}/info", headers={"X-Cluster-Token": TOKEN}, timeout=5).json()
    assert info["source_hash"] == platform.source_hash()


def test_kill_reports_signal(killed: Node) -> None:
    """A killed node has exited, and its exit code names the signal."""
    assert (killed.is_running(), killed.exit_code()) == (False, -signal.SIGKILL)
    assert killed.processes() == []
    assert killed.listeners() == []


def test_kill_twice(killed: Node) -> None:
    """A second kill does nothing."""
    killed.kill()


def test_signal_to_exited_node(killed: Node) -> None:
    """A signal to an exited node is refused."""
    with pytest.raises(ClientError, match="has exited"):
        killed.signal(signal.SIGTERM)


def test_address_of_stopped_node(killed: Node) -> None:
    """The address of a stopped node refuses connections."""
    with pytest.raises(requests.ConnectionError):
        requests.get(killed.url, timeout=5)


def test_files_survive_exit(killed: Node) -> None:
    """Files and log of an exited node stay readable."""
    assert killed.files("*.db") == ["registry.db"]
    assert any('"listening"' in line for line in killed.log_lines())


def test_run_command(platform: Platform, registry: Node) -> None:
    """A command runs beside the node's processes."""
    assert "exec" in platform.capabilities("node")
    done = registry.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.exit_code, sorted(done.output.split())) == (3, ["err", "out"])


def test_run_missing_command(registry: Node) -> None:
    """A missing command is refused."""
    with pytest.raises(ClientError, match="no-such-command"):
        registry.run(["no-such-command"])


def test_peer_url(platform: Platform, registry: Node) -> None:
    """Other nodes reach a node at its peer URL."""
    assert registry.peer_url == platform.peer_url("shared", "registry")


def test_signal_to_foreign_process(registry: Node) -> None:
    """A signal to a process outside the node is refused."""
    with pytest.raises(ClientError, match="registry has no process 1 to send SIGTERM to"):
        registry.signal(signal.SIGTERM, 1)
    assert registry.is_running()


def test_pause_and_resume(platform: Platform, registry: Node) -> None:
    """A paused node is in state T, and continues after resume."""
    assert "pause" in platform.capabilities("node")
    registry.signal(signal.SIGSTOP)
    eventually(lambda: registry.processes()[0].state == "T", within=5, what="the registry paused")
    assert registry.is_running()
    registry.signal(signal.SIGCONT)
    await_answer(registry)


def test_restart_needs_exit(registry: Node) -> None:
    """A running node cannot be restarted."""
    with pytest.raises(ClientError, match="still runs"):
        registry.restart()


def test_restart_keeps_data(start: Start) -> None:
    """A stopped node exits with code 0, and keeps address, data and log over a restart."""
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


def test_override_wins(start: Start) -> None:
    """An override wins over a setting, and a bad one appears in the log."""
    node = start("registry", "ttl_seconds=-1", is_awaited=False, ttl_seconds=5.0)
    await_end(node)
    assert node.exit_code() == 2
    assert "ttl_seconds = -1" in "\n".join(node.log_lines())


def test_environment_is_clean(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the person does not reach a node."""
    monkeypatch.setenv("REGISTRY_TTL_SECONDS", "-1")
    assert start().is_running()


def test_data_files_readable(registry: Node) -> None:
    """The files of the data folder are listed and readable."""
    assert registry.files("*.db") == ["registry.db"]
    assert registry.files("*.nothing") == []
    whole = registry.read_file("registry.db")
    assert whole.startswith(b"SQLite format 3")
    assert registry.read_file("registry.db", 7)[:9] == whole[7:16]
    assert registry.read_file("registry.db", 1_000_000) == b""
    assert registry.read_file("nothing.txt") == b""


def test_path_of_file(registry: Node) -> None:
    """The path of a local file is correct."""
    place = registry.path_of("registry.db")
    assert place is None or Path(place).read_bytes().startswith(b"SQLite")


def test_service_process_first(registry: Node) -> None:
    """The first process of a node is the service itself."""
    first = registry.processes()[0]
    assert "services.registry" in first.command
    assert first.state in "SRD"


def test_no_secret_on_command_line(registry: Node) -> None:
    """No command line contains a secret."""
    assert TOKEN not in str(registry.processes())


def test_listens_at_own_address(registry: Node) -> None:
    """A node listens at its address only."""
    listeners = registry.listeners()
    assert all(item.is_inside for item in listeners)
    assert [item.port for item in listeners if not item.is_published] == [urlsplit(registry.peer_url).port]
    assert all(item.host == "127.0.0.1" for item in listeners if item.is_published)


def test_leftovers_of_one_stack(platform: Platform, stack: str, start: Start) -> None:
    """The leftovers of one stack are named and removed, apart from other stacks."""
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


def test_released_address_is_free(platform: Platform, stack: str) -> None:
    """Any program can take a released address."""
    port = urlsplit(platform.reserve(stack, "registry")).port or 0
    platform.release(stack)
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", port))


def test_release_unreserved(platform: Platform) -> None:
    """Releasing an unreserved stack does nothing."""
    platform.release("no-such-stack")
