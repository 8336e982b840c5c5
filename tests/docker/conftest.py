"""What tests with real containers share. None of it is started unless a test asks for it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_daemon import BareDaemon, bare_daemon, registry

from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A small stack for all tests of a module, on the machine's own daemon; each leaves it at its baseline."""
    settings, run = Settings.load({}, {"platform": "docker"}), f"test-{uuid.uuid4().hex[:8]}"
    platform = platform_factory.open_platform("docker", settings, run, tmp_path_factory.mktemp("stack"), lambda sentence: None)
    made = Stack("small-1", topology.load("small"), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


def must_have(*commands: str) -> None:
    """Skip, with the reason, where a daemon or a registry of the test's own cannot be started."""
    missing = [name for name in commands if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(commands)}; this is user id {os.geteuid()}, missing: {', '.join(missing) or 'nothing'}")


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareDaemon]:
    """A daemon without a single image, and an empty cache."""
    must_have("dockerd", "docker", "unshare")
    folder = tmp_path_factory.mktemp("bare")
    with bare_daemon(folder, folder / "data", folder / "cache") as daemon:
        yield daemon


@pytest.fixture(scope="session")
def first_build(bare: BareDaemon) -> list[str]:
    """What `hivecheck images build` says where there is nothing at all."""
    return bare.hivecheck("images", "build")


@pytest.fixture
def tag(bare: BareDaemon, first_build: list[str]) -> str:
    """The current image; built again if another test's builds pushed it out."""
    return bare.hivecheck("images", "build")[-1]


@pytest.fixture(scope="session")
def rootfs(bare: BareDaemon, first_build: list[str]) -> str:
    """Some image with Python, iptables and iproute2, as a registry would give."""
    return next(name for image in bare.client.images.list("hivecheck/rootfs") for name in image.tags)


@pytest.fixture(scope="session")
def registry_address(bare: BareDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry on loopback."""
    must_have("docker-registry", "nsenter")
    with registry(tmp_path_factory.mktemp("registry"), bare) as address:
        yield address


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the services' source, to be edited: a `services_root`."""
    shutil.copytree(PROJECT_ROOT / "services", tmp_path / "source" / "services", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "source"
