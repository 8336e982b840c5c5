"""Search for the highest rate at which the objectives hold: which rate to try next, and what the probes so far tell. Holds no clock.

The knee is the rate at which half of the probes hold. Each probe is evidence with noise, so the answer is an interval with a confidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hivecheck.load import seeds

CELLS = 240  # of the grid of knees between the lowest and the highest rate
# How sharp an edge is, as a ratio of rates: within it the outcome of a probe is open. The probes decide which of them is true.
SLOPES = (0.01, 0.05, 0.15, 0.4)
MISHAP = 0.04  # a probe far from the edge with the other outcome: a pause of the machine, a lucky one
END_SHARE = 0.1  # a priori, for a knee below the lowest rate, and for one above the highest
CANDIDATES = 17  # rates that compete for the next probe, from one end of the interval to the other
LADDER_STEPS = 5  # of the way up, before the first probe that breaks an objective
INVALID_PROBES = 2  # at one rate, until the client counts as too weak for it


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

    `seconds` and `requests` bound all probes together, those of an earlier run of the same search too. 0 requests are no bound.
    """

    low: float
    high: float
    probe_seconds: float
    seconds: float
    seed: int
    requests: int = 0
    precision: float = 0.1
    confidence: float = 0.95


@dataclass(frozen=True)
class Probe:
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
    probes: tuple[Probe, ...]


# Runs one probe at this rate with this seed and gives its number back.
RunProbe = Callable[[int, float, int], Probe]


def search(run: RunProbe, wanted: Search, earlier: Sequence[Probe] = (), keep: Callable[[Probe], None] = lambda _: None) -> Knee:
    """Run probes until the interval is precise or a bound is reached. `keep` gets each probe before the next one starts."""
    probes = list(earlier)
    while True:
        step = next_step(wanted, probes)
        if isinstance(step, Stop):
            return knee(wanted, probes, step)
        number = len(probes)
        try:
            probes.append(run(number, step, probe_seed(wanted.seed, number)))
        except KeyboardInterrupt:
            return knee(wanted, probes, Stop.INTERRUPTED)
        keep(probes[-1])


def probe_seed(seed: int, number: int) -> int:
    """The seed of a probe, a function of the seed of the search and the probe's number."""
    return int.from_bytes(seeds.digest(seed, number, "probe")[:4], "big")


def next_step(wanted: Search, probes: Sequence[Probe]) -> float | Stop:
    """The rate of the next probe, or why there is none."""
    found = _Posterior(wanted, probes)
    if stop := found.stop():
        return stop
    rate = _rate(wanted, probes, found)
    if isinstance(rate, Stop):
        return rate
    overhead = max((probe.seconds - wanted.probe_seconds for probe in probes), default=0.0)
    if sum(probe.seconds for probe in probes) + wanted.probe_seconds + max(0.0, overhead) > wanted.seconds:
        return Stop.SECONDS
    if wanted.requests and sum(probe.requests for probe in probes) + rate * wanted.probe_seconds > wanted.requests:
        return Stop.REQUESTS
    return rate


def knee(wanted: Search, probes: Sequence[Probe], stop: Stop) -> Knee:
    """What the probes tell."""
    low, high = _Posterior(wanted, probes).interval()
    return Knee(low, high, wanted.confidence, stop, tuple(probes))


def _rate(wanted: Search, probes: Sequence[Probe], found: _Posterior) -> float | Stop:
    judged = [probe for probe in probes if probe.held is not None]
    broken = [probe.rate for probe in judged if not probe.held]
    best = max((probe.rate for probe in judged if probe.held), default=0.0)
    if not broken:
        # Up from below: a first probe at a rate far above the knee can harm a server for a long time.
        factor = max(2.0, (wanted.high / wanted.low) ** (1 / LADDER_STEPS))
        rate = min(wanted.high, best * factor) if best else wanted.low
    else:
        rate = found.most_telling()
    ceiling = _ceiling(probes)
    if rate < ceiling:
        return rate
    if not best or ceiling / best <= 1 + wanted.precision:
        return Stop.CLIENT_LIMIT
    return math.sqrt(best * ceiling)


def _ceiling(probes: Sequence[Probe]) -> float:
    """The lowest rate at which the client failed often enough to be too weak for it."""
    invalid = [probe.rate for probe in probes if probe.held is None]
    return min((rate for rate in invalid if invalid.count(rate) >= INVALID_PROBES), default=math.inf)


class _Posterior:
    """How probable each knee is, given the probes. The first cell is a knee below the range, the last one above it."""

    def __init__(self, wanted: Search, probes: Sequence[Probe]) -> None:
        self._wanted = wanted
        width = math.log(wanted.high / wanted.low)
        self._knees = [math.log(wanted.low) + width * (place + 0.5) / CELLS for place in range(CELLS)]
        self._half = width / CELLS / 2
        logs = [[0.0] * (CELLS + 2) for _ in SLOPES]
        for probe in probes:
            if probe.held is not None:
                for slope, row in zip(SLOPES, logs, strict=True):
                    for cell, chance in enumerate(self._chances(math.log(probe.rate), slope)):
                        row[cell] += math.log(chance if probe.held else 1 - chance)
        prior = [END_SHARE, *[(1 - 2 * END_SHARE) / CELLS] * CELLS, END_SHARE]
        most = max(map(max, logs))
        weights = [[share * math.exp(value - most) for share, value in zip(prior, row, strict=True)] for row in logs]
        whole = sum(map(sum, weights))
        # A row for each slope. The columns are the shares of the knees, whatever the slope is.
        self._joint = [[weight / whole for weight in row] for row in weights]
        self._shares = [sum(column) for column in zip(*self._joint, strict=True)]

    def most_telling(self) -> float:
        """The rate at which a probe is expected to leave the least doubt about the knee, whatever the slope is (Kontsevich and Tyler 1999).

        Probes at the median alone cannot tell a sharp edge from a shallow one, and then the interval stays wide.
        """
        low, high = self.interval()
        begin = math.log(max(self._wanted.low, low or 0.0))
        width = math.log(min(self._wanted.high, high or math.inf)) - begin
        rates = [begin + width * place / (CANDIDATES - 1) for place in range(CANDIDATES)]
        return min(self._wanted.high, math.exp(min(rates, key=self._doubt_after)))

    def _doubt_after(self, log_rate: float) -> float:
        """The expected entropy of the knee after a probe at this rate."""
        held = [0.0] * len(self._shares)
        for slope, row in zip(SLOPES, self._joint, strict=True):
            for cell, chance in enumerate(self._chances(log_rate, slope)):
                held[cell] += row[cell] * chance
        broken = [share - part for share, part in zip(self._shares, held, strict=True)]
        return _entropy(held) + _entropy(broken)

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
        """The chance that a probe at this rate holds, for each knee."""
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


def _entropy(parts: Sequence[float]) -> float:
    """The entropy of these shares of a whole, times the whole."""
    whole = sum(parts)
    return sum(part * math.log(whole / part) for part in parts if part > 0)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -500 else 0.0
