"""A worker that was struck and healed served again: it answered requests of the steady load that were due later."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.measurement.recovery import LOAD
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def served_again(history: History, *, worker: str) -> Verdict:
    """By the answers' headers and the worker's journal: both must name it."""
    healed = [event.at for event in history.events("fault", worker) if event.data["what"] == "removed"]
    later = [probe for probe in history.operations(LOAD) if healed and (probe.intended_at or probe.started_at) > healed[-1]]
    if not later:
        return inconclusive(expected=f"requests of the load after {worker} was healed", actual=f"none; healed {len(healed)} times")
    named = [probe for probe in later if probe.is_answered and probe.header("X-Worker-Id") == worker]
    served = [probe for probe in named if any(line.node == worker for line in history.arrivals(probe))]
    if not served:
        return failed(expected=f"some of {len(later)} requests answered by {worker}", actual=f"none; its name stands on {len(named)}")
    return passed(f"{len(served)} of {len(later)} requests answered by {worker}")
