"""The restart policy as a state machine, compared with an independent model."""

from __future__ import annotations

import random

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.hive.restart import Exit, GiveUp, Restart, StayDead, decide
from services.hive.settings import RestartSettings

BASE = RestartSettings(base_seconds=0.5, factor=2.0, cap_seconds=3.0, jitter_fraction=0.1, stable_seconds=10.0, max_restarts=4)


class RestartMachine(RuleBasedStateMachine):
    """`recent` are the restarts since the last stable run, reset or clean exit. The policy must agree with its length."""

    @initialize(policy=st.sampled_from(["never", "on-failure", "always"]), seed=st.integers(0, 99))
    def begin(self, policy: str, seed: int) -> None:
        self.settings = msgspec.structs.replace(BASE, policy=policy)
        self.jitter = random.Random(seed)
        self.count = 0
        self.recent: list[float] = []
        self.state = "running"

    def ends(self, ended: Exit) -> None:
        decision, self.count = decide(self.settings, self.count, ended, self.jitter)
        if ended.alive_seconds >= BASE.stable_seconds:
            self.recent = []
        wants_restart = self.settings.policy == "always" or (self.settings.policy == "on-failure" and ended.is_failure)
        if not wants_restart:
            assert decision == StayDead()
            self.state, self.recent = "dead", []
        elif len(self.recent) == BASE.max_restarts:
            assert decision == GiveUp()
            self.state = "fatal"
        else:
            assert isinstance(decision, Restart)
            nominal = min(BASE.cap_seconds, BASE.base_seconds * 2 ** len(self.recent))
            assert 0.9 * nominal - 1e-9 <= decision.after_seconds <= 1.1 * nominal + 1e-9
            self.recent.append(decision.after_seconds)

    @precondition(lambda self: self.state == "running")
    @rule(code=st.sampled_from([1, 137, -9]), alive_seconds=st.floats(0, 9.9))
    def crashes_soon(self, code: int, alive_seconds: float) -> None:
        self.ends(Exit(code, alive_seconds))

    @precondition(lambda self: self.state == "running")
    @rule(alive_seconds=st.floats(10, 1000))
    def crashes_after_a_stable_time(self, alive_seconds: float) -> None:
        self.ends(Exit(1, alive_seconds))

    @precondition(lambda self: self.state == "running")
    @rule(alive_seconds=st.floats(0, 1000))
    def ends_well(self, alive_seconds: float) -> None:
        self.ends(Exit(0, alive_seconds))

    @precondition(lambda self: self.state == "running")
    @rule()
    def is_ended_because_it_was_of_no_use(self) -> None:
        self.ends(Exit(0, 0.0, is_stopped_by_hive=True))

    @precondition(lambda self: self.state in ("dead", "fatal"))
    @rule()
    def is_reset(self) -> None:
        """A reset sets the count of restarts to 0."""
        self.count, self.recent, self.state = 0, [], "running"

    @invariant()
    def it_never_restarts_more_often_in_a_row_than_it_may(self) -> None:
        assert len(getattr(self, "recent", [])) <= BASE.max_restarts


RestartMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=20, deadline=None, database=None)
TestRestartMachine = RestartMachine.TestCase
