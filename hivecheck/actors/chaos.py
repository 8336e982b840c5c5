"""Faults that nobody chose: a plan is drawn from the run's seed, or replayed, and struck while clients keep coming. Judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from hivecheck.actors.faults import Faults
from hivecheck.errors import ClientError
from hivecheck.faults import plan
from hivecheck.faults.plan import Blow, Drawing, FaultPlan
from hivecheck.stack import Stack
from hivecheck.waiting import eventually, must_eventually

PLAN = "plan.json"


@dataclass
class Chaos:
    """`plan_file` is where the plan of this scenario lies, once there is one."""

    stack: Stack
    faults: Faults
    drawing: Drawing
    folder: Path
    plan_file: Path | None = None

    def strike(self) -> None:
        """Carry the plan out, and return when all of it is healed. A blow waits until its victim serves and enough others do."""
        drawn = self.drawing.plan(self._faults_by_worker())
        self._keep(drawn)
        begun = time.monotonic()
        for blow in drawn.blows:
            wait = blow.at_seconds - (time.monotonic() - begun)
            eventually(
                lambda blow=blow: time.monotonic() - begun >= blow.at_seconds,  # type: ignore[misc]
                within=max(0.0, wait) + self.stack.timeouts.settling,
                what=f"the time of {blow.fault} on {blow.target}",
            )
            self._await_room(blow, plan.tolerated(len(self.stack.topology.workers())))
            self.faults.strike(blow.fault, blow.target, blow.for_seconds)
        for target in sorted({blow.target for blow in drawn.blows}):
            self.faults.await_end(target)

    def must_all_serve(self, within: float) -> None:
        """Every declared worker can be routed to again."""
        must_eventually(self._missing, within=within, what="every worker can be routed to", until=lambda missing: not missing)

    def _keep(self, drawn: FaultPlan) -> None:
        """Before the first blow, so that it is there whatever becomes of the run."""
        self.plan_file = self.folder / PLAN
        self.plan_file.write_text(drawn.text(), encoding="utf-8")

    def _await_room(self, blow: Blow, most: int) -> None:
        """A slow machine must not make more workers faulty at once than the plan has: then nothing would be promised to clients."""

        def out() -> list[str]:
            active = {strike.victim.name for strike in self.faults.injector.active()}
            return sorted(active | set(self._missing()))

        must_eventually(
            out,
            within=self.stack.timeouts.restart + plan.LONGEST_SECONDS,
            what=f"{blow.target} and all but {most - 1} of the others serve, so that {blow.fault} may strike",
            until=lambda seen: len(seen) < most and blow.target not in seen,
        )

    def _missing(self) -> list[str]:
        """Declared workers that the orchestrator does not route to now."""
        try:
            shown = self.stack.orchestrator.workers()
        except ClientError:
            return sorted(self.stack.topology.workers())
        return sorted(set(self.stack.topology.workers()) - {name for name, view in shown.items() if _serves(view)})

    def _faults_by_worker(self) -> dict[str, list[str]]:
        """Each declared worker with what can strike it on this platform."""
        platform = self.stack.platform
        own, managed = plan.possible(platform.powers("node")), plan.possible(platform.powers("managed"))
        return {name: own if name in self.stack.nodes else managed for name in self.stack.topology.workers()}


def _serves(view: dict[str, object]) -> bool:
    return view["status"] == "online" and view["state"] == "ready"
