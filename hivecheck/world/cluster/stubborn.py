"""Workers that will not go when they are asked to: how their hive gets rid of them, by its log and by the kernel."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.worker_lifecycle import GRACE_SECONDS

LEAVING_SECONDS = 5.0


@dataclass
class Stubborn:
    """`pids` are the processes of each worker when it was asked to end; `requests` are the calls that ask, under way."""

    stack: Stack
    history: History
    checker: Checker
    pids: dict[str, list[int]] = field(default_factory=dict)
    requests: list[threading.Thread] = field(default_factory=list)

    def ask_to_end(self, worker: str, hive: str) -> None:
        """Have its hive end a worker; returns at once. Raises InconclusiveError unless it is a whole group of processes."""
        processes = self.stack.nodes[hive].processes()
        self.pids[worker] = [process.pid for process in processes if f"name={worker}" in process.command.split()]
        if len(self.pids[worker]) < 2:
            raise InconclusiveError(f"expected: a wrapper and a server for {worker}\nactual: {[process.command for process in processes]}")
        self.history.act(worker, "asked to end", is_worker=True)
        request = threading.Thread(target=self._remove, args=(worker, hive), name=f"end {worker}", daemon=True)
        self.requests.append(request)
        request.start()

    def must_be_killed(self, worker: str, hive: str, within: float) -> None:
        """The hive's log: the worker was draining, and SIGKILL ended it, not before the grace time was over."""
        exited = must_eventually(lambda: self._logged(worker, hive, "worker_exited"), within=within, what=f"{hive} ended {worker}")[-1]
        asked = [event.at for event in self.history.acts(worker) if event.data["what"] == "asked to end"][-1]
        actual = exited.data.get("exit"), exited.at - asked >= GRACE_SECONDS
        assert actual == ("signal 9", True), (
            f"expected: {worker} ended by signal 9, {GRACE_SECONDS:g} s after SIGTERM or later\n"
            f"actual: {exited.data.get('exit')} after {exited.at - asked:.2f} s"
        )

    def must_be_gone(self, worker: str, hive: str, within: float) -> None:
        """The kernel has none of its processes any more, not even as a zombie."""
        node = self.stack.nodes[hive]

        def left() -> list[int]:
            return [pid for pid in self.pids[worker] if node.run(["test", "-e", f"/proc/{pid}"]).exit_code == 0]

        must_eventually(left, within=within, what=f"processes {self.pids[worker]} of {worker} gone and reaped", until=lambda seen: not seen)

    def leave(self) -> None:
        """For the end of a scenario: nobody waits for an answer any more, or not for long."""
        for request in self.requests:
            request.join(LEAVING_SECONDS)

    def _remove(self, worker: str, hive: str) -> None:
        with contextlib.suppress(ClientError):  # a hive that does not get rid of it does not answer, either: its log tells
            self.stack.hives[hive].remove_worker(worker, drain_seconds=0.0)

    def _logged(self, worker: str, hive: str, event: str) -> list[Event]:
        self.checker.observe()
        lines: list[Event] = self.history.events("log", hive)
        expected: dict[str, Any] = {"event": event, "worker": worker}
        return [line for line in lines if {key: line.data.get(key) for key in expected} == expected]
