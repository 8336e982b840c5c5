"""Faults that nobody chose: a plan is drawn from the run's seed, or replayed, and struck while clients keep coming. Judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from hivecheck.errors import ClientError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.planning import eligibility, plan
from hivecheck.faults.planning.fault_budget import FaultCandidates, PlannedFault
from hivecheck.faults.planning.plan import FaultPlan, PlanSource
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.cluster.liars import Liars
from hivecheck.world.faults import Faults

PLAN = "plan.json"
SUPPORTS = {"registry": eligibility.REGISTRY}  # service -> what chance calls it


@dataclass
class RandomFaults:
    """`plan_file` is where the plan of this scenario lies, once there is one."""

    stack: Stack
    faults: Faults
    liars: Liars
    drawing: PlanSource
    folder: Path
    plan_file: Path | None = None

    def inject(self) -> None:
        """Carry the plan out, and return when all of it is healed. A blow waits until its victim serves and enough others do."""
        targets = self._targets()
        drawn = self.drawing.plan(targets)
        self._keep(drawn)
        begun = time.monotonic()
        for planned in drawn.faults:
            wait = planned.at_seconds - (time.monotonic() - begun)
            eventually(
                lambda planned=planned: time.monotonic() - begun >= planned.at_seconds,  # type: ignore[misc]
                within=max(0.0, wait) + self.stack.timeouts.settling,
                what=f"the time of {planned.fault} on {planned.target}",
            )
            self._await_room(planned, targets)
            # By name, and not by a selector: those are looked up in the registry, which may be struck itself.
            fault_target = FaultTarget.named(planned.target, self.stack)
            self.faults.injector.inject(planned.fault, planned.target, [fault_target], planned.for_seconds)
        for target in sorted({planned.target for planned in drawn.faults}):
            self.faults.injector.await_end(target)

    def must_all_serve(self, within: float) -> None:
        """Every worker can be routed to again."""

        def missing() -> list[str]:
            shown = self._shown()
            return [name for name in self._workers() if not _is_routable(shown.get(name))]

        must_eventually(missing, within=within, what="every worker can be routed to", until=lambda names: not names)

    def _keep(self, drawn: FaultPlan) -> None:
        """Before the first blow, so that it is there whatever becomes of the run."""
        self.plan_file = self.folder / PLAN
        self.plan_file.write_text(drawn.text(), encoding="utf-8")

    def _await_room(self, planned: PlannedFault, targets: FaultCandidates) -> None:
        """A slow machine must not make more faulty at once than the plan has: then nothing would be promised to clients."""
        most, kind = targets.tolerated(planned.target), targets.of_its_kind(planned.target)

        def out() -> list[str]:
            active = {injection.fault_target.name for injection in self.faults.injector.active()} & set(kind)
            return sorted(active | set(self._unwell_supports(active) if planned.target in targets.control_plane else self._untrusted()))

        must_eventually(
            out,
            within=self.stack.timeouts.restart + plan.LONGEST_SECONDS,
            what=f"{planned.target} and all but {most - 1} of the others are well, so that {planned.fault} may strike",
            until=lambda seen: len(seen) < most and planned.target not in seen,
        )

    def _untrusted(self) -> list[str]:
        """Workers to which the orchestrator sends nothing now, or not as to any other."""
        shown = self._shown()
        return [name for name in self._workers() if not (_is_routable(shown.get(name)) and _is_trusted(shown[name]))]

    def _unwell_supports(self, active: set[str]) -> list[str]:
        """Supports that do not call themselves well. Those that are struck (`active`) are not asked: they may never answer."""
        return [name for name in self._supports() if name not in active and not self._is_well(name)]

    def _is_well(self, name: str) -> bool:
        """Also by the word of the orchestrator, which must have heard of it since."""
        try:
            is_connected = self.stack.orchestrator.health()["registry"]["connected"]
            return bool(is_connected and self.stack.registry.get("/health")["status"] == "healthy")
        except ClientError:
            return False

    def _shown(self) -> dict[str, dict[str, object]]:
        """The workers by the orchestrator's word; without a registry that is the last that was known, by which it routes."""
        try:
            return self.stack.orchestrator.workers()
        except ClientError:
            return {}

    def _workers(self) -> list[str]:
        """Those declared and those that were started to lie."""
        return sorted({*self.stack.topology.workers(), *self.liars.names})

    def _supports(self) -> dict[str, str]:
        return {name: SUPPORTS[node.service] for name, node in self.stack.nodes.items() if node.service in SUPPORTS}

    def _targets(self) -> FaultCandidates:
        """Everybody with what can strike them on this platform."""
        own = self.stack.platform.capabilities("node")
        managed = self.stack.platform.capabilities("managed") | {"restart"}  # which is its hive's
        workers = {name: eligibility.possible(self._called(name), own if name in self.stack.nodes else managed) for name in self._workers()}
        return FaultCandidates(workers, {name: eligibility.possible({kind}, own) for name, kind in self._supports().items()})

    def _called(self, worker: str) -> set[str]:
        """What it is to chance."""
        found = {eligibility.WORKER: True, eligibility.OWN_NODE: worker in self.stack.nodes, eligibility.LIAR: worker in self.liars.names}
        return {kind for kind, holds in found.items() if holds}


def _is_routable(view: dict[str, object] | None) -> bool:
    return view is not None and view["status"] == "online" and view["state"] == "ready"


def _is_trusted(view: dict[str, object]) -> bool:
    return view["circuit"] == "closed" and not view["ejected"]
