"""Watches the processes of a stack that starts. An exit is a failed system or a failed set-up (ADR 16).

It reads nodes, hives and logs. It starts and stops nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.hive import HiveClient
from hivecheck.errors import ClientError, NodeDiedError, PreflightError, SetupError
from hivecheck.platforms.platform import Node
from hivecheck.wording import listed

# Events in the log of a reference service. The first one comes after its last setting was accepted.
SETTINGS_ACCEPTED = "settings_accepted"
PORT_UNAVAILABLE = "port_unavailable"
LOG_LINES_IN_MESSAGE = 5
LOG_LINES_OF_EXIT = 15  # a traceback with its cause
LOG_LINES_KEPT = 500
# A hive starts a crashed worker again. Three exits without an answer between them are no accident.
EXITS_OF_WORKER = 3
WORKER_LOOK_SECONDS = 1.0  # each look is a call to each hive, which costs a start more than a look at a process
REDACTED = "***"


class FailedSystemError(AssertionError):
    """A process of the system under test exited at the start, after it had accepted its settings. `logs` has each node's lines."""

    def __init__(self, message: str, logs: Mapping[str, Sequence[str]]) -> None:
        super().__init__(message)
        self.logs = logs


@dataclass(frozen=True)
class Exit:
    """A process that exited while its stack started: its name, its exit in words, its log.

    `is_under_test` is False for the reference nodes around another gateway. `has_answered`: another gateway answered a request.
    """

    name: str
    how: str
    lines: Sequence[str]
    is_under_test: bool = True
    has_answered: bool = False

    @property
    def is_defect(self) -> bool:
        """Whether the settings were accepted, and the port was free: the service then failed by itself."""
        events = {event_of(line) for line in self.lines}
        has_accepted = self.has_answered or SETTINGS_ACCEPTED in events
        return self.is_under_test and has_accepted and PORT_UNAVAILABLE not in events

    def words(self) -> str:
        return f"{self.name} ended with {self.how}" + (" after it had accepted its settings" if self.is_defect else "")


def is_failed_system(exits: Sequence[Exit]) -> bool:
    """Whether these exits are failures of the system under test. One refused setting is enough for a failed set-up."""
    # The other exits may follow from it, and a system that was not set up has no verdict.
    return bool(exits) and all(ended.is_defect for ended in exits)


def event_of(line: str) -> str:
    """The event of a structured log line; empty for any other line."""
    try:
        content = json.loads(line)
    except ValueError:
        return ""
    return str(content.get("event", "")) if isinstance(content, dict) else ""


