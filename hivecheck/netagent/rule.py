"""What is to happen to a node's packets, and what the agent counted. Data only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """About packets between a node and `peers` (addresses), established connections included. It ends by itself with its lease.

    `direction` is in, out or both, as the node sees it. `loss` is a share; `dropped_syns` so many first ones of each connection;
    `reset_after_bytes` turns what comes after so many bytes of a direction of a connection into a reset.
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

    def told(self) -> dict[str, Any]:
        """As the agent takes it."""
        return asdict(self) | {"peers": list(self.peers)}


@dataclass(frozen=True)
class Counters:
    """What the agent did for one rule, and how well: how much later than due it let packets go, and whether it could keep up.

    `repeated` are segments with payload that their sender sent again; `attempts` the moments (seconds since the rule began to hold) at
    which a peer began a connection to the node: its first packet only, not what the kernel repeats of it. Both are facts of the wire:
    no rule makes them, only what senders do about it.
    """

    seen: int = 0
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
        done = f"{self.seen} packets seen, {self.dropped} dropped, {self.delayed} delayed, {self.reset} reset, {self.repeated} sent again"
        return f"{done}; {late}, {self.cpu_share:.0%} of a core{', SATURATED' if self.is_saturated else ''}; {self.mechanism}"
