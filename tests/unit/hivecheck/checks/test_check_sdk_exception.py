"""Check: sdk exception."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, must_say, refused, tell

from hivecheck.checks.answers.sdk_exception import RETRY_COUNT, sdk_exception
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

REQUEST = refused(raised="RateLimitError")


def numbered_arrival(operation: Operation, call: int, worker: str = "worker-1") -> Event:
    return arrival(operation, worker, headers={RETRY_COUNT: str(call)})


def judged(history: History, *, calls: int, most: int) -> Verdict:
    return sdk_exception(history, exception="RateLimitError", calls=calls, most=most)


def test_exception_after_calls_passes() -> None:
    """The exception after the expected calls passes."""
    must_say(judged(tell(REQUEST), calls=0, most=0), PASSED)
    must_say(judged(tell(REQUEST, numbered_arrival(REQUEST, 0), numbered_arrival(REQUEST, 1)), calls=2, most=2), PASSED)
    must_say(judged(tell(REQUEST, numbered_arrival(REQUEST, 0), numbered_arrival(REQUEST, 0, "worker-2")), calls=1, most=2), PASSED)


def test_other_exception_fails() -> None:
    """Another exception, or none, fails."""
    must_say(judged(tell(refused(raised="ConflictError")), calls=0, most=0), FAILED, "ConflictError")
    must_say(judged(tell(refused()), calls=0, most=0), FAILED, "no exception")


def test_other_number_of_calls_fails() -> None:
    """More or fewer calls, or more arrivals, fail."""
    must_say(judged(tell(REQUEST, numbered_arrival(REQUEST, 0), numbered_arrival(REQUEST, 1)), calls=1, most=2), FAILED)
    must_say(judged(tell(REQUEST), calls=1, most=1), FAILED)
    must_say(judged(tell(REQUEST, numbered_arrival(REQUEST, 0), numbered_arrival(REQUEST, 0)), calls=1, most=1), FAILED, "2 arrivals")


def test_no_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(judged(tell(), calls=0, most=0), INCONCLUSIVE)
