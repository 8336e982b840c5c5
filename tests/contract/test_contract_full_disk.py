"""A disk that is filled bites by the kernel's word, is given back whole, and is never anybody else's disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.resources.full_disk import LEFT_BYTES, FullDisk, look
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

WORDS = "a full disk"


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    if not FullDisk().requires <= platform.capabilities("node"):
        pytest.skip(f"{platform.name} gives no node a disk of its own")
    made = Stack("cramped-1", topology.load("small_disk"), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


def test_it_bites_is_seen_to_heals_and_leaves_nothing(stack: Stack, tmp_path: Path) -> None:
    own, fault_target = Injector(History(tmp_path / "history.jsonl"), Timeouts()), FaultTarget.named("hive-1", stack)
    before = look(fault_target)
    own.inject(WORDS, "hive-1", [fault_target])
    assert look(fault_target)["free"] <= LEFT_BYTES
    assert "ENOSPC" in own.history.events("fault", "hive-1")[0].data["effect"]
    own.heal("hive-1")
    assert look(fault_target) == before


def test_a_disk_that_was_never_struck_shows_nothing_of_it(stack: Stack) -> None:
    assert FullDisk().effect(FaultTarget.named("hive-1", stack)) is None


def test_files_on_such_a_disk_are_listed_and_read_like_any_other(stack: Stack) -> None:
    node = stack.nodes["hive-1"]
    node.run(["sh", "-c", r"printf 'ab\377c' > /data/models/model-x.part"])
    assert node.files("models/model-x*") == ["models/model-x.part"]
    assert (node.read_file("models/model-x.part"), node.read_file("models/model-x.part", 2)) == (b"ab\xffc", b"\xffc")
    node.run(["rm", "/data/models/model-x.part"])
    assert (node.files("models/model-x*"), node.read_file("models/model-x.part")) == ([], b"")


@pytest.mark.parametrize("target", ["registry", "worker-a"])
def test_whoever_has_no_disk_of_his_own_is_not_struck(stack: Stack, tmp_path: Path, target: str) -> None:
    own = Injector(History(tmp_path / "history.jsonl"), replace(Timeouts(), fault_effect=1.0))
    with pytest.raises(InconclusiveError, match=r"keeps no model files|shares that of hive-1"):
        own.inject(WORDS, target, [FaultTarget.named(target, stack)])
    assert own.active() == []


def test_the_disk_of_the_machine_is_never_filled(stack: Stack, tmp_path: Path) -> None:
    node = stack.nodes["registry"]
    node.run(["mkdir", "/data/models"])  # on the machine's disk, as with every node that has none of its own
    own = Injector(History(tmp_path / "history.jsonl"), Timeouts())
    with pytest.raises(InconclusiveError, match="bytes is the machine's"):
        own.inject(WORDS, "registry", [FaultTarget.named("registry", stack)])
    assert node.files("models/*") + node.files("models/.*") == []
    node.run(["rmdir", "/data/models"])
