"""No process survives its hive or its worker, with any wrapper and after any kind of end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hive_stage import BACKEND, Running, StartHive, eventually, is_running

# The server runs in its own session behind a shell and without the pipe. So neither its group nor its standard input reaches it.
WRAPPER = f'setsid "{{python}}" "{BACKEND}" {{port}} "[]" </dev/null & echo $! > {{data_dir}}/job; wait'
ONE = '[[workers]]\nid = "wrapped"\nmodels = []\n'


def start_wrapped(start_hive: StartHive, state: str = "alive") -> tuple[Running, int]:
    hive = start_hive(ONE, backend__command=["sh", "-c", WRAPPER], backend__args=[])
    job = hive.data_dir / "workers" / "wrapped" / "job"
    eventually(lambda: hive.states() == {"wrapped": state} and job.exists() and job.read_text())
    return hive, int(job.read_text())


def test_grandchild_ends_with_hive(start_hive: StartHive) -> None:
    """A grandchild in its own session ends when the hive stops."""
    hive, grandchild = start_wrapped(start_hive)
    assert hive.stop() == 0
    assert not is_running(grandchild)


def test_grandchild_ends_with_killed_hive(start_hive: StartHive) -> None:
    """A grandchild in its own session ends when the hive is killed."""
    hive, grandchild = start_wrapped(start_hive)
    hive.process.kill()
    eventually(lambda: not is_running(grandchild))


def test_grandchild_ends_with_killed_wrapper(start_hive: StartHive) -> None:
    """A grandchild in its own session ends when its wrapper is killed."""
    hive, grandchild = start_wrapped(start_hive)
    os.kill(hive.get("/workers/wrapped")["pid"], signal.SIGKILL)
    eventually(lambda: hive.get("/workers/wrapped")["restarts"] == 1 and hive.states() == {"wrapped": "alive"})
    assert not is_running(grandchild)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_hive_ends_while_worker_starts(start_hive: StartHive, tmp_path: Path, number: signal.Signals) -> None:
    """A hive that ends while a worker starts leaves no process."""
    note = tmp_path / "pid"
    hive = start_hive(f'[[workers]]\nid = "slow"\nmodels = []\nargs = ["starting=60", "wrap={note}"]\n')
    eventually(lambda: note.exists() and note.read_text())
    pids = [hive.get("/workers/slow")["pid"], int(note.read_text())]
    hive.process.send_signal(number)
    hive.process.wait(10)
    eventually(lambda: not any(is_running(pid) for pid in pids))


def test_orphan_killer_replaced(start_hive: StartHive) -> None:
    """The hive restarts a killed orphan killer, and ends it at its own stop."""
    hive = start_hive()
    first = eventually(lambda: hive.events("orphan_killer_started"))[0]
    os.kill(first["pid"], signal.SIGKILL)
    second = eventually(lambda: hive.events("orphan_killer_started")[1:])[0]
    assert is_running(second["pid"])
    assert hive.stop() == 0
    assert not is_running(second["pid"])


def test_orphan_killer_spares_other_run(start_hive: StartHive) -> None:
    """The orphan killer does not kill the workers of another run of the same hive."""
    first = start_hive(ONE.replace("wrapped", "one"), name="twin")
    eventually(lambda: first.states() == {"one": "alive"})
    second = start_hive(ONE.replace("wrapped", "two"), name="twin")
    eventually(lambda: second.states() == {"two": "alive"})
    pid = second.get("/workers/two")["pid"]
    orphan_killer = first.events("orphan_killer_started")[0]["pid"]
    first.process.kill()
    first.process.wait(5)
    eventually(lambda: not is_running(orphan_killer))
    assert is_running(pid)
