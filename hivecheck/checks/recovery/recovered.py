"""Service is back to normal in time: after a fault that the stack must tolerate, or after the removal of any other fault."""

from __future__ import annotations

from hivecheck.errors import Reason
from hivecheck.history import History
from hivecheck.measurement.recovery import OBJECTIVE, STRICT, measure
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

LARGER_MODEL = "use a model with more workers, such as model-a of @topology.five_workers"
UNSENT_SHARE = 0.01  # the objective allows 1 % of failed requests, so more unsent ones could hide a failure
OFF_SCHEDULE = "the machine did not keep the load on its schedule"


def recovered(history: History, *, within: float, workers: int, of_healing: bool = False) -> Verdict:
    """`within`: seconds from the fault to the first of only good windows. With `of_healing` they count from its verified removal.

    `workers` is the number of workers n of the load's model. The stack must tolerate faults in at most (n - 1) // 2 of them.
    Raises InconclusiveError when history has too few requests.
    """
    expected = f"service is back to normal within {within:g} s of the {'removal of the fault' if of_healing else 'fault'}"
    measured = measure(history)
    most_targets = (workers - 1) // 2
    targets, size = len(measured.fault_targets), counted(workers, "worker")
    if not of_healing and targets > most_targets:
        return inconclusive(
            expected="a model with enough workers to tolerate the fault",
            actual=f"faults in {targets} of {size}; with {size} the fault budget is {most_targets}",
            remedy=LARGER_MODEL,
            reason=Reason.USAGE_ERROR,
        )
    if measured.unsent > UNSENT_SHARE * (measured.unsent + measured.scheduled):
        return inconclusive(
            expected="a load that sends every request of its schedule",
            actual=f"{counted(measured.unsent, 'request was', 'requests were')} not sent: {OFF_SCHEDULE}",
            reason=Reason.LOAD_OFF_SCHEDULE,
        )
    if of_healing and measured.heal is None:
        return inconclusive(expected=expected, actual="the fault was not removed during the load")
    since = (measured.heal or 0.0) if of_healing else 0.0
    error = measured.lateness_p99
    load = f"{measured.good} of {measured.scheduled} answered, outage {measured.outage_seconds:.2f} s, load lateness {error:.3f} s (p99)"
    if measured.recover is None:
        if measured.watched - since - error <= within:
            return inconclusive(expected=expected, actual=f"not yet at the end of the load, after {measured.watched - since:.2f} s; {load}")
        return failed(expected=expected, actual=f"not in {measured.watched - since:.2f} s; {load}")
    took = max(0.0, measured.recover - since)
    # The load's p99 lateness is the error of the measured time. A verdict must hold at both ends of that range.
    if took - error > within:
        return failed(expected=expected, actual=f"after {took:.2f} s; {load}")
    # The lateness that a window was allowed must not be the reason why it is good, so a pass holds without it too.
    strict = measure(history, STRICT).recover
    if took + error > within or strict is None or strict - since > within:
        return inconclusive(
            expected=expected,
            actual=f"after {took:.2f} s, +- {error:.2f} s: {OFF_SCHEDULE}; {load}",
            reason=Reason.LOAD_OFF_SCHEDULE,
        )
    return passed(f"back to normal after {took:.2f} s, with {OBJECTIVE.share:.0%} answered in time; {load}")
