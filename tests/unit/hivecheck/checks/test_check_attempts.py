"""Checks: not sent again, one attempt each, one attempt after, taken over, spaced attempts."""

from __future__ import annotations

from typing import Any

import pytest
from stories import BATCH, FAILED, INCONCLUSIVE, ONE, PASSED, TWO, arrival, chat, end, must_have_no_room, must_say, refused, served, tell

from hivecheck.checks.routing.attempts import not_sent_again, one_attempt_after, one_attempt_each, spaced_attempts, taken_over
from hivecheck.history import Event, Operation

FOUR = dict.fromkeys(("w1", "w2", "w3", "w4"), ("model-a",))


def test_single_arrivals_pass() -> None:
    """One arrival of each request passes."""
    one, two = chat(1), chat(2)
    must_say(not_sent_again(tell(one, two, arrival(one), arrival(two, "worker-2")), workers=TWO), PASSED, "2 requests")


def test_arrival_elsewhere_fails() -> None:
    """A second arrival at another worker fails."""
    request = chat()
    must_say(not_sent_again(tell(request, arrival(request), arrival(request, "worker-2")), workers=TWO), FAILED, "worker-2")


def test_arrival_again_fails() -> None:
    """A second arrival at the same worker fails."""
    request = chat()
    must_say(not_sent_again(tell(request, arrival(request), arrival(request, n=2)), workers=TWO), FAILED, "r1")


def test_one_attempt_no_room() -> None:
    """A failed request of a model with one worker had no room for another attempt. A second arrival fails all the same."""
    lost, good = refused(), chat()
    must_have_no_room(not_sent_again(tell(lost, arrival(lost)), workers=ONE), "model-a at worker-1")
    must_say(not_sent_again(tell(lost, arrival(lost), arrival(lost, n=2)), workers=ONE), FAILED)
    must_say(not_sent_again(tell(good, arrival(good)), workers=ONE), PASSED)


def test_one_attempt_at_one_worker() -> None:
    """Where a model has one worker, the request must not reach it again. A model with two workers gives no verdict."""
    lost = refused()
    must_say(not_sent_again(tell(lost, arrival(lost)), workers=ONE, is_alone=True), PASSED)
    must_say(not_sent_again(tell(lost, arrival(lost), arrival(lost, n=2)), workers=ONE, is_alone=True), FAILED)
    must_say(not_sent_again(tell(lost, arrival(lost)), workers=TWO, is_alone=True), INCONCLUSIVE, "worker-2")


def test_missing_arrival_is_inconclusive() -> None:
    """A request that is in no journal gives no verdict."""
    one, two = chat(1), chat(2)
    must_say(not_sent_again(tell(one, two, arrival(one)), workers=TWO), INCONCLUSIVE, "r2")


def test_not_sent_again_without_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(not_sent_again(tell(), workers=TWO), INCONCLUSIVE)


def test_one_attempt_each() -> None:
    """A second attempt fails by its header, and a second arrival by the journal."""
    request, twice = chat(**BATCH), chat(headers={"X-Attempts": "2"}, **BATCH)
    must_say(one_attempt_each(tell(request, served(request)), purpose="batch 1"), PASSED)
    must_say(one_attempt_each(tell(twice, served(twice)), purpose="batch 1"), FAILED, "X-Attempts 2")
    must_say(one_attempt_each(tell(request, served(request), arrival(request)), purpose="batch 1"), FAILED, "2 arrivals")


def test_one_attempt_each_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(one_attempt_each(tell(chat()), purpose="batch 1"), INCONCLUSIVE)


KILLED = Event(5.0, "act", "worker-1", {"what": "killed"})


def test_one_attempt_after_passes() -> None:
    """Later requests with one attempt pass, whatever happened before the act."""
    before = chat(1, at=1.0, headers={"X-Attempts": "2"})
    must_say(one_attempt_after(tell(before, KILLED, chat(2, at=6.0))), PASSED, "1 request ")


@pytest.mark.parametrize("bad", [chat(2, at=6.0, headers={"X-Attempts": "2"}), chat(2, at=6.0, headers={}), refused(2, at=6.0)])
def test_two_attempts_after_fail(bad: Operation) -> None:
    """A later request with more attempts, or without an answer, fails."""
    must_say(one_attempt_after(tell(KILLED, chat(1, at=6.0), bad)), FAILED, "r2")


def test_last_act_counts() -> None:
    """Only requests after the last act count."""
    again = Event(7.0, "act", "worker-2", {"what": "killed"})
    must_say(one_attempt_after(tell(KILLED, chat(1, at=6.0, headers={"X-Attempts": "2"}), again, chat(2, at=8.0))), PASSED)


