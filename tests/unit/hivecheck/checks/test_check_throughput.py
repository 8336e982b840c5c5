"""Check: throughput."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.answers.throughput import throughput
from hivecheck.history import History


def one_after_the_other(count: int, seconds: float) -> History:
    return tell(*(chat(number, at=number * seconds, ended_at=(number + 1) * seconds) for number in range(count)))


def test_enough_answers_pass() -> None:
    """Enough answers per second pass."""
    must_say(throughput(one_after_the_other(20, 0.05), per_second=10), PASSED, "20 answers per second")


def test_too_few_answers_fail() -> None:
    """Too few answers per second fail."""
    must_say(throughput(one_after_the_other(20, 0.2), per_second=10), FAILED, "5.0")


def test_refused_request_fails() -> None:
    """A refused request fails."""
    history = one_after_the_other(20, 0.05)
    history.record(refused(99))
    must_say(throughput(history, per_second=10), FAILED, "every request")


def test_burst_is_inconclusive() -> None:
    """A single burst gives no verdict."""
    must_say(throughput(one_after_the_other(10, 0.05), per_second=10), INCONCLUSIVE)
