"""Check: raised."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, must_say, refused, tell

from hivecheck.checks.answers.sdk_exception import RETRY_COUNT, sdk_exception
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

TOLD = refused(raised="RateLimitError")


def heard(operation: Operation, call: int, worker: str = "worker-1") -> Event:
    return arrival(operation, worker, headers={RETRY_COUNT: str(call)})


def judged(history: History, *, calls: int, most: int) -> Verdict:
    return sdk_exception(history, exception="RateLimitError", calls=calls, most=most)


def test_the_exception_after_as_many_calls_passes() -> None:
    must_say(judged(tell(TOLD), calls=0, most=0), PASSED)
    must_say(judged(tell(TOLD, heard(TOLD, 0), heard(TOLD, 1)), calls=2, most=2), PASSED)
    must_say(judged(tell(TOLD, heard(TOLD, 0), heard(TOLD, 0, "worker-2")), calls=1, most=2), PASSED)


def test_another_exception_or_none_fails() -> None:
    must_say(judged(tell(refused(raised="ConflictError")), calls=0, most=0), FAILED, "ConflictError")
    must_say(judged(tell(refused()), calls=0, most=0), FAILED, "no exception")


def test_more_or_fewer_calls_or_more_arrivals_fail() -> None:
    must_say(judged(tell(TOLD, heard(TOLD, 0), heard(TOLD, 1)), calls=1, most=2), FAILED)
    must_say(judged(tell(TOLD), calls=1, most=1), FAILED)
    must_say(judged(tell(TOLD, heard(TOLD, 0), heard(TOLD, 0)), calls=1, most=1), FAILED, "2 arrivals")


def test_no_request_is_inconclusive() -> None:
    must_say(judged(tell(), calls=0, most=0), INCONCLUSIVE)
