"""Every session was served by one worker throughout, and the sessions together by more than one."""

from __future__ import annotations

from hivecheck.checks.facts import session_of, sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def sticky(history: History, *, spread: int = 2, failed_turns: int = 0) -> Verdict:
    """`spread`: how many workers the sessions must be over. `failed_turns`: how many turns must have failed, each at several workers."""
    own = sessions(history)
    answered = sum(operation.is_answered for operation in history.operations() if session_of(operation) is not None)
    seen = sum(map(len, own.values()))
    if not own or seen < answered or any(len(turns) < 2 for turns in own.values()):
        actual = f"{ {name: len(turns) for name, turns in own.items()} }; {answered} answered, {seen} in journals"
        return inconclusive(expected="sessions of two answered turns or more, each in a journal", actual=actual)
    unanswered = [operation for operation in history.operations() if session_of(operation) is not None and not operation.is_answered]
    places = {operation.id: {line.node for line in history.arrivals(operation)} for operation in unanswered}
    if len(places) != failed_turns or any(len(nodes) < 2 for nodes in places.values()):
        told = [operation.sentence() for operation in unanswered]
        verdict = failed if len(places) > failed_turns else inconclusive
        return verdict(expected=f"{failed_turns} failed turns, each tried at several workers", actual=f"{places}: {told}")
    moved = {name: [worker for _, worker in turns] for name, turns in own.items() if len({worker for _, worker in turns}) > 1}
    if moved:
        return failed(expected="each session at one worker", actual=f"{len(moved)} of {len(own)} were at several: {moved}")
    used = {turns[0][1] for turns in own.values()}
    if len(used) < spread:
        return failed(expected=f"{len(own)} sessions over {spread} workers or more", actual=f"{sorted(used)}")
    return passed(f"{len(own)} sessions over {sorted(used)}, each at one worker")
