"""The reason code of a scenario's end."""

from __future__ import annotations

import pytest

from hivecheck.errors import Reason
from hivecheck.reports.result import Status
from hivecheck.run.scenario import STALL_SECONDS, ScenarioResult


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.LOAD_OFF_SCHEDULE])
def test_stall_explains_time_limit(reason: Reason) -> None:
    """A missed time limit with a long stall of the harness is a stall, and with a short one it is not."""
    ended = ScenarioResult(Status.INCONCLUSIVE, reason=reason)
    assert ended.reason_after(STALL_SECONDS) is Reason.HARNESS_STALLED
    assert ended.reason_after(STALL_SECONDS / 2) is reason


def test_stall_explains_nothing_else() -> None:
    """A stall changes neither another reason code nor a failure."""
    assert ScenarioResult(Status.INCONCLUSIVE, reason=Reason.NO_EFFECT).reason_after(9.0) is Reason.NO_EFFECT
    assert ScenarioResult(Status.FAILED).reason_after(9.0) is None
