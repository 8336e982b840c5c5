"""Load runs for the tests of their checks."""

from __future__ import annotations

from typing import Any

from hivecheck.checks.load.load_facts import LOAD_RUN
from hivecheck.history import Event

LATE = {"code": "late", "sentence": "The client sent late."}
EMPTY = {"code": "empty", "sentence": "The schedule has no request."}


def latencies(seconds: float | None, **changed: float) -> dict[str, Any]:
    """A latency with the same value at each percentile, except for the changed ones."""
    names = ("p50", "p75", "p90", "p95", "p99", "p99.9", "max", "mean")
    return {**dict.fromkeys(names, seconds), **changed, "count": 0 if seconds is None else 100}


def load_run(at: float = 1.0, *, of: int = 1, reasons: tuple[dict[str, str], ...] = (), **changed: Any) -> Event:
    """The event of a run in which 100 of 100 requests were complete. `changed` replaces parts of its figures."""
    figures = {name: latencies(0.1) for name in ("ttft", "itl", "tpot", "e2e", "lateness", "max_stall")} | changed.pop("percentiles", {})
    totals = {"sent": 100, "done": 100, "failed": 0, "open": 0, "most_open": 50, "outcomes": {"complete": 100}, "causes": {}}
    shares = {"error_rate": 0.0, "integrity_rate": 1.0, "done_rate": 50.0}
    plain = {"began": at - 1, "of": of, "digest": "d", "windows": [], "schedule": {"levels": []}, "invalid_reasons": list(reasons)}
    return Event(
        at, LOAD_RUN, "model-a", {**plain, **shares, "percentiles": figures, "totals": totals | changed.pop("totals", {}), **changed}
    )
