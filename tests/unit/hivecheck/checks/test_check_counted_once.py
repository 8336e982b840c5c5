"""Check: counted once."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, state, tell

from hivecheck.checks.usage.counted_once import counted_once
from hivecheck.history import Event

BEFORE: dict[str, Any] = {
    "requests_total": 5,
    "succeeded": 5,
    "rejected": 0,
    "failed": 0,
    "retries_total": 1,
    "by_status": {"200": 5},
    "by_worker": {"worker-1": 5},
    "by_model": {"model-a": {"requests": 5, "succeeded": 5, "failed": 0, "rejected": 0}},
}
AFTER: dict[str, Any] = {
    "requests_total": 9,
    "succeeded": 7,
    "rejected": 0,
    "failed": 2,
    "retries_total": 3,
    "by_status": {"200": 7, "500": 1, "503": 1},
    "by_worker": {"worker-1": 7, "worker-2": 1},
    "by_model": {"model-a": {"requests": 8, "succeeded": 7, "failed": 1, "rejected": 0}},
}
OF_WORKER = {"X-Worker-Id": "worker-1", "X-Attempts": "2"}
RETRIED = chat(2, headers={"X-Worker-Id": "worker-2", "X-Attempts": "2"})
SENT = (chat(1), RETRIED, refused(3), refused(4, status=500, headers=OF_WORKER))


def noted(statistics: dict[str, Any]) -> Event:
    return state("orchestrator", statistics=statistics)


def test_exact_growth_passes() -> None:
    """Statistics that grow by exactly the sent requests pass."""
    must_say(counted_once(tell(noted(BEFORE), *SENT, noted(AFTER))), PASSED, "requests_total: 4")


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests_total": 10},
        {"succeeded": 8},
        {"rejected": 1},
        {"failed": 1},
        {"retries_total": 1},
        {"by_status": {"200": 8, "503": 1}},
        {"by_status": {"200": 7, "502": 1}},
        {"by_worker": {"worker-1": 8, "worker-2": 1}},
        {"by_worker": {"worker-1": 7}},
        {"by_model": {"model-a": {"requests": 9, "succeeded": 7, "failed": 1, "rejected": 0}}},
        {"by_model": {"model-a": {"requests": 8, "succeeded": 8, "failed": 0, "rejected": 0}}},
    ],
)
def test_wrong_growth_fails(wrong: dict[str, Any]) -> None:
    """Each figure that grew by another number fails."""
    must_say(counted_once(tell(noted(BEFORE), *SENT, noted(AFTER | wrong))), FAILED, "growth of the statistics")


def test_first_and_last_note_count() -> None:
    """The check compares the first note with the last."""
    must_say(counted_once(tell(noted(BEFORE), noted(BEFORE), *SENT, noted(BEFORE), noted(AFTER))), PASSED)


def test_one_note_is_inconclusive() -> None:
    """A single note gives no verdict."""
    must_say(counted_once(tell(noted(BEFORE), *SENT)), INCONCLUSIVE, "1 note, 4 requests")


def test_no_request_is_inconclusive() -> None:
    """Notes without requests give no verdict."""
    must_say(counted_once(tell(noted(BEFORE), noted(BEFORE))), INCONCLUSIVE, "2 notes, 0 requests")
