"""Sessions of two tenants with the same id have separate pins: they are not all at the same workers."""

from __future__ import annotations

from hivecheck.checks.balancing import ERROR_PROBABILITY, odds, pairs_needed
from hivecheck.checks.facts import sessions
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted, figures

ENOUGH_NAMES = pairs_needed(2)  # two workers at least: more of them make coincidences rarer


def owners_apart(history: History) -> Verdict:
    """Compares, for each session id that two tenants use, the workers of their sessions."""
    homes: dict[str, dict[str, str]] = {}
    for (owner, name), turns in sessions(history).items():
        homes.setdefault(name, {})[owner] = turns[-1][1]
    shared = {name: owned for name, owned in homes.items() if len(owned) > 1}
    if len(shared) < ENOUGH_NAMES:
        return inconclusive(expected=f"{ENOUGH_NAMES} session ids that two tenants use", actual=figures(homes))
    apart = [name for name, owned in shared.items() if len(set(owned.values())) > 1]
    if not apart:
        expected = "at least one session id has different workers for its two tenants"
        return failed(expected=f"{expected}; a fair random balancer misses this bound {odds(ERROR_PROBABILITY)}", actual=figures(shared))
    return passed(f"{len(apart)} of {counted(len(shared), 'session id')} at different workers for different tenants")
