"""Templates of a target filled in, and a topology arranged for it."""

from __future__ import annotations

from typing import Any

import pytest

from hivecheck.errors import TopologyError
from hivecheck.targets import templates
from hivecheck.targets.target import ConfigFile, Declaration, Ready, Registration, Target
from hivecheck.targets.templates import WorkerAddress
from hivecheck.targets.topology_adapter import arranged
from hivecheck.topologies import topology
from hivecheck.topologies.topology import Topology

SEATS = [WorkerAddress("w1", "http://127.0.0.1:1", ["model-a", "model-b"]), WorkerAddress("w2", "http://127.0.0.1:2", ["model-a"])]
KNOWN = templates.values(SEATS, port=80, key="sk")


def target(**changes: Any) -> Target:
    given = {"command": ("toy",)} | changes
    return Target(name="toy", summary="A toy.", declares=Declaration(("SVC-003",)), ready=Ready("/ready"), **given)


def test_worker_urls() -> None:
    """Worker URLs are one argument each, or joined within one argument."""
    made = templates.command(target(command=("toy", "--port=$port", "$worker_urls", "--all=$worker_urls", "$$5")), SEATS, KNOWN)
    assert made == ["toy", "--port=80", SEATS[0].url, SEATS[1].url, f"--all={SEATS[0].url},{SEATS[1].url}", "$5"]


def test_config_repeats() -> None:
    """The configuration repeats a piece for each worker and model."""
    file = ConfigFile("c.yaml", "port: $port\n$each_worker", "- $model at $host:$port\n")
    assert templates.config(target(config=file), SEATS, KNOWN) == (
        "port: 80\n- model-a at 127.0.0.1:1\n- model-b at 127.0.0.1:1\n- model-a at 127.0.0.1:2\n"
    )
    assert templates.config(target(), SEATS, KNOWN) is None


def test_registrations() -> None:
    """One registration exists for each worker and model, and only texts are filled in."""
    call = Registration("/workers", body={"url": "$url", "about": {"model": "$model", "tags": ["$id", 1]}})
    made = templates.registrations(target(register=(call,)), SEATS)
    assert [body["about"]["model"] for _, _, body in made] == ["model-a", "model-b", "model-a"]
    assert made[2] == ("POST", "/workers", {"url": SEATS[1].url, "about": {"model": "model-a", "tags": ["w2", 1]}})


@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [
        (200, {"stats": {"up": 2}, "ok": True}, None),
        (200, {"stats": {"up": "2"}, "ok": True}, None),
        (503, {"stats": {"up": 2}, "ok": True}, "/ready answers 503, not 200"),
        (200, {"stats": {"up": 1}, "ok": True}, "/ready says stats.up is 1, not '2'"),
        (200, {"stats": None, "ok": True}, "/ready says stats.up is None, not '2'"),
        (200, "fine", "/ready says stats.up is None, not '2'"),
        (200, {"stats": {"up": 2}, "ok": False}, "/ready says ok is False, not True"),
    ],
)
def test_readiness_difference(status: int, body: Any, missing: str | None) -> None:
    """The message names what a readiness response lacks."""
    ready = Ready("/ready", body={"stats.up": "$worker_count", "ok": True})
    assert templates.unready(ready, status, body, KNOWN) == missing


@pytest.mark.parametrize("name", topology.names())
def test_workers_become_nodes(name: str) -> None:
    """Every worker of a topology becomes a node without a token."""
    before = topology.load(name)
    after = arranged(before, target())
    assert after.workers() == before.workers()
    nodes = {node.name: node for node in after.of("worker")}
    assert set(nodes) == set(before.workers())
    assert all(node.settings["token"] == "" for node in nodes.values())
    assert [hive.settings.get("workers") for hive in after.of("hive")] == [None] * len(before.of("hive"))


def test_worker_settings_kept() -> None:
    """A worker keeps the settings that its hive would pass to it."""
    pool = {node.name: node.settings for node in arranged(topology.load("single_slot"), target()).nodes}
    own = {"models": ["model-shared"], "simulate_header": True, "max_num_seqs": 1, "token": ""}
    assert own.items() <= pool["worker-1"].items()


def test_worker_arguments() -> None:
    """Command-line arguments of a worker become settings."""
    raw = topology.load("small")
    hive = raw.of("hive")[0]
    hive.settings["workers"][0]["args"] = ["--set", "itl_seconds=0.5", "--set", "admin_port=0"]
    worker = next(node for node in arranged(raw, target()).nodes if node.name == "worker-1")
    assert (worker.settings["itl_seconds"], worker.settings["admin_port"]) == (0.5, 0)


def test_url_target_is_no_node() -> None:
    """A gateway that already runs is not a node."""
    assert arranged(topology.load("small"), target(command=(), url="http://x")).of("orchestrator") == ()


def test_needs_orchestrator() -> None:
    """A topology without an orchestrator is refused."""
    lone = Topology("lone", "Alone.", topology.load("small").of("hive"))
    with pytest.raises(TopologyError, match="needs one orchestrator to stand in for, got 0"):
        arranged(lone, target())
