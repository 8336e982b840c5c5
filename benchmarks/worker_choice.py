"""The gateway's time to choose one of 1000 workers, with and without a session. Writes results/worker_choice.json.

The gateway's own code runs in this process without a network: passive health, breakers, queues, pins and hashing as for a request.
The bar is on CPU time, because the wait for a busy core is no part of a choice. The p99 of the wall clock stands beside it.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from services import wire
from services.orchestrator.gateway import Gateway, build
from services.orchestrator.identity.auth import Identity
from services.orchestrator.settings import Settings

WORKERS = 1000
CHOICES, WARM_UP = 3000, 300
BAR_MS = 1.0
MODEL = "model-a"
RESULTS = Path(__file__).parent / "results" / "worker_choice.json"


def main() -> int:
    """Measure, print, write; exit code 1 when a p99 is above the bar."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(folder)
    is_met = all(row["p99_ms"] <= BAR_MS for row in figures.values())
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "load": round(os.getloadavg()[0], 2),
    }
    result = {"what": f"milliseconds to choose one of {WORKERS} workers", "figures": figures, "bar_p99_ms": BAR_MS, "machine": machine}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result | {"command": "hivecheck bench choice"}, indent=2) + "\n", encoding="utf-8")
    for name, row in figures.items():
        sys.stdout.write(
            f"{name:<28} p50 {row['p50_ms']:.3f}  p99 {row['p99_ms']:.3f}  wall p99 {row['wall_p99_ms']:.3f} ms   bar p99 {BAR_MS} ms\n"
        )
    return 0 if is_met else 1


def measure(data_dir: str) -> dict[str, dict[str, float]]:
    """One row for each kind of request."""
    gateway = build(Settings(name="bench", port=1, token="", registry_url="http://127.0.0.1:1", data_dir=data_dir))
    gateway.cluster.apply(wire.ServiceList(instance="one", revision=1, services=tuple(_entry(number) for number in range(WORKERS))), 0.0)
    gc.freeze()  # as the service does: garbage collection leaves out the objects of start-up
    busy = [gateway.recorder.in_flight.attempt(f"worker-{number}") for number in range(0, WORKERS, 3)]
    for guard in busy:
        guard.__enter__()
    return {
        "without a session": _time(lambda number: _choose(gateway, None)),
        "first turn of a session": _time(lambda number: _choose(gateway, f"new-{number}")),
        "later turn of a session": _time(lambda number: _choose(gateway, "old", keep=True)),
    }


def _choose(gateway: Gateway, session: str | None, *, keep: bool = False) -> None:
    workers = gateway.cluster.must_have(MODEL, 0.0)
    headers = {} if session is None else {"X-Session-ID": session}
    affinity = gateway.proxy.sessions.affinity(headers, b"{}", Identity("bench"), MODEL)
    worker = gateway.proxy._next(workers, [], affinity)
    assert worker is not None
    if affinity is not None and keep:
        affinity.served(worker.id, busy=())
    with gateway.recorder.in_flight.attempt(worker.id):
        pass


def _time(choose: Callable[[int], None]) -> dict[str, float]:
    times, walls = [], []
    for number in range(WARM_UP + CHOICES):
        began, started = time.perf_counter(), time.thread_time()
        choose(number)
        times.append(1000 * (time.thread_time() - started))
        walls.append(1000 * (time.perf_counter() - began))
    cuts, wall_p99 = statistics.quantiles(times[WARM_UP:], n=100), statistics.quantiles(walls[WARM_UP:], n=100)[98]
    return {name: round(value, 4) for name, value in (("p50_ms", cuts[49]), ("p99_ms", cuts[98]), ("wall_p99_ms", wall_p99))}


def _entry(number: int) -> wire.ServiceEntry:
    return wire.ServiceEntry(
        id=f"worker-{number}",
        kind="worker",
        url=f"http://127.0.0.1:{10_000 + number}",
        epoch=1,
        hive=None,
        models=(MODEL,),
        state="ready",
        health="healthy",
        metrics={"waiting": 0.0, "running": 1.0},
        status="online",
        registered_at=0.0,
        last_heartbeat_at=0.0,
        heartbeat_age_seconds=0.0,
    )


if __name__ == "__main__":
    raise SystemExit(main())
