"""Changes to packets between a node and its peers: partition, loss, latency, bandwidth limit, reset. Each is one rule of a netagent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.faults.fault import Fault, FaultTarget, Kind
from hivecheck.netagent.rule import Counters, Rule

DURATION_SECONDS = 120.0  # by the netagent's own clock: longer than any scenario may take
EFFECT_COUNTERS = ("dropped", "delayed", "reset")


@dataclass
class PacketFault:
    """`services` are those of the peers (all when empty); `change` is what the rule does to their packets.

    The harness reaches the target as before. Proven by the netagent's count of packets that the rule changed.
    """

    act: str
    description: str
    change: Mapping[str, Any]
    services: tuple[str, ...] = ()
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = ""
    example_target: str = "hive-1"
    requires: frozenset[str] = frozenset({"packets"})
    _peers: list[str] = field(default_factory=list)
    _rule: str = ""
    _counted: Counters | None = None

    def inject(self, fault_target: FaultTarget) -> None:
        others = [
            node for name, node in fault_target.stack.nodes.items() if name != fault_target.name and node.engine and node.is_running()
        ]
        peers = [node for node in others if not self.services or node.service in self.services]
        # A disconnected peer has no address. The rule does not match its packets until the peer returns.
        engines = {node.name: node.engine for node in peers if node.engine and node.engine.is_connected()}
        self._peers = list(engines)
        addresses = tuple(engine.packets.address() for engine in engines.values())
        self._rule = fault_target.engine.packets.apply(Rule(addresses, DURATION_SECONDS, seed=fault_target.name, **self.change))

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
        sentence = self._counted.sentence()
        doubt = {"doubt": f"the netagent could not process all packets in time: {sentence}"} if self._counted.is_saturated else {}
        return {**asdict(self._counted), "description": sentence, **doubt}


def has_effect(counted: Counters) -> bool:
    return any(getattr(counted, name) for name in EFFECT_COUNTERS)


PEERS: dict[str, tuple[str, ...]] = {
    "all nodes": (),
    "the registry": ("registry",),
    "the orchestrator": ("orchestrator",),
    "the hives": ("hive",),
    "the workers": ("worker",),
}
# What stands before the peers in Gherkin -> the act in history, a sentence for the docs, and the rule. See Rule for its terms.
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a partition from": ("partitioned", "All packets between the node and its peers are lost.", {"loss": 1.0}),
    "100 % packet loss to": (
        "partitioned one way",
        "All packets from the node are lost; packets to the node arrive.",
        {"loss": 1.0, "direction": "out"},
    ),
    "100 % packet loss from": (
        "partitioned one way",
        "All packets to the node are lost; packets from the node arrive.",
        {"loss": 1.0, "direction": "in"},
    ),
    "30 % packet loss from": (
        "made lossy",
        "A random 30 % of the packets to the node are lost.",
        {"loss": 0.3, "direction": "in"},
    ),
    "500 ms latency to": (
        "delayed",
        "Each packet arrives 250 ms later, with 50 ms of jitter.",
        {"delay_seconds": 0.25, "jitter_seconds": 0.05},
    ),
    "a 10 KB/s bandwidth limit to": (
        "limited in bandwidth",
        "At most 10,000 bytes a second pass in each direction; further packets wait.",
        {"bytes_per_second": 10_000.0},
    ),
    "SYN loss to": (
        "slow to connect",
        "The first packet of each connection is lost, so that each takes another second, until the kernel's retry.",
        {"dropped_syns": 1, "direction": "out"},
    ),
    "a reset after 4096 bytes to": (
        "reset in mid-stream",
        "Each connection is reset after the node has sent 4096 bytes on it.",
        {"reset_after_bytes": 4096, "direction": "out"},
    ),
    "a connection reset to": (
        "reset at once",
        "Each connection is established, and reset at the node's next packet.",
        {"reset_after_bytes": 0, "direction": "out"},
    ),
}
RANDOM_TARGETS = frozenset({Kind.OWN_NODE, Kind.REGISTRY})
PEERS_OF_RANDOM_TARGETS = ("all nodes", "the orchestrator", "the hives")  # with which they exchange packets all the time


def packet_faults() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS: each change with each kind of peers."""
    rows: dict[str, Callable[[], Fault]] = {}
    for change, (act, description, rule) in CHANGES.items():
        for peers, services in PEERS.items():
            reason = _excluded_because(change, peers)
            eligible = frozenset[Kind]() if reason else RANDOM_TARGETS
            rows[f"{change} {peers}"] = partial(PacketFault, act, description, rule, services, eligible, reason)
    return rows


def _excluded_because(change: str, peers: str) -> str:
    """Each random fault must show its effect whenever it is injected under a steady load."""
    if peers not in PEERS_OF_RANDOM_TARGETS:
        return f"no eligible target exchanges packets with {peers}"
    if change == "SYN loss to":
        return "no eligible target opens connections"
    if (change, peers) == ("a reset after 4096 bytes to", "the hives"):
        return "an eligible target sends too few bytes to a hive"
    return ""
