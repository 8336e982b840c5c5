"""One case of the benchmark, what an engine reports about it, and the interface of an engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

MODEL = "truth"
PROMPT = "hello"


@dataclass(frozen=True)
class Case:
    """The same load for each engine: `users` in a closed loop, or `rate` requests per second in an open one."""

    name: str
    seconds: float
    users: int = 0
    rate: float = 0.0
    is_stream: bool = True
    tokens: int = 16
    truth: str = ""  # of the server, in the form of its header X-Truth
    stopped_seconds: float = 0.0  # SIGSTOP holds the server for so long, in the middle
    most: int = 20000  # requests of a closed loop, for engines that need a number

    @property
    def requests(self) -> int:
        """Those of the open loop's schedule, or the most of a closed one."""
        return round(self.rate * self.seconds) or self.most


@dataclass(frozen=True)
class Run:
    """A case at a server, with a folder for what the engine writes."""

    case: Case
    base: str  # without /v1
    folder: Path
    seed: int = 7

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@dataclass(frozen=True)
class Reported:
    """What an engine says about a run. Times are seconds, and NaN is what it does not report."""

    complete: int
    failed: int
    ttft_p50: float = math.nan
    ttft_p99: float = math.nan
    e2e_p95: float = math.nan
    notes: Sequence[str] = field(default_factory=tuple)


class Peer(Protocol):
    """An engine. Its `packages` are pinned. One without any is hivecheck itself, or a `program` that the machine has."""

    name: str
    packages: Sequence[str] = ()
    program: str = ""
    cases: Sequence[str] = ("streams", "unary", "ttft", "stop", "cut")  # those that its options can express
    limits: Sequence[str] = ()  # what it cannot do of the cases, or does in another way, as sentences of the result
    oldest_python: tuple[int, int] = (3, 11)
    has_tokenizer: bool = False  # it loads one, and gets that of `tokenizer.py`

    def pinned_version(self) -> str:
        """That of the first package; empty for an engine without any."""
        return self.packages[0].partition("==")[2] if self.packages else ""

    def version(self) -> str:
        """The one that is pinned or installed."""
        return self.pinned_version()

    def command(self, run: Run, binaries: Path) -> list[str]:
        """The command line. `binaries` is the folder of its environment's programs."""

    def environment(self, run: Run) -> Mapping[str, str]:
        """Variables beside those of this process."""

    def reported(self, run: Run, output: str) -> Reported:
        """Read what it wrote. Raises OSError, ValueError, KeyError or IndexError when that is not there."""
