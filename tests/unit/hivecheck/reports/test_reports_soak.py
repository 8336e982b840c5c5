"""The report of a soak: its file, its timeline and the lines of a round."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from soak_stories import FAULTY, ROUNDS, soak

from hivecheck.history import History
from hivecheck.reports import soak_report
from hivecheck.verdict import Answer


def test_whole_report(tmp_path: Path) -> None:
    """The file has one timeline in the order of time, the verdicts, the leaks and the recoveries."""
    kept = soak_report.keep(soak(), tmp_path)
    assert kept and kept[0].answer is Answer.PASSED
    content = json.loads((tmp_path / soak_report.FILE).read_text())
    assert (content["kind"], content["is_whole"], content["rounds"], content["seed"]) == ("soak", True, ROUNDS, 7)
    times = [entry["at_seconds"] for entry in content["timeline"]]
    assert times[0] == 0 and all(first <= second for first, second in pairwise(times))
    kinds = [entry["kind"] for entry in content["timeline"]]
    assert kinds.count("load") == kinds.count("floors") == ROUNDS and kinds[-1] == "end"
    assert kinds.index("fault injected") < kinds.index("fault removed")
    assert content["leaks"]["orchestrator: descriptors"]["finding"] == "no leak"
    assert list(content["recoveries"]) == [f"round {FAULTY}: a SIGKILL on worker-1"]


def test_report_so_far(tmp_path: Path) -> None:
    """A soak that was stopped leaves the rounds so far, and no verdict."""
    kept = soak_report.keep(soak(3, is_whole=False), tmp_path)
    assert kept and kept[0].answer is Answer.INCONCLUSIVE
    content = json.loads((tmp_path / soak_report.FILE).read_text())
    assert (content["is_whole"], content["rounds"], content["leaks"]) == (False, 3, {})


def test_no_soak_has_no_report(tmp_path: Path) -> None:
    """A scenario without a soak leaves no file."""
    assert soak_report.keep(History(), tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_lines_of_a_round() -> None:
    """The lines of a round have its load, its fault, the recovery and the floors, by time."""
    history = soak()
    rounds = [event for event in history.events("soak") if event.data["what"] == "round"]
    lines = list(soak_report.round_lines(history, rounds[FAULTY - 1]))
    assert [line.partition("  ")[0] for line in lines] == sorted(line.partition("  ")[0] for line in lines)
    for line, words in zip(
        lines,
        ["40 requests in 4.0 s, 0 failed", "fault injected: a SIGKILL", "no harm to the load", "fault removed", "floors"],
        strict=True,
    ):
        assert words in line


def test_clock_of_lines() -> None:
    """The time of a line never has 60 seconds."""
    history = soak()
    start, (event, *_) = history.events("soak")[0], [one for one in history.events("soak") if one.data["what"] == "round"]
    assert soak_report.opening(start, 9).startswith("soak 00:00.0  1 min of load at 10/s with 1 fault; the last 9 rounds")
    late = History()
    late.record(replace(start, at=event.data["began"] - 59.96))
    assert next(soak_report.round_lines(late, event)).startswith("soak 01:00.0  round 1")
