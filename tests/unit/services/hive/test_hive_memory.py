"""The OOM killer's counter and its preference for workers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from services.hive.memory import WORKER_SCORE, KernelKills, prefer_for_oom_kill

V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n"
V2 = "low 0\nhigh 0\nmax 3\noom 1\noom_kill {}\n"


@pytest.mark.parametrize("form", [V1, V2], ids=["cgroup v1", "cgroup v2"])
def test_oom_kill_counted_once(tmp_path: Path, form: str) -> None:
    """Each counted kill explains exactly one exit."""
    counter = tmp_path / "counter"
    counter.write_text(form.format(2))
    kills = KernelKills([tmp_path / "absent", counter])
    assert not kills.has_new_kill()
    counter.write_text(form.format(4))
    assert [kills.has_new_kill(), kills.has_new_kill(), kills.has_new_kill()] == [True, True, False]


def test_oom_kill_without_counter(tmp_path: Path) -> None:
    """Without a counter no exit counts as an OOM kill."""
    other = tmp_path / "other"
    other.write_text("no such thing as a counter\n")
    assert not KernelKills([tmp_path / "absent", other]).has_new_kill()


def test_worker_oom_score() -> None:
    """The OOM killer prefers a worker over its hive."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        prefer_for_oom_kill(process.pid)
        assert int(Path(f"/proc/{process.pid}/oom_score_adj").read_text()) == WORKER_SCORE
    finally:
        process.kill()
        process.wait()


def test_oom_score_of_exited_process() -> None:
    """Setting the score of an exited process is no error."""
    process = subprocess.Popen(["true"])
    process.wait()
    prefer_for_oom_kill(process.pid)
