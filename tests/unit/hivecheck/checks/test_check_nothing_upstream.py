"""Check: nothing upstream."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, must_say, refused, tell

from hivecheck.checks.routing.nothing_upstream import nothing_upstream


def test_requests_without_an_arrival_pass() -> None:
    must_say(nothing_upstream(tell(refused(1), refused(2))), PASSED, "2 requests")


def test_an_arrival_fails_whatever_its_id_became() -> None:
    must_say(nothing_upstream(tell(refused(1), arrival(refused(1), request_id="another"))), FAILED, "another", "worker-1")


def test_no_request_is_inconclusive() -> None:
    must_say(nothing_upstream(tell()), INCONCLUSIVE, "no request was sent")
