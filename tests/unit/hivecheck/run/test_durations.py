"""Durations of earlier runs: measured, estimated, kept by platform."""

from dataclasses import replace
from pathlib import Path

from hivecheck.errors import Reason
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.run.durations import FAULT_SECONDS, OTHER_SECONDS, Durations

CHAT = Planned("f/chat.feature:3", "Chat", "A chat is answered", "f/chat.feature", 3)
CRASH = Planned("f/crash.feature:9", "Crash", "A worker crashes", "f/crash.feature", 9, is_chaos=True)


def test_unknown_scenario_has_an_estimate(tmp_path: Path) -> None:
    """A scenario without a measured duration has the estimate of its kind."""
    durations = Durations.load(tmp_path / "none.json", "process")
    assert (durations.of(CHAT), durations.of(CRASH)) == (OTHER_SECONDS, FAULT_SECONDS)


def test_measured_duration_survives(tmp_path: Path) -> None:
    """A measured duration is read back, also when the scenario has moved to another line, and each platform keeps its own."""
    for platform, seconds in (("process", 2.0), ("docker", 8.0)):
        durations = Durations.load(tmp_path / "durations.json", platform)
        durations.take([Outcome(CHAT, Status.PASSED, seconds)])
        durations.save()
    moved = replace(CHAT, key="f/chat.feature:30", line=30)
    assert Durations.load(tmp_path / "durations.json", "process").of(moved) == 2.0
    assert Durations.load(tmp_path / "durations.json", "docker").of(moved) == 8.0


def test_one_slow_run_does_not_decide(tmp_path: Path) -> None:
    """A new measurement is blended with the earlier ones."""
    durations = Durations.load(tmp_path / "durations.json", "process")
    durations.take([Outcome(CHAT, Status.PASSED, 2.0)])
    durations.take([Outcome(CHAT, Status.FAILED, 4.0)])
    assert durations.of(CHAT) == 3.0


def test_start_failure_teaches_nothing(tmp_path: Path) -> None:
    """A scenario without a stack has run no step, so its duration is none."""
    durations = Durations.load(tmp_path / "durations.json", "process")
    durations.take([Outcome(CHAT, Status.FAILED, 9.0, is_start_failure=True)])
    assert durations.of(CHAT) == OTHER_SECONDS


def test_outcome_without_verdict_teaches_nothing(tmp_path: Path) -> None:
    """A scenario that was interrupted or blocked keeps its earlier duration."""
    durations = Durations.load(tmp_path / "durations.json", "process")
    durations.take([Outcome(CHAT, Status.PASSED, 2.0), Outcome(CHAT, Status.NOT_RUN, 0.1, reason=Reason.INTERRUPTED)])
    assert durations.of(CHAT) == 2.0


def test_unreadable_file_counts_as_none(tmp_path: Path) -> None:
    """A broken cache file costs time and no verdict."""
    for number, text in enumerate(
        ("", "[]", '{"format": 99}', '{"format": 1, "platforms": {"process": {"a": "b"}}}', '{"format": 1, "platforms": {"process": []}}')
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(text, encoding="utf-8")
        assert Durations.load(path, "process").seconds == {}
