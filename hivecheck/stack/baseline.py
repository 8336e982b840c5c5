"""The baseline of a stack: what differs from the declared state, idle and healthy. Only reads.

What a scenario leaves behind is in one of three groups:

* The stack removes it when it heals: pauses, stopped and additional nodes, additional workers, their entries, circuits, failures, retries.
* The baseline waits for its end: leases, routing, health, ejections, queues of other clients, worker states, requests in flight.
* Unique names keep it apart: session pins, prefix caches, ledger rows, journals, models in memory. Counters are compared with noted values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivecheck.platforms.platform import Node
from hivecheck.stack.clients import StackClients
from hivecheck.topologies.topology import Topology
from hivecheck.wording import figures, listed


class Baseline:
    """Compares the nodes and their reports with the topology. `nodes` and `clients` are the stack's own and may grow."""

    def __init__(self, topology: Topology, nodes: Mapping[str, Node], clients: StackClients) -> None:
        self._topology = topology
        self._nodes = nodes
        self._clients = clients

    def difference(self) -> str | None:
        """The first difference from the baseline in words; None at the baseline."""
        stopped = [self._clients.called(name, node.service) for name, node in self._nodes.items() if not node.is_running()]
        if stopped:
            return f"not running: {', '.join(stopped)}"
        hives = self._clients.hives
        # Exactly these: an additional worker of an earlier scenario would share the requests of the next one, and an offline
        # hive would keep the gateway degraded.
        registered, expected = self._clients.registry.services(status="all"), set(self._topology.workers()) | set(hives)
        if set(registered) != expected:
            return f"the registry lists {listed(sorted(registered))}, declared are {listed(sorted(expected))}"
        if lost := [f"{name} is {entry['status']}" for name, entry in registered.items() if entry["status"] != "online"]:
            return f"the registry reports {', '.join(lost)}"
        if missing := self._clients.gateway.not_routing_to(self._topology.workers()):
            return missing
        if unhealthy := [name for name, hive in hives.items() if hive.health()["status"] != "healthy"]:
            return f"not healthy: {', '.join(unhealthy)}"
        views = self._worker_views()  # a hive may know more than it has reported to the registry
        if absent := [f"{name} is {view['state']}" for name, view in views.items() if name in expected and view["state"] != "alive"]:
            return "; ".join(absent)
        return self._in_flight(views)

    def in_flight(self) -> str | None:
        """Requests that the stack counts as in flight, by node; None when there are none."""
        return self._in_flight(self._worker_views())

    def _in_flight(self, views: Mapping[str, dict[str, Any]]) -> str | None:
        gateway = self._clients.called("orchestrator", "orchestrator")
        counts = {gateway: self._clients.gateway.in_flight()} | {name: int(view["in_flight"]) for name, view in views.items()}
        busy = {name: count for name, count in counts.items() if count}
        return f"requests in flight: {figures(busy)}" if busy else None

    def _worker_views(self) -> dict[str, dict[str, Any]]:
        return {name: view for hive in self._clients.hives.values() for name, view in hive.workers().items()}
