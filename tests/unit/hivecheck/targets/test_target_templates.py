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


def test_worker_urls_are_an_argument_each_or_joined_within_one() -> None:
    made = templates.command(target(command=("toy", "--port=$port", "$worker_urls", "--all=$worker_urls", "$$5")), SEATS, KNOWN)
    assert made == ["toy", "--port=80", SEATS[0].url, SEATS[1].url, f"--all={SEATS[0].url},{SEATS[1].url}", "$5"]


def test_the_config_repeats_a_piece_for_each_worker_and_model() -> None:
    file = ConfigFile("c.yaml", "port: $port\n$each_worker", "- $model at $host:$port\n")
    assert templates.config(target(config=file), SEATS, KNOWN) == (
        "port: 80\n- model-a at 127.0.0.1:1\n- model-b at 127.0.0.1:1\n- model-a at 127.0.0.1:2\n"
    )
    assert templates.config(target(), SEATS, KNOWN) is None


def test_a_registration_is_made_for_each_worker_and_model_and_only_texts_are_filled_in() -> None:
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
def test_what_a_readiness_answer_lacks_is_said(status: int, body: Any, missing: str | None) -> None:
    ready = Ready("/ready", body={"stats.up": "$worker_count", "ok": True})
    assert templates.unready(ready, status, body, KNOWN) == missing


@pytest.mark.parametrize("name", topology.names())
def test_every_topology_keeps_its_workers_and_each_becomes_an_open_node(name: str) -> None:
    before = topology.load(name)
    after = arranged(before, target())
    assert after.workers() == before.workers()
    nodes = {node.name: node for node in after.of("worker")}
    assert set(nodes) == set(before.workers())
    assert all(node.settings["token"] == "" for node in nodes.values())
    assert [hive.settings.get("workers") for hive in after.of("hive")] == [None] * len(before.of("hive"))


def test_a_worker_keeps_the_settings_its_hive_would_have_given_it() -> None:
    pool = {node.name: node.settings for node in arranged(topology.load("single_slot"), target()).nodes}
    own = {"models": ["model-shared"], "simulate_header": True, "max_num_seqs": 1, "token": ""}
    assert own.items() <= pool["worker-1"].items()


def test_arguments_of_a_worker_become_settings_too() -> None:
    raw = topology.load("small")
    hive = raw.of("hive")[0]
    hive.settings["workers"][0]["args"] = ["--set", "itl_seconds=0.5", "--set", "admin_port=0"]
    worker = next(node for node in arranged(raw, target()).nodes if node.name == "worker-1")
    assert (worker.settings["itl_seconds"], worker.settings["admin_port"]) == (0.5, 0)


def test_a_gateway_that_runs_elsewhere_is_no_node() -> None:
    assert arranged(topology.load("small"), target(command=(), url="http://x")).of("orchestrator") == ()


def test_a_topology_without_an_orchestrator_is_refused() -> None:
    lone = Topology("lone", "Alone.", topology.load("small").of("hive"))
    with pytest.raises(TopologyError, match="needs one orchestrator to stand in for, got 0"):
        arranged(lone, target())
