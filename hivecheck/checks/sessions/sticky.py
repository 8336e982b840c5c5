"""One worker served every turn of a session, and more than one worker served the sessions together."""

from __future__ import annotations

from hivecheck.checks.balancing import ERROR_PROBABILITY, odds, sessions_needed
from hivecheck.checks.facts import session_of, sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures, listed


def sticky(history: History, *, spread: int = 2, failed_turns: int = 0) -> Verdict:
    """`spread`: the minimum number of workers. `failed_turns`: how many turns must fail, one at a worker that is not its session's."""
    own = sessions(history)
    answered = sum(operation.is_answered for operation in history.operations() if session_of(operation) is not None)
    journaled = sum(map(len, own.values()))
    if not own or journaled < answered or any(len(turns) < 2 for turns in own.values()):
        actual = f"turns {figures({name: len(turns) for name, turns in own.items()})}; {answered} answered, {journaled} in journals"
        return inconclusive(expected="sessions with at least two answered turns, each in a journal", actual=actual)
    unanswered = [operation for operation in history.operations() if session_of(operation) is not None and not operation.is_answered]
    places = {operation.id: {line.node for line in history.arrivals(operation)} for operation in unanswered}
    homes = {name: turns[0][1] for (_, name), turns in own.items()}
    has_strayed = any(places[one.id] - {homes.get(session_of(one) or "")} for one in unanswered)
    if len(places) != failed_turns or (failed_turns and not has_strayed):
        sentences = "; ".join(operation.sentence() for operation in unanswered)
        verdict = failed if len(places) > failed_turns else inconclusive
        expected = f"{counted(failed_turns, 'failed turn')}, at least one of them at another worker than its session's"
        return verdict(expected=expected, actual=f"{figures(places)}: {sentences}")
    moved = {name: [worker for _, worker in turns] for name, turns in own.items() if len({worker for _, worker in turns}) > 1}
    if moved:
        return failed(expected="each session stays at one worker", actual=f"{len(moved)} of {len(own)} moved: {figures(moved)}")
    # A gateway that sends everything to one worker is sticky too. A real one sent 24 of 24 keyless requests there.
    used = {turns[0][1] for turns in own.values()}
    if len(used) < spread:
        expected = f"{counted(len(own), 'session')} at {counted(spread, 'worker')} or more"
        # Chance, too, leaves a worker out. Sessions are placed once each, so their number decides how often.
        if len(own) < (needed := sessions_needed(spread)):
            return no_room(expected=f"{expected}, {counted(needed, 'session')} at least", actual=listed(sorted(used)))
        return failed(
            expected=f"{expected}; a fair random balancer misses this bound {odds(ERROR_PROBABILITY)}", actual=listed(sorted(used))
        )
    return passed(f"{counted(len(own), 'session')}, each at one of {listed(sorted(used))}")
