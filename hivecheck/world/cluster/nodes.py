"""Hives and the gateway as nodes: their configuration, and what they report about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.control import Reply
from hivecheck.clients.hive import HiveClient
from hivecheck.platforms.platform import Node, NodeSpec
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import figures, listed
from hivecheck.world.requests.chats import MODEL_LISTS
from hivecheck.world.requests.model_lists import names_of

# The interval of the declared hives in the topologies, so that the same detection budgets hold for a hive that joins.
JOINED_HEARTBEAT_SECONDS = 0.5
READY, NOT_READY = "ready", "not ready"


@dataclass
class Nodes:
    """`refused` are nodes that were started with a bad setting on purpose."""

    stack: Stack
    refused: list[Node] = field(default_factory=list)

    def join_hive(self, name: str, settings: dict[str, Any], overrides: Sequence[str] = ()) -> None:
        """Another hive joins the stack. Returns when it answers."""
        registry = self.stack.nodes[self.stack.topology.of("registry")[0].name].peer_url
        common = {"token": self.stack.secrets.token, "registry_url": registry, "heartbeat_interval_seconds": JOINED_HEARTBEAT_SECONDS}
        url = self.stack.platform.reserve(self.stack.name, name)
        spec = NodeSpec(name, "hive", common | settings, tuple(overrides))
        self.stack.nodes[name] = self.stack.platform.start(self.stack.name, spec)
        self.stack.hives[name] = HiveClient(url, self.stack.secrets.token)
        eventually(self.stack.hives[name].health, within=self.stack.timeouts.node_ready, what=f"{name} answers")

    def start_bad_hive(self, key: str, value: str) -> None:
        """Start a hive with one bad value in its file."""
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
        """The hive with the bad setting exits with code 2, and its log names all the words."""
        node = self.refused[-1]
        within = self.stack.timeouts.start_refusal
        must_eventually(node.exit_code, within=within, what=f"{node.name} refuses to start", until=lambda code: code is not None)
        output = "\n".join(node.log_lines())
        assert node.exit_code() == 2, f"expected: exit code 2\nactual: {node.exit_code()}: {output}"
        missing = [word for word in words if word not in output]
        assert not missing, f"expected: a message that names {listed(missing)}\nactual: {output}"

    def must_run_with(self, hive: str, expected: dict[str, float]) -> None:
        """The hive's `/info` shows these settings."""
        info = self.stack.hives[hive].info()
        actual = {name: info.get(name) for name in expected}
        assert actual == expected, f"expected: {hive} runs with {figures(expected)}\nactual: {figures(actual)}"

    def must_report_health(self, node: str, health: str, hives: Mapping[str, str], within: float) -> None:
        """The node's `/health` shows its own health, and at the same time that of each of these hives."""

        def reported() -> tuple[str, dict[str, Any]]:
            report = self.stack.hives[node].health() if node in self.stack.hives else self.stack.orchestrator.health()
            return report["status"], {name: report["hives"].get(name) for name in hives}

        expected = health, dict(hives)
        must_eventually(
            reported, within=within, what=f"health of {node}: {health}, with {figures(hives)}", until=lambda value: value == expected
        )

    def must_be_ready(self, readiness: str, within: float) -> None:
        """The gateway's `/ready` answers accordingly."""
        must_eventually(
            self.stack.gateway.is_ready,
            within=within,
            what=f"the gateway {readiness}",
            until=lambda is_ready: is_ready is (readiness == READY),
        )

    def must_offer(self, hive: str, models: Sequence[str], within: float = 0.0) -> None:
        """A hive offers exactly these models, at both of its addresses. Without any, it answers 503 with Retry-After."""

        def offered() -> list[Any]:
            return [_offers(self.stack.hives[hive].models(path)) for path in MODEL_LISTS]

        expected: Any = sorted(models) or (503, True)
        must_eventually(
            offered,
            within=within,
            what=f"{hive} offers {listed(sorted(models)) if models else 'no model, by 503 with Retry-After'}",
            until=lambda found: all(value == expected for value in found),
        )
        if models:
            self._must_offer_as_its_workers(hive, models)

    def _must_offer_as_its_workers(self, hive: str, models: Sequence[str]) -> None:
        """The alive workers of the hive list these models together, each worker its own, and return each one by name."""
        client, found = self.stack.hives[hive], set[str]()
        for worker, view in client.workers().items():
            if view["state"] == "alive":
                own = client.ask("GET", f"/workers/{worker}{MODEL_LISTS[0]}")
                names = _offers(own)
                assert names == sorted(view["models"]), f"expected: {worker} lists {listed(view['models'])}\nactual: {own.sentence()}"
                for model in own.body["data"]:
                    single = client.ask("GET", f"/workers/{worker}{MODEL_LISTS[0]}/{model['id']}")
                    assert single.body == model, f"expected: {figures(model)} of {worker} by name\nactual: {single.sentence()}"
                found |= set(names)
        assert found == set(models), f"expected: workers of {hive} with {listed(sorted(models))}\nactual: {listed(sorted(found))}"

    def must_report_itself(self, hive: str) -> None:
        """`/info` of a hive shows its name, its address, an uptime that grows, and the sum of its workers' restarts."""
        info, node = self.stack.hives[hive].info(), self.stack.nodes[hive]
        host, port = node.peer_url.removeprefix("http://").split(":")
        expected = {"name": hive, "url": node.peer_url, "host": host, "port": int(port)}
        actual = {key: info.get(key) for key in expected}
        assert actual == expected, f"expected: {figures(expected)}\nactual: {figures(actual)}"
        assert info["restart_count"] == sum(worker["restarts"] for worker in info["workers"]), (
            f"expected: the sum of restarts\nactual: {figures(info)}"
        )
        must_eventually(
            lambda: self.stack.hives[hive].info()["uptime_seconds"],
            within=1,
            what=f"an uptime above {info['uptime_seconds']}",
            until=lambda uptime: uptime > info["uptime_seconds"],
        )

    def must_report_workers(self, hive: str) -> None:
        """`/info` of a hive shows each declared worker as alive, with its process on this node and its models."""
        report = self.stack.hives[hive].workers()
        processes = {process.pid: process.command for process in self.stack.nodes[hive].processes()}
        declared = self.stack.topology.workers()
        for worker in self.stack.topology.managed(hive):
            view = report.get(worker)
            assert view, f"expected: {worker} in {hive}'s info\nactual: {listed(sorted(report))}"
            assert view["pid"] in processes, f"expected: {worker}'s pid among {figures(processes)}\nactual: {view['pid']}"
            # The command line too: a pid that the kernel has used again would be among the processes.
            assert worker in processes[view["pid"]], f"expected: process {view['pid']} to be {worker}\nactual: {processes[view['pid']]}"
            actual = (view["state"], tuple(view["models"]))
            assert actual == ("alive", declared[worker]), (
                f"expected: {worker} alive with {listed(declared[worker])}\nactual: {listed(actual)}"
            )


def _offers(reply: Reply) -> Any:
    """The sorted names of a list of models. Of a refusal, the status and whether it has a Retry-After header."""
    return sorted(names_of(reply.body)) if reply.status == 200 else (reply.status, "Retry-After" in reply.headers)


def _toml_value(text: str) -> Any:
    """A value from a Gherkin table: a number where it is one, else text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
