"""Composes everything that is observed beside responses: metrics, usage, resources, connections, security."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hivecheck.checks.observability.bounded_labels import bounded_labels
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.world import phrases
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.cluster import Cluster
from hivecheck.world.observations.connections import Connections
from hivecheck.world.observations.cycles import Cycles
from hivecheck.world.observations.metrics import Metrics
from hivecheck.world.observations.resources import Resources
from hivecheck.world.observations.security import Security
from hivecheck.world.observations.usage import Usage
from hivecheck.world.requests.endings import Endings
from hivecheck.world.requests.requests import Requests


@dataclass(frozen=True)
class Observations:
    """One attribute is one kind of observation."""

    metrics: Metrics
    usage: Usage
    resources: Resources
    cycles: Cycles
    connections: Connections
    security: Security
    checker: Checker
    cluster: Cluster

    @classmethod
    def compose(cls, stack: Stack, history: History, requests: Requests, cluster: Cluster, checker: Checker) -> Observations:
        """A fresh Observations for one scenario."""
        resources = Resources(stack, history, cluster.workers, requests.batches)
        endings = Endings(requests.chats, requests.raw, requests.direct, stack)
        return cls(
            metrics=Metrics(stack, history, checker),
            usage=Usage(stack, history, requests.chats, checker),
            resources=resources,
            cycles=Cycles(stack, history, requests.chats, endings, resources),
            connections=Connections(stack, checker),
            security=Security.compose(stack, requests.client, requests.raw, history),
            checker=checker,
            cluster=cluster,
        )

    def note(self, reading: str) -> None:
        """Note one of the `READINGS` for a later comparison."""
        phrases.act(READINGS, reading, self)

    def must_not_leak(self, leak: str) -> None:
        """None of the `LEAKS` is found, once everything that nodes wrote is in history."""
        self.checker.observe()
        phrases.act(LEAKS, leak, self)

    def must_have_closed(self, connection: str, within: float) -> None:
        """One of the `CLOSED` connections is soon closed."""
        phrases.act(CLOSED, connection, self, within)


READINGS: dict[str, Callable[..., None]] = {
    "the memory of {}": lambda observations, hive: observations.resources.note(hive),
    "every metrics page": lambda observations: observations.metrics.note(),
    "the resource usage of the gateway": lambda observations: observations.metrics.note_resource_usage(),
    "the number of requests for {}": lambda observations, model: observations.metrics.note_requests(model),
    "every connection from {} to {}": lambda observations, node, peer: observations.connections.note(node, peer),
}
CLOSED: dict[str, Callable[..., None]] = {
    "noted connection from {} to {}": lambda observations, node, peer, within: observations.connections.must_have_dropped(
        node, peer, within
    ),
    "new connection of the gateway": lambda observations, within: observations.metrics.must_close(within),
}
LEAKS: dict[str, Callable[..., None]] = {
    "metric label contains a made-up name": lambda observations: observations.checker.must(
        bounded_labels, models=observations.cluster.known_models()
    ),
    "output of any service contains a key or token": lambda observations: observations.security.secrets.must_find_none(),
}
