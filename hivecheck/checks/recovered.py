"""Whoever asked was soon served as before: under a fault that a stack must tolerate, or else once it was healed."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.recovery import OBJECTIVE, measure
from hivecheck.verdict import Verdict, failed, inconclusive, passed

# How far the load may be behind its schedule (99th percentile), as a share of the time that is asserted: it is the error of its measuring.
LATENESS_SHARE = 0.1
UNSENT_SHARE = 0.01


def judge(history: History, *, within: float, workers: int, of_healing: bool = False) -> Verdict:
    """`within`: seconds from the fault (or, with `of_healing`, from its verified healing) to the first of nothing but good windows.

    `workers` is how many there were of the load's model; at most (n - 1) // 2 of them may be victims, or nothing is promised until they
    are healed.
    Raises InconclusiveError when history holds too little to reckon with.
    """
    wanted = f"back to normal within {within:g} s of the {'healing' if of_healing else 'fault'}"
    seen = measure(history)
    tolerated = (workers - 1) // 2
    if not of_healing and len(seen.victims) > tolerated:
        return inconclusive(wanted=f"at most {tolerated} of {workers} workers struck", got=f"{len(seen.victims)}: no recovery is promised")
    if seen.lateness_p99 > LATENESS_SHARE * within or seen.unsent > UNSENT_SHARE * (seen.unsent + seen.scheduled):
        got = f"sent {seen.lateness_p99:.3f} s late (p99), {seen.unsent} not at all: this machine could not keep the load's schedule"
        return inconclusive(wanted=f"a load that is at most {LATENESS_SHARE * within:.3f} s behind its schedule", got=got)
    if of_healing and seen.heal is None:
        return inconclusive(wanted=wanted, got="it was not healed while it was watched")
    since = (seen.heal or 0.0) if of_healing else 0.0
    told = f"{seen.good} of {seen.scheduled} answered, {seen.outage_seconds:.2f} s without service"
    if seen.recover is None:
        if seen.watched - since <= within:
            return inconclusive(wanted=wanted, got=f"not yet, after {seen.watched - since:.2f} s; nobody looked for longer; {told}")
        return failed(wanted=wanted, got=f"never, for {seen.watched - since:.2f} s; {told}")
    took = max(0.0, seen.recover - since)
    if took > within:
        return failed(wanted=wanted, got=f"after {took:.2f} s; {told}")
    return passed(f"back to normal after {took:.2f} s, to {OBJECTIVE.share:.0%} answered in time; {told}")
