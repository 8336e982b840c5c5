"""Registries for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import registry_process
from registry_process import RunningRegistry, Start


@pytest.fixture
def start_registry(tmp_path: Path) -> Iterator[Start]:
    """Starts registries on the test's data directory, one or several in turn."""
    started: list[RunningRegistry] = []

    def start(**settings: object) -> RunningRegistry:
        started.append(registry_process.start(tmp_path, **settings))
        return started[-1]

    yield start
    for registry in started:
        registry.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """One registry for the tests that do not restart it. Each test uses its own ids."""
    registry = registry_process.start(tmp_path_factory.mktemp("registry"))
    yield registry
    registry.close()
