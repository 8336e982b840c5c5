"""Check: reported."""

from __future__ import annotations

from load_run_stories import LATE, latencies, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.reported import reported

METRICS = ["ttft", "throughput"]


def test_spread_of_runs() -> None:
    """The message has the lowest and the highest figure over the runs."""
    runs = (load_run(of=2), load_run(of=2, done_rate=60.0, percentiles={"ttft": latencies(0.1, p99=0.3)}))
    must_say(reported(tell(*runs), metrics=METRICS), PASSED, "p50 100.0 ms", "p99 100.0 to 300.0 ms", "throughput 50.0 to 60.0")


def test_missing_figures() -> None:
    """A latency without a sample, percentiles that fall and a throughput of 0 are failures."""
    must_say(reported(tell(load_run(percentiles={"ttft": latencies(None)})), metrics=METRICS), FAILED, "ttft")
    must_say(reported(tell(load_run(percentiles={"ttft": latencies(0.1, p99=0.05)})), metrics=METRICS), FAILED)
    must_say(reported(tell(load_run(done_rate=0.0)), metrics=METRICS), FAILED)


def test_without_valid_run() -> None:
    """No run and a late run give no verdict."""
    must_say(reported(tell(), metrics=METRICS), INCONCLUSIVE)
    must_say(reported(tell(load_run(reasons=(LATE,))), metrics=METRICS), INCONCLUSIVE)
