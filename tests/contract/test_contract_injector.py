"""The injector observes each effect, removes the last injection first, and reports what it could not remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hivecheck.errors import HealError, InconclusiveError, NotSupportedError, Reason, UsageError
from hivecheck.faults.fault import Fault, FaultTarget
from hivecheck.faults.injector import MOST_AT_ONCE, Injector
from hivecheck.faults.noop import Noop
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts

SOON = replace(Timeouts(), fault_effect=0.2)
DURATION_SECONDS = 0.2
EPOCH = 7


def identify(fault_target: FaultTarget, under_fault: Sequence[FaultTarget]) -> int | None:
    """Every hive counts as a worker here."""
    return EPOCH if fault_target.node.service == "hive" else None


@pytest.fixture
def diary() -> list[str]:
    return []


@pytest.fixture
def injector(tmp_path: Path, diary: list[str]) -> Injector:
    made: dict[str, Callable[[], Fault]] = {
        "first": partial(Noop, "first", diary=diary),
        "second": partial(Noop, "second", diary=diary),
        "blunt": partial(Noop, "blunt", has_effect=False, diary=diary),
        "half-hearted": partial(Noop, "half-hearted", doubt="it could not keep up", diary=diary),
        "permanent": partial(Noop, "permanent", can_heal=False, diary=diary),
    }
    return Injector(History(tmp_path / "history.jsonl"), SOON, identify, made)


def fault_target(stack: Stack, name: str = "registry") -> FaultTarget:
    return FaultTarget.named(name, stack)


def test_removal_order(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """The last injection is removed first."""
    injector.inject("first", "registry", [fault_target(small_stack)])
    injector.inject("second", "registry", [fault_target(small_stack)])
    injector.heal_all()
    assert diary == ["first injected", "second injected", "second removed", "first removed"]
    assert injector.active() == []


def test_removal_by_target(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """A removal leaves faults on other targets active."""
    injector.inject("first", "registry", [fault_target(small_stack)])
    injector.inject("second", "hive-1", [fault_target(small_stack, "hive-1")])
    injector.heal("registry")
    assert [injection.name for injection in injector.active()] == ["second"]


def test_duration(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """A fault with a duration is removed at its end."""
    injector.inject("first", "registry", [fault_target(small_stack)], seconds=DURATION_SECONDS)
    injector.await_end("registry")
    assert diary == ["first injected", "first removed"]
    assert injector.history.events("fault")[-1].data["by"] == "at the end of its duration"


def test_history(small_stack: Stack, injector: Injector) -> None:
    """History holds the effect and the times of injection and removal."""
    injector.inject("first", "registry", [fault_target(small_stack)])
    injector.heal("registry")
    injected, removed = (event.data for event in injector.history.events("fault", "registry"))
    assert (injected["what"], injected["effect"], removed["what"]) == ("injected", "first was called for registry", "removed")
    assert injected["inject_seconds"] >= 0 and removed["heal_seconds"] >= 0


def test_no_effect(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """A fault without an effect is inconclusive, removed, and no injection in history."""
    with pytest.raises(InconclusiveError, match="blunt on registry had no effect") as raised:
        injector.inject("blunt", "registry", [fault_target(small_stack)])
    assert raised.value.reason is Reason.NO_EFFECT
    assert diary == ["blunt injected", "blunt removed"]
    assert injector.active() == []
    assert [event.data["what"] for event in injector.history.events("fault")] == ["removed"]


def test_missing_capability(small_stack: Stack, tmp_path: Path) -> None:
    """A fault whose capability the platform lacks is not supported; nothing is injected, so nothing is removed."""
    lacking = partial(Noop, requires=frozenset({"levitation", "kill"}))
    own = Injector(History(tmp_path / "history.jsonl"), SOON, identify, {"lacking": lacking})
    with pytest.raises(NotSupportedError, match=r"lacks capability 'levitation'; next: .* @requires\.levitation$"):
        own.inject("lacking", "registry", [fault_target(small_stack)])
    own.heal_all()
    assert (own.injections, own.history.events("fault")) == ([], [])


def test_refused_target(small_stack: Stack, tmp_path: Path) -> None:
    """A fault that refuses its target before the harm is inconclusive, and no failed removal is reported."""

    class NeedsEngine(Noop):
        def inject(self, fault_target: FaultTarget) -> None:
            assert fault_target.engine

        def remove(self, fault_target: FaultTarget) -> None:
            assert fault_target.engine

    own = Injector(History(tmp_path / "history.jsonl"), SOON, identify, {"on a node": NeedsEngine})
    with pytest.raises(InconclusiveError, match="worker-1 is a node of its own") as raised:
        own.inject("on a node", "worker-1", [fault_target(small_stack, "worker-1")])
    own.heal_all()
    assert raised.value.reason is Reason.USAGE_ERROR
    assert (own.injections, own.history.events("fault")) == ([], [])


def test_removal_fails(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """A failed removal is reported, and the other faults are removed."""
    for name in ("first", "permanent", "second"):
        injector.inject(name, "registry", [fault_target(small_stack)])
    with pytest.raises(HealError, match="permanent on registry could not be removed"):
        injector.heal_all()
    assert diary[3:] == ["second removed", "permanent removed", "first removed"]
    assert injector.active() == []


def test_doubt(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """A fault that differed from its definition is removed and inconclusive."""
    injector.inject("half-hearted", "registry", [fault_target(small_stack)])
    with pytest.raises(InconclusiveError, match="half-hearted on registry\nactual: it could not keep up"):
        injector.heal("registry")
    assert diary == ["half-hearted injected", "half-hearted removed"]
    assert injector.active() == []
    injector.inject("half-hearted", "registry", [fault_target(small_stack)], seconds=DURATION_SECONDS)
    with pytest.raises(InconclusiveError, match="it could not keep up"):
        injector.await_end("registry")


def test_remaining_after_duration(small_stack: Stack, tmp_path: Path) -> None:
    """A fault that stays after its duration is reported with what remains, not as a timeout."""

    class Lingering(Noop):
        def remaining(self, fault_target: FaultTarget) -> str | None:
            return f"something at {fault_target.name}"

    own = Injector(History(tmp_path / "lingering.jsonl"), replace(SOON, fault_heal=0.3), identify, {"lingering": Lingering})
    own.inject("lingering", "registry", [fault_target(small_stack)], seconds=DURATION_SECONDS)
    with pytest.raises(HealError, match="something at registry"):
        own.await_end("registry")


def test_failed_removal_outweighs_doubt(small_stack: Stack, injector: Injector) -> None:
    """A failed removal outweighs a doubt."""
    injector.inject("permanent", "registry", [fault_target(small_stack)])
    injector.inject("half-hearted", "registry", [fault_target(small_stack)])
    with pytest.raises(HealError, match="permanent on registry could not be removed") as raised:
        injector.heal_all()
    assert "it could not keep up" in str(raised.value)


def test_too_many_faults(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    """Too many faults at once are refused before the first injection."""
    with pytest.raises(UsageError, match=f"at most {MOST_AT_ONCE}"):
        injector.inject("first", "registry", [fault_target(small_stack)] * (MOST_AT_ONCE + 1))
    assert diary == []


def test_unknown_fault(small_stack: Stack, injector: Injector) -> None:
    """An unknown fault and a target without a fault are refused."""
    with pytest.raises(UsageError, match=r"a fault of first, .*\nactual: 'a flood'"):
        injector.inject("a flood", "registry", [fault_target(small_stack)])
    with pytest.raises(UsageError, match="a fault on registry to remove"):
        injector.heal("registry")


def test_one_event_an_injection(small_stack: Stack, injector: Injector) -> None:
    """History holds one event an injection. Readers of acts find it as the fault's act, from the moment of the harm."""
    injector.inject("first", "hive-1", [fault_target(small_stack, "hive-1")])
    injector.inject("second", "registry", [fault_target(small_stack)])
    assert len(injector.history.events()) == 2
    worker, node = injector.history.acts()
    assert (worker.data["what"], worker.data["is_worker"], worker.data["epoch"]) == (Noop.act, True, EPOCH)
    assert (node.data["is_worker"], node.data["epoch"]) == (False, None)
    assert worker.at <= injector.history.events("fault", "hive-1")[0].at
    injector.heal_all()
