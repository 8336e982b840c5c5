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
    streams = run["percentiles"]["ttft"]["count"]
    if run["integrity_rate"] is None or not streams:
        return inconclusive(expected="a load with streams", actual="none was complete" if run["integrity_rate"] == 0 else "none")
    if run["integrity_rate"] < 1:
        return failed(expected="an integrity rate of 100 %", actual=f"{run['integrity_rate']:.3%}; {failures(run)}")
    return passed(f"{counted(streams, 'stream')}, each whole and in order")
