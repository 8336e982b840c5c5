"""Composes everything that acts on the cluster or reads its state: workers, nodes, gateway, registry, models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hivecheck.faults.injector import Injector
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.catalogues import Catalogues
from hivecheck.world.cluster.churn import Churn
from hivecheck.world.cluster.circuits import Circuits
from hivecheck.world.cluster.gateway import GatewayStatus
from hivecheck.world.cluster.liars import Liars
from hivecheck.world.cluster.models import Models
from hivecheck.world.cluster.nodes import Nodes
from hivecheck.world.cluster.outages import Outages
from hivecheck.world.cluster.registry import RegistryEntries
from hivecheck.world.cluster.registry_database import RegistryDatabase
from hivecheck.world.cluster.stubborn import Stubborn
from hivecheck.world.cluster.worker_lifecycle import Restarts
from hivecheck.world.cluster.workers import Workers
from hivecheck.world.requests.chats import Chats


@dataclass(frozen=True)
class Cluster:
    """One attribute is one noun of the cluster."""

    stack: Stack
    workers: Workers
    worker_lifecycle: Restarts
    nodes: Nodes
    gateway: GatewayStatus
    registry: RegistryEntries
    registry_database: RegistryDatabase
    models: Models
    catalogues: Catalogues
    outages: Outages
    stubborn: Stubborn
    liars: Liars
    churn: Churn
    circuits: Circuits

    @classmethod
    def compose(cls, stack: Stack, history: History, chats: Chats, injector: Injector, checker: Checker) -> Cluster:
        """A fresh Cluster for one scenario."""
        workers, nodes = Workers(stack, history, checker), Nodes(stack, history)
        lifecycle = Restarts(stack, history, nodes, workers, checker)
        models = Models(stack, history, checker, chats)
        return cls(
            stack=stack,
            workers=workers,
            worker_lifecycle=lifecycle,
            nodes=nodes,
            gateway=GatewayStatus(stack, history),
            registry=RegistryEntries(stack),
            registry_database=RegistryDatabase(stack),
            models=models,
            catalogues=Catalogues(stack, history, models, chats, injector),
            outages=Outages(stack, history, checker),
            stubborn=Stubborn(stack, history, checker),
            liars=Liars(stack, lifecycle),
            churn=Churn(stack, workers),
            circuits=Circuits(stack),
        )

    def models_by_worker(self) -> Mapping[str, Sequence[str]]:
        """Declared workers and those that were started meanwhile, with their models."""
        return self.stack.topology.workers() | {
            name: tuple(view["models"]) for hive in self.stack.hives.values() for name, view in hive.workers().items()
        }

    def known_models(self) -> list[str]:
        """Every model of any worker."""
        return sorted({model for models in self.models_by_worker().values() for model in models})

    def hive_by_worker(self) -> Mapping[str, str]:
        return {worker: name for name, hive in self.stack.hives.items() for worker in hive.workers()}

    def workers_of(self, model: str) -> list[str]:
        return sorted(name for name, models in self.models_by_worker().items() if model in models)

    def serving(self, servers: str) -> dict[str, Any]:
        """The limits of a check that counts by `hive`, or by `worker of <model>`."""
        if servers == "hive":
            return {"workers": list(self.stack.hives), "places": self.hive_by_worker()}
        return {"workers": self.workers_of(servers.removeprefix("worker of "))}

    def leave(self) -> None:
        """Ends what was started here and outlives a step."""
        self.stubborn.leave()
        self.liars.leave()
        self.registry.leave()
        self.models.leave()
