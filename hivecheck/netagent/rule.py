"""A rule for a node's packets, and the netagent's counters for it. Data only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hivecheck.wording import counted


@dataclass(frozen=True)
class Rule:
    """Matches packets between a node and `peers` (addresses), established connections included. It ends by itself after its duration.

    `direction` is in, out or both, from the node's side. `loss` is a share of the packets. `dropped_syns` is the number of SYNs
    that each connection loses. After `reset_after_bytes` of one direction of a connection, a reset replaces each packet.
    """

    peers: tuple[str, ...]
    duration_seconds: float
    direction: str = "both"
    loss: float = 0.0
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    bytes_per_second: float = 0.0
    dropped_syns: int = 0
    reset_after_bytes: int | None = None
    seed: str = ""

    def fields(self) -> dict[str, Any]:
        """As the netagent receives it."""
        return asdict(self) | {"peers": list(self.peers)}


@dataclass(frozen=True)
class Counters:
    """What the netagent did for one rule, how late it released packets, and whether it was saturated.

    `repeated` counts segments with payload that their sender sent again. `attempts` are the times, in seconds since the rule's start,
    at which a peer began a connection to the node, without the kernel's retries. Both are reactions of the senders.
    """

    matched: int = 0
    dropped: int = 0
    delayed: int = 0
    reset: int = 0
    repeated: int = 0
    payload_bytes: int = 0
    attempts: tuple[float, ...] = ()
    lateness_p50_seconds: float = 0.0
    lateness_p99_seconds: float = 0.0
    cpu_share: float = 0.0
    is_saturated: bool = False
    mechanism: str = ""
    rules: tuple[str, ...] = ()

    def sentence(self) -> str:
        """For evidence and history."""
        late = f"p50/p99 {self.lateness_p50_seconds * 1e3:.1f}/{self.lateness_p99_seconds * 1e3:.1f} ms late"
        packets = f"{counted(self.matched, 'packet')}, {self.dropped} dropped, {self.delayed} delayed, {self.reset} reset"
        load = f"{self.cpu_share:.0%} of a core{', SATURATED' if self.is_saturated else ''}"
        return f"{packets}, {self.repeated} retransmitted; {late}, {load}; {self.mechanism}"
