"""Short runs of the real engine. Their own lateness is allowed, because the machine may be busy."""

from __future__ import annotations

from typing import Any

from hivecheck.load import result, run
from hivecheck.load.plan import Plan
from hivecheck.load.result import LoadResult
from hivecheck.load.schedule import Arrivals, Segment

ANY_LATENESS = 3600.0


def even(rate: float, seconds: float) -> Arrivals:
    """A constant rate."""
    return Arrivals((Segment(seconds, rate, rate),))


def plan_of(url: str, **changes: Any) -> Plan:
    """Ten numbered streams of 16 tokens within half a second, with the given changes."""
    options = {
        "url": url,
        "model": "m",
        "seed": 7,
        "schedule": even(20, 0.5),
        "max_output_tokens": 16,
        "is_numbered": True,
        "warm_up": 0,
        "deadline_seconds": 30.0,
        "lateness_limit": ANY_LATENESS,
        "slo": "error_rate<0.01,integrity_rate>=0.99",
    }
    return Plan(**(options | changes))


def outcome_of(plan: Plan) -> LoadResult:
    """Run and judge."""
    return result.judge(plan, run.run(plan), version="0", started_at=0.0, calibration=None)
