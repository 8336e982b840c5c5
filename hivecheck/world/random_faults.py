"""Carries out a fault plan, drawn from the run's seed or replayed from a file, while clients keep sending. Judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from hivecheck.clients.gateway import is_routable
from hivecheck.errors import ClientError
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.planning import eligibility, plan
from hivecheck.faults.planning.fault_budget import FaultCandidates, PlannedFault
from hivecheck.faults.planning.plan import FaultPlan, PlanSource
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.cluster.worker_lifecycle import WorkerLifecycle
from hivecheck.world.faults import Faults

PLAN = "plan.json"
CONTROL_PLANE = {"registry": Kind.REGISTRY}  # service -> its kind of target


@dataclass
class RandomFaults:
    """`plan_file` is the plan of this scenario, once there is one."""

    stack: Stack
    faults: Faults
    lifecycle: WorkerLifecycle
    drawing: PlanSource
    folder: Path
    plan_file: Path | None = None

    def inject(self) -> None:
        """Carry out the plan, and return when all its faults are removed. An injection waits until the fault budget has room."""
        targets = self.targets()
        drawn = self.drawing.plan(targets)
        self._keep(drawn)
        self.carry_out(drawn, targets)

    def carry_out(self, drawn: FaultPlan, targets: FaultCandidates) -> None:
        """Inject the faults of a plan for these targets at their times, and return when all of them are removed."""
        begun = time.monotonic()
        for planned in drawn.faults:
            self._await_time(planned, begun)
            self._await_room(planned, targets)
            # By name, because the registry resolves selectors, and it may be under a fault itself.
            fault_target = FaultTarget.named(planned.target, self.stack)
            self.faults.injector.inject(planned.fault, planned.target, [fault_target], planned.for_seconds)
        for target in sorted({planned.target for planned in drawn.faults}):
            self.faults.injector.await_end(target)

    def must_all_serve(self, within: float) -> None:
        """Every worker is routable again."""

        def missing() -> list[str]:
            views = self._views()
            return [name for name in self._workers() if not is_routable(views.get(name))]

        must_eventually(missing, within=within, what="every worker is routable", until=lambda names: not names)

    def must_all_be_sound(self, within: float) -> None:
        """No worker is lost or distrusted, and every node of the control plane is healthy."""
        must_eventually(
            lambda: [*self._unroutable_workers(), *self._unhealthy_control_plane(set())],
            within=within,
            what="every worker is routable, with a closed circuit, and the control plane is healthy",
            until=lambda names: not names,
        )

    def targets(self, model: str | None = None) -> FaultCandidates:
        """Every target with the faults that are possible there on this platform. With `model`, no workers of other models."""
        own = self.stack.platform.capabilities("node")
        managed = self.stack.platform.capabilities("managed") | {"restart"}  # by its hive
        others = {name for name, models in self.stack.topology.workers().items() if model and model not in models}
        workers = {
            name: eligibility.possible(self._kinds(name), own if name in self.stack.nodes else managed)
            for name in self._workers()
            if name not in others
        }
        return FaultCandidates(workers, {name: eligibility.possible({kind}, own) for name, kind in self._control_plane().items()})

    def _keep(self, drawn: FaultPlan) -> None:
        """Before the first injection, so that the file exists however the run ends."""
        self.plan_file = self.folder / PLAN
        self.plan_file.write_text(drawn.text(), encoding="utf-8")

    def _await_time(self, planned: PlannedFault, begun: float) -> None:
        eventually(
            lambda: time.monotonic() - begun >= planned.at_seconds,
            within=max(0.0, planned.at_seconds - (time.monotonic() - begun)) + self.stack.timeouts.settling,
            what=f"the time of {planned.fault} on {planned.target}",
        )

    def _await_room(self, planned: PlannedFault, targets: FaultCandidates) -> None:
        """On a slow machine a target may recover later than planned. More faulty targets than planned would exceed the budget."""
        most, kind = targets.worker_budget(planned.target), targets.of_its_kind(planned.target)

        def faulty() -> list[str]:
            active = {injection.fault_target.name for injection in self.faults.injector.active()} & set(kind)
            others = self._unhealthy_control_plane(active) if planned.target in targets.control_plane else self._unroutable_workers()
            return sorted(active | set(others))

        must_eventually(
            faulty,
            within=self.stack.timeouts.restart + plan.LONGEST_SECONDS,
            what=f"{planned.target} and all but {most - 1} of its kind are healthy, before the injection of {planned.fault}",
            until=lambda names: len(names) < most and planned.target not in names,
        )

    def _unroutable_workers(self) -> list[str]:
        """Workers to which the gateway sends no requests, or fewer than to the others."""
        views = self._views()
        return [name for name in self._workers() if not (is_routable(views.get(name)) and _is_trusted(views[name]))]

    def _unhealthy_control_plane(self, active: set[str]) -> list[str]:
        """Control plane nodes that report no health. Those under a fault (`active`) are left out: they may never answer."""
        return [name for name in self._control_plane() if name not in active and not self._is_healthy(name)]

    def _is_healthy(self, name: str) -> bool:
        """By its own report and by the gateway's, which must have reached it since."""
        try:
            is_connected = self.stack.orchestrator.health()["registry"]["connected"]
            return bool(is_connected and self.stack.registry.get("/health")["status"] == "healthy")
        except ClientError:
            return False

    def _views(self) -> dict[str, dict[str, object]]:
        """The workers as the gateway lists them. Without a registry that is its last list, by which it routes."""
        try:
            return self.stack.orchestrator.workers()
        except ClientError:
            return {}

    def _workers(self) -> list[str]:
        """The declared workers, and those that a scenario started with an admin listener."""
        return sorted({*self.stack.topology.workers(), *self.lifecycle.with_admin_port})

    def _control_plane(self) -> dict[str, Kind]:
        return {name: CONTROL_PLANE[node.service] for name, node in self.stack.nodes.items() if node.service in CONTROL_PLANE}

    def _kinds(self, worker: str) -> set[Kind]:
        found = {Kind.WORKER: True, Kind.OWN_NODE: worker in self.stack.nodes, Kind.ADMIN_WORKER: worker in self.lifecycle.with_admin_port}
        return {kind for kind, holds in found.items() if holds}


def _is_trusted(view: dict[str, object]) -> bool:
    return view["circuit"] == "closed" and not view["ejected"]
