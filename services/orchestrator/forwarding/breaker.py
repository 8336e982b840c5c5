"""Circuit breakers, one per worker: repeated failures open the circuit, then single probes test the worker. Pure: time is an argument.

The caller classifies each outcome: success, failure or neutral (client error, backpressure, client disconnect).
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
MOST_DOUBLINGS = 32  # 2 ** 32 exceeds every setting, and 2.0 ** 1024 would overflow a float.


@dataclass(frozen=True)
class BreakerPolicy:
    """Opens after `failures` in a row, stays open for `open_seconds`, closes after `successes` probes in a row.

    Each failed probe doubles the open time, up to `longest_open_seconds` (or `open_seconds`, if that is more).
    """

    failures: int
    open_seconds: float
    successes: int
    longest_open_seconds: float = 0.0

    def wait_seconds(self, openings: int) -> float:
        """The open time after so many openings in a row without a close."""
        return min(self.open_seconds * 2.0 ** min(openings - 1, MOST_DOUBLINGS), max(self.open_seconds, self.longest_open_seconds))


class Breaker:
    """The state machine of one worker."""

    __slots__ = ("_failures", "_generation", "_is_probing", "_on_change", "_opened_at", "_openings", "_policy", "_successes", "state")

    def __init__(self, policy: BreakerPolicy, on_change: Callable[[State], None] = lambda state: None) -> None:
        self.state: State = "closed"
        self._policy = policy
        self._on_change = on_change
        # A result from before the last change of state must not count in the new state, so each attempt carries its generation.
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
        """Seconds until an open breaker admits a probe. 0 in the other states."""
        return max(0.0, self._opened_at + self._policy.wait_seconds(self._openings) - now) if self.state == "open" else 0.0

    def begin(self) -> int:
        """Start an admitted attempt. Returns the generation that `settle` needs."""
        if self.state == "open":
            self._become("half_open")
        self._is_probing = self.state == "half_open"
        return self._generation

    def settle(self, generation: int, outcome: Outcome, now: float) -> None:
        """Count the outcome of an attempt, unless the state has changed since it started."""
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
    """The permit for one attempt, for the length of a `with` block. An attempt without an outcome counts as neutral."""

    __slots__ = ("_breaker", "_generation", "_is_probe", "_is_settled")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._generation = breaker.begin()
        self._is_probe = breaker.state == "half_open"
        self._is_settled = False

    def answered(self, now: float) -> None:
        """The first byte arrived. It completes a probe."""
        # A stream can run for minutes, and the breaker must not stay half open for so long.
        if self._is_probe:
            self.ended("success", now)

    def ended(self, outcome: Outcome, now: float) -> None:
        """Settle with the first outcome. A later failure counts too, because a started answer can still break off."""
        if outcome == "failure" or not self._is_settled:
            self._is_settled = True
            self._breaker.settle(self._generation, outcome, now)

    def __enter__(self) -> Permit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended("neutral", 0.0)


class Breakers:
    """The breakers of all workers. A newer epoch is a restarted worker, which gets a new breaker."""

    def __init__(self, policy: BreakerPolicy, on_change: Callable[[str, State], None] = lambda worker_id, state: None) -> None:
        self._policy = policy
        self._on_change = on_change
        self._of: dict[str, tuple[int, Breaker]] = {}
        self._not_closed: set[str] = set()  # Nearly always empty, so a selection among many workers skips all breakers.

    def permit(self, worker: ServiceEntry) -> Permit:
        """The permit for one attempt. The worker must not be blocked."""
        return Permit(self._breaker(worker))

    def blocked(self, workers: Iterable[ServiceEntry], now: float) -> list[str]:
        """The ids of the `workers` that may get no attempt now."""
        if not self._not_closed:
            return []
        return [worker.id for worker in workers if worker.id in self._not_closed and not self._breaker(worker).admits(now)]

    def seconds_left(self, workers: Iterable[ServiceEntry], now: float) -> float:
        """Seconds until the first of the blocked `workers` admits a probe."""
        return min((self._breaker(worker).seconds_left(now) for worker in workers), default=0.0)

    def state(self, worker_id: str, now: float) -> State:
        """The reported state. An open breaker that would admit a probe reports half_open."""
        known = self._of.get(worker_id)
        if known is None:
            return "closed"
        return "half_open" if known[1].state == "open" and known[1].admits(now) else known[1].state

    def states(self, workers: Iterable[str], now: float) -> dict[str, State]:
        """The state of each of these workers. A worker without an attempt is closed."""
        return {worker_id: self.state(worker_id, now) for worker_id in workers}

    def forget_failures(self) -> None:
        """Close every circuit, and forget the failures that did not open one. Attempts that still run count for nothing."""
        self.forget_all_but(())

    def forget_all_but(self, worker_ids: Container[str]) -> None:
        """Drop the breakers of removed workers."""
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
            return  # A late result of the previous epoch.
        if state == "closed":
            self._not_closed.discard(worker_id)
        else:
            self._not_closed.add(worker_id)
        self._on_change(worker_id, state)
