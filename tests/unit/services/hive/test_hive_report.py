"""The hive's reports as pure functions."""

from __future__ import annotations

import pytest
from yarl import URL

from services import wire
from services.hive.report import models_body, overall_health, registrations
from services.hive.worker import Load, Worker


@pytest.mark.parametrize(
    ("states", "health"),
    [
        ([], "healthy"),
        (["alive", "alive"], "healthy"),
        (["alive", "draining"], "healthy"),
        (["alive", "dead"], "degraded"),
        (["alive", "starting"], "degraded"),
        (["starting", "starting"], "degraded"),
        (["starting", "dead"], "unhealthy"),
        (["hung"], "unhealthy"),
        (["fatal", "dead"], "unhealthy"),
    ],
)
def test_overall_health(states: list[wire.WorkerState], health: str) -> None:
    """A hive is healthy only if every worker is alive."""
    assert overall_health(states) == health


def worker(identifier: str, state: wire.WorkerState, *models: str) -> Worker:
    made = Worker(identifier, URL("http://127.0.0.1:1"), "http://h:1/workers/x", True, lambda: None, models)
    made.state, made.models, made.load = state, models, Load(running=2, waiting=1)
    return made


def test_only_alive_workers_registered() -> None:
    """Only alive workers are registered, and their load adds up to the hive's load."""
    hive = wire.Registration(id="h", kind="hive", url="http://h:1", epoch=1)
    workers = [worker("w1", "alive", "a"), worker("w2", "alive"), worker("w3", "hung", "b"), worker("w4", "starting", "b")]
    registered = registrations(hive, workers, now=7.5)
    assert list(registered) == ["h", "w1", "w2"]
    assert (registered["h"].metrics, registered["h"].health) == ({"running": 4.0, "waiting": 2.0, "in_flight": 0.0}, "degraded")


def test_load_reported_with_age() -> None:
    """The report of a worker has the age of its load."""
    hive = wire.Registration(id="h", kind="hive", url="http://h:1", epoch=1)
    measured = worker("w1", "alive", "a")
    measured.load = Load(running=2, waiting=1, measured_at=7.0)
    assert registrations(hive, [measured], now=7.5)["w1"].metrics["age_seconds"] == 0.5


def test_model_without_alive_worker() -> None:
    """A model leaves the list with its last alive worker."""
    workers = [worker("w1", "alive", "a", "b"), worker("w2", "alive", "b"), worker("w3", "dead", "c")]
    assert [model["id"] for model in models_body(workers, "h")["data"]] == ["a", "b"]


def test_in_flight_returns_to_zero() -> None:
    """The in-flight count decreases even if the request fails."""
    busy = worker("w1", "alive")
    with pytest.raises(ValueError, match="broken"), busy.relaying():
        assert busy.in_flight == 1
        raise ValueError("broken")
    assert busy.in_flight == 0


def test_draining_is_final() -> None:
    """No state follows `draining`."""
    leaving = worker("w1", "draining")
    for state in ("alive", "dead", "starting"):
        leaving.become(state)
    assert leaving.state == "draining"
