"""Whoever asked was soon served as before: under a fault that a stack must tolerate, or else once it was healed."""

from __future__ import annotations

from dataclasses import replace

from hivecheck.history import History
from hivecheck.measurement.recovery import OBJECTIVE, measure
from hivecheck.verdict import Verdict, failed, inconclusive, passed

UNSENT_SHARE = 0.01
UNFORGIVING = replace(OBJECTIVE, forgives_lateness=False)


def recovered(history: History, *, within: float, workers: int, of_healing: bool = False) -> Verdict:
    """`within`: seconds from the fault (or, with `of_healing`, from its verified healing) to the first of nothing but good windows.

    `workers` is how many there were of the load's model; at most (n - 1) // 2 of them may be victims, or nothing is promised until they
    are healed. How far the load was behind its schedule (99th percentile) is the error of the measured time: whoever sends late learns
    late, by so much at most. It passed, or failed, if it did with all of the error against it; and what was forgiven a late load may have
    been the stack's, so that it must pass without that, too.
    Raises InconclusiveError when history holds too little to reckon with.
    """
    expected = f"back to normal within {within:g} s of the {'healing' if of_healing else 'fault'}"
    seen = measure(history)
    tolerated = (workers - 1) // 2
    if not of_healing and len(seen.fault_targets) > tolerated:
        return inconclusive(
            expected=f"at most {tolerated} of {workers} workers struck", actual=f"{len(seen.fault_targets)}: no recovery is promised"
        )
    if seen.unsent > UNSENT_SHARE * (seen.unsent + seen.scheduled):
        return inconclusive(
            expected="a load of which all is sent", actual=f"{seen.unsent} not: this machine could not keep the load's schedule"
        )
    if of_healing and seen.heal is None:
        return inconclusive(expected=expected, actual="it was not healed while it was watched")
    since = (seen.heal or 0.0) if of_healing else 0.0
    error = seen.lateness_p99
    told = f"{seen.good} of {seen.scheduled} answered, {seen.outage_seconds:.2f} s without service, by a load {error:.3f} s late (p99)"
    if seen.recover is None:
        if seen.watched - since - error <= within:
            return inconclusive(expected=expected, actual=f"not yet, after {seen.watched - since:.2f} s; nobody looked for longer; {told}")
        return failed(expected=expected, actual=f"never, for {seen.watched - since:.2f} s; {told}")
    took = max(0.0, seen.recover - since)
    if took - error > within:
        return failed(expected=expected, actual=f"after {took:.2f} s; {told}")
    unforgiven = measure(history, UNFORGIVING).recover
    if took + error > within or unforgiven is None or unforgiven - since > within:
        return inconclusive(
            expected=expected,
            actual=f"after {took:.2f} s, give or take {error:.2f}: this machine could not keep the load's schedule; {told}",
        )
    return passed(f"back to normal after {took:.2f} s, to {OBJECTIVE.share:.0%} answered in time; {told}")
