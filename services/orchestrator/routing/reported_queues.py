"""The queues that workers report, without the requests of this gateway. Pure: clock and own requests are arguments.

A report is up to one heartbeat old. The gateway knows its own requests exactly, so a report counts for other clients only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.orchestrator.routing.view import View
from services.wire import ServiceEntry

# An older report does not describe the present. While the registry is unreachable, no newer one comes.
LONGEST_SECONDS = 5.0

# A report spends this time in calls to the registry and back, which neither side can measure.
TRANSIT_SECONDS = 0.25

OwnRequests = Callable[[str, float, float], int]


@dataclass(frozen=True, slots=True)
class _Report:
    entry: ServiceEntry
    measured_at: float
    others: float


class ReportedQueues:
    """The queued requests of other clients. `own(worker, since, until)` are the most requests of this gateway in flight there."""

    def __init__(self, own: OwnRequests) -> None:
        self._own = own
        self._reports: dict[str, _Report] = {}

    def apply(self, view: View, now: float) -> None:
        """Compare the reports of a new view with the own requests at the time of each measurement."""
        known = self._reports
        queued = [entry for entry in view.workers.values() if entry.metrics.get("waiting")]
        self._reports = {entry.id: _kept(known.get(entry.id), entry) or self._report(entry, now) for entry in queued}

    def of_others(self, worker_id: str, now: float) -> float:
        """The requests of other clients that wait at a worker, by its last report."""
        report = self._reports.get(worker_id)
        return report.others if report and now - report.measured_at <= LONGEST_SECONDS else 0.0

    def _report(self, entry: ServiceEntry, now: float) -> _Report:
        measured_at = now - entry.heartbeat_age_seconds - entry.metrics.get("age_seconds", 0.0)
        own = self._own(entry.id, measured_at - TRANSIT_SECONDS, measured_at + TRANSIT_SECONDS)
        waiting = entry.metrics["waiting"]
        # Own requests run or wait. Those of other clients are the rest, and no more than `waiting` of them wait.
        rest = entry.metrics.get("running", 0.0) + waiting - own
        return _Report(entry, measured_at, min(waiting, max(0.0, rest)))


def _kept(report: _Report | None, entry: ServiceEntry) -> _Report | None:
    """The same report if the view repeats an entry: its ages were right only when it arrived."""
    return report if report and report.entry is entry else None
