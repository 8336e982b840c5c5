"""The engine against servers of known truth: each defect has its class, and a stopped server hides nothing."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from recording_server import RecordingServer
from runs import ANY_LATENESS, even, outcome_of, plan_of

from hivecheck.load import calibration, result, run, validity
from hivecheck.load.measured import Snapshot
from hivecheck.load.schedule import Users
from hivecheck.protocol.sample import Outcome

STOP_SECONDS = 2.0


def test_complete(truth_url: str) -> None:
    """Whole streams are done, with the tokens of their usage, and every objective is met."""
    judged = outcome_of(plan_of(truth_url))
    assert judged.exit_code == 0
    totals = judged.data["totals"]
    assert {name: totals[name] for name in ("scheduled", "sent", "done", "failed", "open", "completion_tokens", "chunks")} == {
        "scheduled": 10,
        "sent": 10,
        "done": 10,
        "failed": 0,
        "open": 0,
        "completion_tokens": 160,
        "chunks": 160,
    }
    assert judged.tally.histograms["itl"].count == 150 and judged.tally.histograms["ttft"].count == 10


@pytest.mark.parametrize(
    ("defect", "outcome", "changes"),
    [
        ("cut", Outcome.TRUNCATED, {}),
        ("end", Outcome.TRUNCATED, {}),
        ("lose", Outcome.TRUNCATED, {}),
        ("unterminated", Outcome.UNTERMINATED, {}),
        ("duplicate", Outcome.DUPLICATED, {}),
        ("reorder", Outcome.REORDERED, {}),
        ("error", Outcome.ERROR_EVENT, {}),
        ("garbage", Outcome.MALFORMED, {}),
        ("usage", Outcome.USAGE_MISMATCH, {}),
        ("stall", Outcome.STALLED, {"stall_seconds": 0.5}),
        ("hang", Outcome.HUNG, {"deadline_seconds": 1.0}),
        ("refuse", Outcome.REFUSED, {}),
        ("close", Outcome.CONNECTION, {}),
    ],
)
def test_defects(truth_url: str, defect: str, outcome: Outcome, changes: dict[str, Any]) -> None:
    """Each defect of a stream is a failure of its own class: no success, no latency, exit code 1."""
    judged = outcome_of(plan_of(truth_url, headers={"X-Truth": f"defect={defect};at=3"}, **changes))
    assert judged.data["totals"]["outcomes"] == {outcome: 10}
    assert judged.data["totals"]["done"] == 0
    assert [judgement.actual for judgement in judged.judgements] == [1.0, 0.0]
    assert judged.exit_code == 1
    assert all(judged.tally.histograms[name].count == 0 for name in ("ttft", "itl", "e2e"))
    assert len(judged.data["failures"]) == 10 and judged.data["failures"][0]["outcome"] == outcome


def test_coordinated_omission() -> None:
    """Requests that were due while the server was stopped have the wait in their latency."""
    stopped = threading.Event()

    def stop_once(snapshot: Snapshot) -> None:
        if snapshot.done and not stopped.is_set():
            stopped.set()
            os.kill(child, signal.SIGSTOP)
            threading.Timer(STOP_SECONDS, os.kill, (child, signal.SIGCONT)).start()

    with calibration.truth_process(0.0, 0.0) as (url, child):
        plan = plan_of(url, schedule=even(50, 4.0), max_output_tokens=2)
        judged = result.judge(plan, run.run(plan, show=stop_once), version="0", started_at=0.0, calibration=None)
    assert stopped.is_set() and judged.data["totals"]["done"] == 200
    # 100 requests are due within the stop, evenly: 10 of 200 wait for at least 1.8 s. A client that waits with them reports one or two.
    assert judged.data["percentiles"]["ttft"]["p95"] >= 1.75
    assert judged.data["percentiles"]["ttft"]["p75"] >= 0.9


def test_connection_limit(recorder: RecordingServer) -> None:
    """A server that aborts connections above its limit causes failures with a cause, and every request is accounted for."""
    recorder.connection_limit, recorder.answer_seconds = 3, 0.5
    judged = outcome_of(plan_of(recorder.url, schedule=even(100, 0.2)))
    totals = judged.data["totals"]
    assert totals["sent"] == 20 == totals["done"] + totals["failed"]
    assert totals["outcomes"]["connection"] > 0 and totals["outcomes"]["connection"] == totals["failed"]
    assert recorder.most_open <= 3 and judged.exit_code == 1


def test_no_connection_limit_of_its_own(recorder: RecordingServer) -> None:
    """The client opens as many connections as there are open requests, and counts them."""
    recorder.answer_seconds = 2.0
    judged = outcome_of(plan_of(recorder.url, schedule=even(300, 0.5)))
    assert recorder.most_running == 150 == judged.data["totals"]["new_connections"]


def test_slow_reader(recorder: RecordingServer) -> None:
    """A server that reads requests late has this delay in TTFT, and the requests are sent on schedule."""
    recorder.read_delay = 0.5
    judged = outcome_of(plan_of(recorder.url))
    assert judged.data["totals"]["done"] == 10
    assert judged.data["percentiles"]["ttft"]["p50"] >= 0.5


def test_overloaded_client(truth_url: str) -> None:
    """A rate that no process can keep is INVALID, is not the server's fault, and gets exit code 2 although every objective is met."""
    plan = plan_of(truth_url, schedule=even(200_000, 0.5), stream_share=0.0, max_output_tokens=1, lateness_limit=0.0, slo="ttft_p99<0.5")
    judged = outcome_of(plan)
    assert judged.exit_code == 2 and judged.data["side"] == "client" and not judged.data["valid"]
    assert {validity.LATE, validity.UNSENT} <= {reason.code for reason in judged.reasons}
    totals = judged.data["totals"]
    assert totals["scheduled"] == 100_000 > totals["sent"] == totals["done"] + totals["failed"] + totals["open"]