@dataclass
class StartWatch:
    """`gone` is for the wait until the stack is ready, and `judged` for its end without success.

    `managed` has the declared workers of each hive. `foreign` is the service under test of another target, `called` is the name of
    its gateway, and `has_answered` tells whether it answered a request. Without a foreign service every process is under test.
    """

    nodes: Mapping[str, Node]
    hives: Mapping[str, HiveClient]
    managed: Mapping[str, Sequence[str]]
    secrets: Sequence[str] = ()
    foreign: str | None = None
    called: str = ""
    has_answered: Callable[[], bool] = lambda: False
    _exits: list[Exit] = field(default_factory=list)
    _next_look: float = 0.0

    def gone(self) -> str | None:
        """Why the stack cannot become ready: the exits of nodes, and of workers that exited several times. None if it still can."""
        self._exits = self._node_exits() or self._repeated_worker_exits()
        return "; ".join(ended.words() for ended in self._exits) or None

    def judged(self, error: SetupError) -> Exception:
        """The error of the whole start: FailedSystemError, NodeDiedError or SetupError, with the last log lines."""
        exits = self._exits or self._worker_exits(1)
        if is_failed_system(exits):
            return FailedSystemError(self._failure(str(error), exits), self._logs())
        if isinstance(error, PreflightError) and not exits:
            logs = {self._name(node): node.log_lines() for node in self.nodes.values() if node.service == self.foreign}
            return PreflightError(f"{error}\n{self._last_lines(logs, LOG_LINES_IN_MESSAGE)}" if any(logs.values()) else str(error))
        logs = {self._name(node): node.log_lines() for node in self.nodes.values()}
        kind = NodeDiedError if any(ended.name in logs for ended in exits) else SetupError
        return kind(f"{error}\n{self._last_lines(logs, LOG_LINES_IN_MESSAGE)}")

    def _name(self, node: Node) -> str:
        """The name of a node in messages: another gateway has its own."""
        return self.called if node.service == self.foreign else node.name

    def _failure(self, text: str, exits: Sequence[Exit]) -> str:
        names = listed(ended.name for ended in exits)
        # The end of a wait names what is missing. The exits of workers are its cause.
        causes = [ended.words() for ended in exits if ended.words() not in text]
        lines = ["; ".join([text, *causes]), f"next: find the cause in the last log lines of {names}"]
        lines.append(self._last_lines({ended.name: ended.lines for ended in exits}, LOG_LINES_OF_EXIT))
        return "\n".join(lines)

    def _last_lines(self, logs: Mapping[str, Sequence[str]], count: int) -> str:
        lines = [f"{name}: {line}" for name, lines in logs.items() for line in lines[-count:]]
        return "last log lines:\n" + "\n".join(map(self._redacted, lines))

    def _logs(self) -> dict[str, list[str]]:
        """The end of each log: of the nodes, and of the workers that a hive manages."""
        logs = {self._name(node): node.log_lines() for node in self.nodes.values()}
        for hive, workers in self.managed.items():
            logs |= {f"{hive}-{worker}": _worker_lines(self.nodes[hive], worker) for worker in workers}
        return {name: list(map(self._redacted, lines[-LOG_LINES_KEPT:])) for name, lines in logs.items()}

    def _redacted(self, line: str) -> str:
        for secret in self.secrets:
            line = line.replace(secret, REDACTED)
        return line

    def _node_exits(self) -> list[Exit]:
        exits = []
        for node in self.nodes.values():
            if not node.is_running():
                is_under_test = self.foreign in (None, node.service)
                has_answered = node.service == self.foreign and self.has_answered()
                exits.append(Exit(self._name(node), f"code {node.exit_code()}", node.log_lines(), is_under_test, has_answered))
        return exits

    def _repeated_worker_exits(self) -> list[Exit]:
        now = time.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + WORKER_LOOK_SECONDS
        return self._worker_exits(EXITS_OF_WORKER)

    def _worker_exits(self, least: int) -> list[Exit]:
        """The declared workers that are not alive and exited `least` times by themselves."""
        exits = []
        for hive, workers in self.managed.items():
            views = self._views(hive)
            for worker in workers:
                view = views.get(worker, {})
                if exits_of(view) >= least:
                    lines = _worker_lines(self.nodes[hive], worker)
                    exits.append(Exit(f"{worker} of {hive}", str(view["last_exit"]), lines, is_under_test=self.foreign is None))
        return exits

    def _views(self, hive: str) -> Mapping[str, dict[str, Any]]:
        try:
            return self.hives[hive].workers()
        except (ClientError, KeyError, TypeError):
            return {}  # a hive that starts has no workers yet, and the end of the wait names one that gives no list


def exits_of(view: Mapping[str, Any]) -> int:
    """How often a worker exited by itself, in its hive's view; 0 for one that is alive."""
    # In parentheses the hive gives its own reason for an end, such as too little memory. Such an end is no crash of the worker.
    how, state = view.get("last_exit") or "", view.get("state")
    if not how or "(" in how or state == "alive":
        return 0
    return int(view.get("restarts", 0)) + (state in ("dead", "fatal"))


def _worker_lines(node: Node, worker: str) -> list[str]:
    try:
        data = node.read_file(f"workers/{worker}/log.jsonl")
    except (ClientError, OSError):
        return []
    return data.decode(errors="replace").removesuffix("\n").split("\n")
