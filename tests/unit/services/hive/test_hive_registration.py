"""The hive and the registry: heartbeats, an unavailable registry, restarts, and stale processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import hive_stage
from chat_bodies import chat_body
from held_ports import free_port
from hive_stage import Running, StartHive, eventually, is_running

from services.hive.settings import DEFAULT_ARGS

OUR_COMMAND = ["{python}", "-m", "services.worker"]
ONE = '[[workers]]\nid = "{id}"\nmodels = ["m"]\nargs = {args}\n'


def one(identifier: str, *args: str) -> str:
    return ONE.format(id=identifier, args=list(args))


def test_heartbeat_carries_load(shared: Running, registry: Running) -> None:
    """Heartbeats carry the load of each worker and of the hive."""

    def running(name: str) -> dict[str, Any]:
        return registry.services().get(name, {"metrics": {"running": 0.0}})

    eventually(lambda: running("sh1")["metrics"]["running"])
    metrics = running("sh1")["metrics"]
    assert 0.0 <= metrics.pop("age_seconds") < 5.0
    assert metrics == {"running": 3.0, "waiting": 2.0, "in_flight": 0.0}
    eventually(lambda: running("shared")["metrics"]["running"] == 6.0)
    own = registry.services()["shared"]
    assert (own["kind"], own["url"], own["models"]) == ("hive", shared.url, [])


def test_health_change_sent_at_once(start_hive: StartHive, registry: Running) -> None:
    """A change of health is sent before the next heartbeat is due."""
    hive = start_hive(one("crashing", "crash=1"), heartbeat_interval_seconds=30)
    eventually(lambda: registry.services().get(hive.data_dir.name, {}).get("health") == "unhealthy")


def test_late_or_empty_registry(start_hive: StartHive, tmp_path: Path) -> None:
    """A registry that starts late or lost its data gets all registrations."""
    port = free_port()
    hive = start_hive(one("patient"), registry_url=f"http://127.0.0.1:{port}")
    eventually(lambda: hive.states() == {"patient": "alive"})
    for data_dir in (tmp_path / "first", tmp_path / "without-data"):
        with closing(hive_stage.start("registry", data_dir, "", port)) as registry:
            expected = {"patient", hive.data_dir.name}
            eventually(lambda registry=registry, expected=expected: registry.services().keys() == expected, 1.0)
    assert hive.states() == {"patient": "alive"}


def test_later_epoch_exceeded(start_hive: StartHive, registry: Running) -> None:
    """The hive exceeds a registered epoch that lies in the future."""
    port = free_port()
    future = 2**62
    stale = {"id": "clock", "kind": "hive", "url": f"http://127.0.0.1:{port}", "epoch": future}
    assert registry.call("POST", "/services", stale).status_code == 201
    start_hive(name="clock", port=port)
    eventually(lambda: registry.services("?status=all")["clock"]["epoch"] > future)


def test_foreign_id_kept(start_hive: StartHive, tmp_path: Path) -> None:
    """The hive does not deregister an id that belongs to another address."""
    taken = {"id": "taken", "kind": "hive", "url": "http://127.0.0.1:9", "epoch": 5}
    # The lease must outlast the test, because any hive may take the id of an expired entry.
    with closing(hive_stage.start("registry", tmp_path / "registry", "ttl_seconds = 60\n")) as registry:
        registry.call("POST", "/services", taken)
        hive = start_hive(name="taken", registry_url=registry.url)
        eventually(lambda: hive.events("registry_failed"))
        assert hive.stop() == 0
        assert registry.services("?status=all")["taken"]["url"] == "http://127.0.0.1:9"


def test_stop_without_registry(start_hive: StartHive) -> None:
    """Without a registry a hive still stops all its workers, in any state."""
    workers = "".join((one("alive"), one("starting", "starting=60"), one("waiting", "crash=1")))
    hive = start_hive(workers, registry_url=f"http://127.0.0.1:{free_port()}", restart__base_seconds=30)
    eventually(lambda: hive.states() == {"alive": "alive", "starting": "starting", "waiting": "dead"})
    pids = [hive.get(f"/workers/{name}")["pid"] for name in ("alive", "starting")]
    assert hive.stop() == 0
    assert not any(is_running(pid) for pid in pids)


def test_killed_hive_replaces_stale_processes(start_hive: StartHive, registry: Running, tmp_path: Path) -> None:
    """The next run kills the processes of a killed hive, and no others."""
    port = free_port()
    note = tmp_path / "pid"
    first = start_hive(one("left", f"wrap={note}"), name="again", port=port)
    before = eventually(lambda: registry.services().get("left"))
    left = [first.get("/workers/left")["pid"], int(note.read_text())]
    bystander = subprocess.Popen([sys.executable, hive_stage.BACKEND, str(free_port()), "[]"])
    os.kill(first.events("orphan_killer_started")[0]["pid"], signal.SIGKILL)  # so that only the next run can clean up
    first.process.kill()
    first.process.wait(5)
    assert all(is_running(pid) for pid in left)
    second = start_hive(one("left"), name="again", port=port)
    eventually(lambda: registry.services().get("left", before)["epoch"] > before["epoch"])
    assert not any(is_running(pid) for pid in left)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait(5)
    assert second.get("/health")["status"] == "healthy"


def test_default_worker_ends_with_killed_hive(start_hive: StartHive, registry: Running) -> None:
    """The default worker serves requests, and ends when its hive is killed."""
    hive = start_hive('[[workers]]\nid = "real"\nmodels = ["m"]\n', backend__command=OUR_COMMAND, backend__args=list(DEFAULT_ARGS))
    eventually(lambda: registry.services().get("real"))
    answer = hive.call("POST", "/v1/chat/completions", chat_body())
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == "m"
    assert "arrival" in [event["event"] for event in hive.get("/workers/real/journal")["events"]]
    pid = hive.get("/workers/real")["pid"]
    hive.process.kill()
    eventually(lambda: not is_running(pid))


def test_attached_worker_keeps_epoch(start_hive: StartHive, registry: Running, tmp_path: Path) -> None:
    """An attached worker that reports its start time keeps its epoch over a kill of the hive."""
    with closing(hive_stage.start("worker", tmp_path / "outside", 'models = ["far"]\n')) as worker:
        config = f'[[attach]]\nid = "attached"\nurl = "{worker.url}"\n'
        port = free_port()
        first = start_hive(config, name="watcher", port=port)
        before = eventually(lambda: registry.services().get("attached"))
        first.process.kill()
        first.process.wait(5)
        known = len(first.events("registered"))  # Both runs append to the same log.
        second = start_hive(config, name="watcher", port=port)
        eventually(lambda: second.states() == {"attached": "alive"})
        eventually(lambda: [event for event in second.events("registered")[known:] if event["id"] == "attached"])
        assert registry.services()["attached"]["epoch"] == before["epoch"] == int(worker.get("/info")["started_at"] * 1e9)
