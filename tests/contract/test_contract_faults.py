"""Every fault bites whom it strikes and nobody else, heals, and leaves the stack as it was; aimed at somebody else it is in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.faults import FAULTS
from hivecheck.faults.database.corruption import frames
from hivecheck.faults.fault import Fault, Victim
from hivecheck.faults.injector import Injector
from hivecheck.faults.model_hub import source_faults
from hivecheck.faults.network.packets import interferences
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

# Fault -> (who is struck, somebody else). Who is struck by a starvation is given something to do, else he is not starved; and whose
# log of writes is cut is given something to write.
CASES = {
    "a kill": ("worker-1", "worker-2"),
    "a termination": ("registry", "orchestrator"),
    "a wedge": ("worker-1", "worker-2"),
    "a freeze": ("hive-1", "registry"),
    "a disconnection": ("hive-1", "orchestrator"),
    "a half-open death": ("hive-1", "registry"),
    "a starvation of processor time": ("registry", "hive-1"),
    "a restart": ("registry", "orchestrator"),
    "a hoard of connections": ("hive-1", "registry"),
    "an exhaustion of memory": ("worker-1", "worker-2"),
    "memory at 95 %": ("registry", "orchestrator"),
    "a lock on the database": ("registry", "orchestrator"),
    "a replacement of the database": ("registry", "orchestrator"),
    "a limit of 0 bytes to files": ("registry", "orchestrator"),
    "a limit of 1 MiB to files": ("hive-1", "registry"),
    "a damage to the header of the database": ("registry", "orchestrator"),
    "a damage to a page of the database": ("registry", "orchestrator"),
    "a truncation of the database": ("registry", "orchestrator"),
    "a truncation of the write-ahead log": ("registry", "orchestrator"),
    "a zeroed database": ("registry", "orchestrator"),
}
# Those that need a stack of their own kind have a test of their own: the netagent's, the model hub's, the liar's (an admin listener), the
# full disk's (a small one of its own).
ELSEWHERE = {*interferences(), *source_faults(), "a lie", "a full disk"}
BURN = "import time\nwhile time.process_time() < 0.5: pass"
SOON = replace(Timeouts(), fault_bite=1.0)  # what did not bite by then is taken for a miss here


@dataclass
class Misaimed:
    """A fault that strikes another one than its victim."""

    fault: Fault
    struck: Victim
    done: str = "missed"
    needs: frozenset[str] = frozenset()

    def inject(self, victim: Victim) -> None:
        self.fault.inject(self.struck)

    def effect(self, victim: Victim) -> str | None:
        return self.fault.effect(victim)

    def heal(self, victim: Victim) -> None:
        self.fault.heal(self.struck)

    def residue(self, victim: Victim) -> str | None:
        return self.fault.residue(self.struck)


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    made = Stack("capped-1", topology.load("capped"), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


def injector(tmp_path: Path, timeouts: Timeouts, known: dict[str, Callable[[], Fault]] | None = None) -> Injector:
    return Injector(History(tmp_path / "history.jsonl"), timeouts, known or FAULTS)


def must_be_possible(stack: Stack, words: str) -> None:
    if missing := FAULTS[words]().needs - stack.platform.powers("node"):
        pytest.skip(f"platform {stack.platform.name} has no power {', '.join(sorted(missing))}")


def have_written(stack: Stack) -> None:
    """The registry's log holds frames."""
    guest = {"id": "guest", "kind": "worker", "url": "http://127.0.0.1:9", "epoch": time.time_ns(), "models": ["model-guest"]}
    stack.registry.register(guest)
    stack.registry.deregister("guest", guest["epoch"])
    node = stack.nodes["registry"]
    eventually(lambda: frames(node.read_file("registry.db-wal")) >= 2, within=Timeouts().heal, what="two frames in the registry's log")


def must_be_at_baseline(stack: Stack) -> None:
    eventually(stack.not_at_baseline, within=Timeouts().heal, what="the stack at its baseline", until=lambda odd: odd is None)


