"""Signals to the processes of nodes and workers: kill, terminate, pause, resume, start again. The injector does the harm."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import figures
from hivecheck.world.cluster.registry_database import RegistryDatabase
from hivecheck.world.cluster.workers import Workers

SIGKILL, PAUSE = "a SIGKILL", "a process pause"
WITH_WORKERS, WITH_GUARD = " with its workers", " with its orphan guard"
ONCE_LISTED = re.compile(r" as soon as the registry lists (\S+)")
WITHOUT_DATABASE = " without its database"
# What a scenario expects of these counts from their first answer. Of a hive and the gateway it counts from their start.
AWAITED_SERVICES = ("registry", "worker")
# A registration becomes visible and the hive must die right then: a usual poll would come 20 ms late.
LISTED_POLL_SECONDS = 0.005
KILLED_SECONDS = 5.0


@dataclass
class Processes:
    """A node's name means the process of its service. A worker's name, or a way to point at a worker, means its process."""

    stack: Stack
    history: History
    workers: Workers
    database: RegistryDatabase
    injector: Injector

    def kill(self, selector: str, scope: str = "") -> None:
        """SIGKILL. `scope` is empty, `WITH_WORKERS`, `WITH_GUARD` or a match of `ONCE_LISTED`. Managed workers die with their hive."""
        if listed := ONCE_LISTED.fullmatch(scope):
            self._await_listed(listed[1])
        if scope == WITH_GUARD:
            self._kill_guard(selector)
        managed = self._managed(selector)
        self._inject(SIGKILL, selector)
        if scope == WITH_WORKERS:
            self._kill_rest(selector)
        for worker in managed:
            self.history.act(worker, "killed" if scope == WITH_WORKERS else "killed with its hive", is_worker=True)

    def terminate(self, name: str) -> None:
        """SIGTERM; returns at once."""
        # Not by the injector, which waits for the exit: scenarios look at the node while it drains.
        self.stack.nodes[name].signal(signal.SIGTERM)
        self.history.act(name, "terminated")

    def pause(self, selector: str) -> None:
        """SIGSTOP. The workers of a paused hive keep running."""
        self._inject(PAUSE, selector)

    def resume(self, selector: str) -> None:
        """SIGCONT to a paused process."""
        name = self.workers.called(selector)
        is_worker = name not in self.stack.hives
        epoch = self.stack.registry.services("worker", status="all").get(name, {}).get("epoch") if is_worker else None
        self.injector.heal(name, PAUSE)
        self.history.act(name, "resumed", is_worker=is_worker, epoch=epoch)

    def start_again(self, name: str, option: str = "") -> None:
        """Start a node that exited. Returns at once, or at the node's first answer for `AWAITED_SERVICES`."""
        node = self.stack.nodes[name]
        eventually(lambda: not node.is_running(), within=self.stack.timeouts.node_stop, what=f"exit of {name}")
        if option == WITHOUT_DATABASE:
            self.database.delete()
            self.history.act(name, "lost its database")
        self.history.act(name, "started again")
        node.restart()
        if node.service in AWAITED_SERVICES:
            with closing(ControlClient(node.url, self.stack.secrets.token)) as client:
                eventually(lambda: client.get("/health"), within=self.stack.timeouts.node_ready, what=f"an answer of {name}")
            self.history.act(name, "answers again")

    def must_exit(self, names: Sequence[str], within: float) -> None:
        """Every node exits with code 0, within the budget."""

        def running() -> list[str]:
            return [name for name in names if self.stack.nodes[name].is_running()]

        must_eventually(running, within=within, what=f"exit of {', '.join(names)}", until=lambda left: not left)
        codes = {name: self.stack.nodes[name].exit_code() for name in names}
        assert set(codes.values()) == {0}, f"expected: exit code 0 of each\nactual: {figures(codes)}"

    def must_leave_none(self, names: Sequence[str], within: float) -> None:
        """No process of these nodes is left."""

        def left() -> dict[str, list[str]]:
            commands = {name: [process.command for process in self.stack.nodes[name].processes()] for name in names}
            return {name: found for name, found in commands.items() if found}

        must_eventually(left, within=within, what=f"no process of {', '.join(names)}", until=lambda found: not found)

    def _inject(self, fault: str, selector: str) -> None:
        name = self.workers.called(selector)
        self.injector.inject(fault, name, [FaultTarget.named(name, self.stack)])

    def _managed(self, name: str) -> list[str]:
        """The workers that a hive started itself; none for another node."""
        workers = self.stack.hives[name].workers() if name in self.stack.hives else {}
        return [worker for worker, view in workers.items() if view["managed"]]

    def _await_listed(self, worker: str) -> None:
        within = self.stack.timeouts.restart
        what = f"{worker} registered"
        must_eventually(lambda: worker in self.stack.registry.workers(), within=within, what=what, every=LISTED_POLL_SECONDS)

    def _kill_guard(self, hive: str) -> None:
        """The process that kills the workers of a hive that died. Raises InconclusiveError when there is none."""
        node = self.stack.nodes[hive]
        guards = [process.pid for process in node.processes() if "orphan_killer" in process.command]
        if not guards:
            raise InconclusiveError(
                f"expected: an orphan killer at {hive}\nactual: {'; '.join(process.command for process in node.processes())}"
            )
        for pid in guards:
            node.signal(signal.SIGKILL, pid)

    def _kill_rest(self, hive: str) -> None:
        """What outlived the hive gets no time to deregister."""
        node = self.stack.nodes[hive]
        for process in node.processes():
            try:
                node.signal(signal.SIGKILL, process.pid)
            except ClientError:
                continue  # it exited with its parent
        eventually(lambda: not node.processes(), within=KILLED_SECONDS, what=f"no process of {hive}")
