"""How long each scenario took in earlier runs: a cache file of the project, for longest-first order and for balanced parts of a plan.

A file that is missing, or that nothing can read, costs time and never a verdict: every scenario then has an estimate.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hivecheck.reports import whole_file
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, Status

FORMAT = 1
# Measured: a scenario that injects a fault waits for its recovery and takes 3 to 8 s, any other one takes about 0.5 s.
FAULT_SECONDS = 5.0
OTHER_SECONDS = 0.5
NEW_SHARE = 0.5  # of the latest run in the average, so that one slow run does not decide


@dataclass
class Durations:
    """Seconds by platform and scenario. `path` is where `save` writes."""

    path: Path
    platform: str
    seconds: dict[str, float] = field(default_factory=dict)
    other_platforms: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, platform: str) -> Durations:
        """What the file has of this platform. An unreadable file counts as none."""
        known: dict[str, dict[str, float]] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            content = json.loads(path.read_text(encoding="utf-8"))
            platforms = content["platforms"] if content.get("format") == FORMAT else {}
            known = {name: _numbers(entries) for name, entries in platforms.items()}
        return cls(path, platform, known.pop(platform, {}), known)

    def of(self, planned: Planned) -> float:
        """The seconds of a scenario: measured, or estimated by its kind."""
        return self.seconds.get(_key(planned), FAULT_SECONDS if planned.is_chaos else OTHER_SECONDS)

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Blend in what this run measured. A scenario without a verdict or without a stack ended early and teaches nothing."""
        for outcome in outcomes:
            if outcome.status in NO_VERDICT or outcome.status is Status.NOT_SUPPORTED or outcome.is_start_failure:
                continue
            key = _key(outcome.planned)
            old = self.seconds.get(key, outcome.seconds)
            self.seconds[key] = round(NEW_SHARE * outcome.seconds + (1 - NEW_SHARE) * old, 3)

    def save(self) -> None:
        """Write the file in one step. A folder that cannot be written costs the next run time, so it is no error."""
        platforms = self.other_platforms | {self.platform: self.seconds}
        text = json.dumps({"format": FORMAT, "platforms": platforms}, indent=1, sort_keys=True)
        with contextlib.suppress(OSError):
            whole_file.write(self.path, f"{text}\n".encode())


def _key(planned: Planned) -> str:
    return "::".join(planned.identity)


def _numbers(entries: Any) -> dict[str, float]:
    return {str(name): float(seconds) for name, seconds in entries.items() if isinstance(seconds, int | float)}
