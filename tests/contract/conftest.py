"""Real stacks for contract tests: one of each platform for all tests, everything of it gone afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from hivecheck.loop_thread import LoopThread
from hivecheck.platforms import PLATFORMS
from hivecheck.platforms.platform import Platform
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology

# `make test` needs no Docker daemon; `make test-docker` runs the same tests on the docker platform.
NEEDS_A_DAEMON = {"docker"}


@pytest.fixture(
    scope="session", params=[pytest.param(name, marks=[pytest.mark.docker] if name in NEEDS_A_DAEMON else []) for name in PLATFORMS]
)
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Every platform of the table, one after the other."""
    settings = Settings.load({}, {"platform": request.param})
    folder = tmp_path_factory.mktemp("platform")
    made = platform_factory.open_platform(request.param, settings, f"test-{uuid.uuid4().hex[:8]}", folder, lambda sentence: None)
    yield made
    assert made.sweep() == [], "a test left nodes behind"


@pytest.fixture(scope="module")
def process_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Local processes alone: a gateway by command runs nowhere else."""
    settings, folder = Settings.load({}, {"platform": "process"}), tmp_path_factory.mktemp("platform")
    made = platform_factory.open_platform("process", settings, f"test-{uuid.uuid4().hex[:8]}", folder, lambda sentence: None)
    yield made
    assert made.sweep() == [], "a test left nodes behind"


@pytest.fixture(scope="session")
def small_stack(platform: Platform) -> Iterator[Stack]:
    """One small stack for all tests that want one; each leaves it at its baseline."""
    stack = Stack("small-1", topology.load("small"), platform, Timeouts())
    stack.up()
    yield stack
    assert stack.down() == []


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread
