"""Check: objectives_met."""

from __future__ import annotations

from load_run_stories import EMPTY, LATE, latencies, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.objectives_met import objectives_met
from hivecheck.errors import Reason
from hivecheck.load import slo

TERMS = slo.parse("ttft_p99<0.5,e2e_max<1,max_stall<1,error_rate<=0.01,integrity_rate>=1")


def test_every_kind_of_term() -> None:
    """Percentiles, the longest stall and shares are compared with their limits, and the message has the figures."""
    must_say(objectives_met(tell(load_run()), objectives=TERMS), PASSED, "ttft_p99<0.5: 0.1000", "integrity_rate>=1: 1.0000")
    slow = load_run(percentiles={"ttft": latencies(0.1, p99=0.6)})
    must_say(objectives_met(tell(slow), objectives=TERMS), FAILED, "expected: ttft_p99<0.5", "0.6000")
    failing = load_run(error_rate=0.02, totals={"causes": {"503 overloaded": 2}})
    must_say(objectives_met(tell(failing), objectives=TERMS), FAILED, "error_rate<=0.01: 0.0200", "2 x 503 overloaded")


def test_no_sample_fails() -> None:
    """A latency without a sample meets no limit."""
    must_say(objectives_met(tell(load_run(percentiles={"ttft": latencies(None)})), objectives=TERMS), FAILED, "no data")


def test_each_run_counts() -> None:
    """One bad run of a repeated load is a failure, and a run of an earlier load is judged only as the load before."""
    bad = load_run(error_rate=1.0, of=2)
    must_say(objectives_met(tell(load_run(of=2), bad), objectives=TERMS), FAILED)
    history = tell(load_run(error_rate=1.0), load_run())
    must_say(objectives_met(history, objectives=TERMS), PASSED)
    must_say(objectives_met(history, objectives=TERMS, back=2), FAILED)


def test_invalid_run() -> None:
    """A run that was late or empty gives no verdict, whatever its figures, and neither does no run."""
    late = objectives_met(tell(load_run(reasons=(LATE,), error_rate=1.0)), objectives=TERMS)
    must_say(late, INCONCLUSIVE, "INVALID: The client sent late.")
    assert late.reason is Reason.LOAD_OFF_SCHEDULE
    assert objectives_met(tell(load_run(reasons=(EMPTY,))), objectives=TERMS).reason is Reason.TOO_LITTLE_DATA
    must_say(objectives_met(tell(), objectives=TERMS), INCONCLUSIVE)
    must_say(objectives_met(tell(load_run()), objectives=TERMS, back=2), INCONCLUSIVE)
