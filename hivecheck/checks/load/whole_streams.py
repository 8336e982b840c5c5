"""Every stream of the last load was whole: complete, in order, terminated, with the usage of its tokens."""

from __future__ import annotations

from hivecheck.checks.load.load_facts import Run, failures, judged
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted


def whole_streams(history: History) -> Verdict:
    """The integrity rate of each run is 1. A load without a stream proves nothing."""
    return judged(history, _whole)


def _whole(run: Run) -> Verdict:
    if run["integrity_rate"] is None:
        return inconclusive(expected="a load with streams", actual="none")
    if run["integrity_rate"] < 1:
        return failed(expected="an integrity rate of 100 %", actual=f"{run['integrity_rate']:.3%}; {failures(run)}")
    return passed(f"{counted(run['percentiles']['ttft']['count'], 'stream')}, each whole and in order")
