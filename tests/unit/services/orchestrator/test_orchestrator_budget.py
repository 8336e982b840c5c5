"""The retry budget: never more than its share or its floor in any window, whatever comes when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.forwarding.retry import WINDOW_SECONDS, RetryBudget

Steps = st.lists(st.tuples(st.sampled_from(["request", "retry"]), st.floats(0.0, 1.2)), max_size=120)


def test_the_floor_lets_few_requests_be_retried() -> None:
    budget = RetryBudget(0.2, 0.5)
    assert [budget.take(100.0) for _ in range(6)] == [True] * 5 + [False]


def test_the_share_grows_with_the_requests() -> None:
    budget = RetryBudget(0.2, 0.0)
    for _ in range(20):
        budget.request(100.0)
    assert [budget.take(100.5) for _ in range(5)] == [True] * 4 + [False]


def test_the_window_moves_on() -> None:
    budget = RetryBudget(0.0, 0.1)
    assert [budget.take(100.0), budget.take(109.9), budget.take(110.0)] == [True, False, True]


@given(Steps, st.sampled_from([0.0, 0.2, 1.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_no_window_holds_more_retries_than_allowed(steps: list[tuple[str, float]], share: float, per_second: float) -> None:
    budget = RetryBudget(share, per_second)
    now, requests, retries = 1000.0, [], []
    for kind, seconds in steps:
        now += seconds
        first = int(now) - WINDOW_SECONDS + 1
        if kind == "request":
            budget.request(now)
            requests.append(now)
            continue
        before = sum(int(at) >= first for at in retries)
        allowed = max(share * sum(int(at) >= first for at in requests), per_second * WINDOW_SECONDS)
        assert budget.take(now) == (before + 1 <= allowed)
        if before + 1 <= allowed:
            retries.append(now)
