"""Check: own_fault."""

from __future__ import annotations

from typing import Any

from load_run_stories import EMPTY, LATE, latencies, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.own_fault import own_fault
from hivecheck.history import Event
from hivecheck.verdict import Verdict

BLAME = "client or server?  It is the client: it did not keep its schedule."


def stopped(longest: float = 1.0, mean: float = 0.52, **changed: Any) -> Event:
    """A load of two requests from 2 s to 4 s. Its client was stopped from 2.5 s to 3.5 s."""
    requests = [{"sha256": f"b{number}", "shard": 0, "at": number / 10} for number in range(2)]
    figures = {"e2e": latencies(mean, max=longest), "e2e_from_send": latencies(0.02), "lateness": latencies(0.5)}
    totals = {"scheduled": 2, "outcomes": {"complete": 2}} | changed.pop("totals", {})
    plain = {"valid": False, "exit_code": 2, "side": "client", "answer": BLAME, "reasons": (LATE,), "stopped": [2.5, 3.5], "duration": 2.0}
    return load_run(9.0, requests=requests, percentiles=figures, totals=totals, **(plain | changed))


def arrivals(*late: float) -> list[Event]:
    return [
        Event(2 + number / 10 + seconds, "journal", "worker-1", {"event": "arrival", "body_sha256": f"b{number}"})
        for number, seconds in enumerate(late)
    ]


def judge(run: Event) -> Verdict:
    """The second request arrives late, so the first one shows the begin of the schedule."""
    return own_fault(tell(run, arrivals(0.0, 0.9)))


def test_invalid_run() -> None:
    """An INVALID run that blames its client passes."""
    must_say(judge(stopped()), PASSED, "INVALID: late")


def test_run_that_passed() -> None:
    """A late client with a valid run, with another exit code or with another reason fails."""
    must_say(judge(stopped(valid=True, exit_code=0, reasons=())), FAILED, "exit code 0, valid")
    must_say(judge(stopped(exit_code=1)), FAILED, "exit code 1")
    must_say(judge(stopped(reasons=(EMPTY,))), FAILED, "empty")


def test_blamed_server() -> None:
    """A report that blames the server, or that has no such line, fails."""
    must_say(judge(stopped(side="server")), FAILED, "side server")
    must_say(judge(stopped(answer="")), FAILED, "no such line")


def test_answers() -> None:
    """A late request that the server does not answer fails."""
    must_say(judge(stopped(totals={"outcomes": {"complete": 1, "truncated": 1}, "causes": {"cut": 1}})), FAILED, "1 x cut")


def test_latencies() -> None:
    """A stop that the intended times lack fails, and one that the times of sending hold fails, too."""
    must_say(judge(stopped(longest=0.1)), FAILED, "max 0.100 s")
    must_say(judge(stopped(mean=0.02)), FAILED, "mean 0.020 s from the intended time")


def test_without_verdict() -> None:
    """A load that was not stopped gives no verdict, nor does a stop outside the schedule."""
    must_say(own_fault(tell(arrivals(0.0))), INCONCLUSIVE)
    must_say(judge(stopped(stopped=[])), INCONCLUSIVE)
    must_say(judge(stopped(stopped=[3.9, 4.9])), INCONCLUSIVE, "0.10 s of it")
    must_say(judge(stopped(stopped=[5.0, 6.0])), INCONCLUSIVE, "0.00 s of it")
    must_say(own_fault(tell(stopped())), INCONCLUSIVE)
