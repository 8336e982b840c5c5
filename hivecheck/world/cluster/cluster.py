"""Composes what acts on the cluster or reads its state. Its own methods serve sentences that several of these answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hivecheck.errors import UsageError
from hivecheck.faults.injector import Injector
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.catalogues import Catalogues
from hivecheck.world.cluster.gateway import GatewayStatus
from hivecheck.world.cluster.models import Models
from hivecheck.world.cluster.nodes import Nodes
from hivecheck.world.cluster.processes import Processes
from hivecheck.world.cluster.registry import Registry
from hivecheck.world.cluster.registry_database import RegistryDatabase
from hivecheck.world.cluster.worker_lifecycle import WorkerLifecycle
from hivecheck.world.cluster.workers import REGISTRY_VIEW, STATUS_VIEW, Workers
from hivecheck.world.requests.chats import Chats

T = TypeVar("T")

SERVICE_LIST = "the service list"
GATEWAY_ALONE, GATEWAY_AND_HIVES = "the gateway", "the gateway and the hives"
THE_WORKERS_OF = "the workers of "
READINGS = ("epoch", "worker list", "request count", "connection wait count")
ITSELF, ITS_WORKERS = "its name, address, uptime and restart count", "each of its workers with process, state and models"
EVERY_SERVICE = "every declared service as healthy with its models"
EVERY_WORKER = "every declared worker with its models, hive, epoch and heartbeat"
INVENTORIES = (ITSELF, ITS_WORKERS, EVERY_SERVICE, EVERY_WORKER)
MOVED_ASIDE, KEPT_IN_PLACE = "moves aside", "keeps in place"


@dataclass(frozen=True)
class Cluster:
    """One attribute is one noun of the cluster."""

    stack: Stack
    workers: Workers
    worker_lifecycle: WorkerLifecycle
    nodes: Nodes
    processes: Processes
    gateway: GatewayStatus
    registry: Registry
    registry_database: RegistryDatabase
    models: Models
    catalogues: Catalogues

    @classmethod
    def compose(cls, stack: Stack, history: History, chats: Chats, injector: Injector, checker: Checker) -> Cluster:
        """A fresh Cluster for one scenario."""
        workers, nodes, database = Workers(stack, history, checker), Nodes(stack), RegistryDatabase(stack)
        models = Models(stack, history, checker, chats)
        return cls(
            stack=stack,
            workers=workers,
            worker_lifecycle=WorkerLifecycle(stack, history, nodes, workers, checker),
            nodes=nodes,
            processes=Processes(stack, history, workers, database, injector),
            gateway=GatewayStatus(stack, history, checker),
            registry=Registry(stack, history, checker),
            registry_database=database,
            models=models,
            catalogues=Catalogues(stack, history, models, chats, injector),
        )

    def models_by_worker(self) -> Mapping[str, Sequence[str]]:
        """Models of each declared worker and of each worker that a hive reports."""
        return self.stack.models_by_worker()

    def known_models(self) -> list[str]:
        """Every model of any worker."""
        return sorted({model for models in self.models_by_worker().values() for model in models})

    def hive_by_worker(self) -> Mapping[str, str]:
        """The hive of each worker."""
        return {worker: name for name, hive in self.stack.hives.items() for worker in hive.workers()}

    def workers_of(self, model: str) -> list[str]:
        """The workers of a model, sorted."""
        # Hives are asked too, because a worker that a scenario started is in no topology.
        return sorted(name for name, models in self.models_by_worker().items() if model in models)

    def note(self, reading: str, node: str) -> None:
        """Record a reading, for a later comparison."""
        notes: Sequence[Callable[[], None]] = (
            lambda: self.workers.note_epoch(node),
            lambda: self.workers.note_workers(node),
            self.gateway.note_statistics,
            self.gateway.note_waits,
        )
        dict(zip(READINGS, notes, strict=True))[reading]()

    def ask(self, hive: str, verb: str, subject: str) -> None:
        """A hive is asked to reset or stop a worker, or to download a model. Returns at once."""
        verbs: dict[str, Callable[[], None]] = {
            "reset": lambda: self.worker_lifecycle.reset(hive, subject),
            "stop": lambda: self.worker_lifecycle.stop(hive, subject),
            "download": lambda: self.models.bring(subject, hive),
        }
        verbs[verb]()

    def must_route_to(self, worker: str, routable: str, within: float) -> None:
        """The worker is routable, or the incarnation that was acted on last is `not routable`."""
        # Not routable means the old incarnation only: its hive may restart the worker within the same budget.
        {"routable": self.workers.must_be_routable, "not routable": self.workers.must_leave_routing}[routable](worker, within)

    def must_run(self, view: str, count: int, worker: str, within: float) -> None:
        """A view shows so many running requests at a worker. The service list shows none at other workers."""
        name = self.workers.called(worker)
        views: dict[str, Callable[[], None]] = {
            REGISTRY_VIEW: lambda: self.workers.must_run(name, count, within),
            SERVICE_LIST: lambda: self.gateway.must_show_in_flight(name, count, within),
        }
        _row(views, view)()

    def must_not_know(self, view: str, name: str, within: float) -> None:
        """A view has no entry of that name."""
        _row({REGISTRY_VIEW: self.registry.must_not_know, STATUS_VIEW: self.gateway.must_not_know}, view)(name, within)

    def must_list_all(self, view: str, within: float) -> None:
        """A view lists every service that the scenario registered. The registry lists each one as it was registered."""
        views: dict[str, Callable[[], None]] = {
            REGISTRY_VIEW: self.registry.must_list_all,
            STATUS_VIEW: lambda: self.registry.must_be_known_to_gateway(within),
        }
        _row(views, view)()

    def must_report(self, node: str, inventory: str) -> None:
        """A node reports these facts completely and correctly."""
        inventories: dict[str, Callable[[], None]] = {
            ITSELF: lambda: self.nodes.must_report_itself(node),
            ITS_WORKERS: lambda: self.nodes.must_report_workers(node),
            EVERY_SERVICE: self.gateway.must_list_services,
            EVERY_WORKER: self.gateway.must_show_workers,
        }
        inventories[inventory]()

    def must_run_on(self, workers: str) -> None:
        """The noted workers of a hive, or workers that are nodes of their own, were not started again."""
        if workers.startswith(THE_WORKERS_OF):
            self.workers.must_be_untouched(workers.removeprefix(THE_WORKERS_OF))
        else:
            self.workers.must_run_on(workers.split(" and "))

    def must_handle_damage(self, node: str, outcome: str) -> None:
        """A hive or the registry moves its damaged database aside, or a hive keeps an unreadable one in place."""
        outcomes: dict[str, Callable[[], None]] = {
            MOVED_ASIDE: lambda: self._must_move_aside(node),
            KEPT_IN_PLACE: lambda: self.catalogues.must_be_kept_in_place(node),
        }
        outcomes[outcome]()

    def must_exit(self, group: str, within: float) -> None:
        """Every service of the group exits with code 0."""
        self.processes.must_exit(self._nodes(group), within)

    def must_leave_no_process(self, group: str, within: float) -> None:
        """No process of these nodes, or of a worker that was asked to stop, is left."""
        if group in self.worker_lifecycle.stopping:
            self.worker_lifecycle.must_be_reaped(group, within)
        else:
            self.processes.must_leave_none(self._nodes(group), within)

    def serving(self, servers: str) -> dict[str, Any]:
        """The limits of a check that counts by `hive`, or by `worker of <model>`."""
        if servers == "hive":
            return {"workers": list(self.stack.hives), "places": self.hive_by_worker()}
        return {"workers": self.workers_of(servers.removeprefix("worker of "))}

    def leave(self) -> None:
        """For the end of a scenario: ends what a step started and left running."""
        self.worker_lifecycle.leave()
        self.registry.leave()
        self.models.leave()

    def _nodes(self, group: str) -> list[str]:
        gateway = [node.name for node in self.stack.topology.of("orchestrator")]
        return {GATEWAY_ALONE: gateway, GATEWAY_AND_HIVES: [*gateway, *self.stack.hives]}.get(group, [group])

    def _must_move_aside(self, node: str) -> None:
        if node in self.stack.hives:
            self.catalogues.must_be_moved_aside(node)
        else:
            self.registry_database.must_be_moved_aside()


def _row(rows: Mapping[str, T], view: str) -> T:
    if view not in rows:
        raise UsageError(f"expected: one of {', '.join(rows)}\nactual: {view!r}, which does not show this")
    return rows[view]
