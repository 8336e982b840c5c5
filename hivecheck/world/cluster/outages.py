"""The registry and hives lost and found again: killed, stripped of their data, and what is left of their workers."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.recovery.backoff import Backoff, LogSpan, growing_waits
from hivecheck.checks.registry.no_expiry import no_expiry
from hivecheck.checks.registry.registered_again import registered_again
from hivecheck.errors import ClientError, InconclusiveError, Reason
from hivecheck.faults.database.corruption import HEADER_BYTES
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import consistently, eventually, must_eventually
from hivecheck.world.checker import Checker

REGISTRY = "registry"
DATABASE = "registry.db"
LOOKS = 3
SWEEPS_SECONDS = 0.6  # two sweeps of a registry at its default interval, and some
# How a hive waits for a registry that is away, at a heartbeat interval of 0.5 s, which caps the wait.
REGISTRY_BACKOFF = Backoff(base_seconds=0.1, factor=2.0, cap_seconds=0.5, jitter_fraction=0.1)
REGISTRY_WAITS = 3


@dataclass
class Outages:
    """`noted` are workers as their hives showed them when a scenario noted them: hive -> worker -> view, with the registered epoch."""

    stack: Stack
    history: History
    checker: Checker
    noted: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def kill(self, name: str) -> None:
        """SIGKILL to the node's service, and proof that it bit: it runs no longer. What a hive relays to is lost with it."""
        node = self.stack.nodes[name]
        workers = self.stack.hives[name].workers() if name in self.stack.hives else {}
        node.kill()
        self.history.act(name, "killed")
        for worker in [worker for worker, view in workers.items() if view["managed"]]:
            self.history.act(worker, "killed with its hive", is_worker=True)
        if node.is_running():
            raise InconclusiveError(f"SIGKILL to {name} had no effect: it still runs", reason=Reason.NO_EFFECT)

    def kill_once_listed(self, hive: str, worker: str) -> None:
        """The hive dies, and the worker with it, when its registration has only just come through."""
        within = self.stack.timeouts.restart
        eventually(lambda: worker in self.stack.registry.workers(), within=within, what=f"{worker} registered", every=0.005)
        self.kill(hive)

    def kill_with_guard(self, hive: str) -> None:
        """SIGKILL to the process that guards its workers, then to the hive: nobody is left to end them."""
        node = self.stack.nodes[hive]
        guards = [process for process in node.processes() if "orphan_killer" in process.command]
        if not guards:
            raise InconclusiveError(f"{hive} has no orphan killer process to kill")
        for process in guards:
            node.signal(signal.SIGKILL, process.pid)
        self.kill(hive)

    def pause(self, hive: str) -> None:
        """SIGSTOP to the hive's own process, its workers go on; and proof that it bit."""
        self._stop_or_go(hive, signal.SIGSTOP, "paused", is_stopped=True)

    def resume(self, hive: str) -> None:
        """SIGCONT, and proof that it bit."""
        self._stop_or_go(hive, signal.SIGCONT, "resumed", is_stopped=False)

    def lose_database(self) -> None:
        """The ended registry finds no database when it starts again."""
        path = self._database()
        for part in path.parent.glob(f"{DATABASE}*"):
            part.unlink()
        self.history.act(REGISTRY, "lost its database")

    def must_have_moved_aside(self) -> None:
        """The registry names the file, and the file is there with what was in the zeroed database."""
        named = self.stack.registry.get("/info").get("database_moved_aside")
        files = self.stack.nodes[REGISTRY].files(f"{DATABASE}.damaged-*")
        assert named and files, f"expected: the damaged database moved aside and named\nactual: named {named}, files {files}"
        kept = self.stack.nodes[REGISTRY].read_file(files[-1])
        is_kept = kept[:HEADER_BYTES] == bytes(HEADER_BYTES)
        assert named.endswith(files[-1]) and is_kept, f"expected: {named} with the damaged data\nactual: {files}, {kept[:16]!r}"

    def must_list_at_once(self) -> None:
        """The registry's very first answers list exactly the declared workers, each online."""
        expected = sorted(self.stack.topology.workers())
        what = f"the registry lists {expected}"
        consistently(lambda: sorted(self.stack.registry.workers()), times=LOOKS, what=what, holds=lambda seen: seen == expected)

    def must_have_lost_nobody(self) -> None:
        """No lease ran out since the registry was started again, over some sweeps."""
        answered = self.history.acts(REGISTRY)[-1].at
        what = "some sweeps of the registry"
        eventually(lambda: time.monotonic() - answered > SWEEPS_SECONDS, within=2 * SWEEPS_SECONDS, what=what)
        self.history.act("harness", "has watched the registry")
        self.checker.must(no_expiry, registry=REGISTRY, watched_seconds=SWEEPS_SECONDS)

    def must_have_registered_again(self, within: float) -> None:
        """Every declared hive and worker told the registry all about itself again, counted from when it listened."""
        services = sorted([*self.stack.topology.workers(), *self.stack.hives])
        self.checker.must(registered_again, registry=REGISTRY, services=services, seconds=within)

    def must_have_tried_again(self, worker: str, hive: str) -> None:
        """The hive's log shows attempts to register a worker, each after a longer wait; an attempt itself may last, too."""

        def failures() -> int:
            self.checker.observe()
            lines = [line.data for line in self.history.events("log", hive) if line.data.get("event") == "registry_call_failed"]
            return sum(line.get("id") == worker for line in lines)

        expected = REGISTRY_WAITS + 1
        within = self.stack.timeouts.repeated_attempts
        must_eventually(failures, within=within, what=f"{expected} attempts to register {worker}", until=lambda seen: seen >= expected)
        failure = "registry_call_failed"
        span = LogSpan(hive, ("id", worker), begin=failure, end=failure, spent="call_seconds")
        lag = self.stack.timeouts.restart_lag
        self.checker.must(growing_waits, span=span, backoff=REGISTRY_BACKOFF, count=REGISTRY_WAITS, lag_seconds=lag)

    def must_be_missed(self, within: float) -> None:
        """The orchestrator says that the registry does not answer, and that it can serve all the same."""
        must_eventually(
            lambda: self.stack.orchestrator.status()["registry"]["connected"],
            within=within,
            what="the orchestrator misses the registry",
            until=lambda connected: not connected,
        )
        assert self.stack.orchestrator.is_ready(), "expected: the orchestrator ready without the registry\nactual: not ready"

    def must_be_unconfirmed(self, worker: str, within: float) -> None:
        def status() -> Any:
            return self.stack.registry.services("worker", status="all").get(worker, {}).get("status")

        must_eventually(status, within=within, what=f"{worker} unconfirmed in the registry", until=lambda value: value == "unconfirmed")

    def must_be_online(self, worker: str, within: float) -> None:
        def listed() -> list[str]:
            return sorted(self.stack.registry.workers())

        must_eventually(listed, within=within, what=f"{worker} online in the registry", until=lambda seen: worker in seen)

    def note(self, hive: str) -> None:
        """The workers of a hive as they are now."""
        registered = self.stack.registry.workers()
        self.noted[hive] = {name: {**view, "epoch": registered[name]["epoch"]} for name, view in self.stack.hives[hive].workers().items()}

    def must_have_replaced(self, hive: str, within: float) -> None:
        """Every noted worker is registered as a newer incarnation."""

        def old() -> list[str]:
            registered = self.stack.registry.workers()
            epochs = {name: int(registered.get(name, {}).get("epoch", 0)) for name in self.noted[hive]}
            return [name for name, epoch in epochs.items() if epoch <= self.noted[hive][name]["epoch"]]

        must_eventually(old, within=within, what=f"every worker of {hive} registered anew", until=lambda left: not left)

    def must_have_one_process_each(self, hive: str) -> None:
        """Each managed worker is one process: none is missing, and none is left over from an earlier life."""
        commands = [process.command for process in self.stack.nodes[hive].processes()]
        counts = {worker: sum(f"name={worker}" in command.split() for command in commands) for worker in self.stack.topology.managed(hive)}
        assert set(counts.values()) == {1}, f"expected: one process for each worker of {hive}\nactual: {counts} in {commands}"

    def must_be_untouched(self, hive: str) -> None:
        """Every noted worker of this hive is the incarnation and the process it was, and alive."""
        keys = ("pid", "restarts", "state")
        registered = self.stack.registry.workers()
        for name, before in self.noted[hive].items():
            now = self.stack.hives[hive].worker(name) or {}
            actual = [now.get(key) for key in keys], registered.get(name, {}).get("epoch")
            expected = [before[key] for key in keys], before["epoch"]
            assert actual == expected, f"expected: {name} untouched, {expected}\nactual: {actual}"

    def must_run_on(self, workers: Sequence[str]) -> None:
        """Workers that are nodes of their own were not started since the scenario began: their journals show no start."""
        self.checker.observe()
        started = [line.node for line in self.history.journal("started")]
        assert not set(started) & set(workers), f"expected: {' and '.join(workers)} run on\nactual: started again: {started}"

    def must_be_empty(self, name: str, within: float) -> None:
        """No process of the node is left."""

        def left() -> list[str]:
            return [process.command for process in self.stack.nodes[name].processes()]

        must_eventually(left, within=within, what=f"no process of {name} left", until=lambda seen: not seen)

    def _stop_or_go(self, hive: str, number: signal.Signals, what: str, *, is_stopped: bool) -> None:
        node = self.stack.nodes[hive]
        pid = node.processes()[0].pid
        node.signal(number, pid)
        self.history.act(hive, what)

        def state() -> str:
            return next((view.state for view in node.processes() if view.pid == pid), "gone")

        eventually(state, within=1.0, what=f"{hive} {what}", until=lambda seen: (seen == "T") is is_stopped)

    def _database(self) -> Any:
        path = self.stack.nodes[REGISTRY].path_of(DATABASE)
        if path is None or self.stack.nodes[REGISTRY].is_running():
            raise ClientError("The registry's database can be changed only while it does not run, and on this machine.")
        return path
