"""Circuit breakers, one a worker: after repeated failures nobody is sent there for a while, then one probe at a time. Pure: time is given.

What counts is told by the caller: success, failure, or neutral (the client's own error, backpressure, a client that left).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Literal

from services.wire import ServiceEntry

State = Literal["closed", "open", "half_open"]
Outcome = Literal["success", "failure", "neutral"]
MOST_DOUBLINGS = 32  # more would not matter, and a float has its limits


@dataclass(frozen=True)
class BreakerPolicy:
    """Opens after `failures` in a row, stays open for `open_seconds`, closes after `successes` probes in a row.

    Each probe that fails doubles the wait for the next one, up to `longest_open_seconds` (or `open_seconds`, if that is more).
    """

    failures: int
    open_seconds: float
    successes: int
    longest_open_seconds: float = 0.0

    def wait_seconds(self, openings: int) -> float:
        """How long it stays open after it was opened so many times without having closed."""
        return min(self.open_seconds * 2.0 ** min(openings - 1, MOST_DOUBLINGS), max(self.open_seconds, self.longest_open_seconds))


class Breaker:
    """The state machine. What was begun before the last change of state has no say in the new one."""

    __slots__ = ("_failures", "_generation", "_is_probing", "_on_change", "_opened_at", "_openings", "_policy", "_successes", "state")

    def __init__(self, policy: BreakerPolicy, on_change: Callable[[State], None] = lambda state: None) -> None:
        self.state: State = "closed"
        self._policy = policy
        self._on_change = on_change
        self._generation = 0
        self._failures = 0
        self._successes = 0
        self._is_probing = False
        self._opened_at = 0.0
        self._openings = 0

    def admits(self, now: float) -> bool:
        """Whether an attempt may begin."""
        if self.state == "closed":
            return True
        if self.state == "open":
            return self.seconds_left(now) <= 0
        return not self._is_probing

    def seconds_left(self, now: float) -> float:
        """Until an open breaker lets a probe through; 0 in the other states."""
        return max(0.0, self._opened_at + self._policy.wait_seconds(self._openings) - now) if self.state == "open" else 0.0

    def begin(self) -> int:
        """An attempt that was admitted begins; the number to hand in with its result."""
        if self.state == "open":
            self._become("half_open")
        self._is_probing = self.state == "half_open"
        return self._generation

    def settle(self, generation: int, outcome: Outcome, now: float) -> None:
        """The result of an attempt."""
        if generation != self._generation:
            return
        if self.state == "half_open":
            self._is_probing = False
        if outcome == "failure":
            self._failures += 1
            if self.state == "half_open" or self._failures >= self._policy.failures:
                self._opened_at = now
                self._openings += 1
                self._become("open")
        elif outcome == "success":
            self._failures = 0
            self._successes += 1
            if self.state == "half_open" and self._successes >= self._policy.successes:
                self._openings = 0
                self._become("closed")

    def _become(self, state: State) -> None:
        self.state = state
        self._generation += 1
        self._failures = self._successes = 0
        self._is_probing = False
        self._on_change(state)


class Permit:
    """One attempt's way through a breaker, for the length of a `with` block. What is left without a result is neutral."""

    __slots__ = ("_breaker", "_generation", "_is_probe", "_is_settled")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._generation = breaker.begin()
        self._is_probe = breaker.state == "half_open"
        self._is_settled = False

    def answered(self, now: float) -> None:
        """The first byte is here: that is all a probe has to show, because a stream may be long."""
        if self._is_probe:
            self.ended("success", now)

    def ended(self, outcome: Outcome, now: float) -> None:
        """The result. The first one counts, except that an answer which breaks off later is a failure all the same."""
        if outcome == "failure" or not self._is_settled:
            self._is_settled = True
            self._breaker.settle(self._generation, outcome, now)

    def __enter__(self) -> Permit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended("neutral", 0.0)


class Breakers:
    """The breakers of all workers. A newer epoch is a restarted worker, with a breaker of its own."""

    def __init__(self, policy: BreakerPolicy, on_change: Callable[[str, State], None] = lambda worker_id, state: None) -> None:
        self._policy = policy
        self._on_change = on_change
        self._of: dict[str, tuple[int, Breaker]] = {}
        self._not_closed: set[str] = set()  # nearly always empty, so that a choice among many workers costs nothing

    def passage(self, worker: ServiceEntry) -> Permit:
        """Send one attempt through. Only for a worker that is not barred."""
        return Permit(self._breaker(worker))

    def barred(self, workers: Iterable[ServiceEntry], now: float) -> list[str]:
        """The ids of those of `workers` to which nothing may be sent now."""
        if not self._not_closed:
            return []
        return [worker.id for worker in workers if worker.id in self._not_closed and not self._breaker(worker).admits(now)]

    def seconds_left(self, workers: Iterable[ServiceEntry], now: float) -> float:
        """Until the first of `workers`, all barred, lets a probe through."""
        return min((self._breaker(worker).seconds_left(now) for worker in workers), default=0.0)

    def state(self, worker_id: str, now: float) -> State:
        """As it shows: one that is open and would let a probe through is half open."""
        known = self._of.get(worker_id)
        if known is None:
            return "closed"
        return "half_open" if known[1].state == "open" and known[1].admits(now) else known[1].state

    def states(self, workers: Iterable[str], now: float) -> dict[str, State]:
        """The state of each of these workers, also of those nobody has been sent to yet."""
        return {worker_id: self.state(worker_id, now) for worker_id in workers}

    def forget_all_but(self, worker_ids: Container[str]) -> None:
        """Drop the breakers of workers that are gone."""
        self._of = {worker_id: known for worker_id, known in self._of.items() if worker_id in worker_ids}
        self._not_closed.intersection_update(self._of)

    def _breaker(self, worker: ServiceEntry) -> Breaker:
        known = self._of.get(worker.id)
        if known is None or known[0] < worker.epoch:
            self._not_closed.discard(worker.id)
            known = self._of[worker.id] = worker.epoch, Breaker(self._policy, partial(self._note, worker.id, worker.epoch))
        return known[1]

    def _note(self, worker_id: str, epoch: int, state: State) -> None:
        known = self._of.get(worker_id)
        if known is None or known[0] != epoch:
            return  # the last attempt of an incarnation that is history
        if state == "closed":
            self._not_closed.discard(worker_id)
        else:
            self._not_closed.add(worker_id)
        self._on_change(worker_id, state)
