"""A worker joined: of the sessions that moved afterwards each moved to it, and those without a pin of their own did."""

from __future__ import annotations

from hivecheck.checks.facts import sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def moved_to_joiner(history: History, *, joiner: str) -> Verdict:
    """`joiner`: the worker that was started; that moment divides before from after. Some must have moved: not every session is pinned."""
    acts = [event for event in history.acts(joiner) if event.data.get("what") == "started"]
    own = sessions(history)
    if len(acts) != 1 or not own:
        return inconclusive(expected=f"sessions, and one start of {joiner}", actual=f"{len(own)} sessions, {len(acts)} starts")
    homes = {name: {worker for operation, worker in turns if operation.started_at < acts[0].at} for name, turns in own.items()}
    later = {name: {worker for operation, worker in turns if operation.started_at >= acts[0].at} for name, turns in own.items()}
    if any(len(home) != 1 or not later[name] for name, home in homes.items()):
        return inconclusive(expected="every session at one worker before, with a turn after", actual=f"{homes}, then {later}")
    astray = {name: (homes[name], later[name]) for name in own if not later[name] <= homes[name] | {joiner}}
    if astray:
        return failed(expected=f"sessions that stay or move to {joiner}", actual=f"{len(astray)} moved elsewhere: {astray}")
    moved = [name for name in own if joiner in later[name]]
    if not moved:
        return failed(expected=f"some of {len(own)} sessions to be without a pin, and to move to {joiner}", actual="none did")
    return passed(f"{len(moved)} of {len(own)} sessions moved, all to {joiner}")
