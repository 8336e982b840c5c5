"""The last load counted each of its requests as one kind of outcome."""

from __future__ import annotations

from hivecheck.checks.load.load_facts import Run, failures, judged
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted


def counted_as(history: History, *, outcome: str) -> Verdict:
    """Each request that was sent has this outcome, and the error rate counts it unless it is complete."""
    return judged(history, lambda run: _counted(run, outcome), is_timeless=True)


def _counted(run: Run, outcome: str) -> Verdict:
    totals = run["totals"]
    if not totals["sent"]:
        return inconclusive(expected="a load with requests", actual="none was sent")
    if totals["outcomes"] != {outcome: totals["sent"]} or run["error_rate"] != (0 if outcome == "complete" else 1):
        outcomes = ", ".join(f"{count} x {name}" for name, count in sorted(totals["outcomes"].items()))
        return failed(expected=f"{totals['sent']} x {outcome}", actual=f"{outcomes}; error rate {run['error_rate']:.3%}; {failures(run)}")
    return passed(f"{counted(totals['sent'], 'request')}, each {outcome}")
