"""Search for the highest rate at which the objectives hold: which rate to try next, and what the trials so far tell. Holds no clock.

The knee is the rate at which half of the trials hold. Each trial is evidence with noise, so the answer is an interval with a confidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hivecheck.load import seeds

CELLS = 240  # of the grid of knees between the lowest and the highest rate
# How sharp an edge is, as a ratio of rates: within it the outcome of a trial is open. The trials decide which of them is true.
SLOPES = (0.01, 0.05, 0.15, 0.4)
MISHAP = 0.04  # a trial far from the edge with the other outcome: a pause of the machine, a lucky one
END_SHARE = 0.1  # a priori, for a knee below the lowest rate, and for one above the highest
LADDER_STEPS = 5  # of the way up, before the first trial that breaks an objective
INVALID_TRIALS = 2  # at one rate, until the client counts as too weak for it


class Stop(StrEnum):
    """Why the search ended."""

    PRECISE = "precise"
    SECONDS = "out of time"
    REQUESTS = "out of requests"
    NOTHING_HOLDS = "below the lowest rate"
    EVERYTHING_HOLDS = "above the highest rate"
    CLIENT_LIMIT = "the client is at its limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Search:
    """What to search. `precision` is the width of the interval at which the search ends: 0.1 is 10 %.

    `seconds` and `requests` bound all trials together, those of an earlier run of the same search too. 0 requests are no bound.
    """

    low: float
    high: float
    trial_seconds: float
    seconds: float
    seed: int
    requests: int = 0
    precision: float = 0.1
    confidence: float = 0.95


@dataclass(frozen=True)
class Trial:
    """One run at one rate. `held` is None for a run that judged itself invalid: it tells nothing about the server."""

    number: int
    rate: float
    seed: int
    held: bool | None
    seconds: float
    requests: int
    sentence: str = ""


@dataclass(frozen=True)
class Knee:
    """The knee lies between `low` and `high` with this confidence. None is an open end of the interval."""

    low: float | None
    high: float | None
    confidence: float
    stop: Stop
    trials: tuple[Trial, ...]


# Runs one trial at this rate with this seed and gives its number back.
RunTrial = Callable[[int, float, int], Trial]


def search(run: RunTrial, wanted: Search, earlier: Sequence[Trial] = (), keep: Callable[[Trial], None] = lambda _: None) -> Knee:
    """Run trials until the interval is precise or a bound is reached. `keep` gets each trial before the next one starts."""
    trials = list(earlier)
    while True:
        step = next_step(wanted, trials)
        if isinstance(step, Stop):
            return knee(wanted, trials, step)
        number = len(trials)
        try:
            trials.append(run(number, step, trial_seed(wanted.seed, number)))
        except KeyboardInterrupt:
            return knee(wanted, trials, Stop.INTERRUPTED)
        keep(trials[-1])


def trial_seed(seed: int, number: int) -> int:
    """The seed of a trial, a function of the seed of the search and the trial's number."""
    return int.from_bytes(seeds.digest(seed, number, "trial")[:4], "big")


def next_step(wanted: Search, trials: Sequence[Trial]) -> float | Stop:
    """The rate of the next trial, or why there is none."""
    found = _Posterior(wanted, trials)
    if stop := found.stop():
        return stop
    rate = _rate(wanted, trials, found)
    if isinstance(rate, Stop):
        return rate
    overhead = max((trial.seconds - wanted.trial_seconds for trial in trials), default=0.0)
    if sum(trial.seconds for trial in trials) + wanted.trial_seconds + max(0.0, overhead) > wanted.seconds:
        return Stop.SECONDS
    if wanted.requests and sum(trial.requests for trial in trials) + rate * wanted.trial_seconds > wanted.requests:
        return Stop.REQUESTS
    return rate


def knee(wanted: Search, trials: Sequence[Trial], stop: Stop) -> Knee:
    """What the trials tell."""
    low, high = _Posterior(wanted, trials).interval()
    return Knee(low, high, wanted.confidence, stop, tuple(trials))


