"""Whether the stack of a scenario is worth a start after earlier ones failed: pure, from the outcomes of the run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from hivecheck.errors import Reason
from hivecheck.reports.result import PROVEN, Outcome, Planned, Status
from hivecheck.tags import NO_TOPOLOGY

# A set-up can fail for a cause that passes, such as a busy machine. A defect of a node stays.
SET_UP_ATTEMPTS = 3
# Another gateway has one set-up for all topologies, so the second equal failure shows that it stays.
EQUAL_SET_UP_FAILURES = 2
_ON_A_STACK = (*PROVEN, Status.FAILED, Status.INCONCLUSIVE, Status.KNOWN_FAILURE, Status.UNEXPECTED_PASS)


def blocked(planned: Planned, outcomes: Iterable[Outcome]) -> Outcome | None:
    """The outcome of a scenario on a topology that does not start; None if its stack is worth a start.

    A topology that came up in this run is worth each start.
    """
    earlier = [outcome for outcome in outcomes if outcome.planned.topology == planned.topology != NO_TOPOLOGY]
    if any(outcome.status in _ON_A_STACK and not outcome.is_start_failure for outcome in earlier):
        return None
    failed = [outcome for outcome in earlier if outcome.is_start_failure]
    defect = next((outcome for outcome in failed if outcome.status is Status.FAILED), None)
    if defect:
        message = f"the system under test failed at the start of topology {planned.topology}"
        next_step = "correct the failure of that scenario first"
        return _blocked(planned, message, defect, next_step, Reason.FAILED_START)
    if len(failed) < SET_UP_ATTEMPTS:
        return None
    message = f"set-up failed: topology {planned.topology} did not start {SET_UP_ATTEMPTS} times"
    return _blocked(planned, message, failed[-1], "correct the set-up of that scenario first", failed[-1].reason)


def blocked_by_set_up(planned: Planned, outcomes: Iterable[Outcome]) -> Outcome | None:
    """The outcome of a scenario after the set-up of another gateway failed twice in the same way; None if a start is worthwhile.

    It ends the whole run while no topology came up, else the topology.
    """
    on_stacks = [outcome for outcome in outcomes if outcome.planned.topology != NO_TOPOLOGY]
    came_up = any(outcome.status in _ON_A_STACK and not outcome.is_start_failure for outcome in on_stacks)
    relevant = [outcome for outcome in on_stacks if not came_up or outcome.planned.topology == planned.topology]
    if planned.topology == NO_TOPOLOGY or any(outcome.status in _ON_A_STACK and not outcome.is_start_failure for outcome in relevant):
        return None
    repeated = _repeated([outcome for outcome in relevant if outcome.is_start_failure and outcome.status is Status.BLOCKED])
    if repeated is None:
        return None
    message = "set-up failed: the gateway did not start, twice in the same way"
    return _blocked(planned, message, repeated, "correct the set-up of that scenario first", repeated.reason)


def _repeated(failed: Sequence[Outcome]) -> Outcome | None:
    """The last of the failures that occurred often enough."""
    counts = Counter(_text(outcome) for outcome in failed)
    return next((outcome for outcome in reversed(failed) if counts[_text(outcome)] >= EQUAL_SET_UP_FAILURES), None)


def _text(outcome: Outcome) -> str:
    """The message without what differs between two starts: numbers, such as ports and seconds, and the topology."""
    return re.sub(r"\d+", "0", outcome.message.replace(outcome.planned.topology, "topology"))


def _blocked(planned: Planned, message: str, cause: Outcome, next_step: str, reason: Reason | None) -> Outcome:
    where = f"{cause.planned.name} ({cause.planned.key})"
    detail = f"expected: topology {planned.topology} starts\nactual: its start failed for: {where}\nnext: {next_step}"
    return Outcome(planned, Status.BLOCKED, message=message, detail=detail, reason=reason)
