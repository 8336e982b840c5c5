"""Check: throughput."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.answers.throughput import throughput
from hivecheck.history import History


def one_after_the_other(count: int, seconds: float) -> History:
    return tell(*(chat(number, at=number * seconds, ended_at=(number + 1) * seconds) for number in range(count)))


def test_enough_answers_a_second_pass() -> None:
    must_say(throughput(one_after_the_other(20, 0.05), per_second=10), PASSED, "20 answers a second")


def test_too_few_answers_a_second_fail() -> None:
    must_say(throughput(one_after_the_other(20, 0.2), per_second=10), FAILED, "5.0")


def test_an_answer_that_was_none_fails() -> None:
    history = one_after_the_other(20, 0.05)
    history.record(refused(99))
    must_say(throughput(history, per_second=10), FAILED, "every request")


def test_a_single_burst_is_inconclusive() -> None:
    must_say(throughput(one_after_the_other(10, 0.05), per_second=10), INCONCLUSIVE)