def test_drain_deadline(truth_url: str) -> None:
    """A request that is open at the drain deadline is a failure with that cause."""
    judged = outcome_of(plan_of(truth_url, headers={"X-Truth": "defect=hang"}, drain_seconds=0.3))
    assert judged.data["totals"]["causes"] == {"open at the drain deadline": 10}
    assert judged.data["totals"]["open"] == 0 and judged.exit_code == 1


def test_unary(truth_url: str) -> None:
    """Unary answers are done with an E2E, and integrity has no data, which is no pass."""
    judged = outcome_of(plan_of(truth_url, stream_share=0.0))
    assert judged.data["totals"]["done"] == 10 and judged.data["percentiles"]["e2e"]["count"] == 10
    assert [judgement.passed for judgement in judged.judgements] == [True, False]


def test_usage_without_numbers(truth_url: str) -> None:
    """A usage above the number of chunks is possible for a foreign server, so it is an alarm and no failure."""
    judged = outcome_of(plan_of(truth_url, is_numbered=False, headers={"X-Truth": "defect=usage"}))
    assert judged.data["totals"]["done"] == 10
    assert "usage_differs" in [alarm["code"] for alarm in judged.data["alarms"]]


@pytest.mark.parametrize(("lateness_limit", "expected"), [(ANY_LATENESS, ["bursts"]), (1e-9, [])])
def test_bursts(truth_url: str, lateness_limit: float, expected: list[str]) -> None:
    """Streams that come at once are an alarm about the server, unless the client itself was late."""
    judged = outcome_of(plan_of(truth_url, headers={"X-Truth": "ttft=0.2"}, lateness_limit=lateness_limit))
    assert [alarm["code"] for alarm in judged.data["alarms"]] == expected


def test_closed_loop(recorder: RecordingServer) -> None:
    """Each user has one request at a time, and sends the next one after the answer."""
    recorder.answer_seconds = 0.05
    judged = outcome_of(plan_of(recorder.url, schedule=Users(4, 1.0)))
    totals = judged.data["totals"]
    assert recorder.most_running <= 4
    assert totals["scheduled"] == totals["sent"] == totals["done"] == len(recorder.bodies) >= 4
