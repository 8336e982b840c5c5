"""Which lines of the services run in a scenario. Its marks come from nodes that `hivecheck mutate --record` starts; other runs have none.

A recorded node marks each line in a file that it shares with the harness, so a node that SIGKILL ends loses no mark.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hivecheck.reports.result import Planned

FOLDER = "line-hits"  # beside the `services` of an overlay with nodes that mark their lines
RECORDS = "records-*.jsonl"
MARKS = ".marks"


@dataclass(frozen=True)
class LineHits:
    """The marks below `services_root`. Without the folder FOLDER each method has no effect."""

    services_root: Path

    def stack_started(self, stack: str, topology: str) -> None:
        """Take the marks of the start of a stack, which each of its scenarios needs."""
        self._record(stack, {"scenario": None, "topology": topology})

    def scenario_ended(self, stack: str, planned: Planned) -> None:
        """Take the marks of a scenario."""
        self._record(stack, {"scenario": list(planned.identity), "topology": planned.topology})

    def forget(self, stack: str) -> None:
        """Clear the marks between two scenarios, where the harness restores the stack."""
        self._take(stack)

    def _record(self, stack: str, entry: dict[str, Any]) -> None:
        hits = self._take(stack)
        if any(hits.values()):
            # A file for each process, because several jobs of a run write at the same time.
            with (self._folder / RECORDS.replace("*", str(os.getpid()))).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry | {"hits": hits}) + "\n")

    def _take(self, stack: str) -> dict[str, list[int]]:
        """The marked offsets by service, which are clear afterwards. A mark between reading and clearing is lost: the line runs often."""
        hits: dict[str, set[int]] = {}
        for path in self._folder.glob(f"{stack}~*{MARKS}"):
            content = path.read_bytes()
            with path.open("r+b") as file:
                file.write(bytes(len(content)))
            hits.setdefault(path.stem.rpartition("~")[2], set()).update(offset for offset, mark in enumerate(content) if mark)
        return {service: sorted(offsets) for service, offsets in hits.items()}

    @property
    def _folder(self) -> Path:
        return self.services_root / FOLDER
