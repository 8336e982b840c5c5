"""SIGKILLs of the gateway at random moments of a steady load. Judges no request."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import counted
from hivecheck.world.cluster.processes import SIGKILL
from hivecheck.world.faults import Faults
from hivecheck.world.load import Load

GATEWAY = "orchestrator"
# The answer that a moment counts from ends at a known point of its request. The wait moves the kill to any point of the others.
LONGEST_WAIT_SECONDS = 0.05
POLL_SECONDS = 0.002


@dataclass
class GatewayKills:
    """`random` draws the moments as numbers of answers, so a seed means the same ones on a fast and on a slow machine."""

    stack: Stack
    load: Load
    faults: Faults
    random: random.Random

    def carry_out(self, kills: int, answers: int) -> None:
        """Returns when the load has so many more answers. At random moments until then the gateway is killed and started at once.

        The load goes on while the gateway is down. Raises AssertionError for a gateway that answers nothing after a start.
        """
        begun = self.load.answered()
        for moment in sorted(self.random.sample(range(1, answers), kills)):
            self._await_answers(begun + moment)
            self._wait(self.random.uniform(0.0, LONGEST_WAIT_SECONDS))
            self.faults.inject(SIGKILL, GATEWAY)
            self.faults.remove(SIGKILL, GATEWAY)
            self._must_answer_again()
        self._await_answers(begun + answers)

    def _must_answer_again(self) -> None:
        before, within = self.load.answered(), self.stack.timeouts.node_ready
        must_eventually(self.load.answered, within=within, what="an answer of the gateway after its start", until=lambda now: now > before)

    def _await_answers(self, least: int) -> None:
        within, what = self.stack.timeouts.scenario, f"{counted(least, 'answered load request')}"
        eventually(self.load.answered, within=within, what=what, until=lambda now: now >= least, gone=self.load.end_of_schedule)

    def _wait(self, seconds: float) -> None:
        at = time.monotonic() + seconds
        eventually(lambda: time.monotonic() >= at, within=seconds + 1.0, what="the moment of the kill", every=POLL_SECONDS)
