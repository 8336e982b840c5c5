"""Sessions of the same names held by two owners have pins of their own: they are not all at the same workers."""

from __future__ import annotations

from hivecheck.checks.facts import sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

ENOUGH_NAMES = 8  # of three workers, two owners share one for each of eight names by chance once in 6561 times


def owners_apart(history: History) -> Verdict:
    """Compares, for each name that two owners use, where their sessions are."""
    homes: dict[str, dict[str, str]] = {}
    for (owner, name), turns in sessions(history).items():
        homes.setdefault(name, {})[owner] = turns[-1][1]
    shared = {name: owned for name, owned in homes.items() if len(owned) > 1}
    if len(shared) < ENOUGH_NAMES:
        return inconclusive(expected=f"{ENOUGH_NAMES} names that two owners use", actual=f"{homes}")
    apart = [name for name, owned in shared.items() if len(set(owned.values())) > 1]
    if not apart:
        return failed(expected="some sessions of the same name at different workers", actual=f"{shared}")
    return passed(f"{len(apart)} of {len(shared)} names are at different workers for different owners")
