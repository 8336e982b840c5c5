"""A worker left: its sessions moved, each to one other worker and without a failed request; nobody else's did."""

from __future__ import annotations

from hivecheck.checks.facts import session_of, sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def only_leavers_moved(history: History, *, what: str) -> Verdict:
    """`what`: what was done to the worker that left; the moment it was done divides before from after."""
    acts = [event for event in history.acts() if event.data.get("what") == what]
    if len(acts) != 1:
        return inconclusive(expected=f"one worker that was {what}", actual=f"{acts}")
    leaver, left_at = acts[0].node, acts[0].at
    refused = [one for one in history.operations() if session_of(one) is not None and not one.is_answered]
    if refused:
        return failed(expected="every turn of every session answered", actual="; ".join(one.sentence() for one in refused))
    homes, later = {}, {}
    for name, turns in sessions(history).items():
        homes[name] = {worker for operation, worker in turns if operation.started_at < left_at}
        later[name] = {worker for operation, worker in turns if operation.started_at >= left_at}
    own = [name for name, home in homes.items() if home == {leaver}]
    if not own or len(own) == len(homes) or any(len(home) != 1 or not later[name] for name, home in homes.items()):
        return inconclusive(expected=f"sessions at {leaver} and at others, with turns before and after", actual=f"{homes}, then {later}")
    wrong = {
        name: (homes[name], later[name])
        for name in homes
        if (later[name] != homes[name] if name not in own else len(later[name]) != 1 or leaver in later[name])
    }
    if wrong:
        return failed(expected=f"only the {len(own)} sessions of {leaver} to move, each to one other worker", actual=f"{wrong}")
    return passed(f"{len(own)} of {len(homes)} sessions moved away from {leaver}, nobody else's did")
