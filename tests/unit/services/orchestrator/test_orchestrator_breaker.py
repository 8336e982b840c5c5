"""The circuit breaker: by example, and as a state machine against a model."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from orchestrator_stage import entry

from services.orchestrator.forwarding.breaker import Breaker, BreakerPolicy, Breakers, Outcome, Permit

POLICY = BreakerPolicy(failures=3, open_seconds=2.0, successes=2)
W1, W2 = entry("w1"), entry("w2")


def attempt(breaker: Breaker, outcome: Outcome, now: float) -> None:
    with Permit(breaker) as permit:
        permit.ended(outcome, now)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(POLICY)
    for _ in range(POLICY.failures):
        attempt(breaker, "failure", now)
    return breaker


def test_breaker_opens_after_failures_in_a_row() -> None:
    """The breaker opens after enough failures in a row, and neither success nor neutral counts."""
    breaker = Breaker(POLICY)
    for outcome in ("failure", "failure", "success", "failure", "neutral", "failure"):
        attempt(breaker, outcome, 0.0)  # type: ignore[arg-type]
    assert breaker.state == "closed"
    attempt(breaker, "failure", 0.0)
    assert (breaker.state, breaker.admits(1.9), breaker.seconds_left(0.5)) == ("open", False, 1.5)


def test_breaker_closes_after_probes() -> None:
    """A half-open breaker admits one probe at a time and closes after enough successes."""
    breaker = opened()
    for _ in range(POLICY.successes):
        assert breaker.admits(2.0)
        with Permit(breaker) as probe:
            assert not breaker.admits(2.0)
            probe.ended("success", 2.0)
    assert breaker.state == "closed"


def test_failed_probe_reopens() -> None:
    """A failed probe opens the breaker for the whole open time."""
    breaker = opened()
    attempt(breaker, "failure", 5.0)
    assert (breaker.state, breaker.seconds_left(5.0)) == ("open", 2.0)


def test_open_time_doubles() -> None:
    """Each failed probe doubles the open time up to its maximum, and closing resets it."""
    breaker, now, waits = Breaker(BreakerPolicy(failures=1, open_seconds=0.5, successes=1, longest_open_seconds=1.5)), 0.0, []
    for _ in range(4):
        attempt(breaker, "failure", now)
        waits.append(breaker.seconds_left(now))
        now += waits[-1]
    assert waits == [0.5, 1.0, 1.5, 1.5]
    attempt(breaker, "success", now)
    attempt(breaker, "failure", now)
    assert (breaker.state, breaker.seconds_left(now)) == ("open", 0.5)


def test_short_maximum_is_ignored() -> None:
    """A maximum open time below the first open time has no effect."""
    assert BreakerPolicy(1, 3.0, 1, longest_open_seconds=2.0).wait_seconds(9) == 3.0


def test_probe_disconnect_frees_probe() -> None:
    """A probe without an outcome admits the next probe."""
    breaker = opened()
    with Permit(breaker):
        assert not breaker.admits(2.0)
    assert (breaker.state, breaker.admits(2.0)) == ("half_open", True)


def test_probe_first_byte() -> None:
    """The first byte completes a probe, and a later break counts as a failure."""
    breaker = opened()
    with Permit(breaker) as probe:
        probe.answered(2.0)
        assert breaker.admits(2.0)
        probe.ended("failure", 2.5)
    assert breaker.state == "open"


def test_old_attempts_do_not_count() -> None:
    """An attempt from before the last state change does not change the state."""
    breaker = Breaker(POLICY)
    late = [Permit(breaker) for _ in range(5)]
    for permit in late[:3]:
        permit.ended("failure", 0.0)
    late[3].ended("success", 0.1)
    late[4].ended("failure", 1.0)
    assert (breaker.state, breaker.seconds_left(1.0)) == ("open", 1.0)


def test_breaker_per_worker_and_epoch() -> None:
    """Each worker has its own breaker, and a restarted worker gets a new one."""
    breakers = Breakers(POLICY)
    for _ in range(3):
        breakers.permit(W1).ended("failure", 0.0)
    assert breakers.blocked([W1, W2], 0.0) == ["w1"]
    assert breakers.states(["w1", "w2"], 0.0) == {"w1": "open", "w2": "closed"}
    assert breakers.state("w1", 2.0) == "half_open"
    assert breakers.seconds_left([W1], 0.5) == 1.5
    assert breakers.blocked([entry("w1", epoch=2)], 0.0) == []


def test_removed_worker_is_forgotten() -> None:
    """A removed worker loses its breaker, and a late result has no effect."""
    breakers = Breakers(POLICY)
    last = breakers.permit(W1)
    for _ in range(3):
        breakers.permit(W1).ended("failure", 0.0)
    breakers.forget_all_but({"w2"})
    last.ended("failure", 0.0)
    assert (breakers.state("w1", 0.0), breakers.blocked([W1], 0.0)) == ("closed", [])


class BreakerMachine(RuleBasedStateMachine):
    """Attempts begin and end in any order while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(POLICY)
        self.now = 0.0
        self.open: list[Permit] = []
        self.probes: list[Permit] = []
        self.opened_at = 0.0
        self.failures_in_a_row = 0

    @rule(seconds=st.floats(0.1, 1.5))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.admits(self.now))
    @rule()
    def begin(self) -> None:
        was_closed = self.breaker.state == "closed"
        permit = Permit(self.breaker)
        self.open.append(permit)
        if not was_closed:
            self.probes.append(permit)

    @precondition(lambda self: self.open)
    @rule(place=st.integers(0, 50), outcome=st.sampled_from(["success", "failure", "neutral"]))
    def end(self, place: int, outcome: Outcome) -> None:
        permit = self.open.pop(place % len(self.open))
        before, is_probe = self.breaker.state, permit in self.probes
        permit.ended(outcome, self.now)
        if self.breaker.state == "open" and before != "open":
            assert outcome == "failure"
            assert before == "half_open" or self.failures_in_a_row + 1 >= POLICY.failures
            self.opened_at = self.now
        if before == "half_open" and self.breaker.state != "half_open":
            assert is_probe  # An attempt from before the opening does not decide about a probe.
        if before == "closed" and outcome != "neutral":
            self.failures_in_a_row = 0 if outcome == "success" else self.failures_in_a_row + 1
        if self.breaker.state != "closed":
            self.failures_in_a_row = 0
        if is_probe:
            self.probes.remove(permit)

    @invariant()
    def open_breaker_admits_nothing_before_its_time(self) -> None:
        # At the very end of the open time rounding decides: the sum of the steps may be 1e-15 s short of it.
        left = self.opened_at + POLICY.open_seconds - self.now
        if self.breaker.state == "open" and abs(left) > 1e-9:
            assert self.breaker.admits(self.now) == (left < 0)

    @invariant()
    def half_open_breaker_has_one_probe(self) -> None:
        if self.breaker.state == "half_open" and not self.breaker.admits(self.now):
            assert self.probes


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
