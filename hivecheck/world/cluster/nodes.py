"""Registry, orchestrator and hives, as an operator sees them who may also stop, start and configure them."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.control import ControlClient
from hivecheck.clients.hive import HiveClient
from hivecheck.errors import ClientError
from hivecheck.history import History
from hivecheck.platforms.platform import Node, NodeSpec
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually

JOINED_HEARTBEAT_SECONDS = 0.5


@dataclass
class Nodes:
    """`refused` are nodes that were started with a bad setting on purpose."""

    stack: Stack
    history: History
    refused: list[Node] = field(default_factory=list)

    def stop(self, name: str) -> None:
        """Ask a node to stop (SIGTERM); returns at once."""
        self.stack.nodes[name].signal(signal.SIGTERM)
        self.history.act(name, "asked to stop")

    def kill_with_workers(self, hive: str) -> None:
        """SIGKILL to a hive and to everything it runs, so that nobody is left to say goodbye."""
        workers = self.stack.hives[hive].workers()
        node = self.stack.nodes[hive]
        for process in node.processes():
            try:
                node.signal(signal.SIGKILL, process.pid)
            except ClientError:
                continue  # it went with its parent
        eventually(lambda: not node.processes(), within=5, what=f"{hive} and its workers gone")
        for name in [hive, *workers]:
            self.history.act(name, "killed", is_worker=name in workers)

    def start_again(self, name: str) -> None:
        """Start an ended node again; returns at once: what is promised of its return counts from there."""
        node = self.stack.nodes[name]
        eventually(lambda: not node.is_running(), within=self.stack.timeouts.node_stop, what=f"{name} ended")
        self.history.act(name, "started again")
        node.restart()

    def start_until_it_answers(self, name: str) -> None:
        """The same, and wait until it answers: what is promised of its recovery counts from there."""
        self.start_again(name)
        with closing(ControlClient(self.stack.nodes[name].url, self.stack.secrets.token)) as client:
            eventually(lambda: client.get("/health"), within=self.stack.timeouts.node_ready, what=f"{name} answers")
        self.history.act(name, "answers again")

    def join_hive(self, name: str, settings: dict[str, Any], overrides: Sequence[str] = ()) -> None:
        """A further hive joins the stack, and answers."""
        registry = self.stack.nodes[self.stack.topology.of("registry")[0].name].peer_url
        common = {"token": self.stack.secrets.token, "registry_url": registry, "heartbeat_interval_seconds": JOINED_HEARTBEAT_SECONDS}
        url = self.stack.platform.reserve(self.stack.name, name)
        spec = NodeSpec(name, "hive", common | settings, tuple(overrides))
        self.stack.nodes[name] = self.stack.platform.start(self.stack.name, spec)
        self.stack.hives[name] = HiveClient(url, self.stack.secrets.token)
        eventually(self.stack.hives[name].health, within=self.stack.timeouts.node_ready, what=f"{name} answers")

    def start_bad_hive(self, key: str, value: str) -> None:
        """A hive whose file holds one bad value."""
        name = f"hive-bad-{next(self.stack.extra_node_numbers)}"
        self.stack.platform.reserve(self.stack.name, name)
        settings: dict[str, Any] = {"token": self.stack.secrets.token, "registry_url": self.stack.registry.url}
        *tables, last = key.split(".")
        place = settings
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = _toml_value(value)
        self.refused.append(self.stack.platform.start(self.stack.name, NodeSpec(name, "hive", settings)))

    def must_refuse(self, *words: str) -> None:
        """It ended with exit code 2 and one message that names all the words."""
        node = self.refused[-1]
        within = self.stack.timeouts.start_refusal
        must_eventually(node.exit_code, within=within, what=f"{node.name} refuses to start", until=lambda code: code is not None)
        said = "\n".join(node.log_lines())
        assert node.exit_code() == 2, f"expected: exit code 2\nactual: {node.exit_code()}: {said}"
        missing = [word for word in words if word not in said]
        assert not missing, f"expected: a message that names {missing}\nactual: {said}"

    def must_run_with(self, hive: str, expected: dict[str, float]) -> None:
        """The hive's `/info` shows these settings in force."""
        info = self.stack.hives[hive].info()
        actual = {name: info.get(name) for name in expected}
        assert actual == expected, f"expected: {hive} runs with {expected}\nactual: {actual}"

    def must_end_well(self, names: Sequence[str], within: float) -> None:
        """Every one of them ends with exit code 0, within the budget from when the first was asked."""

        def running() -> list[str]:
            return [name for name in names if self.stack.nodes[name].is_running()]

        must_eventually(running, within=within, what=f"{', '.join(names)} ended", until=lambda left: not left)
        codes = {name: self.stack.nodes[name].exit_code() for name in names}
        assert set(codes.values()) == {0}, f"expected: exit code 0 of each\nactual: {codes}"

    def must_leave_no_process(self, names: Sequence[str]) -> None:
        left = {name: self.stack.nodes[name].processes() for name in names if self.stack.nodes[name].processes()}
        assert not left, f"expected: no process of {', '.join(names)} left\nactual: {left}"

    def must_go_on(self) -> None:
        """Every hive runs, calls itself healthy and has all its workers alive."""
        for name, hive in self.stack.hives.items():
            try:
                health = hive.health()
            except ClientError as error:
                raise AssertionError(f"expected: {name} goes on\nactual: {error}") from None
            states = {worker: view["state"] for worker, view in health["workers"].items()}
            expected = dict.fromkeys(self.stack.topology.managed(name), "alive")
            assert health["status"] == "healthy" and states == expected, f"expected: {name} healthy with {expected}\nactual: {health}"

    def must_call_itself(self, hive: str, health: str) -> None:
        actual = self.stack.hives[hive].health()["status"]
        assert actual == health, f"expected: {hive} calls itself {health}\nactual: {self.stack.hives[hive].health()}"

    def must_reflect(self, own: str, hive: str, of_hive: str, within: float = 0.0) -> None:
        """The orchestrator's health says both: what it thinks of itself and of a hive."""
        must_eventually(
            self.stack.orchestrator.health,
            within=within,
            what=f"the orchestrator calls itself {own} and {hive} {of_hive}",
            until=lambda shown: (shown["status"], shown["hives"].get(hive)) == (own, of_hive),
        )

    def must_be(self, own: str, within: float) -> None:
        """The orchestrator calls itself so."""
        must_eventually(
            self.stack.orchestrator.health,
            within=within,
            what=f"the orchestrator calls itself {own}",
            until=lambda shown: shown["status"] == own,
        )

    def must_be_ready(self, is_ready: bool, within: float = 0.0) -> None:
        """The orchestrator's `/ready` says yes, or no."""
        must_eventually(
            self.stack.orchestrator.is_ready,
            within=within,
            what=f"the orchestrator {'ready' if is_ready else 'not ready'}",
            until=lambda ready: ready is is_ready,
        )

    def must_list_declared(self, within: float) -> None:
        """The registry's online workers are exactly the declared ones."""
        expected = sorted(self.stack.topology.workers())

        def listed() -> list[str]:
            return sorted(self.stack.registry.workers())

        must_eventually(listed, within=within, what=f"the registry lists {expected}", until=lambda seen: seen == expected)

    def must_offer(self, hive: str, models: Sequence[str], within: float = 0.0) -> None:
        """A hive's models are exactly these; none means 503 with Retry-After."""

        def offered() -> Any:
            reply = self.stack.hives[hive].models()
            return (
                sorted(model["id"] for model in reply.body["data"])
                if reply.status == 200
                else (reply.status, "Retry-After" in reply.headers)
            )

        expected: Any = sorted(models) or (503, True)
        must_eventually(offered, within=within, what=f"{hive} offers {expected}", until=lambda seen: seen == expected)

    def must_introduce_itself(self, hive: str) -> None:
        """`/info` of a hive: name, address, uptime that grows, restart count that agrees with its workers'."""
        info, node = self.stack.hives[hive].info(), self.stack.nodes[hive]
        host, port = node.peer_url.removeprefix("http://").split(":")
        expected = {"name": hive, "url": node.peer_url, "host": host, "port": int(port)}
        actual = {key: info.get(key) for key in expected}
        assert actual == expected, f"expected: {expected}\nactual: {actual}"
        assert info["restart_count"] == sum(worker["restarts"] for worker in info["workers"]), (
            f"expected: the sum of restarts\nactual: {info}"
        )
        must_eventually(
            lambda: self.stack.hives[hive].info()["uptime_seconds"],
            within=1,
            what=f"an uptime above {info['uptime_seconds']}",
            until=lambda uptime: uptime > info["uptime_seconds"],
        )

    def must_introduce_workers(self, hive: str) -> None:
        """Of each worker the process (it exists, and is this node's), the state and the models, as declared."""
        shown = self.stack.hives[hive].workers()
        processes = {process.pid: process.command for process in self.stack.nodes[hive].processes()}
        declared = self.stack.topology.workers()
        for worker in self.stack.topology.managed(hive):
            view = shown.get(worker)
            assert view, f"expected: {worker} in {hive}'s info\nactual: {sorted(shown)}"
            assert view["pid"] in processes, f"expected: {worker}'s pid among {processes}\nactual: {view['pid']}"
            assert worker in processes[view["pid"]], f"expected: process {view['pid']} to be {worker}\nactual: {processes[view['pid']]}"
            actual = (view["state"], tuple(view["models"]))
            assert actual == ("alive", declared[worker]), f"expected: {worker} alive with {declared[worker]}\nactual: {actual}"


def _toml_value(text: str) -> Any:
    """A value from a Gherkin table: a number where it is one, else text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
