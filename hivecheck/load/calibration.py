"""The calibration: a few seconds of load against a server of known latencies. Its error bounds the trust in the client's figures."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hivecheck.errors import InconclusiveError
from hivecheck.load.measured import Measured
from hivecheck.load.plan import Plan
from hivecheck.load.schedule import Arrivals, Segment, Users

TTFT_SECONDS, ITL_SECONDS, TOKENS = 0.05, 0.01, 16
DURATION_SECONDS = 2.0
DRAIN_SECONDS = 10.0
END_SECONDS = 5.0
MODEL = "truth"


@contextmanager
def truth_server(ttft_seconds: float = TTFT_SECONDS, itl_seconds: float = ITL_SECONDS) -> Iterator[str]:
    """A truth server as a child process; gives its base URL. Raises InconclusiveError if it does not start."""
    with truth_process(ttft_seconds, itl_seconds) as (url, _):
        yield url


@contextmanager
def truth_process(ttft_seconds: float, itl_seconds: float) -> Iterator[tuple[str, int]]:
    """The same with the process id, for what can happen to a process."""
    command = [sys.executable, "-m", "hivecheck.load.truth_server", "--ttft", f"{ttft_seconds:g}", "--itl", f"{itl_seconds:g}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            if not (port := child.stdout.readline().strip()):
                raise InconclusiveError("expected: a truth server that prints its port\nactual: it ended\nnext: use --no-calibration")
            yield f"http://127.0.0.1:{port}/v1", child.pid
        finally:
            child.stdin.close()
            try:
                child.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def plan_of(plan: Plan, url: str, shards: int = 1) -> Plan:
    """A short plan for the truth server with the rate, or the users, that one shard of the given plan has."""
    schedule = plan.schedule
    if isinstance(schedule, Users):
        users, stagger = math.ceil(schedule.users / shards), min(schedule.stagger_seconds, DURATION_SECONDS / 2)
        short: Arrivals | Users = Users(users, DURATION_SECONDS, schedule.think_seconds, stagger)
    else:
        rate = max(1.0, len(schedule.intended_seconds(plan.seed)) / schedule.duration_seconds / shards)
        short = Arrivals((Segment(DURATION_SECONDS, rate, rate),))
    return Plan(
        url=url,
        model=MODEL,
        seed=plan.seed,
        schedule=short,
        max_output_tokens=TOKENS,
        is_numbered=True,
        drain_seconds=DRAIN_SECONDS,
        lateness_limit=plan.lateness_limit,
    )


def error_of(measured: Measured) -> dict[str, Any]:
    """How far the figures of a calibration are from the truth, in seconds. The truth is the server's setting."""
    histograms = measured.tally.histograms
    ttft, itl = histograms["ttft"], histograms["itl"]
    if not ttft.count or not itl.count:
        return {"truth": _truth(), "requests": measured.sent, "done": 0, "error": None}
    return {
        "truth": _truth(),
        "requests": measured.sent,
        "done": measured.tally.counts["done"],
        "error": {
            "ttft_p50": ttft.percentile(50) - TTFT_SECONDS,
            "ttft_p99": ttft.percentile(99) - TTFT_SECONDS,
            "itl_p50": itl.percentile(50) - ITL_SECONDS,
            "itl_p99": itl.percentile(99) - ITL_SECONDS,
        },
    }


def _truth() -> dict[str, float]:
    return {"ttft": TTFT_SECONDS, "itl": ITL_SECONDS}
