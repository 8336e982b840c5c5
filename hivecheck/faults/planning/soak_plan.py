"""The plan of a soak: its rounds of load, and when its random faults are due. Pure; `world/soak.py` carries it out."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hivecheck.errors import UsageError
from hivecheck.faults.planning.fault_budget import FaultCandidates
from hivecheck.faults.planning.plan import FaultPlan, draw
from hivecheck.measurement.leaks import LEAST, WARM_UP
from hivecheck.measurement.recovery import LEAST_BASELINE

ROUNDS = 20  # of a soak, while the limits of a round allow it
SHORTEST_ROUND_SECONDS, LONGEST_ROUND_SECONDS = 1.5, 30.0
QUIET_ROUNDS = WARM_UP + LEAST  # after the last fault: a leak verdict takes so many cycles of each restarted process
MORE_ROUNDS = 12  # at most, as long as the floors do not tell a leak from none
ROUND_OVERHEAD_SECONDS = 1.0  # drain and reading of an idle stack
MOST_FAULTS_IN_ROUND = 2
FAULT_SECONDS = 10.0  # of load for each fault: with its recovery it takes up to so long
LEAST_MINUTES, LEAST_RATE, MOST_RATE = 0.1, 1.0, 200.0
MOST_REQUESTS = 100_000  # history holds each request in memory
OPTIONS = {"minutes": "--minutes", "rate_per_second": "--rate", "faults": "--random-faults"}


@dataclass(frozen=True)
class SoakPlan:
    """Load of `rate_per_second` for about so many minutes, with so many faults. The seed decides the faults and their times."""

    minutes: float = 0.5
    rate_per_second: float = 20.0
    faults: int = 2
    seed: int = 1

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def round_seconds(self) -> float:
        """The load of one round, which is one cycle of the leak verdict."""
        span = min(max(self.seconds / ROUNDS, SHORTEST_ROUND_SECONDS), LONGEST_ROUND_SECONDS)
        return max(span, LEAST_BASELINE / self.rate_per_second)

    @property
    def possible_faults(self) -> int:
        """How many faults the time is long enough for."""
        return int(self.seconds // FAULT_SECONDS)

    @property
    def longest_seconds(self) -> float:
        """A limit for the whole soak: a longer one hangs."""
        rounds = QUIET_ROUNDS + MORE_ROUNDS
        return 2 * self.seconds + rounds * (self.round_seconds + 10 * ROUND_OVERHEAD_SECONDS) + 4 * FAULT_SECONDS * (self.faults + 3)

    def must_be_possible(self) -> None:
        """Raise UsageError for figures out of range, too many faults for the time, and too many requests."""
        if not self.minutes >= LEAST_MINUTES:
            raise _refusal("minutes", f"{LEAST_MINUTES:g} or more", f"{self.minutes:g}")
        if not LEAST_RATE <= self.rate_per_second <= MOST_RATE:
            raise _refusal("rate_per_second", f"{LEAST_RATE:g} to {MOST_RATE:g} requests per second", f"{self.rate_per_second:g}")
        if self.faults < 0:
            raise _refusal("faults", "0 or more", str(self.faults))
        if self.faults > self.possible_faults:
            most = f"{FAULT_SECONDS:g} s of load for each fault, so at most {self.possible_faults} here"
            raise _refusal("faults", most, str(self.faults))
        if (requests := self.seconds * self.rate_per_second) > MOST_REQUESTS:
            longest = MOST_REQUESTS / self.rate_per_second / 60
            raise _refusal(
                "minutes", f"at most {MOST_REQUESTS} requests, so at most {longest:.0f} minutes here", f"{requests:.0f} requests"
            )

    def due(self, elapsed: float) -> int:
        """How many faults are due so many seconds after the start. The first round and the last quiet rounds have none."""
        begin = self.round_seconds
        # The quiet rounds take their part of the time. A short soak has faults in its first quarter all the same.
        quiet = QUIET_ROUNDS * (self.round_seconds + ROUND_OVERHEAD_SECONDS)
        span = max(self.seconds / 4, self.seconds - quiet) - begin
        rng = random.Random(f"{self.seed} soak")
        times = [begin + (number + rng.random()) / self.faults * max(0.0, span) for number in range(self.faults)]
        return sum(at <= elapsed for at in times)

    def faults_of(self, number: int, count: int, targets: FaultCandidates) -> FaultPlan:
        """The faults of one round, within the fault budget. A round has the same ones in each soak with this seed."""
        return draw(1000 * self.seed + number, count, targets)


def _refusal(name: str, expected: str, actual: str) -> UsageError:
    return UsageError(f"expected: {OPTIONS[name]}: {expected}\nactual: {actual}\nnext: change --minutes, --rate or --random-faults")
