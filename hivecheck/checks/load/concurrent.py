"""So many requests of the last load were open at once."""

from __future__ import annotations

from hivecheck.checks.load.load_facts import Run, judged
from hivecheck.history import History
from hivecheck.verdict import Verdict, inconclusive, passed
from hivecheck.wording import counted


def concurrent(history: History, *, at_least: int) -> Verdict:
    """Counts the open requests of the client. With fewer of them the load is another one than the scenario names."""
    return judged(history, lambda run: _concurrent(run, at_least))


def _concurrent(run: Run, at_least: int) -> Verdict:
    most = run["totals"]["most_open"]
    if most < at_least:
        return inconclusive(
            expected=f"{counted(at_least, 'open request')} at a time",
            actual=f"at most {most}",
            remedy="simulate more work for each request",
        )
    return passed(f"{counted(most, 'open request')} at a time")
