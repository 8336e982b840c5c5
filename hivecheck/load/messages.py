"""What the coordinator and its shards send each other: one JSON line a message. The same for every carrier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hivecheck.load.measured import Progress
from hivecheck.load.plan import Plan


class Part(msgspec.Struct, frozen=True, tag="part"):
    """The first order: the whole plan, and which chains of it are the shard's. `ca` is the text of certificates to trust."""

    plan: Plan
    shard: int
    shards: int
    ca: str = ""
    is_insecure: bool = False


class ReadClock(msgspec.Struct, frozen=True, tag="read_clock"):
    """An order: tell the time, at once."""


class Start(msgspec.Struct, frozen=True, tag="start"):
    """An order: send the first request at this monotonic time of the shard's clock."""

    at: float


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """An order without a deed, once a second: the coordinator lives. The end of the input does not always show that it does not."""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """An order: send nothing more, wait for open requests, and report the result."""

    reason: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """A report: the warm-up is over. Shards of one boot share a monotonic clock."""

    boot_id: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """A report: the server accepts no request of this plan."""

    message: str


class Clock(msgspec.Struct, frozen=True, tag="clock"):
    """A report: the shard's clocks, in seconds."""

    monotonic: float
    wall: float


class Armed(msgspec.Struct, frozen=True, tag="armed"):
    """A report: the shard has its start, at this time of its monotonic clock."""

    at: float


class Running(msgspec.Struct, frozen=True, tag="running"):
    """A report, twice a second: the shard so far. It is the sign of life as well, so it comes without progress too."""

    progress: Progress | None = None
    stopped_by: str = ""


class Result(msgspec.Struct, frozen=True, tag="result"):
    """The last report: `Measured` as JSON values."""

    measured: dict[str, Any]


Order = Part | ReadClock | Start | Alive | Stop
Report = Ready | Refused | Clock | Armed | Running | Result
ORDERS, REPORTS = msgspec.json.Decoder(Order), msgspec.json.Decoder(Report)


def line(message: Order | Report) -> bytes:
    """Without the line break."""
    return msgspec.json.encode(message)


def boot_id() -> str:
    """This boot of this machine's kernel. Containers on it have the same one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
