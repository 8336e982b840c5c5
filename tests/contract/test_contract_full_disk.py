"""The kernel reports a filled disk as full, the removal frees it, and a disk of the machine is never filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.resources.full_disk import LEFT_BYTES, FullDisk, disk_state
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.world.faults import epoch_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FAULT = "a full disk"


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    if not FullDisk().requires <= platform.capabilities("node"):
        pytest.skip(f"{platform.name} gives no node a disk of its own")
    made = Stack("small-disk-1", topology.load("small_disk"), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


def test_effect_and_removal(stack: Stack, tmp_path: Path) -> None:
    """The effect is observed, and the removal leaves nothing."""
    own, fault_target = Injector(History(tmp_path / "history.jsonl"), Timeouts(), epoch_of), FaultTarget.named("hive-1", stack)
    before = disk_state(fault_target)
    own.inject(FAULT, "hive-1", [fault_target])
    assert disk_state(fault_target)["free"] <= LEFT_BYTES
    assert "ENOSPC" in own.history.events("fault", "hive-1")[0].data["effect"]
    own.heal("hive-1")
    assert disk_state(fault_target) == before


def test_no_effect_without_injection(stack: Stack) -> None:
    """A disk without the fault shows no effect."""
    assert FullDisk().effect(FaultTarget.named("hive-1", stack)) is None


def test_files_are_readable(stack: Stack) -> None:
    """Files on a small disk are listed and read like any other."""
    node = stack.nodes["hive-1"]
    node.run(["sh", "-c", r"printf 'ab\377c' > /data/models/model-x.part"])
    assert node.files("models/model-x*") == ["models/model-x.part"]
    assert (node.read_file("models/model-x.part"), node.read_file("models/model-x.part", 2)) == (b"ab\xffc", b"\xffc")
    node.run(["rm", "/data/models/model-x.part"])
    assert (node.files("models/model-x*"), node.read_file("models/model-x.part")) == ([], b"")


@pytest.mark.parametrize("target", ["registry", "worker-a"])
def test_no_own_disk(stack: Stack, tmp_path: Path, target: str) -> None:
    """A target without a disk of its own is inconclusive."""
    own = Injector(History(tmp_path / "history.jsonl"), replace(Timeouts(), fault_effect=1.0), epoch_of)
    with pytest.raises(InconclusiveError, match=r"keeps no model files|shares the disk of hive-1"):
        own.inject(FAULT, target, [FaultTarget.named(target, stack)])
    assert own.active() == []


def test_machine_disk(stack: Stack, tmp_path: Path) -> None:
    """A disk of the machine is never filled."""
    node = stack.nodes["registry"]
    node.run(["mkdir", "/data/models"])  # on the machine's disk, as with every node that has none of its own
    own = Injector(History(tmp_path / "history.jsonl"), Timeouts(), epoch_of)
    with pytest.raises(InconclusiveError, match="bytes is the machine's"):
        own.inject(FAULT, "registry", [FaultTarget.named("registry", stack)])
    assert node.files("models/*") + node.files("models/.*") == []
    node.run(["rmdir", "/data/models"])
