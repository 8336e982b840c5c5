"""Check: batch outcome."""

from __future__ import annotations

from typing import Any

import pytest
from stories import BATCH, FAILED, INCONCLUSIVE, ONE, PASSED, TWO, arrival, chat, must_have_no_room, must_say, refused, served, tell

from hivecheck.checks.answers.batch_outcome import batch_outcome
from hivecheck.verdict import Answer


def limits(**changes: Any) -> dict[str, Any]:
    return {"purpose": "batch 1", "answered": 1, "status": 503, "code": "no_worker", "hits": (1, 1), "workers": TWO} | changes


def test_expected_outcome_passes() -> None:
    """The expected number of answers, refusals and arrivals passes."""
    good, bad = chat(1, **BATCH), refused(2, **BATCH)
    must_say(batch_outcome(tell(good, bad, served(good)), **limits()), PASSED, "1 of 2 requests answered")


def test_refusal_of_a_stopping_gateway() -> None:
    """It discourages a retry if a worker has the request, and only then."""
    final = {"headers": {"Retry-After": "1", "X-Should-Retry": "false"}}
    expected = limits(answered=0, code="draining", hits=None)
    for changes, has_arrived, answer in (({}, False, PASSED), (final, True, PASSED), ({}, True, FAILED), (final, False, FAILED)):
        bad = refused(1, code="draining", **changes, **BATCH)
        must_say(batch_outcome(tell(bad, *([arrival(bad)] if has_arrived else [])), **expected), answer)


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"answered": 2}, "2 of 2 requests are answered"),
        ({"code": "draining"}, "503 no_worker"),
        ({"status": 500}, "refused with 500"),
        ({"hits": (0, 0)}, "0 to 0 arrivals"),
        ({"hits": (2, 9)}, "2 to 9 arrivals"),
    ],
)
def test_other_outcome_fails(changes: dict[str, Any], phrase: str) -> None:
    """Another number, status, code or number of arrivals fails by name."""
    good, bad = chat(1, **BATCH), refused(2, **BATCH)
    must_say(batch_outcome(tell(good, bad, served(good)), **limits(**changes)), FAILED, phrase)


def test_503_needs_retry_after() -> None:
    """A refusal with 503 and without Retry-After fails."""
    good, bad = chat(1, **BATCH), refused(2, headers={}, **BATCH)
    must_say(batch_outcome(tell(good, bad, served(good)), **limits()), FAILED, "Retry-After None")


def test_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(batch_outcome(tell(chat()), purpose="batch 1", answered=1, workers=TWO), INCONCLUSIVE)


def test_refusal_no_room() -> None:
    """A limit above one attempt each needs a second worker, or no retry was possible. One attempt each can fail at one worker too."""
    good, bad = chat(1, **BATCH), refused(2, **BATCH)
    must_have_no_room(batch_outcome(tell(good, bad, served(bad)), **limits(workers=ONE, hits=(1, 3))), "model-a at worker-1")
    must_say(batch_outcome(tell(good, bad, served(good)), **limits(workers=ONE, hits=(1, 3))), PASSED)
    must_say(batch_outcome(tell(good, bad, served(bad), served(good)), **limits(workers=ONE, hits=(2, 2))), PASSED)
    must_say(batch_outcome(tell(good, bad, served(bad), served(bad)), **limits(workers=ONE, hits=(1, 1))), FAILED, "1 to 1 arrivals")


@pytest.mark.parametrize(("attempts", "answer"), [("1", FAILED), ("2", PASSED)])
def test_batch_advice_of_one_busy_worker(attempts: str, answer: Answer) -> None:
    """After one attempt at a busy worker the gateway must not discourage a retry. After several it may."""
    busy = refused(status=429, headers={"X-Attempts": attempts, "X-Should-Retry": "false"}, **BATCH)
    must_say(batch_outcome(tell(busy, served(busy)), **limits(answered=0, status=429)), answer)