def test_no_request_after_is_inconclusive() -> None:
    """No request after the act gives no verdict."""
    must_say(one_attempt_after(tell(chat(1, at=1.0), KILLED)), INCONCLUSIVE, "killed")


def test_other_act_is_inconclusive() -> None:
    """Another kind of act gives no verdict."""
    must_say(one_attempt_after(tell(KILLED, chat(1, at=6.0)), what="paused"), INCONCLUSIVE, "paused")


SECOND = {"X-Worker-Id": "worker-2", "X-Attempts": "2"}


def second_answer(**changes: Any) -> Operation:
    return chat(**({"headers": SECOND} | changes))


def test_takeover_passes() -> None:
    """An answer of another worker at the second attempt passes."""
    request = second_answer()
    must_say(taken_over(tell(request, arrival(request, "worker-1"), served(request, "worker-2"))), PASSED, "worker-2")


@pytest.mark.parametrize("headers", [SECOND | {"X-Attempts": "1"}, SECOND | {"X-Attempts": "3"}, {"X-Worker-Id": "worker-2"}])
def test_takeover_other_attempts_fail(headers: dict[str, str]) -> None:
    """Another number of attempts fails."""
    request = second_answer(headers=headers)
    must_say(taken_over(tell(request, arrival(request, "worker-1"), served(request, "worker-2"))), FAILED, "second attempt")


@pytest.mark.parametrize("second", [[], ["worker-1"], ["worker-2", "worker-3"]])
def test_takeover_other_arrivals_fail(second: list[str]) -> None:
    """Arrivals at one worker, or at three, fail."""
    request = second_answer()
    later = [arrival(request, worker, n=place) for place, worker in enumerate(second, start=2)]
    must_say(taken_over(tell(request, arrival(request, "worker-1"), later)), FAILED, "X-Attempts 2")


def test_takeover_refused_fails() -> None:
    """A request without an answer fails."""
    request = refused(status=502)
    must_say(taken_over(tell(request, arrival(request, "worker-1"), arrival(request, "worker-2"))), FAILED, "status 502")


def test_takeover_wrong_header_fails() -> None:
    """An answer that names the dead worker fails."""
    request = second_answer(headers=SECOND | {"X-Worker-Id": "worker-1"})
    must_say(taken_over(tell(request, arrival(request, "worker-1"), served(request, "worker-2"))), FAILED, "it names worker-1")


def test_takeover_after_end_is_inconclusive() -> None:
    """A first worker that ended the request gives no verdict."""
    request = second_answer()
    must_say(taken_over(tell(request, arrival(request), end(request))), INCONCLUSIVE, "the first one has an end")


def test_takeover_without_arrival_is_inconclusive() -> None:
    """A request without an arrival gives no verdict."""
    must_say(taken_over(tell(second_answer())), INCONCLUSIVE)


def attempts(*at: float, workers: tuple[str, ...] = ("w1", "w2", "w3")) -> list[Any]:
    request = refused()
    lines = [
        (arrival(request, worker, at=when, n=when), end(request, worker, at=when, n=when))
        for worker, when in zip(workers, at, strict=False)
    ]
    return [request, *(line for pair in lines for line in pair)]


@pytest.mark.parametrize(
    ("story", "answer"),
    [
        (attempts(0.0, 0.125, 0.375), PASSED),
        (attempts(0.0, 0.125, 0.25), FAILED),
        (attempts(0.0, 0.05, 0.3), FAILED),
        (attempts(0.0, 0.1), FAILED),
        (attempts(0.0, 0.1, 0.3, workers=("w1", "w2", "w1")), FAILED),
    ],
)
def test_attempts_are_spaced(story: list[Any], answer: Any) -> None:
    """Attempts must go to different workers after growing pauses."""
    must_say(spaced_attempts(tell(*story), attempts=3, first_pause_seconds=0.1, workers=FOUR), answer)


def test_spaced_no_room() -> None:
    """Three attempts at the only three workers do not show that a fourth one stays out."""
    three = {name: FOUR[name] for name in ("w1", "w2", "w3")}
    judged = spaced_attempts(tell(*attempts(0.0, 0.125, 0.375)), attempts=3, first_pause_seconds=0.1, workers=three)
    must_have_no_room(judged, "w1, w2 and w3")


def test_attempt_without_end_is_inconclusive() -> None:
    """Attempts without an end give no verdict."""
    request = refused()
    story = tell(request, *(arrival(request, worker, at=at, n=at) for worker, at in (("w1", 0.0), ("w2", 1.0), ("w3", 4.0))))
    must_say(spaced_attempts(story, attempts=3, first_pause_seconds=0.1, workers=FOUR), INCONCLUSIVE)
