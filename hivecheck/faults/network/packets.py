"""What happens to packets between a node and its peers: cut, lost, delayed, throttled, reset. Each is one rule of a netagent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.faults.fault import Fault, Victim
from hivecheck.netagent.rule import Counters, Rule

LEASE_SECONDS = 120.0  # of the agent's own clock: longer than any scenario may take
TOLD_BY = ("dropped", "delayed", "reset")


@dataclass
class Interference:
    """`services` are those of the peers (all when empty); `change` is what a rule does to their packets.

    Only the peers': the harness reaches the struck node as before. Proven by the agent's count of packets that the rule changed.
    """

    done: str
    told: str
    change: Mapping[str, Any]
    services: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset({"packets"})
    _peers: list[str] = field(default_factory=list)
    _rule: str = ""
    _counted: Counters | None = None

    def inject(self, victim: Victim) -> None:
        others = [node for name, node in victim.stack.nodes.items() if name != victim.name and node.engine and node.is_running()]
        peers = [node for node in others if not self.services or node.service in self.services]
        # One that is off the network has no address, and its packets meet no rule until it is back.
        engines = {node.name: node.engine for node in peers if node.engine and node.engine.is_connected()}
        self._peers = list(engines)
        addresses = tuple(engine.packets.address() for engine in engines.values())
        self._rule = victim.engine.packets.apply(Rule(addresses, LEASE_SECONDS, seed=victim.name, **self.change))

    def effect(self, victim: Victim) -> str | None:
        counted = victim.engine.packets.counters(self._rule, self._peers)
        return counted.sentence() if has_bitten(counted) else None

    def heal(self, victim: Victim) -> None:
        if self._rule:
            self._counted = victim.engine.packets.remove(self._rule)

    def residue(self, victim: Victim) -> str | None:
        try:
            return victim.engine.packets.left()
        except ClientError as error:
            return str(error)

    def account(self) -> dict[str, Any]:
        if self._counted is None:
            return {}
        doubt = {"doubt": f"the agent could not keep up with the packets: {self._counted.sentence()}"} if self._counted.is_saturated else {}
        return {**asdict(self._counted), "told": self._counted.sentence(), **doubt}


def has_bitten(counted: Counters) -> bool:
    return any(getattr(counted, name) for name in TOLD_BY)


PEERS: dict[str, tuple[str, ...]] = {
    "everybody": (),
    "the registry": ("registry",),
    "the orchestrator": ("orchestrator",),
    "the hives": ("hive",),
    "the workers": ("worker",),
}
# What stands before the peers in Gherkin -> the deed in history, what happens in words, and the rule; see Rule for its terms.
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a partition from": ("cut off", "Nothing passes, either way.", {"loss": 1.0}),
    "a loss of all packets to": (
        "cut off one way",
        "What the node sends is lost, what is sent to it arrives.",
        {"loss": 1.0, "direction": "out"},
    ),
    "a loss of all packets from": (
        "cut off one way",
        "What is sent to the node is lost, what it sends arrives.",
        {"loss": 1.0, "direction": "in"},
    ),
    "a loss of 30 % of the packets from": (
        "made lossy",
        "Three in ten packets to the node are lost, drawn by chance.",
        {"loss": 0.3, "direction": "in"},
    ),
    "500 ms more per round trip to": (
        "delayed",
        "Each packet takes 250 ms longer, give or take 50 ms.",
        {"delay_seconds": 0.25, "jitter_seconds": 0.05},
    ),
    "a limit of 10 KB/s to": ("throttled", "10,000 bytes a second pass each way, the rest waits.", {"bytes_per_second": 10_000.0}),
    "a loss of the first packet of each connection to": (
        "slow to connect",
        "Connecting takes the second until the kernel tries again.",
        {"dropped_syns": 1, "direction": "out"},
    ),
    "a cut after 4096 bytes to": (
        "cut short",
        "A connection is reset once the node has sent so much on it.",
        {"reset_after_bytes": 4096, "direction": "out"},
    ),
    "a hail of resets to": (
        "made rude",
        "A connection can be made, and is reset at the node's next packet.",
        {"reset_after_bytes": 0, "direction": "out"},
    ),
}


def interferences() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS: each change with each kind of peers."""
    return {
        f"{words} {peers}": partial(Interference, *change, services)
        for words, change in CHANGES.items()
        for peers, services in PEERS.items()
    }
