"""Whether a scenario's stack is worth a start after earlier ones failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hivecheck.errors import Reason
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.run.failed_starts import SET_UP_ATTEMPTS, blocked, blocked_by_set_up
from hivecheck.tags import NO_TOPOLOGY


def planned(line: int, topology: str = "small") -> Planned:
    return Planned(f"a.feature:{line}", "A", f"scenario {line}", "a.feature", line, (), topology)


NEXT = planned(99)
DEFECT = Outcome(planned(1), Status.FAILED, message="registry ended", is_start_failure=True)
SET_UP = Outcome(planned(1), Status.BLOCKED, reason=Reason.SETUP_FAILED, is_start_failure=True)


def test_first_start() -> None:
    """The first scenario of a topology gets a stack."""
    assert blocked(NEXT, []) is None


def test_defect_blocks() -> None:
    """After a failed system the next scenario is blocked, and its text names the failed one."""
    outcome = blocked(NEXT, [DEFECT])
    assert outcome
    assert (outcome.planned, outcome.status, outcome.reason, outcome.is_start_failure) == (NEXT, Status.BLOCKED, Reason.FAILED_START, False)
    assert "actual: its start failed for: scenario 1 (a.feature:1)\nnext: correct the failure" in outcome.detail
    assert outcome.message == "the system under test failed at the start of topology small"


@pytest.mark.parametrize("topology", ["default", NO_TOPOLOGY])
def test_other_topology(topology: str) -> None:
    """Scenarios of other topologies, and those without a stack, go on."""
    assert blocked(planned(99, topology), [DEFECT, replace(DEFECT, planned=planned(2, NO_TOPOLOGY))]) is None


@pytest.mark.parametrize("status", [Status.PASSED, Status.FAILED, Status.INCONCLUSIVE, Status.FLAKY, Status.KNOWN_FAILURE])
def test_topology_that_came_up(status: Status) -> None:
    """A topology that came up once in this run is worth each start."""
    assert blocked(NEXT, [DEFECT, Outcome(planned(2), status)]) is None


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.NOT_RUN, Status.NOT_SUPPORTED])
def test_scenario_without_a_stack(status: Status) -> None:
    """A scenario that was never on a stack proves no start."""
    assert blocked(NEXT, [DEFECT, Outcome(planned(2), status)])


def test_set_up_has_further_attempts() -> None:
    """A set-up error may have a cause that passes, so the limit of attempts is higher."""
    earlier = [replace(SET_UP, planned=planned(line)) for line in range(SET_UP_ATTEMPTS)]
    assert blocked(NEXT, earlier[1:]) is None
    outcome = blocked(NEXT, earlier)
    assert outcome
    assert (outcome.status, outcome.reason) == (Status.BLOCKED, Reason.SETUP_FAILED)
    assert f"did not start {SET_UP_ATTEMPTS} times" in outcome.message


def test_blocked_scenario_is_no_attempt() -> None:
    """A scenario that is blocked for another cause, such as an undefined step, is no attempt to start a stack."""
    undefined = [Outcome(planned(line), Status.BLOCKED, reason=Reason.USAGE_ERROR) for line in range(SET_UP_ATTEMPTS)]
    assert blocked(NEXT, undefined) is None


def refused(line: int, port: int, topology: str = "small", cause: str = "401") -> Outcome:
    message = f"set-up failed: stack {topology}-{line}: {cause} of port {port}"
    return replace(SET_UP, planned=planned(line, topology), message=message)


def test_equal_set_up_failures_end_run() -> None:
    """Two equal failures of another gateway's set-up block the scenarios of every topology, if none came up."""
    earlier = [refused(1, 4001), refused(2, 4002, "default")]
    assert blocked_by_set_up(NEXT, earlier[:1]) is None
    for topology in ("small", "default", "third"):
        outcome = blocked_by_set_up(planned(99, topology), earlier)
        assert outcome
        assert (outcome.status, outcome.reason, outcome.is_start_failure) == (Status.BLOCKED, Reason.SETUP_FAILED, False)
        assert "actual: its start failed for: scenario 2 (a.feature:2)" in outcome.detail


def test_different_set_up_failures() -> None:
    """Two failures with different causes are no reason to end the run."""
    assert blocked_by_set_up(NEXT, [refused(1, 4001), refused(2, 4002, cause="HTML")]) is None


def test_scenario_without_stack_goes_on() -> None:
    """A scenario that needs no stack needs no gateway."""
    assert blocked_by_set_up(planned(99, NO_TOPOLOGY), [refused(1, 4001), refused(2, 4002)]) is None


def test_equal_failures_after_a_start() -> None:
    """When another topology came up, equal failures end only their own topology."""
    earlier = [Outcome(planned(3, "default"), Status.PASSED), refused(1, 4001), refused(2, 4002)]
    assert blocked_by_set_up(NEXT, earlier)
    assert blocked_by_set_up(planned(99, "third"), earlier) is None
    assert blocked_by_set_up(NEXT, [*earlier, Outcome(planned(4), Status.PASSED)]) is None
