"""What one shard measured, and the merge of shards. It travels as JSON. It holds no verdict and no percentile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hivecheck.load.tally import Tally
from hivecheck.measurement.histogram import Histogram

PROGRESS_METRICS = ("ttft", "itl", "lateness")


@dataclass(frozen=True)
class Snapshot:
    """A run so far. Latencies are seconds: the 50th and the 99th percentile. NaN without any. `stopped_by` as in Measured."""

    seconds: float
    offered: int
    done: int
    failed: int
    open: int
    ttft: tuple[float, float]
    itl: tuple[float, float]
    lateness_p99: float
    stopped_by: str = ""


class Progress(msgspec.Struct, frozen=True):
    """A shard so far. The histograms are sparse counts, because the HDR format takes milliseconds that the shard does not have."""

    seconds: float
    offered: int
    done: int
    failed: int
    open: int
    histograms: dict[str, dict[int, int]]


def snapshot_of(shards: Sequence[Progress], stopped_by: str = "") -> Snapshot:
    """All shards so far: the sums of their counts, and the percentiles of their merged histograms."""
    histograms = {name: Histogram() for name in PROGRESS_METRICS}
    for shard in shards:
        for name, counts in shard.histograms.items():
            histograms[name].merge(Histogram.of_counts(counts))
    ttft, itl = histograms["ttft"], histograms["itl"]
    return Snapshot(
        seconds=max(shard.seconds for shard in shards),
        offered=sum(shard.offered for shard in shards),
        done=sum(shard.done for shard in shards),
        failed=sum(shard.failed for shard in shards),
        open=sum(shard.open for shard in shards),
        ttft=(ttft.percentile(50), ttft.percentile(99)),
        itl=(itl.percentile(50), itl.percentile(99)),
        lateness_p99=histograms["lateness"].percentile(99),
        stopped_by=stopped_by,
    )


@dataclass(frozen=True)
class Measured:
    """One shard, or all of them. `duration_seconds` is the scheduled window, and `drain_seconds` came after it.

    `cpu_share` is that of one core, for the busiest process. `most_open` is the highest number of open requests at a time. For several
    shards it is the sum of theirs, which is an upper bound. `started_at` is the wall time of the first moment of the schedule.
    `stopped_by` names the cap or the interruption that ended the schedule early.
    """

    tally: Tally
    scheduled: int
    streams_scheduled: int
    sent: int
    open: int
    duration_seconds: float
    drain_seconds: float
    loop_lag: Histogram
    cpu_share: float
    started_at: float
    stopped_by: str = ""
    processes: int = 1
    most_open: int = 0

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        plain = {name: value for name, value in vars(self).items() if name not in ("tally", "loop_lag")}
        return plain | {"tally": self.tally.to_json(), "loop_lag": self.loop_lag.encoded()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measured:
        """The shard of `to_json`. Raises ValueError, KeyError or TypeError for other data."""
        read = {"tally": Tally.from_json(data["tally"]), "loop_lag": Histogram.decoded(data["loop_lag"])}
        return cls(**{**data, **read})


def merged(shards: Sequence[Measured]) -> Measured:
    """All shards as one. The longest duration and the busiest process count."""
    tally, lag = Tally(0.0), Histogram()
    for shard in shards:
        tally.merge(shard.tally)
        lag.merge(shard.loop_lag)
    return Measured(
        tally=tally,
        scheduled=sum(shard.scheduled for shard in shards),
        streams_scheduled=sum(shard.streams_scheduled for shard in shards),
        sent=sum(shard.sent for shard in shards),
        open=sum(shard.open for shard in shards),
        duration_seconds=max(shard.duration_seconds for shard in shards),
        drain_seconds=max(shard.drain_seconds for shard in shards),
        loop_lag=lag,
        cpu_share=max(shard.cpu_share for shard in shards),
        started_at=min(shard.started_at for shard in shards),
        stopped_by=_first(shard.stopped_by for shard in shards),
        processes=sum(shard.processes for shard in shards),
        most_open=sum(shard.most_open for shard in shards),
    )


def _first(reasons: Iterable[str]) -> str:
    return next((reason for reason in reasons if reason), "")
