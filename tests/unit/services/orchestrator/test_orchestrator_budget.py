"""The retry budget: at most its share or its minimum in any window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.forwarding.retry import WINDOW_SECONDS, RetryBudget

Steps = st.lists(st.tuples(st.sampled_from(["request", "retry"]), st.floats(0.0, 1.2)), max_size=120)


def test_budget_minimum() -> None:
    """The minimum rate allows retries at low load."""
    budget = RetryBudget(0.2, 0.5)
    assert [budget.take(100.0) for _ in range(6)] == [True] * 5 + [False]


def test_budget_share() -> None:
    """The budget grows with the number of requests."""
    budget = RetryBudget(0.2, 0.0)
    for _ in range(20):
        budget.request(100.0)
    assert [budget.take(100.5) for _ in range(5)] == [True] * 4 + [False]


def test_budget_window() -> None:
    """A retry leaves the window after ten seconds."""
    budget = RetryBudget(0.0, 0.1)
    assert [budget.take(100.0), budget.take(109.9), budget.take(110.0)] == [True, False, True]


def test_budget_forgets() -> None:
    """After `forget` the whole budget is available, and earlier requests do not raise it."""
    budget = RetryBudget(0.2, 0.1)
    for _ in range(100):
        budget.request(100.0)
    assert [budget.take(100.0) for _ in range(2)] == [True, True]
    budget.forget()
    assert [budget.take(100.0) for _ in range(2)] == [True, False]


@given(Steps, st.sampled_from([0.0, 0.2, 1.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_budget_holds_in_any_window(steps: list[tuple[str, float]], share: float, per_second: float) -> None:
    """No window contains more retries than the share and the minimum allow."""
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
