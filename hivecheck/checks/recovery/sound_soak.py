"""A soak: no wrong answer in any round, no avoidable failure, and no leak."""

from __future__ import annotations

from hivecheck.checks.answers.answered import all_answered
from hivecheck.checks.leaks.no_leak import no_leak
from hivecheck.checks.recovery.load_integrity import load_integrity
from hivecheck.checks.recovery.zero_failed import zero_failed
from hivecheck.history import History
from hivecheck.measurement.recovery import LOAD
from hivecheck.measurement.soak import began, is_whole, rounds
from hivecheck.verdict import Verdict, inconclusive, worst

INTEGRITY, AVAILABILITY, LEAKS = "no wrong answer", "no avoidable failure", "no leak"


def sound_soak(history: History) -> Verdict:
    """The worst of the verdicts over answers, failures and leaks. Inconclusive for a soak that has not come to its end."""
    found = list(verdicts(history).values())
    if not is_whole(history):
        found.append(inconclusive(expected="a soak that came to its end", actual="it was stopped"))
    return worst(found)


def verdicts(history: History) -> dict[str, Verdict]:
    """Each part by its name, of the rounds so far."""
    start = began(history)
    if start is None:
        return {}
    return {
        INTEGRITY: _integrity(history),
        # A soak that a person stops leaves its requests in flight.
        AVAILABILITY: zero_failed(history) if history.events("fault") else all_answered(history, purpose=LOAD, may_leave=True),
        # A fault that ends a process early must not leave the whole soak without a verdict.
        LEAKS: no_leak(history, nodes=start.data["nodes"], of_living=True),
    }


def _integrity(history: History) -> Verdict:
    # At the end the whole ledger is noted. Until then each round has its own part of it.
    return load_integrity(history) if is_whole(history) else worst(load_integrity(one.history) for one in rounds(history))
