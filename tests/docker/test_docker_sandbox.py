"""The check of confinement sees a container that is not confined."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hivecheck.platforms.docker.docker_platform import DockerPlatform
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.world.observations.security import Sandbox

pytestmark = pytest.mark.docker

LOOSENED = {
    "root": {"user": "0:0", "cap_drop": []},
    "capabilities": {"cap_add": ["NET_ADMIN"]},
    "privileges": {"security_opt": []},
    "root file system": {"read_only": False},
    "memory": {"mem_limit": None, "memswap_limit": None},
    "processes": {"pids_limit": None},
}


class LoosePlatform(DockerPlatform):
    """The docker platform with one of its restrictions taken off."""

    loosened: dict[str, object] = {}

    def confinement(self) -> dict[str, object]:
        return super().confinement() | self.loosened


@pytest.fixture
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    settings = Settings.load({}, {"platform": "docker"})
    platform = platform_factory.open_platform("docker", settings, f"loose-{uuid.uuid4().hex[:8]}", tmp_path, lambda sentence: None)
    platform.__class__ = LoosePlatform
    platform.loosened = LOOSENED[request.param]  # type: ignore[attr-defined]
    made = Stack("small-1", topology.load("small"), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


@pytest.mark.parametrize("stack", LOOSENED, indirect=True)
def test_missing_restriction_detected(stack: Stack) -> None:
    """A stack with one missing restriction is detected."""
    sandbox = Sandbox(stack)
    with pytest.raises(AssertionError, match="expected: "):
        sandbox.must_be_unprivileged()
        sandbox.must_be_limited()
