"""Who is proven dead, so that what it left may be removed by anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker_engine
import pytest

from hivecheck import process_labels
from hivecheck.cleanup import orphans
from hivecheck.errors import PlatformError
from hivecheck.platforms.docker import engine
from hivecheck.process_labels import Owner
from hivecheck.waiting import eventually

SLEEP = "import signal; signal.pause()"
Start = Callable[[str, str], str]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process with these two labels, and returns its run's id."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(owner: str, kept: str) -> str:
        run_id = f"test-{uuid.uuid4().hex[:8]}"
        own = {process_labels.RUN_LABEL: run_id, process_labels.OWNER_LABEL: owner, process_labels.KEPT_LABEL: kept}
        started.append(subprocess.Popen([sys.executable, "-c", SLEEP], env=os.environ | own))
        eventually(lambda: process_labels.find(run_id), within=10, what="the process")
        return run_id

    yield begin
    for process in started:
        process.kill()
        process.wait(10)


def dead_owner() -> Owner:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as process:
        owner = replace(Owner.this_process(), pid=process.pid, started_ticks=process_labels.started_ticks(process.pid) or 0)
        assert not owner.is_proven_dead()
        process.kill()
    return owner


def runs_that_are_abandoned() -> set[str]:
    return {process.run_id for process in orphans.abandoned_processes()}


def test_owner_round_trip() -> None:
    """An owner is read back from its label."""
    assert Owner.parse(Owner.this_process().label()) == Owner.this_process()


@pytest.mark.parametrize("label", ["", "host", "host|boot|pid|ticks", "a|b|1|2|3"])
def test_unknown_label_is_spared(label: str) -> None:
    """A label without an owner is never abandoned."""
    assert Owner.parse(label) is None
    assert not process_labels.is_abandoned(label, "")


def test_live_owner() -> None:
    """A live owner is not proven dead."""
    assert not Owner.this_process().is_proven_dead()


def test_exited_owner() -> None:
    """An exited owner is proven dead."""
    assert dead_owner().is_proven_dead()


def test_reused_pid() -> None:
    """A reused process ID is no sign of life."""
    assert replace(Owner.this_process(), started_ticks=1).is_proven_dead()


def test_owner_of_earlier_boot() -> None:
    """An owner of an earlier boot is proven dead."""
    assert replace(Owner.this_process(), boot_id="another").is_proven_dead()


@pytest.mark.parametrize(
    "change", [{"host": "elsewhere/1"}, {"host": "elsewhere/1", "boot_id": "another"}, {"host": "elsewhere/1", "pid": 0}]
)
def test_foreign_owner(change: dict[str, str | int]) -> None:
    """An owner on another machine or in another PID namespace is never proven dead."""
    assert not replace(Owner.this_process(), **change).is_proven_dead()  # type: ignore[arg-type]


def test_abandoned_processes(start: Start) -> None:
    """Only the processes of a dead owner are abandoned."""
    dead, living, nobodys = start(dead_owner().label(), ""), start(Owner.this_process().label(), ""), start("", "")
    assert runs_that_are_abandoned() & {dead, living, nobodys} == {dead}


def test_kept_stack_is_spared(start: Start, tmp_path: Path) -> None:
    """A kept stack is not abandoned while its file exists."""
    kept = tmp_path / "kept.json"
    kept.touch()
    run_id = start(dead_owner().label(), str(kept))
    assert run_id not in runs_that_are_abandoned()
    kept.unlink()
    assert run_id in runs_that_are_abandoned()


def shard(owner: str, kept: str = "") -> dict[str, str]:
    return {engine.RUN: f"load-{owner[-4:]}", engine.STACK: "load", engine.NODE: "shard-0", engine.OWNER: owner, engine.KEPT: kept}


def test_containers_of_a_context() -> None:
    """Only containers with a dead owner are removed from the engine of a context."""
    dead, living = shard(dead_owner().label()), shard(Owner.this_process().label()) | {engine.RUN: "load-live"}
    with docker_engine.running({"one": dead, "two": living, "three": {}}) as other:
        assert orphans.remove_containers(other.address) == ["load/shard-0 (running)"]
        assert set(other.containers) == {"two", "three"}
        assert orphans.remove_containers(other.address) == []


def test_context_without_engine() -> None:
    """A named context is an error if its engine gives no answer, because something may remain there."""
    with docker_engine.running({}) as other:
        address = other.address
    with pytest.raises(PlatformError, match="a Docker engine that answers"):
        orphans.remove_containers(address)
