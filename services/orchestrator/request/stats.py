"""The counters of `/stats`: each client request counts once, when it ends."""

from __future__ import annotations

from collections import Counter
from typing import Any

from services.orchestrator.request.context import RequestContext

MAX_WORKER_IDS = 1000  # The ids come from the registry, and their number has no limit of its own.
OTHER_WORKERS = "(other)"


class Stats:
    """Totals since the start: requests_total = succeeded + failed + rejected. A rejected request got a 4xx answer."""

    def __init__(self) -> None:
        self._totals: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._by_worker: Counter[str] = Counter()
        self._by_model: dict[str, Counter[str]] = {}
        self.retries_total = 0

    def count(self, context: RequestContext) -> None:
        """Count one finished request."""
        result = result_of(context)
        self._totals[result] += 1
        self._by_status[str(context.status)] += 1
        model = self._by_model.setdefault(context.model, Counter())
        model["requests"] += 1
        model[result] += 1
        if context.worker_id:
            self._by_worker[self._worker_key(context.worker_id)] += 1

    def report(self, in_flight: int) -> dict[str, Any]:
        """Body of `/stats`."""
        return {
            "requests_total": self._totals.total(),
            "succeeded": self._totals["succeeded"],
            "failed": self._totals["failed"],
            "rejected": self._totals["rejected"],
            "in_flight": in_flight,
            "by_model": {model: {key: counts[key] for key in _MODEL_KEYS} for model, counts in self._by_model.items()},
            "by_status": dict(self._by_status),
            "by_worker": dict(self._by_worker),
            "retries_total": self.retries_total,
        }

    def _worker_key(self, worker_id: str) -> str:
        is_counted = worker_id in self._by_worker or len(self._by_worker) < MAX_WORKER_IDS
        return worker_id if is_counted else OTHER_WORKERS


_MODEL_KEYS = ("requests", "succeeded", "failed", "rejected")


def result_of(context: RequestContext) -> str:
    """succeeded, rejected or failed."""
    if context.outcome == "ok":
        return "succeeded"
    return "rejected" if context.outcome == "error" and context.status < 500 else "failed"
