"""How often the gateway tried each request: once, once after a loss was known, a second time at another worker, or with growing pauses."""

from __future__ import annotations

from hivecheck.checks.facts import Workers, able, end_of, without_alternative
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed, worst
from hivecheck.wording import agreeing, counted, figures, listed


def not_sent_again(history: History, *, workers: Workers, is_alone: bool = False) -> Verdict:
    """Each request has exactly one arrival. The gateway must not retry an answer that has begun. `workers`: worker -> its models.

    `is_alone`: the model of each request has one worker, so the forbidden second arrival is one at the same worker.
    """
    operations = history.operations()
    places = {operation.id: [line.node for line in history.arrivals(operation)] for operation in operations}
    if not operations or any(not nodes for nodes in places.values()):
        return inconclusive(expected="every request is in the journal of a worker", actual=figures(places))
    # After the first byte another attempt would send the client some tokens twice.
    if again := {identifier: nodes for identifier, nodes in places.items() if len(nodes) > 1}:
        return failed(expected="each request reaches one worker once", actual=figures(again))
    if is_alone:
        shared = {one.model: listed(able(workers, one.model)) for one in operations if len(able(workers, one.model)) != 1}
        if shared:
            return inconclusive(expected="one worker for the model of each request", actual=figures(shared))
    # A whole answer can be repeated by the same worker. A failed request is tried again at another one, so that one must exist.
    elif alone := without_alternative([operation for operation in operations if not operation.is_answered], workers):
        return alone
    requests = counted(len(operations), "request")
    return passed(f"{requests} {agreeing(len(operations), 'reached', 'each reached')} one worker once")


def one_attempt_each(history: History, *, purpose: str, is_marked: bool = True) -> Verdict:
    """Each request of the batch was answered at its first attempt and has one arrival.

    `is_marked`: the answer has `X-Attempts`. That is no standard, so a target may leave it out, and the journals alone decide.
    """
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"at least one request of {purpose}", actual="none was sent")
    for operation in operations:
        attempts, arrivals = operation.header("X-Attempts") if is_marked else "1", len(history.arrivals(operation))
        if (operation.is_answered, attempts, arrivals) != (True, "1", 1):
            return failed(
                expected=f"{operation.id} is answered at the first attempt, after one arrival",
                actual=f"X-Attempts {attempts}, {counted(arrivals, 'arrival')}: {operation.sentence()}",
            )
    return passed(f"{counted(len(operations), 'request')} with one attempt each")


def one_attempt_after(history: History, *, what: str = "killed") -> Verdict:
    """Each request that began after the last act `what` was answered at its first attempt: the gateway no longer tries the lost worker."""
    acts = [event for event in history.acts() if event.data.get("what") == what]
    later = [operation for operation in history.operations() if acts and operation.started_at > acts[-1].at]
    if not later:
        return inconclusive(expected=f"requests sent after a worker was {what}", actual="none")
    bad = [operation for operation in later if not operation.is_answered or operation.header("X-Attempts") != "1"]
    if bad:
        return failed(
            expected=f"each request after a worker was {what} is answered at the first attempt",
            actual=f"X-Attempts {bad[0].header('X-Attempts')}: {bad[0].sentence()}",
        )
    return passed(f"{counted(len(later), 'request')} with one attempt each")


def taken_over(history: History, *, is_marked: bool = True) -> Verdict:
    """Another worker answered each request at the second attempt, after the first worker received it and did not end it.

    `is_marked`: the answer has `X-Attempts` and `X-Worker-Id`. That is no standard, so a target may leave them out.
    """
    return worst([_judge_taken_over(history, operation, is_marked) for operation in history.operations()])


def _judge_taken_over(history: History, operation: Operation, is_marked: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    names = [arrival.node for arrival in arrivals]
    # A killed worker writes no end. With an end there was nothing left to take over.
    if not arrivals or end_of(history, arrivals[0]) is not None:
        actual = f"arrivals at {listed(names)}" + (", and the first one has an end" if arrivals else "")
        return inconclusive(expected=f"{operation.id} is unfinished at the worker that died", actual=actual)
    attempts = operation.header("X-Attempts") if is_marked else "2"
    if not operation.is_answered or len(set(names)) != 2 or len(names) != 2 or attempts != "2":
        actual = f"arrivals at {listed(names)}, X-Attempts {attempts}: {operation.sentence()}"
        return failed(expected=f"another worker answers {operation.id} at the second attempt", actual=actual)
    if is_marked and operation.header("X-Worker-Id") != names[1]:
        return failed(expected=f"the answer names {names[1]}", actual=f"it names {operation.header('X-Worker-Id')}")
    return passed(f"{operation.id}: taken over by {names[1]}")


def spaced_attempts(history: History, *, attempts: int, first_pause_seconds: float, workers: Workers) -> Verdict:
    """Each request had `attempts` attempts, each at another worker. The first pause has a minimum, and each later minimum doubles.

    `workers`: worker -> its models. One more than `attempts` of them must serve the model.
    """
    found = [_judge_spaced(history, operation, attempts, first_pause_seconds) for operation in history.operations()]
    few = {one.model: places for one in history.operations() if len(places := able(workers, one.model)) <= attempts}
    if few:
        expected = f"more than {counted(attempts, 'worker')} of the model, so that a further attempt is possible"
        found.append(no_room(expected=expected, actual=figures({model: listed(places) for model, places in few.items()})))
    return worst(found)


def _judge_spaced(history: History, operation: Operation, attempts: int, least: float) -> Verdict:
    arrivals = sorted(history.arrivals(operation), key=lambda line: line.at)
    nodes = [line.node for line in arrivals]
    if len(arrivals) != attempts or len(set(nodes)) != attempts:
        expected = f"{counted(attempts, 'attempt')} of {operation.id}, each at another worker"
        return failed(expected=expected, actual=f"arrivals at {listed(nodes)}: {operation.sentence()}")
    ends = [end_of(history, line) for line in arrivals]
    if None in ends:
        return inconclusive(expected=f"an end of each attempt of {operation.id} in a journal", actual=f"arrivals at {listed(nodes)}")
    # A pause begins at the end of an attempt. Else a slow attempt looks like a pause.
    pauses = [after.at - end.at for end, after in zip(ends[:-1], arrivals[1:], strict=True) if end]
    if short := [pause for place, pause in enumerate(pauses) if pause < least * 2**place]:
        return failed(
            expected=f"pauses of at least {least:g} s that double", actual=f"pauses of {_seconds(pauses)}, too short: {_seconds(short)}"
        )
    return passed(f"attempts at {listed(nodes)} after pauses of {_seconds(pauses)}")


def _seconds(pauses: list[float]) -> str:
    return listed(f"{pause:.3f} s" for pause in pauses)
