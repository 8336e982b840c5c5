"""Composes what is observed beside responses: metrics, usage, resources, connections, security."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.cluster import Cluster
from hivecheck.world.observations.confinement import Confinement
from hivecheck.world.observations.connections import Connections
from hivecheck.world.observations.meters import Meters
from hivecheck.world.observations.metrics import Metrics
from hivecheck.world.observations.resources import Resources
from hivecheck.world.observations.secrecy import Secrecy
from hivecheck.world.observations.security import Security
from hivecheck.world.observations.usage import Usage
from hivecheck.world.requests.requests import Requests


@dataclass(frozen=True)
class Observations:
    """One attribute is one kind of observation."""

    metrics: Metrics
    usage: Usage
    resources: Resources
    connections: Connections
    security: Security
    meters: Meters
    confinement: Confinement
    secrecy: Secrecy

    @classmethod
    def compose(cls, stack: Stack, history: History, requests: Requests, cluster: Cluster, checker: Checker) -> Observations:
        """A fresh Observations for one scenario."""
        return cls(
            metrics=Metrics(stack, history),
            usage=Usage(stack, history, requests.chats, checker),
            resources=Resources(stack, cluster.workers, requests.batches),
            connections=Connections(stack, checker),
            security=Security(stack),
            meters=Meters(stack),
            confinement=Confinement(stack),
            secrecy=Secrecy(stack, requests.client, requests.raw, history),
        )
