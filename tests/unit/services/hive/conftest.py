"""A registry for the folder, and hives for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import hive_stage
import pytest
from hive_stage import AddWorker, Running, StartHive

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = hive_stage.start("registry", tmp_path_factory.mktemp("stage") / "registry", "ttl_seconds = 1.5\n")
    yield running
    running.close()


@pytest.fixture
def start_hive(registry: Running, tmp_path: Path) -> Iterator[StartHive]:
    """Start a hive of a name of its own; `config` is TOML."""
    started: list[Running] = []

    def start(
        config: str = "", name: str | None = None, port: int | None = None, registry_url: str = registry.url, **settings: object
    ) -> Running:
        data_dir = tmp_path / (name or f"hive{next(_numbers)}")
        started.append(hive_stage.start_hive(data_dir, registry_url, config, port, **settings))
        return started[-1]

    yield start
    for hive in started:
        hive.close()


@pytest.fixture(scope="session")
def shared(registry: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A hive with two workers for the tests that leave it as it was."""
    config = (
        '[[workers]]\nid = "sh1"\nmodels = ["model-a", "model-shared"]\n[[workers]]\nid = "sh2"\nmodels = ["model-b", "model-shared"]\n'
    )
    hive = hive_stage.start_hive(tmp_path_factory.mktemp("shared") / "shared", registry.url, config)
    hive_stage.eventually(lambda: set(hive.states().values()) == {"alive"})
    yield hive
    hive.close()


@pytest.fixture
def add_worker(shared: Running) -> Iterator[AddWorker]:
    """Add a worker with the model `m-<id>` to the shared hive, for one test."""
    added: list[str] = []

    def add(identifier: str, *args: str, models: tuple[str, ...] | None = None) -> hive_stage.Worker:
        spec = {"id": identifier, "models": [f"m-{identifier}"] if models is None else models, "args": args}
        assert shared.call("POST", "/workers", spec).status_code == 201
        added.append(identifier)
        return hive_stage.Worker(shared, identifier)

    yield add
    for identifier in added:
        shared.call("DELETE", f"/workers/{identifier}?drain=0")
