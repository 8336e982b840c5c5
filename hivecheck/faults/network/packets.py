"""What happens to packets between a node and its peers: cut, lost, delayed, throttled, reset. Each is one rule of a netagent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.faults.fault import Fault, FaultTarget
from hivecheck.netagent.rule import Counters, Rule

LEASE_SECONDS = 120.0  # of the agent's own clock: longer than any scenario may take
TOLD_BY = ("dropped", "delayed", "reset")


@dataclass
class PacketFault:
    """`services` are those of the peers (all when empty); `change` is what a rule does to their packets.

    Only the peers': the harness reaches the struck node as before. Proven by the agent's count of packets that the rule changed.
    """

    act: str
    description: str
    change: Mapping[str, Any]
    services: tuple[str, ...] = ()
    requires: frozenset[str] = frozenset({"packets"})
    _peers: list[str] = field(default_factory=list)
    _rule: str = ""
    _counted: Counters | None = None

    def inject(self, fault_target: FaultTarget) -> None:
        others = [
            node for name, node in fault_target.stack.nodes.items() if name != fault_target.name and node.engine and node.is_running()
        ]
        peers = [node for node in others if not self.services or node.service in self.services]
        # One that is off the network has no address, and its packets meet no rule until it is back.
        engines = {node.name: node.engine for node in peers if node.engine and node.engine.is_connected()}
        self._peers = list(engines)
        addresses = tuple(engine.packets.address() for engine in engines.values())
        self._rule = fault_target.engine.packets.apply(Rule(addresses, LEASE_SECONDS, seed=fault_target.name, **self.change))

    def effect(self, fault_target: FaultTarget) -> str | None:
        counted = fault_target.engine.packets.counters(self._rule, self._peers)
        return counted.sentence() if has_effect(counted) else None

    def remove(self, fault_target: FaultTarget) -> None:
        if self._rule:
            self._counted = fault_target.engine.packets.remove(self._rule)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        try:
            return fault_target.engine.packets.left()
        except ClientError as error:
            return str(error)

    def stats(self) -> dict[str, Any]:
        if self._counted is None:
            return {}
        doubt = {"doubt": f"the agent could not keep up with the packets: {self._counted.sentence()}"} if self._counted.is_saturated else {}
        return {**asdict(self._counted), "description": self._counted.sentence(), **doubt}


def has_effect(counted: Counters) -> bool:
    return any(getattr(counted, name) for name in TOLD_BY)


PEERS: dict[str, tuple[str, ...]] = {
    "all nodes": (),
    "the registry": ("registry",),
    "the orchestrator": ("orchestrator",),
    "the hives": ("hive",),
    "the workers": ("worker",),
}
# What stands before the peers in Gherkin -> the deed in history, what happens in words, and the rule; see Rule for its terms.
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a partition from": ("cut off", "Nothing passes, either way.", {"loss": 1.0}),
    "100 % packet loss to": (
        "cut off one way",
        "What the node sends is lost, what is sent to it arrives.",
        {"loss": 1.0, "direction": "out"},
    ),
    "100 % packet loss from": (
        "cut off one way",
        "What is sent to the node is lost, what it sends arrives.",
        {"loss": 1.0, "direction": "in"},
    ),
    "30 % packet loss from": (
        "made lossy",
        "Three in ten packets to the node are lost, drawn by chance.",
        {"loss": 0.3, "direction": "in"},
    ),
    "500 ms latency to": (
        "delayed",
        "Each packet takes 250 ms longer, give or take 50 ms.",
        {"delay_seconds": 0.25, "jitter_seconds": 0.05},
    ),
    "a 10 KB/s bandwidth limit to": ("throttled", "10,000 bytes a second pass each way, the rest waits.", {"bytes_per_second": 10_000.0}),
    "SYN loss to": (
        "slow to connect",
        "Connecting takes the second until the kernel tries again.",
        {"dropped_syns": 1, "direction": "out"},
    ),
    "a reset after 4096 bytes to": (
        "cut short",
        "A connection is reset once the node has sent so much on it.",
        {"reset_after_bytes": 4096, "direction": "out"},
    ),
    "a connection reset to": (
        "made rude",
        "A connection can be made, and is reset at the node's next packet.",
        {"reset_after_bytes": 0, "direction": "out"},
    ),
}


def interferences() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS: each change with each kind of peers."""
    return {
        f"{words} {peers}": partial(PacketFault, *change, services)
        for words, change in CHANGES.items()
        for peers, services in PEERS.items()
    }
