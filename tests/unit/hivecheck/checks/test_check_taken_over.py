"""Check: taken over."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, refused, served, tell

from hivecheck.checks.routing.taken_over import taken_over as judge
from hivecheck.history import Operation

SECOND = {"X-Worker-Id": "worker-2", "X-Attempts": "2"}


def taken_over(**changes: Any) -> Operation:
    return chat(**({"headers": SECOND} | changes))


def test_an_answer_of_another_worker_at_the_second_attempt_passes() -> None:
    told = taken_over()
    must_say(judge(tell(told, arrival(told, "worker-1"), served(told, "worker-2"))), PASSED, "worker-2")


@pytest.mark.parametrize("headers", [SECOND | {"X-Attempts": "1"}, SECOND | {"X-Attempts": "3"}, {"X-Worker-Id": "worker-2"}])
def test_another_number_of_attempts_fails(headers: dict[str, str]) -> None:
    told = taken_over(headers=headers)
    must_say(judge(tell(told, arrival(told, "worker-1"), served(told, "worker-2"))), FAILED, "second attempt")


@pytest.mark.parametrize("second", [[], ["worker-1"], ["worker-2", "worker-3"]])
def test_arrivals_at_other_than_two_workers_fail(second: list[str]) -> None:
    told = taken_over()
    later = [arrival(told, worker, n=place) for place, worker in enumerate(second, start=2)]
    must_say(judge(tell(told, arrival(told, "worker-1"), later)), FAILED, "X-Attempts 2")


def test_a_request_that_was_not_answered_fails() -> None:
    told = refused(status=502)
    must_say(judge(tell(told, arrival(told, "worker-1"), arrival(told, "worker-2"))), FAILED, "status 502")


def test_an_answer_that_names_the_dead_worker_fails() -> None:
    told = taken_over(headers=SECOND | {"X-Worker-Id": "worker-1"})
    must_say(judge(tell(told, arrival(told, "worker-1"), served(told, "worker-2"))), FAILED, "it names worker-1")


def test_a_first_worker_that_came_to_an_end_is_inconclusive() -> None:
    told = taken_over()
    must_say(judge(tell(told, arrival(told), end(told))), INCONCLUSIVE, "the first has an end")


def test_a_request_that_reached_no_worker_is_inconclusive() -> None:
    must_say(judge(tell(taken_over())), INCONCLUSIVE)
