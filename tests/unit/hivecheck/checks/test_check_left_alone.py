"""Check: left alone."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, tell

from hivecheck.checks.streams.left_alone import left_alone

LEFT = chat(status=None, error="the client left")


def test_a_request_that_its_worker_gave_up_passes() -> None:
    must_say(left_alone(tell(LEFT, arrival(LEFT), end(LEFT, outcome="cancelled"))), PASSED, "1 times")


def test_a_request_that_was_finished_or_has_no_end_fails() -> None:
    must_say(left_alone(tell(LEFT, arrival(LEFT), end(LEFT, outcome="finished"))), FAILED, "finished")
    must_say(left_alone(tell(LEFT, arrival(LEFT))), FAILED, "no end")


def test_each_arrival_counts() -> None:
    history = tell(LEFT, arrival(LEFT), end(LEFT, outcome="cancelled"), arrival(LEFT, "worker-2"))
    must_say(left_alone(history), FAILED, "no end")


def test_a_request_that_reached_nobody_is_inconclusive() -> None:
    must_say(left_alone(tell(LEFT)), INCONCLUSIVE)
    must_say(left_alone(tell()), INCONCLUSIVE)
