"""Check: backpressure."""

from __future__ import annotations

import pytest
from load_run_stories import LATE, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.backpressure import backpressure


def test_refusals_with_retry_after() -> None:
    """Refusals with 429 and 503 pass, and so does a load without a failure."""
    causes = {"503 no_available_workers": 3, "429 queue_full": 2}
    must_say(backpressure(tell(load_run(totals={"failed": 5, "causes": causes}))), PASSED, "5 refusals")
    must_say(backpressure(tell(load_run())), PASSED)


@pytest.mark.parametrize("cause", ["503 no_available_workers, no Retry-After", "500 internal_error", "connection reset", "no [DONE]"])
def test_other_failures(cause: str) -> None:
    """Every other failure is wrong, and so is a refusal without a time for the next attempt."""
    must_say(backpressure(tell(load_run(totals={"failed": 1, "causes": {cause: 1}}))), FAILED, cause)


def test_open_requests() -> None:
    """A request without an end is no refusal."""
    must_say(backpressure(tell(load_run(totals={"open": 1}))), FAILED)


def test_late_client() -> None:
    """A client that was late gives no verdict."""
    must_say(backpressure(tell(load_run(reasons=(LATE,)))), INCONCLUSIVE)
