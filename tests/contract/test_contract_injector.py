"""The injector: what was struck last heals first, leases end by themselves, and whatever goes wrong, everything else is healed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hivecheck.errors import HealError, InconclusiveError, UsageError
from hivecheck.faults.fault import Fault, FaultTarget
from hivecheck.faults.injector import MOST_AT_ONCE, Injector
from hivecheck.faults.noop import Noop
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts

SOON = replace(Timeouts(), fault_effect=0.2)
LEASE_SECONDS = 0.2


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
        "stubborn": partial(Noop, "stubborn", can_heal=False, diary=diary),
    }
    return Injector(History(tmp_path / "history.jsonl"), SOON, made)


def fault_target(stack: Stack, name: str = "registry") -> FaultTarget:
    return FaultTarget.named(name, stack)


def test_what_was_struck_last_heals_first(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    injector.inject("first", "registry", [fault_target(small_stack)])
    injector.inject("second", "registry", [fault_target(small_stack)])
    injector.heal_all()
    assert diary == ["first injected", "second injected", "second healed", "first healed"]
    assert injector.active() == []


def test_only_what_is_on_the_target_is_healed(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    injector.inject("first", "registry", [fault_target(small_stack)])
    injector.inject("second", "hive-1", [fault_target(small_stack, "hive-1")])
    injector.heal("registry")
    assert [injection.words for injection in injector.active()] == ["second"]


def test_a_lease_ends_by_itself(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    injector.inject("first", "registry", [fault_target(small_stack)], seconds=LEASE_SECONDS)
    injector.await_end("registry")
    assert diary == ["first injected", "first healed"]
    assert injector.history.events("fault")[-1].data["by"] == "at the end of its duration"


def test_history_has_what_bit_how_it_was_seen_and_how_long_it_took(small_stack: Stack, injector: Injector) -> None:
    injector.inject("first", "registry", [fault_target(small_stack)])
    injector.heal("registry")
    injected, healed = (event.data for event in injector.history.events("fault", "registry"))
    assert (injected["what"], injected["effect"], healed["what"]) == ("injected", "first was called for registry", "removed")
    assert injected["inject_seconds"] >= 0 and healed["heal_seconds"] >= 0


def test_what_does_not_bite_is_in_doubt_healed_and_no_strike(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    with pytest.raises(InconclusiveError, match="blunt on registry had no effect"):
        injector.inject("blunt", "registry", [fault_target(small_stack)])
    assert diary == ["blunt injected", "blunt healed"]
    assert injector.active() == []
    assert [event.data["what"] for event in injector.history.events("fault")] == ["removed"]


def test_one_that_cannot_be_healed_is_told_and_the_rest_is_healed(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    for words in ("first", "stubborn", "second"):
        injector.inject(words, "registry", [fault_target(small_stack)])
    with pytest.raises(HealError, match="stubborn on registry could not be removed"):
        injector.heal_all()
    assert diary[3:] == ["second healed", "stubborn healed", "first healed"]
    assert injector.active() == []


def test_what_was_not_what_it_was_meant_to_be_is_healed_and_in_doubt(small_stack: Stack, injector: Injector, diary: list[str]) -> None:
    injector.inject("half-hearted", "registry", [fault_target(small_stack)])
    with pytest.raises(InconclusiveError, match="half-hearted on registry\nactual: it could not keep up"):
        injector.heal("registry")
    assert diary == ["half-hearted injected", "half-hearted healed"]
    assert injector.active() == []
    injector.inject("half-hearted", "registry", [fault_target(small_stack)], seconds=LEASE_SECONDS)
    with pytest.raises(InconclusiveError, match="it could not keep up"):
        injector.await_end("registry")


def test_a_lease_whose_fault_stays_tells_what_is_left_not_that_it_took_too_long(small_stack: Stack, tmp_path: Path) -> None:
    class Lingering(Noop):
        def remaining(self, fault_target: FaultTarget) -> str | None:
            return f"something at {fault_target.name}"

    own = Injector(History(tmp_path / "lingering.jsonl"), replace(SOON, fault_heal=0.3), {"lingering": Lingering})
    own.inject("lingering", "registry", [fault_target(small_stack)], seconds=LEASE_SECONDS)
    with pytest.raises(HealError, match="something at registry"):
        own.await_end("registry")


def test_what_cannot_be_healed_outweighs_a_doubt(small_stack: Stack, injector: Injector) -> None:
    injector.inject("stubborn", "registry", [fault_target(small_stack)])
    injector.inject("half-hearted", "registry", [fault_target(small_stack)])
    with pytest.raises(HealError, match="stubborn on registry could not be removed") as raised:
        injector.heal_all()
    assert "it could not keep up" in str(raised.value)


def test_more_strikes_at_once_than_the_limit_are_refused_before_any_of_them(
    small_stack: Stack, injector: Injector, diary: list[str]
) -> None:
    with pytest.raises(UsageError, match=f"at most {MOST_AT_ONCE}"):
        injector.inject("first", "registry", [fault_target(small_stack)] * (MOST_AT_ONCE + 1))
    assert diary == []


def test_an_unknown_fault_and_a_target_without_any_are_refused(small_stack: Stack, injector: Injector) -> None:
    with pytest.raises(UsageError, match=r"no fault 'a curse'. Known: first"):
        injector.inject("a curse", "registry", [fault_target(small_stack)])
    with pytest.raises(UsageError, match="a fault on registry to remove"):
        injector.heal("registry")
