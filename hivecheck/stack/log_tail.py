"""Reads workers' journals and nodes' logs, each line once, as events for history. Judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from hivecheck.history import Event
from hivecheck.platforms.platform import Node

WORKER_FILES = "workers/*/"


@dataclass
class LogTail:
    """Reads the lines that were added to nodes' files since it last looked."""

    nodes: Iterable[Node]
    _offsets: dict[tuple[str, str], int] = field(default_factory=dict)
    _log_counts: dict[str, int] = field(default_factory=dict)

    def skip_to_end(self) -> None:
        """Skip the lines written until now, because they belong to earlier scenarios."""
        for node in self.nodes:
            for name in [*_journals(node), *node.files(WORKER_FILES + "log.jsonl")]:
                self._whole(node, name)
            self._fresh(node)

    def journal_lines(self) -> list[Event]:
        """New lines of every worker's journal; `node` of the event is the worker."""
        events = []
        for node in self.nodes:
            for name in _journals(node):
                events += [
                    Event(line.get("monotonic", 0.0), "journal", line.get("worker", node.name), line) for line in self._new(node, name)
                ]
        return sorted(events, key=lambda event: event.at)

    def log_lines(self) -> list[Event]:
        """New structured log lines of every node and of every managed worker; `node` of the event is the writer."""
        events = []
        for node in self.nodes:
            fresh = map(_parsed, self._fresh(node))
            events += [Event(line.get("monotonic", 0.0), "log", node.name, line) for line in fresh]
            for name in node.files(WORKER_FILES + "log.jsonl"):
                worker = PurePosixPath(name).parent.name
                events += [Event(line.get("monotonic", 0.0), "log", worker, line) for line in self._new(node, name)]
        return sorted(events, key=lambda event: event.at)

    def _fresh(self, node: Node) -> list[str]:
        """The whole new lines of a node's own log."""
        lines = node.log_lines()
        if lines and not _is_whole(lines[-1]):
            lines.pop()  # it may still be being written; if it is not JSON at all, it counts once another line follows
        before = self._log_counts.get(node.name, 0)
        self._log_counts[node.name] = len(lines)
        return lines[before:]

    def _new(self, node: Node, name: str) -> list[dict[str, Any]]:
        whole = self._whole(node, name)
        # Not splitlines: U+2028 and others, which JSON need not escape, would tear a line in two.
        return [_parsed(text) for text in whole.decode(errors="replace").removesuffix("\n").split("\n")] if whole else []

    def _whole(self, node: Node, name: str) -> bytes:
        """Whole new lines only: a line that is still being written is left for the next look."""
        offset = self._offsets.get((node.name, name), 0)
        data = node.read_file(name, offset)
        whole = data[: data.rfind(b"\n") + 1]
        self._offsets[(node.name, name)] = offset + len(whole)
        return whole


def _journals(node: Node) -> list[str]:
    return [*node.files("journal.jsonl"), *node.files(WORKER_FILES + "journal.jsonl")]


def _parsed(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {"text": text}
    return line if isinstance(line, dict) else {"text": text}


def _is_whole(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
