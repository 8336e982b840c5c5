"""The restart policy, as a pure function."""

from __future__ import annotations

import random
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.hive.restart import Decision, Exit, GiveUp, Restart, StayDead, decide
from services.hive.settings import RestartSettings

STEADY = RestartSettings(base_seconds=0.5, factor=2.0, cap_seconds=3.0, jitter_fraction=0.0, stable_seconds=10, max_restarts=5)

settings_strategy = st.builds(
    RestartSettings,
    policy=st.sampled_from(["never", "on-failure", "always"]),
    base_seconds=st.floats(0, 10),
    factor=st.floats(1, 1e6),
    cap_seconds=st.floats(0, 60),
    jitter_fraction=st.floats(0, 1),
    stable_seconds=st.floats(0, 60),
    max_restarts=st.integers(0, 6),
)
exits = st.builds(Exit, code=st.integers(-64, 255), alive_seconds=st.floats(0, 120))


def crashes(settings: RestartSettings, ended: list[Exit]) -> list[Decision]:
    """The decisions for consecutive exits, up to the first one without a restart."""
    decisions: list[Decision] = []
    count = 0
    for each in ended:
        decision, count = decide(settings, count, each, random.Random(1))
        decisions.append(decision)
        if not isinstance(decision, Restart):
            break
    return decisions


def test_backoff_then_fatal() -> None:
    """Consecutive crashes wait longer, up to the cap, and end in `GiveUp`."""
    decisions = crashes(STEADY, [Exit(1, 0.0)] * 9)
    assert decisions == [Restart(0.5), Restart(1.0), Restart(2.0), Restart(3.0), Restart(3.0), GiveUp()]


def test_stable_time_resets_count() -> None:
    """A stable run resets the count of crashes."""
    decisions = crashes(STEADY, [Exit(1, 0.0), Exit(1, 0.0), Exit(-9, 10.0)])
    assert decisions == [Restart(0.5), Restart(1.0), Restart(0.5)]


@pytest.mark.parametrize(
    ("policy", "code", "is_restarted"),
    [("never", 1, False), ("never", 0, False), ("on-failure", 0, False), ("on-failure", -15, True), ("always", 0, True)],
)
def test_policy_selects_exits(policy: str, code: int, is_restarted: bool) -> None:
    """The policy decides which exits are restarted."""
    decision = crashes(msgspec.structs.replace(STEADY, policy=policy), [Exit(code, 0.0)])[0]
    assert decision == (Restart(0.5) if is_restarted else StayDead())


@given(settings_strategy, st.lists(exits, max_size=12))
def test_wait_is_capped(settings: RestartSettings, ended: list[Exit]) -> None:
    """A wait is never longer than the cap plus its jitter."""
    for decision in crashes(settings, ended):
        if isinstance(decision, Restart):
            assert 0 <= decision.after_seconds <= settings.cap_seconds * (1 + settings.jitter_fraction)


@given(settings_strategy, st.lists(exits, max_size=20))
def test_restarts_are_limited(settings: RestartSettings, ended: list[Exit]) -> None:
    """There are never more consecutive restarts than `max_restarts`."""
    unstable = [Exit(each.code, 0.0) for each in ended]
    if settings.stable_seconds > 0:
        assert sum(isinstance(decision, Restart) for decision in crashes(settings, unstable)) <= settings.max_restarts


@given(settings_strategy.map(lambda each: msgspec.structs.replace(each, jitter_fraction=0.0, stable_seconds=1.0)))
def test_waits_never_shrink(settings: RestartSettings) -> None:
    """Without jitter consecutive waits never get shorter."""
    waits = [decision.after_seconds for decision in crashes(settings, [Exit(1, 0.0)] * 8) if isinstance(decision, Restart)]
    assert all(first <= second for first, second in pairwise(waits))
