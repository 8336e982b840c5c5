"""A soak: rounds of steady load, random faults in some of them, and a reading of every idle process after each one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

from hivecheck.checks.recovery.load_integrity import load_integrity
from hivecheck.checks.recovery.sound_soak import LEAKS, sound_soak, verdicts
from hivecheck.errors import UsageError
from hivecheck.faults.planning.soak_plan import MORE_ROUNDS, MOST_FAULTS_IN_ROUND, QUIET_ROUNDS, SoakPlan
from hivecheck.history import Event, History
from hivecheck.measurement.recovery import LOAD
from hivecheck.measurement.soak import BEGAN, ENDED, ROUND, round_of
from hivecheck.reports import soak_report
from hivecheck.stack.stack import Stack
from hivecheck.topologies.topology import Topology
from hivecheck.verdict import Answer
from hivecheck.waiting import eventually
from hivecheck.world.load import Load, OpenLoop
from hivecheck.world.observations.cycles import Cycles
from hivecheck.world.observations.usage import Usage
from hivecheck.world.random_faults import RandomFaults

LONGEST_LOAD_SECONDS = 300.0  # of one round: two faults with their recovery on a slow machine


@dataclass
class Soak:
    """The soak of one scenario. `say` gets the lines of the timeline as they happen."""

    stack: Stack
    history: History
    load: Load
    random_faults: RandomFaults
    cycles: Cycles
    usage: Usage
    plan: SoakPlan
    say: Callable[[str], None]
    model: str = ""

    def run(self) -> None:
        """All rounds. Raises AssertionError after the first round with a wrong answer or with a request that is still in flight."""
        self.plan.must_be_possible()
        self.model = most_served(self.stack.topology)
        began = self._note(BEGAN, nodes=list(self.stack.nodes), topology=self.stack.topology.name, **asdict(self.plan))
        self.say(soak_report.opening(began, QUIET_ROUNDS))
        self.cycles.begin()
        begun = time.monotonic()
        number = injected = quiet = 0
        while not self._is_over(begun, injected, quiet):
            number += 1
            faults = min(MOST_FAULTS_IN_ROUND, self.plan.due(time.monotonic() - begun) - injected)
            self._round(number, faults)
            injected, quiet = injected + faults, 0 if faults else quiet + 1
        self.usage.read(self.stack.timeouts.settling)
        self._note(ENDED)

    def must_be_sound(self) -> None:
        """No wrong answer, no avoidable failure, no leak."""
        # Not by the checker: it would take every line of every journal of hours into history, and no part needs one.
        sound_soak(self.history).enforce()

    def _is_over(self, begun: float, injected: int, quiet: int) -> bool:
        """After its time, all faults and enough quiet rounds. More rounds follow as long as the leak verdict is no acquittal."""
        if time.monotonic() < begun + self.plan.seconds or injected < self.plan.faults or quiet < QUIET_ROUNDS:
            return False
        return quiet >= QUIET_ROUNDS + MORE_ROUNDS or verdicts(self.history)[LEAKS].answer is Answer.PASSED

    def _round(self, number: int, faults: int) -> None:
        began, since = time.monotonic(), time.time()
        if number == 1:
            self.load.begin(self.model, OpenLoop(self.plan.rate_per_second, LONGEST_LOAD_SECONDS), pace="")
        else:
            self.load.begin_again()
        if faults:
            self._inject(number, faults)
        self._await(began + self.plan.round_seconds)
        self.load.end()
        load_ended = time.monotonic()
        self.usage.read(self.stack.timeouts.settling, since)
        requests = self.history.between(began).operations(LOAD)
        # In a round with faults a broken answer is what the load is for.
        intended = sum(bool(faults) or request.is_answered for request in requests)
        held = self.cycles.end_cycle(number, len(requests), intended)
        event = self._note(ROUND, number=number, began=began, load_ended=load_ended, faults=faults)
        for line in soak_report.round_lines(self.history, event):
            self.say(line)
        verdict = load_integrity(round_of(self.history, event).history)
        if verdict.answer is Answer.FAILED:
            verdict.enforce()
        if held:
            verdicts(self.history)[LEAKS].enforce()

    def _inject(self, number: int, count: int) -> None:
        """Returns when the faults of a round are removed, and the load has shown the recovery from them."""
        targets = self.random_faults.targets(self.model)
        self.random_faults.carry_out(self.plan.faults_of(number, count, targets), targets)
        self.random_faults.must_all_be_sound(self.stack.timeouts.restart + self.stack.timeouts.convergence)
        self.load.go_on_for_a_while()

    def _await(self, at: float) -> None:
        left = max(0.0, at - time.monotonic())
        eventually(lambda: time.monotonic() >= at, within=left + self.stack.timeouts.settling, what="the end of the round's load")

    def _note(self, what: str, **data: object) -> Event:
        event = Event(time.monotonic(), "soak", self.model, {"what": what, **data})
        self.history.record(event)
        return event


def most_served(topology: Topology) -> str:
    """The model with the most workers. Raises UsageError for a topology without workers."""
    counts = Counter(model for models in topology.workers().values() for model in models)
    if not counts:
        raise UsageError(f"expected: a topology with workers\nactual: {topology.name} has none\nnext: name another one")
    return max(sorted(counts), key=lambda model: counts[model])
