"""The offset of a shard's clocks to the coordinator's, from exchanges of their times. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One exchange: the coordinator's monotonic times before and after, and the shard's clocks in between. Seconds."""

    before: float
    after: float
    monotonic: float
    wall: float
    own_wall: float  # of the coordinator, after the exchange

    @property
    def round_trip(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class Offset:
    """Shard minus coordinator, in seconds, each right within `error`. A shard of the same kernel has the same monotonic clock."""

    monotonic: float = 0.0
    wall: float = 0.0
    error: float = 0.0


def offset_of(readings: Sequence[Reading], is_same_kernel: bool) -> Offset:
    """The offset by the exchange with the shortest round trip: it bounds the error by half of its length (Cristian, 1989)."""
    if is_same_kernel:
        return Offset()
    best = min(readings, key=lambda reading: reading.round_trip)
    middle, half = (best.before + best.after) / 2, best.round_trip / 2
    return Offset(best.monotonic - middle, best.wall - (best.own_wall - half), half)
