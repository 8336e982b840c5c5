"""The lifecycle of workers: started, registered, crashed, restarted, hung, removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from held_ports import free_port
from hive_stage import BACKEND, AddWorker, Running, StartHive, eventually, is_running

ONE = '[[workers]]\nid = "{id}"\nmodels = ["m"]\nargs = {args}\n'


def one(identifier: str, *args: str) -> str:
    return ONE.format(id=identifier, args=list(args))


def test_registered_after_models_answer(start_hive: StartHive, registry: Running) -> None:
    """A worker is registered only after its models answer."""
    hive = start_hive(one("slow", "starting=0.6"))
    assert (hive.states(), hive.get("/health")["status"]) == ({"slow": "starting"}, "degraded")
    assert hive.call("GET", "/ready").status_code == hive.call("GET", "/models").status_code == 503
    assert hive.call("POST", "/workers/slow/v1/x", {}).json()["error"]["code"] == "no_available_workers"
    assert "slow" not in registry.services("?status=all")
    entry = eventually(lambda: registry.services().get("slow"))
    assert (entry["hive"], entry["models"], entry["url"]) == (hive.get("/info")["name"], ["m"], f"{hive.url}/workers/slow")
    assert (hive.states(), hive.get("/health")["status"]) == ({"slow": "alive"}, "healthy")


def test_worker_without_models_registered(add_worker: AddWorker, registry: Running) -> None:
    """A worker without models is registered too."""
    add_worker("empty", models=())
    assert eventually(lambda: registry.services().get("empty"))["models"] == []


def test_killed_worker_restarts(add_worker: AddWorker, registry: Running) -> None:
    """A killed worker is reported at once and returns with a new epoch."""
    worker = add_worker("killed")
    before = eventually(lambda: registry.services().get("killed"))
    os.kill(worker.pid, signal.SIGKILL)
    eventually(lambda: worker.last_exit == "signal 9", 1.0)
    after = eventually(lambda: [each for each in [registry.services().get("killed", before)] if each["epoch"] > before["epoch"]])
    assert (after[0]["models"], worker.restarts) == (["m-killed"], 1)


def test_dead_worker_deregistered(add_worker: AddWorker, registry: Running) -> None:
    """A dead worker leaves the registry at once."""
    worker = add_worker("leaves")
    eventually(lambda: registry.services().get("leaves"))
    assert worker.post("/v1/exit", {}).status_code == 200  # it ends well, so it is not started again
    eventually(lambda: "leaves" not in registry.services("?status=all"), 1.0)
    assert worker.hive.get("/health")["status"] == "degraded"


def test_crash_loop_is_fatal(add_worker: AddWorker) -> None:
    """A worker that keeps crashing becomes fatal, and a reset restarts it."""
    worker = add_worker("crashes", "crash=3").must_become("fatal")
    assert (worker.last_exit, worker.restarts) == ("exit code 3", 2)
    assert worker.hive.call("POST", "/workers/crashes/reset").status_code == 202
    eventually(lambda: worker.restarts > 3)
    assert worker.hive.get("/info")["restart_count"] > 3


def test_clean_exit_stays_dead(add_worker: AddWorker) -> None:
    """A worker with a clean exit is not restarted."""
    assert add_worker("done", "crash=0").must_become("dead").last_exit == "exit code 0"


def test_missing_command(start_hive: StartHive) -> None:
    """A missing command is reported and ends in `fatal`."""
    hive = start_hive(one("odd"), backend__command=["/no/such/program"])
    eventually(lambda: hive.states() == {"odd": "fatal"})
    assert hive.get("/workers/odd")["last_exit"] == "cannot start /no/such/program: No such file or directory"
    assert hive.call("DELETE", "/workers/odd").status_code == 200


def test_hung_worker_deregistered(add_worker: AddWorker, registry: Running, tmp_path: Path) -> None:
    """A hung worker is not registered until it answers again."""
    hang = tmp_path / "hang"
    worker = add_worker("hung", f"hang={hang}")
    before = eventually(lambda: registry.services().get("hung"))
    hang.touch()
    worker.must_become("hung", 2.0)
    eventually(lambda: "hung" not in registry.services("?status=all"), 1.0)
    assert worker.hive.get("/health")["status"] == "degraded"
    hang.unlink()
    after = eventually(lambda: registry.services().get("hung"))
    assert (after["epoch"], worker.restarts) == (before["epoch"], 0)


def test_stream_outweighs_probes(add_worker: AddWorker, tmp_path: Path) -> None:
    """A flowing stream keeps a worker alive despite failed probes."""
    hang = tmp_path / "hang"
    worker = add_worker("busy", f"hang={hang}").must_become("alive")
    hang.touch()
    assert worker.post("/v1/stream", {"chunks": 40, "gap": 0.02, "note": "/dev/null"}).text.count("data:") == 40
    states = [event["state"] for event in worker.hive.events("worker_state") if event["worker"] == "busy"]
    assert states == ["alive"]
    worker.must_become("hung")


def test_add_and_remove_worker(shared: Running, registry: Running) -> None:
    """The API adds and removes workers."""
    hive = shared
    added = hive.call("POST", "/workers", {"models": ["m"]})
    name = "shared-w1"
    assert (added.status_code, added.json()["id"], added.json()["state"]) == (201, name, "starting")
    assert hive.call("POST", "/workers", {"id": name, "models": ["m"]}).status_code == 409
    eventually(lambda: registry.services().get(name))
    pid = hive.get(f"/workers/{name}")["pid"]
    assert hive.call("DELETE", f"/workers/{name}?drain=1").json() == {"id": name, "exit": "signal 15"}
    assert not is_running(pid)
    eventually(lambda: name not in registry.services("?status=all"), 1.0)
    assert hive.call("DELETE", f"/workers/{name}").status_code == hive.call("GET", f"/workers/{name}").status_code == 404


@pytest.mark.parametrize(
    ("spec", "param"),
    [({}, "models"), ({"models": "m"}, "models"), ({"models": [], "id": "a/b"}, "id"), ({"models": [], "modles": 1}, "modles")],
)
def test_invalid_worker_spec(shared: Running, spec: dict[str, object], param: str) -> None:
    """An invalid worker spec gives 400 with its field."""
    answer = shared.call("POST", "/workers", spec)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_removed_wrapper_takes_grandchild(add_worker: AddWorker, tmp_path: Path) -> None:
    """The removal of a wrapped worker ends its grandchild."""
    worker = add_worker("wrapped", f"wrap={tmp_path / 'pid'}").must_become("alive")
    grandchild = int((tmp_path / "pid").read_text())
    assert is_running(grandchild)
    worker.hive.call("DELETE", "/workers/wrapped")
    assert not is_running(grandchild)


def test_shell_background_job(start_hive: StartHive) -> None:
    """A shell that waits for a background job leaves no orphan."""
    script = f'"{{python}}" "{BACKEND}" {{port}} "[]" & echo $! > {{data_dir}}/job; wait'
    hive = start_hive('[[workers]]\nid = "job"\nmodels = []\n', backend__command=["sh", "-c", script], backend__args=[])
    eventually(lambda: hive.states() == {"job": "alive"})
    job = int((hive.data_dir / "workers" / "job" / "job").read_text())
    assert hive.stop() == 0
    assert not is_running(job)


def test_killed_wrapper_takes_grandchild(add_worker: AddWorker, tmp_path: Path) -> None:
    """After a kill of the wrapper no grandchild keeps the port."""
    worker = add_worker("shell", f"wrap={tmp_path / 'pid'}").must_become("alive")
    grandchild = int((tmp_path / "pid").read_text())
    os.kill(worker.pid, signal.SIGKILL)
    eventually(lambda: (worker.restarts, worker.state) == (1, "alive"))
    assert not is_running(grandchild)


def test_attached_worker(start_hive: StartHive, registry: Running) -> None:
    """An attached worker is registered with its own URL, probed, and never stopped."""
    port = free_port()
    hive = start_hive(f'[[attach]]\nid = "outside"\nurl = "http://127.0.0.1:{port}"\n')
    assert hive.states() == {"outside": "starting"}

    def serve() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, BACKEND, str(port), '["far"]'])

    backend = serve()
    before = eventually(lambda: registry.services().get("outside"))
    assert (before["url"], before["models"]) == (f"http://127.0.0.1:{port}", ["far"])
    assert hive.get("/workers/outside")["pid"] is None
    backend.kill()
    backend.wait(5)
    eventually(lambda: "outside" not in registry.services("?status=all"), 2.0)
    assert hive.states() == {"outside": "dead"}
    backend = serve()
    assert eventually(lambda: registry.services().get("outside"))["epoch"] > before["epoch"]
    hive.stop()
    assert requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok
    backend.kill()
    backend.wait(5)
