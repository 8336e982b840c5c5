"""A fault of the model hub has an effect, is removed and leaves nothing. Other targets are inconclusive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.clients.model_hub import ModelHubClient
from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.model_hub import model_hub_faults
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually
from hivecheck.world.faults import epoch_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SOON = replace(Timeouts(), fault_effect=1.0)  # a fault without an effect by then counts as a miss


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    made = Stack("model-provisioning-1", topology.load("model_provisioning"), platform, Timeouts())
    made.up()
    with ModelHubClient(made.nodes["hub"].url, made.secrets.token) as hub:
        eventually(hub.offers, within=Timeouts().node_ready, what="the hub's offers")
    yield made
    assert made.down() == []


@pytest.mark.parametrize("name", model_hub_faults())
def test_effect_and_removal(stack: Stack, tmp_path: Path, name: str) -> None:
    """The effect is observed, and the removal restores the orders of the hub."""
    own = Injector(History(tmp_path / "history.jsonl"), Timeouts(), epoch_of)
    with ModelHubClient(stack.nodes["hub"].url, stack.secrets.token) as hub:
        before = hub.orders()
        own.inject(name, "hub", [FaultTarget.named("hub", stack)])
        assert hub.orders() != before
        own.heal("hub")
        assert hub.orders() == before
    assert [event.data["what"] for event in own.history.events("fault", "hub")] == ["injected", "removed"]


@pytest.mark.parametrize("name", model_hub_faults())
def test_no_effect_without_injection(stack: Stack, name: str) -> None:
    """A hub without the fault shows no effect."""
    fault = model_hub_faults()[name]()
    assert fault.effect(FaultTarget.named("hub", stack)) is None


@pytest.mark.parametrize("name", model_hub_faults())
def test_wrong_target(stack: Stack, tmp_path: Path, name: str) -> None:
    """Another service as a target is inconclusive."""
    own = Injector(History(tmp_path / "history.jsonl"), SOON, epoch_of)
    with pytest.raises(InconclusiveError, match="had no effect"):
        own.inject(name, "registry", [FaultTarget.named("registry", stack)])
    assert own.active() == []