def _rate(wanted: Search, trials: Sequence[Trial], found: _Posterior) -> float | Stop:
    judged = [trial for trial in trials if trial.held is not None]
    broken = [trial.rate for trial in judged if not trial.held]
    best = max((trial.rate for trial in judged if trial.held), default=0.0)
    if not broken:
        # Up from below: a first trial at a rate far above the knee can harm a server for a long time.
        factor = max(2.0, (wanted.high / wanted.low) ** (1 / LADDER_STEPS))
        rate = min(wanted.high, best * factor) if best else wanted.low
    else:
        # The median of what is possible: bisection on a log scale that returns to the edge after an outcome that does not fit.
        rate = found.median()
    ceiling = _ceiling(trials)
    if rate < ceiling:
        return rate
    if not best or ceiling / best <= 1 + wanted.precision:
        return Stop.CLIENT_LIMIT
    return math.sqrt(best * ceiling)


def _ceiling(trials: Sequence[Trial]) -> float:
    """The lowest rate at which the client failed often enough to be too weak for it."""
    invalid = [trial.rate for trial in trials if trial.held is None]
    return min((rate for rate in invalid if invalid.count(rate) >= INVALID_TRIALS), default=math.inf)


class _Posterior:
    """How probable each knee is, given the trials. The first cell is a knee below the range, the last one above it."""

    def __init__(self, wanted: Search, trials: Sequence[Trial]) -> None:
        self._wanted = wanted
        width = math.log(wanted.high / wanted.low)
        self._knees = [math.log(wanted.low) + width * (place + 0.5) / CELLS for place in range(CELLS)]
        self._half = width / CELLS / 2
        logs = [[0.0] * (CELLS + 2) for _ in SLOPES]
        for trial in trials:
            if trial.held is not None:
                for slope, row in zip(SLOPES, logs, strict=True):
                    for cell, chance in enumerate(self._chances(math.log(trial.rate), slope)):
                        row[cell] += math.log(chance if trial.held else 1 - chance)
        prior = [END_SHARE, *[(1 - 2 * END_SHARE) / CELLS] * CELLS, END_SHARE]
        most = max(map(max, logs))
        weights = [share * sum(math.exp(row[cell] - most) for row in logs) for cell, share in enumerate(prior)]
        whole = sum(weights)
        self._shares = [weight / whole for weight in weights]

    def median(self) -> float:
        """The knee that is as probably too low as too high, within the range."""
        rate = self._quantile(0.5)
        return self._wanted.low if rate is None else min(rate, self._wanted.high)

    def interval(self) -> tuple[float | None, float | None]:
        """The bounds of the knee. None is a bound outside the range."""
        tail = (1 - self._wanted.confidence) / 2
        low, high = self._quantile(tail, edge=-1), self._quantile(1 - tail, edge=1)
        return low, None if high == math.inf else high

    def stop(self) -> Stop | None:
        """Whether the knee is known well enough."""
        if self._shares[0] >= self._wanted.confidence:
            return Stop.NOTHING_HOLDS
        if self._shares[-1] >= self._wanted.confidence:
            return Stop.EVERYTHING_HOLDS
        low, high = self.interval()
        return Stop.PRECISE if low and high and high / low <= 1 + self._wanted.precision else None

    def _chances(self, log_rate: float, slope: float) -> list[float]:
        """The chance that a trial at this rate holds, for each knee."""
        inner = [MISHAP + (1 - 2 * MISHAP) * _logistic((at - log_rate) / slope) for at in self._knees]
        return [MISHAP, *inner, 1 - MISHAP]

    def _quantile(self, share: float, edge: int = 0) -> float | None:
        """The knee below which this share lies, at the outer edge of its cell. None is below the range, infinity above it."""
        passed = self._shares[0]
        if passed >= share:
            return None
        for at, own in zip(self._knees, self._shares[1:-1], strict=True):
            passed += own
            if passed >= share:
                return math.exp(at + edge * self._half)
        return math.inf


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -500 else 0.0
