"""A topology brought up on a platform: up -> ready -> heal and baseline -> down. The only owner of a run's nodes.

`down` is an assertion: whatever of the stack outlives its own orderly stop is returned by name.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from hivecheck.clients.foreign_gateway import ForeignGateway
from hivecheck.clients.gateway import Gateway, GatewayClient
from hivecheck.clients.hive import HiveClient
from hivecheck.clients.registry import RegistryClient
from hivecheck.errors import ClientError, ConditionTimeoutError, HealError, NotSupportedError, SetupError
from hivecheck.platforms.platform import Node, NodeSpec, Platform
from hivecheck.stack import gateway_preflight, sources
from hivecheck.stack.baseline import Baseline
from hivecheck.stack.clients import StackClients
from hivecheck.stack.secrets import Secrets
from hivecheck.stack.start_watch import StartWatch
from hivecheck.targets.launcher import GatewayNode
from hivecheck.targets.preflight import Findings
from hivecheck.targets.target import Target
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology as topologies
from hivecheck.topologies.topology import Topology
from hivecheck.waiting import eventually, eventually_all
from hivecheck.wording import figures

GATEWAY = "orchestrator"  # the service that the gateway of another target stands in for


@dataclass
class Stack:
    """Several stacks may run side by side on one platform, each with a `name` of its own."""

    name: str
    topology: Topology
    platform: Platform
    timeouts: Timeouts
    target: Target | None = None  # the gateway under test; None: the reference's own
    secrets: Secrets = field(default_factory=Secrets)
    nodes: dict[str, Node] = field(default_factory=dict)
    clients: StackClients | None = None  # made by up()
    ready_seconds: float = 0.0
    ignored_sigterm: str | None = None  # how another gateway ran on after SIGTERM, in words
    preflight: Findings = field(default_factory=Findings)  # of another gateway, when the stack is up
    extra_node_numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def registry(self) -> RegistryClient:
        return self._clients().registry

    @property
    def hives(self) -> dict[str, HiveClient]:
        return self.clients.hives if self.clients else {}

    @property
    def gateway(self) -> Gateway:
        """The gateway under test, the reference or another one."""
        return self._clients().gateway

    @property
    def orchestrator(self) -> GatewayClient:
        """The reference gateway with its status and usage APIs. Raises NotSupportedError for a target that has none."""
        reference = self._clients().reference
        if reference is None:
            raise NotSupportedError(f"target {self.target.origin if self.target else ''} has no status API that hivecheck knows")
        return reference

    def urls(self) -> dict[str, str]:
        return {name: node.url for name, node in self.nodes.items()}

    def called(self, node: str) -> str:
        """The name of a node in messages: another gateway has its own."""
        return self._clients().called(node, self.nodes[node].service)

    def up(self) -> None:
        """Start every node and wait until every declared worker can be routed to.

        Raises SetupError, or FailedSystemError for a defect of a node, and leaves nothing behind.
        """
        start = time.monotonic()
        try:
            self._start_nodes()
            self._await_ready()
        except BaseException:
            self.down()
            raise
        self.ready_seconds = time.monotonic() - start

    def settings_of(self, node: str, urls: Mapping[str, str]) -> dict[str, Any]:
        """The settings a node is started with: the topology's, with addresses and secrets filled in."""
        declaration = next(item for item in self.topology.nodes if item.name == node)
        own = {"token": self.secrets.token}
        if declaration.service == "orchestrator":
            own |= {"key": self.secrets.keys["tester"]} if self.target else self.secrets.orchestrator_settings()
        return own | topologies.render(declaration.settings, urls)

    def node_of(self, worker: str) -> tuple[Node, int]:
        """The node a worker runs in, and the worker's process id there. Raises ClientError when it does not run."""
        if worker in self.nodes:
            node = self.nodes[worker]
            return node, node.processes()[0].pid
        for name, hive in self.hives.items():
            view = hive.workers().get(worker)
            if view and view["pid"]:
                return self.nodes[name], int(view["pid"])
        shown = figures({name: view["state"] for hive in self.hives.values() for name, view in hive.workers().items()})
        raise ClientError(f"No running worker is called {worker}; the hives show {shown}")

    def hive_of(self, worker: str) -> HiveClient:
        """The hive that manages or attached a worker. Raises ClientError when none knows it."""
        for hive in self.hives.values():
            with contextlib.suppress(ClientError):
                if worker in hive.workers():
                    return hive
        raise ClientError(f"No hive knows a worker {worker}")

    def not_at_baseline(self) -> str | None:
        """What differs from the declared state, idle and healthy; None when nothing does."""
        return self._baseline().difference()

    def models_by_worker(self) -> dict[str, tuple[str, ...]]:
        """Models of each declared worker, and of each worker that a hive reports. A hive that is down reports none."""
        found = {name: tuple(models) for name, models in self.topology.workers().items()}
        for hive in self.hives.values():
            with contextlib.suppress(ClientError):
                found |= {name: tuple(view["models"]) for name, view in hive.workers().items()}
        return found

    def work_in_hand(self) -> str | None:
        """Requests that the stack counts as in flight, by node; None when there are none."""
        return self._baseline().in_flight()

    def own_exit(self) -> str | None:
        """How another gateway exited although nothing of the harness ended it, with its last log lines; None if it did not."""
        for node in self.nodes.values() if self.target else ():
            if isinstance(node, GatewayNode) and self.target and (code := node.own_exit_code()) is not None:
                return gateway_preflight.exit_words(self.target.name, code, node.log_lines(), self.secrets.all())
        return None

    def heal(self) -> None:
        """Undo what a scenario did - paused, stopped, added - and wait for the baseline. Raises HealError when it does not come."""
        self._resume_all()
        self._stop_extra_nodes()
        self._end_foreign_gateway()
        stopped = [node for node in self.nodes.values() if not node.is_running()]
        for node in sorted(stopped, key=lambda node: self._is_foreign(node.service)):
            self._await_noticed(node.name)
            if self._is_foreign(node.service):
                self._await_listening(HealError)
            node.restart()
        try:
            eventually(
                self._healed,
                within=self.timeouts.heal,
                what=f"stack {self.name} at its baseline",
                until=lambda difference: difference is None,
                gone=self.own_exit,
            )
        except ConditionTimeoutError as error:
            raise HealError(str(error)) from None

    def down(self) -> list[str]:
        """Stop every node in an orderly way; returns what did not stop or was left behind (and removes it)."""
        with contextlib.suppress(ClientError):
            self._resume_all()
        # The registry ends last, so hives can deregister. Worker nodes end last, so a draining gateway can finish.
        last = [name for name, node in self.nodes.items() if node.service in ("registry", "worker")]
        left = self._stop([name for name in self.nodes if name not in last]) + self._stop(last)
        # Before the sweep, which kills them: whatever outlived its own stop is a leak and must be reported by name.
        left += [sentence for _, sentence in self.platform.leftovers(self.name)]
        self.platform.sweep(self.name)
        self.platform.release(self.name)
        if self.clients:
            self.clients.close()
        return left

    def _start_nodes(self) -> None:
        urls = {node.name: self.platform.reserve(self.name, node.name) for node in self.topology.nodes}
        peers = {node.name: self.platform.peer_url(self.name, node.name) for node in self.topology.nodes}
        specs = [
            NodeSpec(node.name, node.service, self.settings_of(node.name, peers), disk_mib=node.disk_mib) for node in self.topology.nodes
        ]
        self.clients = StackClients.of(self.topology, urls, self.secrets, self.target)
        self._start_all([spec for spec in specs if not self._is_foreign(spec.service)])
        if self.target:
            self._await_workers()
            self._start_all([spec for spec in specs if self._is_foreign(spec.service)])

    def _start_all(self, specs: list[NodeSpec]) -> None:
        """Start all at once. However this ends, no start is still under way afterwards."""
        # No order is needed, because every service waits for its peers by itself.
        with ThreadPoolExecutor(max(1, len(specs))) as pool:
            starts = {spec.name: pool.submit(self.platform.start, self.name, spec) for spec in specs}
            try:
                wait(starts.values())
            finally:  # a ctrl-C ends a wait, not the starts: what they make would come after everything was taken down
                while not all(start.done() for start in starts.values()):
                    with contextlib.suppress(KeyboardInterrupt):
                        wait(starts.values())
                self.nodes.update({name: start.result() for name, start in starts.items() if not start.exception()})
        for start in starts.values():
            start.result()

    def _await_workers(self) -> None:
        """A gateway with a static list of workers may look for them only once, at its start. Raises as `_await_ready` does."""
        watch = self._start_watch()
        try:
            self._await_listening(gone=watch.gone, otherwise=SetupError)
        except SetupError as error:
            raise watch.judged(error) from None

    def _await_listening(self, otherwise: type[Exception], gone: Callable[[], str | None] = lambda: None) -> None:
        gateway, within = self._clients().gateway, self.timeouts.node_ready
        if isinstance(gateway, ForeignGateway):
            silent = gateway.silent_workers
            eventually(silent, within=within, what="every worker listens", until=lambda left: not left, gone=gone, otherwise=otherwise)

    def _await_ready(self) -> None:
        watch = self._start_watch()
        within, what = self.timeouts.stack_ready, f"stack {self.name} ready"
        try:
            eventually(
                self.not_at_baseline,
                within=within,
                what=what,
                until=lambda difference: difference is None,
                gone=watch.gone,
                otherwise=SetupError,
            )
            # Under the same watch, because a node can exit after its first answers.
            running = eventually(self._sources, within=within, what=what, until=lambda _: True, gone=watch.gone, otherwise=SetupError)
            self._take_preflight(watch)
        except SetupError as error:
            raise watch.judged(error) from None
        sources.must_be(self.platform.source_hash(), running)

    def _take_preflight(self, watch: StartWatch) -> None:
        """Before the first scenario: another gateway that is not set up for our clients has no verdict. Raises SetupError."""
        if self.target is None:
            return
        gateway, key = self._clients().gateway, self.secrets.keys["tester"]
        self.preflight = gateway_preflight.findings(self.topology, self.nodes, gateway.url, key, self.timeouts.idle_chat)
        what = f"{self.target.name} ready after its preflight"
        eventually(gateway.is_ready, within=self.timeouts.settling, what=what, gone=watch.gone, otherwise=SetupError)
        if problems := self.preflight.blocking():
            raise gateway_preflight.error_of(self.target, problems)

    def _start_watch(self) -> StartWatch:
        gateway = self._clients().gateway
        managed = {hive.name: self.topology.managed(hive.name) for hive in self.topology.of("hive")}
        watch = StartWatch(self.nodes, self.hives, managed, self.secrets.all())
        if self.target and isinstance(gateway, ForeignGateway):
            watch = replace(watch, foreign=GATEWAY, called=self.target.name, has_answered=lambda: gateway.has_answered)
        return watch

    def _sources(self) -> dict[str, str]:
        return sources.running(self.nodes, self._is_foreign, self.secrets.token)

    def _healed(self) -> str | None:
        for name, hive in self.hives.items():
            declared = {*self.topology.managed(name), *self.topology.workers()}
            for extra in set(hive.workers()) - declared:
                hive.remove_worker(extra, drain_seconds=0.0)
        self._deregister_offline()
        difference = self.not_at_baseline()
        # Last, because a request that still runs can fail. Its failure would count towards the circuit of the next scenario.
        if difference is None and (reference := self._clients().reference):
            reference.forget_failures()
        return difference

    def _await_noticed(self, name: str) -> None:
        """Wait until no hive takes the ended node for an alive worker."""
        # A hive notices a worker that returns between two probes at its next probe, which would be in the next scenario.
        with contextlib.suppress(ConditionTimeoutError, ClientError):
            eventually(
                lambda: [hive for hive in self.hives.values() if hive.workers().get(name, {}).get("state") == "alive"],
                within=self.timeouts.settling,
                what=f"every hive noticed the end of {name}",
                until=lambda unaware: not unaware,
            )

    def _deregister_offline(self) -> None:
        """Remove the entries of nodes and workers that a scenario added and killed."""
        # Such an entry stays for the registry's removal time, and until then the gateway's health and lists include it.
        declared = {*self.hives, *self.topology.workers()}
        for name, entry in self.registry.services(status="offline").items():
            if name not in declared:
                self.registry.deregister(name, entry["epoch"])

    def _stop_extra_nodes(self) -> None:
        """Nodes that joined later than the topology says leave in an orderly way."""
        extra_nodes = [name for name in self.nodes if name not in {node.name for node in self.topology.nodes}]
        if late := self._stop(extra_nodes):
            raise HealError("; ".join(late))
        for name in extra_nodes:
            del self.nodes[name]
            if hive := self.hives.pop(name, None):
                hive.close()

    def _end_foreign_gateway(self) -> None:
        """End the gateway under test, so that each scenario gets a fresh one, unless the target wants it otherwise."""
        # A foreign gateway has no status API. Its state, such as open circuits, would reach the next scenario without a trace.
        if self.target and self.target.fresh == "scenario":
            self._stop([node.name for node in self.topology.of(GATEWAY)])  # one that is late is killed, and `ignored_sigterm` has it

    def _resume_all(self) -> None:
        self.platform.resume(self.name, [node for node in self.nodes.values() if node.is_running()])

    def _stop(self, names: list[str]) -> list[str]:
        """Send SIGTERM to all of them at once. A node that exceeds its budget is killed and reported."""
        running = [self.nodes[name] for name in names if self.nodes[name].is_running()]
        for node in running:
            with contextlib.suppress(ClientError):
                node.signal(signal.SIGTERM)
        # One budget for all of them, because they got SIGTERM at the same time.
        with contextlib.suppress(ConditionTimeoutError):
            eventually_all(running, lambda node: not node.is_running(), within=self.timeouts.node_stop, what="every node has exited")
        late = [node for node in running if node.is_running()]
        for node in late:
            node.kill()
        sentences = {node.name: f"{self.name}/{node.name} did not exit within {self.timeouts.node_stop:g} s of SIGTERM" for node in late}
        for node in late:
            if self.target and self._is_foreign(node.service):
                self.ignored_sigterm = gateway_preflight.late_words(self.target, self.timeouts.node_stop)
                del sentences[node.name]
        return list(sentences.values())

    def _is_foreign(self, service: str) -> bool:
        """Whether this is the service that the gateway of another target stands in for."""
        return self.target is not None and service == GATEWAY

    def _clients(self) -> StackClients:
        if self.clients is None:
            raise SetupError(f"expected: stack {self.name} is up\nactual: it has not started")
        return self.clients

    def _baseline(self) -> Baseline:
        return Baseline(self.topology, self.nodes, self._clients())