def test_every_fault_has_its_case() -> None:
    assert {*CASES, *ELSEWHERE} == set(FAULTS)


@pytest.mark.parametrize("words", CASES)
def test_it_bites_is_seen_to_heals_and_leaves_nothing(stack: Stack, tmp_path: Path, words: str) -> None:
    must_be_possible(stack, words)
    victim = Victim.named(CASES[words][0], stack)
    with ThreadPoolExecutor(1) as pool:
        if "processor" in words:
            pool.submit(victim.node.run, ["python3", "-c", BURN])
        if "log" in words:
            have_written(stack)
        own = injector(tmp_path, Timeouts())
        own.strike(words, victim.name, [victim])
        struck = own.history.events("fault", victim.name)[-1]
        assert struck.data["what"] == "struck" and struck.data["effect"]
        own.heal(victim.name)
    assert own.history.events("fault", victim.name)[-1].data["what"] == "healed"
    assert own.active() == []
    must_be_at_baseline(stack)


def test_a_log_that_its_service_wrote_on_at_once_has_lost_its_end_all_the_same(stack: Stack) -> None:
    have_written(stack)
    victim, other = Victim.named("registry", stack), Victim.named("orchestrator", stack)
    fault = FAULTS["a truncation of the write-ahead log"]()
    fault.inject(victim)
    guest = {"id": "guest", "kind": "worker", "url": "http://127.0.0.1:9", "epoch": time.time_ns(), "models": ["model-guest"]}
    stack.registry.register(guest)
    stack.registry.deregister("guest", guest["epoch"])
    written = "the registry has written on, or begun another log"
    eventually(lambda: victim.node.read_file("registry.db-wal") != fault.left, within=Timeouts().database_notice, what=written)  # type: ignore[attr-defined]
    assert "frames" in str(fault.effect(victim))
    assert fault.effect(other) is None, "nobody cut that one's"
    fault.heal(victim)
    eventually(lambda: fault.residue(victim), within=Timeouts().fault_heal, what="nothing left", until=lambda left: left is None)
    must_be_at_baseline(stack)


def test_a_killed_worker_is_healed_when_its_hive_started_another_process_not_while_it_has_not_noticed(stack: Stack, tmp_path: Path) -> None:
    must_be_possible(stack, "a kill")
    victim = Victim.named("worker-1", stack)
    assert victim.not_replaced() is None, "it lives"
    own = injector(tmp_path, Timeouts())
    own.strike("a kill", "worker-1", [victim])
    own.heal("worker-1")
    assert Victim.named("worker-1", stack).pid != victim.pid
    must_be_at_baseline(stack)


def test_a_worker_can_be_struck_while_the_registry_is_and_its_incarnation_is_known(stack: Stack, tmp_path: Path) -> None:
    epoch = stack.registry.workers()["worker-1"]["epoch"]
    own = injector(tmp_path, Timeouts())
    own.strike("a kill", "registry", [Victim.named("registry", stack)])
    own.strike("a wedge", "worker-1", [Victim.named("worker-1", stack)])
    assert own.history.events("act", "worker-1")[-1].data["epoch"] == epoch
    own.heal_all()
    must_be_at_baseline(stack)


@pytest.mark.parametrize("words", CASES)
def test_aimed_at_somebody_else_it_is_in_doubt_and_healed_all_the_same(stack: Stack, tmp_path: Path, words: str) -> None:
    must_be_possible(stack, words)
    struck, victim = (Victim.named(name, stack) for name in CASES[words])
    if "log" in words:
        have_written(stack)
    own = injector(tmp_path, SOON, {words: lambda: Misaimed(FAULTS[words](), struck)})
    with pytest.raises(InconclusiveError, match="did not bite"):
        own.strike(words, victim.name, [victim])
    assert own.active() == []
    own.heal_all()
    must_be_at_baseline(stack)
