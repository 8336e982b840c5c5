"""Workers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from worker_process import WorkerFactory, WorkerProcess, eventually


@pytest.fixture
def start_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerFactory]:
    """Starts workers for one test: `start_worker(startup_seconds=1)`."""
    factory = WorkerFactory(tmp_path_factory.mktemp("worker"))
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def shared_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    factory = WorkerFactory(tmp_path_factory.mktemp("shared"))
    yield factory(models=["m", "org/n"], max_num_seqs=1, max_waiting=1, simulate_header=True)
    factory.close()


@pytest.fixture
def worker(shared_worker: WorkerProcess) -> Iterator[WorkerProcess]:
    """A worker with one slot and one queue place. All tests share it, so each must leave it idle."""
    yield shared_worker
    eventually(shared_worker.is_idle)
