"""Checks: nothing upstream, spared."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, TWO, arrival, chat, must_have_no_room, must_say, refused, tell

from hivecheck.checks.routing.not_routed_to import nothing_upstream, spared


def test_nothing_upstream_passes() -> None:
    """Requests without an arrival pass."""
    must_say(nothing_upstream(tell(refused(1), refused(2)), workers=TWO), PASSED, "2 requests")


def test_any_arrival_fails() -> None:
    """An arrival fails, even under another id."""
    must_say(nothing_upstream(tell(refused(1), arrival(refused(1), request_id="another")), workers=TWO), FAILED, "another", "worker-1")


def test_nothing_upstream_without_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(nothing_upstream(tell(), workers=TWO), INCONCLUSIVE, "no request was sent")


def test_spared_passes() -> None:
    """Requests that all went to other workers pass."""
    must_say(spared(tell(chat(1), arrival(chat(1), "worker-2")), worker="worker-1", workers=TWO), PASSED)


def test_arrival_at_worker_fails() -> None:
    """An arrival at the worker fails."""
    must_say(spared(tell(chat(1), arrival(chat(1), "worker-1")), worker="worker-1", workers=TWO), FAILED, "none of 1")


def test_other_batches_do_not_count() -> None:
    """Requests of another purpose do not count."""
    elsewhere = chat(2, purpose="elsewhere")
    must_say(spared(tell(chat(1), arrival(chat(1), "worker-2"), elsewhere, arrival(elsewhere)), worker="worker-1", workers=TWO), PASSED)


def test_spared_without_arrival_is_inconclusive() -> None:
    """No request, or one without an arrival, gives no verdict."""
    must_say(spared(tell(), worker="worker-1", workers=TWO), INCONCLUSIVE)
    must_say(spared(tell(chat(1)), worker="worker-1", workers=TWO), INCONCLUSIVE)


def test_nothing_upstream_no_room() -> None:
    """A stack without a worker cannot show that requests reach none."""
    must_have_no_room(nothing_upstream(tell(refused(1)), workers={}), "the stack has none")


def test_spared_no_room() -> None:
    """A worker of another model receives no request anyway."""
    request = chat(1, model="model-b")
    must_have_no_room(spared(tell(request, arrival(request, "worker-2")), worker="worker-1", workers=TWO), "model-b")
