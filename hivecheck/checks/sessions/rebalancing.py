"""When a worker joins or leaves, only the sessions move that must: some to the new worker, or all of the lost worker."""

from __future__ import annotations

from hivecheck.checks.facts import session_of, sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures, listed

Homes = dict[tuple[str, str], set[str]]


def moved_to_new_worker(history: History, *, new_worker: str) -> Verdict:
    """Sessions stay or move to `new_worker`, the worker that was started, and at least one moves: a session without a pin of its own."""
    acts = [event for event in history.acts(new_worker) if event.data.get("what") == "started"]
    own = sessions(history)
    if len(acts) != 1 or not own:
        actual = f"{counted(len(own), 'session')}, {new_worker} was started {counted(len(acts), 'time')}"
        return inconclusive(expected=f"sessions, and one start of {new_worker}", actual=actual)
    homes, later = _homes(history, acts[0].at)
    if any(len(home) != 1 or not later[name] for name, home in homes.items()):
        expected = f"each session has turns at one worker before {new_worker} starts, and a turn after"
        return inconclusive(expected=expected, actual=_moves(homes, later))
    # With hash mod N a new worker moves nearly every session. Rendezvous hashing moves only those that it wins.
    astray = {name: later[name] for name in own if not later[name] <= homes[name] | {new_worker}}
    if astray:
        return failed(
            expected=f"each session stays or moves to {new_worker}", actual=f"{len(astray)} moved elsewhere: {_moves(homes, astray)}"
        )
    moved = [name for name in own if new_worker in later[name]]
    if not moved:
        return failed(expected=f"at least one of {counted(len(own), 'session')} moves to {new_worker}", actual="none did")
    return passed(f"{len(moved)} of {counted(len(own), 'session')} moved, all to {new_worker}")


def only_lost_sessions_moved(history: History, *, what: str) -> Verdict:
    """The sessions of the worker that was `what` moved, each to one other worker and without a failed turn. All other sessions stayed."""
    acts = [event for event in history.acts() if event.data.get("what") == what]
    if len(acts) != 1:
        return inconclusive(expected=f"one worker that was {what}", actual=listed(event.node for event in acts))
    lost_worker = acts[0].node
    refused = [one for one in history.operations() if session_of(one) is not None and not one.is_answered]
    if refused:
        return failed(expected="every turn of every session is answered", actual="; ".join(one.sentence() for one in refused))
    homes, later = _homes(history, acts[0].at)
    own = [name for name, home in homes.items() if home == {lost_worker}]
    if not own or len(own) == len(homes) or any(len(home) != 1 or not later[name] for name, home in homes.items()):
        expected = f"sessions at {lost_worker} and at others, each with turns before and after {lost_worker} was {what}"
        return no_room(expected=expected, actual=_moves(homes, later))
    wrong = {
        name: later[name]
        for name in homes
        if (later[name] != homes[name] if name not in own else len(later[name]) != 1 or lost_worker in later[name])
    }
    if wrong:
        expected = f"only {counted(len(own), 'session')} of {lost_worker} {'moves' if len(own) == 1 else 'move'}, each to one other worker"
        return failed(expected=expected, actual=_moves(homes, wrong))
    return passed(f"{len(own)} of {counted(len(homes), 'session')} moved away from {lost_worker}, and all others stayed")


def _moves(homes: Homes, later: Homes) -> str:
    """The sessions of `later`, each with its workers before and after."""
    return figures({name: f"{listed(sorted(homes[name]))} before, {listed(sorted(home))} after" for name, home in later.items()}, "; ")


def _homes(history: History, at: float) -> tuple[Homes, Homes]:
    """By session: the workers that answered its turns that began before that time, and those that answered later turns."""
    homes, later = {}, {}
    for name, turns in sessions(history).items():
        homes[name] = {worker for operation, worker in turns if operation.started_at < at}
        later[name] = {worker for operation, worker in turns if operation.started_at >= at}
    return homes, later
