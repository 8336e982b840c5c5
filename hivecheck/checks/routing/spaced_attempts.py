"""The attempts of a request went to different workers, each after a pause that grows."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def spaced_attempts(history: History, *, attempts: int, first_pause_seconds: float) -> Verdict:
    """`first_pause_seconds` is the least the first pause may be; the next one is at least twice that, and so on."""
    return worst([_judge_one(history, operation, attempts, first_pause_seconds) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, attempts: int, least: float) -> Verdict:
    arrivals = sorted(history.arrivals(operation), key=lambda line: line.at)
    nodes = [line.node for line in arrivals]
    if len(arrivals) != attempts or len(set(nodes)) != attempts:
        return failed(expected=f"{attempts} attempts, each at another worker", actual=f"{nodes}: {operation.sentence()}")
    ends = [end_of(history, line) for line in arrivals]
    if None in ends:
        return inconclusive(expected="an end of each attempt", actual=f"{nodes}")
    pauses = [after.at - end.at for end, after in zip(ends[:-1], arrivals[1:], strict=True) if end]
    if short := [pause for place, pause in enumerate(pauses) if pause < least * 2**place]:
        return failed(expected=f"pauses of at least {least:g} s, doubling", actual=f"{pauses}, too short: {short}")
    return passed(f"{nodes} after pauses of {', '.join(f'{pause:.3f} s' for pause in pauses)}")
