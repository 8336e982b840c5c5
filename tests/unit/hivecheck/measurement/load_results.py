"""Synthetic load results of known truth, for the tests of comparisons."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from hivecheck.measurement.recovery import percentile


@dataclass(frozen=True)
class Server:
    """The truth: `ttft` is the median in seconds, `spread` its lognormal sigma, `memory` the dependence of a window on the one before."""

    ttft: float = 0.2
    spread: float = 0.3
    memory: float = 0.4
    error_rate: float = 0.01
    drift: float = 0.05


def load_result(server: Server, seed: int, *, seconds: int = 60, rate: int = 30, **plan: Any) -> dict[str, Any]:
    """A result with figures of each window, as the load engine writes it."""
    rng = random.Random(seed)
    level, windows = 0.0, []
    for second in range(seconds):
        level = server.memory * level + rng.gauss(0, server.drift)
        sent = sum(1 for _ in range(4 * rate) if rng.random() < 0.25)
        failed = sum(1 for _ in range(sent) if rng.random() < server.error_rate)
        times = [server.ttft * math.exp(level + rng.gauss(0, server.spread)) for _ in range(sent - failed)]
        windows.append(
            {
                "start": float(second),
                "sent": sent,
                "done": sent - failed,
                "failed": failed,
                "good": sum(1 for time in times if time < 2 * server.ttft),
                "tokens": 8 * (sent - failed),
                **{name: latency([factor * time for time in times]) for name, factor in (("ttft", 1), ("e2e", 1.5))},
            }
        )
    return {
        "format": 1,
        "kind": "load",
        "valid": True,
        "invalid_reasons": [],
        "plan": {"model": "model-a", "url": "http://gateway/v1", "schedule": {"kind": "poisson", "rate": rate, "seconds": seconds}, **plan},
        "seed": seed,
        "goodput": 0.98,
        "lateness_p99": 0.0004,
        "percentiles": {"tpot": {"p50": 0.01, "p95": 0.02, "p99": 0.03}},
        "windows": windows,
    }


def latency(times: list[float]) -> dict[str, float]:
    """The figures of one latency in one window."""
    return {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95), "p99": percentile(times, 0.99), "count": len(times)}
