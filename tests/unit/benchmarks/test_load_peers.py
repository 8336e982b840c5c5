"""How the comparison with other engines computes its figures and judges them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest


def observed(bench: ModuleType, moments: list[tuple[float, int, float, float]], **more: object) -> object:
    from peers.observation import Moment, Observed

    made = [Moment(at, answered, answered, cpu, memory) for at, answered, cpu, memory in moments]
    return Observed(made, {}, 0, "", 1.0, **{"reported": None} | more)


def test_rates_leave_out_start_and_end(bench: ModuleType) -> None:
    """The start of an engine and its report cost CPU time that no figure holds."""
    looks = [(0.0, 0, 9.0, 1.0), (1.0, 100, 10.0, 1.0), (2.0, 500, 10.5, 1.0), (3.0, 900, 11.0, 1.0), (4.0, 1000, 30.0, 1.0)]
    assert observed(bench, looks).rates() == (400.0, 800.0)


def test_short_run_has_no_rate(bench: ModuleType) -> None:
    """Two looks are the least that tell a rate."""
    assert observed(bench, [(0.0, 0, 1.0, 1.0), (1.0, 1000, 2.0, 1.0)]).rates() is None


def test_memory_growth(bench: ModuleType) -> None:
    """Growth is that of the loaded middle, and not of the start."""
    looks = [(0.0, 0, 0.0, 10.0), *((float(n), 100 * n, 0.1 * n, 50.0 + n) for n in range(1, 11))]
    most, growth = observed(bench, looks).memory()
    assert (most, growth) == (60.0, 6.0)


def test_ahead_of_python_peers(bench: ModuleType) -> None:
    """A peer that was not measured gives no bar, and a near one breaks it."""
    rows = {
        "ours": {"figures": {"streams_per_cpu_second": 7000.0, "cut_success_percent": 0.0}},
        "locust": {"figures": {"streams_per_cpu_second": 5000.0}},
        "aiperf": {"figures": {}},
    }
    met = {name: bar["met"] for name, bar in bench.judged(rows).items()}
    assert met == {"streams_per_cpu_second": True, "cut_success_percent": True, "ahead_of_locust": False}


def test_cut_share(bench: ModuleType) -> None:
    """An engine that calls truncated streams a success is told by its share."""
    from peers.peer import Reported

    assert bench.cut(observed(bench, [], reported=Reported(99, 1))) == {"cut_success_percent": 99.0}


def test_figures_without_report(bench: ModuleType) -> None:
    """An engine that wrote no report has no figure of its own."""
    assert bench.stop(observed(bench, [])) == {} == bench.cut(observed(bench, []))


@pytest.mark.parametrize(
    ("case", "file", "content", "expected"),
    [
        (
            "locust_peer.LocustPeer",
            "stats.json",
            [
                {"name": "headers", "num_failures": 1, "num_requests": 5, "response_times": {"1": 5}},
                {"name": "ttft", "num_failures": 0, "num_requests": 4, "response_times": {"10": 2, "9": 1, "100": 1}},
                {"name": "e2e", "num_failures": 0, "num_requests": 4, "response_times": {"200": 4}},
            ],
            (4, 1, 0.01, 0.1, 0.2),
        ),
        (
            "aiperf_peer.AiperfPeer",
            "artifacts/profile_export_aiperf.json",
            {
                "request_count": {"unit": "requests", "avg": 7.0},
                "time_to_first_token": {"unit": "ms", "p50": 200.0, "p99": 300.0},
                "request_latency": {"unit": "ms", "p95": 1900.0},
            },
            (7, 0, 0.2, 0.3, 1.9),
        ),
        (
            "inference_perf_peer.InferencePerfPeer",
            "reports/summary_lifecycle_metrics.json",
            {
                "successes": {
                    "count": 3,
                    "latency": {"time_to_first_token": {"median": 0.2, "p99": 0.5}, "request_latency": {"p95": 1.8}},
                },
                "failures": {"count": 2},
            },
            (3, 2, 0.2, 0.5, 1.8),
        ),
    ],
)
def test_reports(bench: ModuleType, tmp_path: Path, case: str, file: str, content: object, expected: tuple[float, ...]) -> None:
    """Each engine has a report format and units of its own."""
    import importlib

    from peers.peer import Run

    module, name = case.split(".")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(json.dumps(content))
    run = Run(bench._case("ttft"), "http://127.0.0.1:1", tmp_path)
    reported = getattr(importlib.import_module(f"peers.{module}"), name)().reported(run, "")
    assert (reported.complete, reported.failed, reported.ttft_p50, reported.ttft_p99, reported.e2e_p95) == expected


def test_unknown_engine(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt engine is an error and no empty run."""
    monkeypatch.setattr(sys, "argv", ["load", "--only", "ours,lokust"])
    with pytest.raises(SystemExit):
        bench.main()
    assert "actual: lokust" in capsys.readouterr().err
