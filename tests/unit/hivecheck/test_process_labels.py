"""Finding and ending processes by the run's label, with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from hivecheck import process_labels
from hivecheck.waiting import eventually

SLEEP = "import signal; signal.pause()"
# A child that starts a grandchild in a session of its own and then ends: only the label is left to find it by.
ORPHAN = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)"
IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"


@dataclass
class Run:
    """A label of its own, and what was started under it."""

    run_id: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex[:8]}")
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, program: str, *, stack: str = "s1", node: str = "n1") -> subprocess.Popen[bytes]:
        own = {process_labels.RUN_LABEL: self.run_id, process_labels.STACK_LABEL: stack, process_labels.NODE_LABEL: node}
        self.children.append(subprocess.Popen([sys.executable, "-c", program], env=os.environ | own))
        return self.children[-1]

    def nodes(self, stack: str | None = None) -> list[str]:
        return sorted(found.node for found in process_labels.find(self.run_id, stack))


@pytest.fixture
def run() -> Iterator[Run]:
    started = Run()
    yield started
    process_labels.sweep(started.run_id)
    for child in started.children:
        child.wait(10)


def test_find_by_run(run: Run) -> None:
    """A process is found by its run, with stack, node and command."""
    child = run.start(SLEEP, stack="small-1", node="hive-1")
    eventually(
        lambda: "signal.pause" in "".join(item.command for item in process_labels.find(run.run_id)), within=5, what="the child started"
    )
    (found,) = process_labels.find(run.run_id)
    assert (found.pid, found.run_id, found.stack, found.node) == (child.pid, run.run_id, "small-1", "hive-1")
    assert found.sentence() == f"pid {child.pid} of small-1/hive-1: {found.command}"


def test_find_by_stack(run: Run) -> None:
    """The processes of one stack are found apart from those of another."""
    run.start(SLEEP, stack="s1", node="a")
    run.start(SLEEP, stack="s2", node="b")
    eventually(lambda: run.nodes() == ["a", "b"], within=5, what="both children")
    assert (run.nodes("s1"), run.nodes("s2")) == (["a"], ["b"])


def test_sweep_spares_other_runs(run: Run) -> None:
    """A sweep leaves the processes of another run alone."""
    child = run.start(SLEEP)
    eventually(run.nodes, within=5, what="the child")
    assert process_labels.sweep(f"{run.run_id}-other") == []
    assert child.poll() is None


def test_zombie_not_found(run: Run) -> None:
    """An exited process is not found, even before it is reaped."""
    run.start("pass")
    eventually(lambda: not run.nodes(), within=5, what="no living child")


def test_sweep_kills_and_names(run: Run) -> None:
    """A sweep kills a process that ignores SIGTERM, and names it."""
    child = run.start(IGNORES_SIGTERM, node="worker-1")
    eventually(run.nodes, within=5, what="the child")
    assert [(killed.pid, killed.node) for killed in process_labels.sweep(run.run_id)] == [(child.pid, "worker-1")]
    assert child.wait(5) == -9


def test_sweep_kills_orphan(run: Run) -> None:
    """A sweep kills an orphan in another session."""
    parent = run.start(ORPHAN)
    assert parent.wait(10) == 0
    (orphan,) = process_labels.find(run.run_id)
    assert os.getsid(orphan.pid) == orphan.pid != os.getsid(0)
    assert [killed.pid for killed in process_labels.sweep(run.run_id)] == [orphan.pid]
    assert process_labels.find(run.run_id) == []


def test_sweep_of_one_stack(run: Run) -> None:
    """A sweep of one stack leaves the others alone."""
    run.start(SLEEP, stack="s1", node="a")
    run.start(SLEEP, stack="s2", node="b")
    eventually(lambda: run.nodes() == ["a", "b"], within=5, what="both children")
    assert [killed.node for killed in process_labels.sweep(run.run_id, "s1")] == ["a"]
    assert run.nodes() == ["b"]


def test_sweep_of_nothing(run: Run) -> None:
    """A sweep without a process returns nothing."""
    assert process_labels.sweep(run.run_id) == []
