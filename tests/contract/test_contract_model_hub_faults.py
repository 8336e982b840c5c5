"""What befalls a model source bites, is seen to, heals and leaves nothing; aimed at somebody else it is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.clients.model_hub import ModelHubClient
from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.faults.model_hub import source_faults
from hivecheck.history import History
from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SOON = replace(Timeouts(), fault_effect=1.0)  # what had no effect by then is taken for a miss here


@pytest.fixture(scope="module")
def stack(platform: Platform) -> Iterator[Stack]:
    made = Stack("provisioned-1", topology.load("model_provisioning"), platform, Timeouts())
    made.up()
    with ModelHubClient(made.nodes["hub"].url, made.secrets.token) as hub:
        eventually(hub.offers, within=Timeouts().node_ready, what="the hub's offers")
    yield made
    assert made.down() == []


@pytest.mark.parametrize("words", source_faults())
def test_it_bites_is_seen_to_heals_and_leaves_nothing(stack: Stack, tmp_path: Path, words: str) -> None:
    own = Injector(History(tmp_path / "history.jsonl"), Timeouts())
    with ModelHubClient(stack.nodes["hub"].url, stack.secrets.token) as hub:
        before = hub.orders()
        own.inject(words, "hub", [FaultTarget.named("hub", stack)])
        assert hub.orders() != before
        own.heal("hub")
        assert hub.orders() == before
    assert [event.data["what"] for event in own.history.events("fault", "hub")] == ["injected", "removed"]


@pytest.mark.parametrize("words", source_faults())
def test_a_source_that_was_never_struck_shows_nothing_of_it(stack: Stack, words: str) -> None:
    fault = source_faults()[words]()
    assert fault.effect(FaultTarget.named("hub", stack)) is None


@pytest.mark.parametrize("words", source_faults())
def test_aimed_at_no_source_it_is_in_doubt(stack: Stack, tmp_path: Path, words: str) -> None:
    own = Injector(History(tmp_path / "history.jsonl"), SOON)
    with pytest.raises(InconclusiveError, match="had no effect"):
        own.inject(words, "registry", [FaultTarget.named("registry", stack)])
    assert own.active() == []
