"""A worker that is made to lie contradicts itself, and stops doing so; who takes no orders, and who was not told, is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.process.gray_failure import GrayFailure
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.platforms.ports import PortReservation
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

WORDS = "a gray failure"
LIAR = "worker-3"
SOON = replace(Timeouts(), fault_effect=1.0)  # what had no effect by then is taken for a miss here


@dataclass
class Untold(GrayFailure):
    """A lie that nobody is told to tell."""

    needs: frozenset[str] = field(default_factory=frozenset)

    def inject(self, fault_target: FaultTarget) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    made = Stack("small-lie", topology.load("small"), platform, Timeouts())
    made.up()
    port = PortReservation()
    made.hives["hive-1"].start_worker(LIAR, ["model-a"], ["--set", f"admin_port={port.port}"])
    eventually(lambda: LIAR in made.registry.workers(), within=Timeouts().restart, what=f"{LIAR} registered")
    yield made
    port.release()
    assert made.down() == []


def test_it_bites_is_seen_to_heals_and_leaves_nothing(stack: Stack, tmp_path: Path) -> None:
    own = Injector(History(tmp_path / "history.jsonl"), Timeouts())
    own.inject(WORDS, LIAR, [FaultTarget.named(LIAR, stack)])
    assert "a chat has no answer" in own.history.events("fault", LIAR)[-1].data["effect"]
    own.heal(LIAR)
    assert own.history.events("fault", LIAR)[-1].data["what"] == "removed"
    assert own.active() == []


def test_who_was_not_told_is_in_doubt(stack: Stack, tmp_path: Path) -> None:
    own = Injector(History(tmp_path / "history.jsonl"), SOON, {WORDS: Untold})
    with pytest.raises(InconclusiveError, match="had no effect"):
        own.inject(WORDS, LIAR, [FaultTarget.named(LIAR, stack)])
    own.heal_all()


def test_who_takes_no_orders_is_in_doubt(stack: Stack, tmp_path: Path) -> None:
    own = Injector(History(tmp_path / "history.jsonl"), SOON)
    with pytest.raises(InconclusiveError, match="admin listener"):
        own.inject(WORDS, "worker-1", [FaultTarget.named("worker-1", stack)])
    own.heal_all()
