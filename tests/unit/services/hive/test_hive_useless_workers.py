"""Workers that run but are useless: never ready, or permanently hung. A busy worker is neither."""

from __future__ import annotations

from pathlib import Path

from hive_stage import StartHive, eventually

ONE = '[[workers]]\nid = "w"\nmodels = ["m"]\nargs = {args}\n'


def one(*args: str) -> str:
    return ONE.format(args=list(args))


def test_never_ready_worker_stopped(start_hive: StartHive) -> None:
    """A worker that never reports its models is stopped, and counts as crashed."""
    hive = start_hive(one("starting=60"), start_deadline_seconds=0.4, restart__max_restarts=1)
    eventually(lambda: hive.states() == {"w": "fatal"})
    view = hive.get("/workers/w")
    assert (view["restarts"], view["last_exit"]) == (1, "signal 15 (its models did not answer within 0.4 s)")


def test_hung_worker_replaced(start_hive: StartHive, tmp_path: Path) -> None:
    """A worker that stays hung is restarted."""
    hang = tmp_path / "hang"
    hive = start_hive(one(f"hang={hang}"), hang_restart_seconds=0.5)
    eventually(lambda: hive.states() == {"w": "alive"})
    before = hive.get("/workers/w")["pid"]
    hang.touch()
    eventually(lambda: hive.get("/workers/w")["restarts"])
    hang.unlink()
    eventually(lambda: hive.states() == {"w": "alive"})
    after = hive.get("/workers/w")
    assert after["pid"] != before
    assert after["last_exit"] == "signal 15 (hung for 0.5 s)"


def test_short_hang_not_restarted(start_hive: StartHive, tmp_path: Path) -> None:
    """A hang that ends in time causes no restart."""
    hang = tmp_path / "hang"
    hive = start_hive(one(f"hang={hang}"), hang_restart_seconds=30)
    eventually(lambda: hive.states() == {"w": "alive"})
    hang.touch()
    eventually(lambda: hive.states() == {"w": "hung"})
    hang.unlink()
    eventually(lambda: hive.states() == {"w": "alive"})
    assert hive.get("/workers/w")["restarts"] == 0
