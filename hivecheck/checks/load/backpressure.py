"""The last load's failures are refusals with 429 or 503 that name a time for the next attempt, and nothing else."""

from __future__ import annotations

import re

from hivecheck.checks.load.load_facts import Run, failures, judged
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, passed
from hivecheck.wording import counted

# The client adds to the cause that Retry-After is missing.
BACKPRESSURE = re.compile(r"(?:429|503)(?!.*no Retry-After)")


def backpressure(history: History, *, back: int = 1) -> Verdict:
    """Judges the causes of all failed requests. A load without a failure passes."""
    return judged(history, _backpressure, back)


def _backpressure(run: Run) -> Verdict:
    others = [cause for cause in run["totals"]["causes"] if not BACKPRESSURE.match(cause)]
    if others or run["totals"]["open"]:
        return failed(expected="only refusals with status 429 or 503 and Retry-After", actual=failures(run))
    return passed(f"{counted(run['totals']['failed'], 'refusal')}, each with Retry-After")
