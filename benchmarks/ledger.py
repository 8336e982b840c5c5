"""Kills the gateway with SIGKILL at 50 random moments of a load of 10,000 answers, and counts the wrong rows of its usage ledger.

The scenario of random kills in features/gateway/usage.feature at full size: the same steps, the same check. Writes results/ledger.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import provenance
from own_stack import running

from hivecheck.errors import HivecheckError
from hivecheck.faults.planning.plan import PlanSource
from hivecheck.faults.planning.soak_plan import SoakPlan
from hivecheck.history import Event, History, Operation
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import LOAD, percentile
from hivecheck.world.gateway_kills import GATEWAY
from hivecheck.world.load import OpenLoop
from hivecheck.world.requests.worker_behaviours import stream_pattern
from hivecheck.world.world import World

KILLS, ANSWERS, SEED = 50, 10_000, 7
RATE_PER_SECOND = 100.0
LONGEST_SECONDS = 3600.0  # of the load; it ends with the last answer
MODEL, TOPOLOGY, PLATFORM = "model-a", "small", "process"
RESULTS = Path(__file__).parent / "results" / "ledger.json"


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write; exit code 1 for a wrong row, 2 without a verdict."""
    parser = argparse.ArgumentParser(prog="hivecheck bench ledger", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="decides the moments of the kills (%(default)s)")
    seed = parser.parse_args(arguments).seed
    load, commit = os.getloadavg()[0], provenance.commit()
    with tempfile.TemporaryDirectory() as folder, LoopThread() as loop, running(PLATFORM, TOPOLOGY) as stack:
        history_file = Path(folder) / "history.jsonl"
        world = World.compose(stack, loop, history_file, f"{seed}:ledger", PlanSource(seed), SoakPlan(seed=seed), say)
        try:
            code, verdict, seconds = measure(world)
            figures = figures_of(world.history)
        finally:
            world.close()
    result = {
        "what": "rows of the usage ledger after SIGKILLs of the gateway at random moments of a load",
        "figures": {"seconds": round(seconds, 1), "rate_per_second": RATE_PER_SECOND, **figures},
        "verdict": verdict,
        "commit": commit,
        "seed": seed,
        "machine": provenance.machine(load),
        "command": "hivecheck bench ledger",
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    say(*(f"{name:<24}{value}" for name, value in figures.items()), verdict)
    return code


def measure(world: World) -> tuple[int, str, float]:
    """The exit code, the verdict in words, and the seconds of the load."""
    begun = time.monotonic()
    try:
        world.load.begin(MODEL, OpenLoop(RATE_PER_SECOND, LONGEST_SECONDS))
        # It has tokens in the ledger at the first kill. The load's own requests settle before the first note of a running stream.
        world.requests.chats.begin(MODEL, stream_pattern(", with a response that has run for 0.8 seconds"), world.checker.has_arrived)
        world.gateway_kills.carry_out(KILLS, ANSWERS)
        world.load.end()
        seconds = time.monotonic() - begun
        world.observations.usage.must_survive_kills(KILLS)
    except (AssertionError, HivecheckError) as error:
        return (1 if isinstance(error, AssertionError) else 2), str(error), time.monotonic() - begun
    return 0, "passed", seconds


def figures_of(history: History) -> dict[str, Any]:
    """What became of the requests, of their rows, and how long the gateway was away."""
    requests = history.operations(LOAD)
    noted = [event.data["ledger"] for event in history.events("state", GATEWAY) if "ledger" in event.data]
    rows = Counter(row["request_id"] for row in (noted[-1] if noted else []))
    outcomes = Counter(row["outcome"] for row in (noted[-1] if noted else []))
    answered = [request for request in requests if request.is_answered]
    kills = [event for event in history.acts(GATEWAY) if event.data["what"] == "killed"]
    outages = outages_of(kills, answered)
    return {
        "kills": len(kills),
        "requests": len(requests),
        "answered": len(answered),
        "broken off": sum(request.status is not None and not request.is_answered for request in requests),
        "without a response": sum(request.status is None for request in requests),
        "rows": sum(rows.values()),
        "rows by outcome": dict(outcomes),
        "answers without a row": sum(request.id not in rows for request in answered),
        "requests with two rows": sum(count > 1 for count in rows.values()),
        "outage p50 seconds": round(percentile(outages, 0.5), 3),
        "outage p95 seconds": round(percentile(outages, 0.95), 3),
    }


def outages_of(kills: Sequence[Event], answered: Sequence[Operation]) -> list[float]:
    """From each kill to the end of the next answer to a request that was sent after it."""
    ends = [[one.ended_at for one in answered if one.started_at > kill.at and one.ended_at is not None] for kill in kills]
    return [min(later) - kill.at for kill, later in zip(kills, ends, strict=True) if later]


def say(*lines: str) -> None:
    """Print lines at once."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
