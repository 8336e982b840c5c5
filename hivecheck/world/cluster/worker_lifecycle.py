"""The life of a worker process at its hive: start, crash, hang, restart, backoff, forced termination."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.recovery.backoff import Backoff, LogSpan, growing_waits
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import Event, History
from hivecheck.platforms.ports import PortReservation
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import figures, listed
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.nodes import Nodes
from hivecheck.world.cluster.workers import Workers

# Short waits that differ by more than a worker needs to start, so that a log shows which wait the hive chose.
QUICK = {"base_seconds": 0.1, "factor": 3.0, "cap_seconds": 0.6, "jitter_fraction": 0.1, "stable_seconds": 0.3, "max_restarts": 4}
STEEP = QUICK | {"base_seconds": 0.2, "factor": 15.0, "cap_seconds": 10.0}
# The server runs in its own session behind a shell and has no pipe to its hive.
WRAPPER = 'setsid "$@" </dev/null & wait'
# Neither the shell nor its server reacts to a SIGTERM to their process group.
SIGTERM_PROOF_WRAPPER = 'trap "" TERM; "$@" </dev/null & wait'
# An exit code of 0 at SIGTERM, as of a server that stops cleanly. The hive must still count the worker as crashed.
OBEDIENT = "trap 'exit 0' TERM; sleep 60 & wait"
GRACE_SECONDS = 1.0
WORKER = ("{python}", "-m", "services.worker")
SETS = ("name={id}", "host={host}", "port={port}", "models={models}", "data_dir={data_dir}", "simulate_header=true")
ARGS = [part for each in SETS for part in ("--set", each)]

# Gherkin phrase -> settings of a hive that joins.
HIVES: dict[str, dict[str, Any]] = {
    " without workers": {},
    " with workers that crash at once": {"restart": QUICK, "backend": {"command": ["sh", "-c", "exit 3"], "args": []}},
    " with workers that never answer": {
        "restart": QUICK | {"max_restarts": 1},
        "start_deadline_seconds": 0.4,
        "stop_grace_seconds": 1.0,
        "backend": {"command": ["sh", "-c", OBEDIENT], "args": []},
    },
    " with workers that wait long before a restart": {"restart": STEEP},
    " with workers that must not hang": {
        "restart": QUICK,
        "hang_restart_seconds": 0.5,
        "probe_interval_seconds": 0.2,
        "probe_timeout_seconds": 0.3,
        "stop_grace_seconds": 0.3,
        "backend": {"env": {"WORKER_TOKEN": "{token}", "WORKER_SIMULATE_HEADER": "true", "WORKER_MAX_NUM_SEQS": "1"}},
    },
    " with workers that ignore SIGTERM": {
        "restart": QUICK,
        "stop_grace_seconds": GRACE_SECONDS,
        "backend": {"command": ["sh", "-c", SIGTERM_PROOF_WRAPPER, "sh", *WORKER], "args": [*ARGS, "--set", "ignore_sigterm=true"]},
    },
    " with workers behind a wrapper": {"restart": QUICK, "backend": {"command": ["sh", "-c", WRAPPER, "sh", *WORKER], "args": ARGS}},
}
# The file of a hive sets two keys, and its command line overrides the second one.
OVERRIDE = re.compile(r" with (\S+) ([0-9.]+) from its file and (\S+) ([0-9.]+) from an override")
# A worker's option when it is to serve.
ADMIN_PORT, REMOVED_AGAIN = ", with an admin port", ", and is removed again"
# How a hive waited before restarts: by its policy, or always as before the first restart.
GROWING, SHORTEST = "longer each time, up to its cap,", "the shortest time"
POLICIES: dict[str, dict[str, Any]] = {GROWING: QUICK, SHORTEST: STEEP | {"factor": 1.0}}
# How a hive waits for an unreachable registry at a heartbeat interval of 0.5 s, which caps the wait.
REGISTRY_BACKOFF = Backoff(base_seconds=0.1, factor=2.0, cap_seconds=0.5, jitter_fraction=0.1)
BACKOFF_KEYS = ("base_seconds", "factor", "cap_seconds", "jitter_fraction")
REGISTRY_WAITS = 6  # so many that a wait beyond the cap would exceed it by more than the lag of a slow machine
STOP_SECONDS = 5.0
EVERY_WORKER = "each worker"


@dataclass
class WorkerLifecycle:
    """`serving` are the first server processes of each worker, `stopping` the process group of each worker at its last stop request.

    `ports` are those of admin listeners, reserved until the scenario ends. `with_admin_port` are their workers.
    """

    stack: Stack
    history: History
    nodes: Nodes
    workers: Workers
    checker: Checker
    serving: dict[str, list[int]] = field(default_factory=dict)
    stopping: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    requests: list[threading.Thread] = field(default_factory=list)
    ports: list[PortReservation] = field(default_factory=list)
    with_admin_port: list[str] = field(default_factory=list)

    def join_hive(self, hive: str, setup: str) -> None:
        """A hive joins the stack. `setup` is a row of `HIVES`, or matches `OVERRIDE`."""
        self.history.act(hive, "joined")  # its log may begin with lines of an earlier extra node of this name
        if overridden := OVERRIDE.fullmatch(setup):
            key, value, other, over = overridden.groups()
            self.nodes.join_hive(hive, {key: float(value), other: float(value)}, [f"{other}={float(over)}"])
        else:
            self.nodes.join_hive(hive, HIVES[setup])

    def serve(self, worker: str, models: Sequence[str], hive: str, option: str = "") -> None:
        """A hive starts a worker, which becomes alive and registered."""
        settings = [self._admin_port(worker)] if option == ADMIN_PORT else []
        self.workers.start(worker, models, hive, settings=settings)
        self.await_alive(worker, hive)
        self.serving[worker] = self._servers(worker, hive)
        if option == REMOVED_AGAIN:
            self._remove_again(worker, hive)

    def await_alive(self, worker: str, hive: str) -> None:
        """Return when a worker is alive and registered."""
        within = self.stack.timeouts.restart
        state: Callable[[], Any] = lambda: self.stack.hives[hive].health()["workers"].get(worker, {}).get("state")  # noqa: E731
        must_eventually(state, within=within, what=f"{worker} alive at {hive}", until=lambda value: value == "alive")
        must_eventually(lambda: worker in self.stack.registry.workers(), within=within, what=f"{worker} registered")

    def await_stable(self, worker: str, hive: str) -> None:
        """Return when the incarnation after the last act on the worker has been alive for longer than its hive's stable time."""
        old = max((event.data.get("epoch") or 0 for event in self.history.acts(worker)), default=0)
        within = self.stack.timeouts.restart
        epoch: Callable[[], int] = lambda: int(self.stack.registry.workers().get(worker, {}).get("epoch", 0))  # noqa: E731
        must_eventually(epoch, within=within, what=f"{worker} registered with an epoch above {old}", until=lambda value: value > old)
        self.await_alive(worker, hive)
        alive_at = time.monotonic()
        stable = float(STEEP["stable_seconds"])
        eventually(lambda: time.monotonic() - alive_at > stable, within=stable + 1, what=f"{worker} alive for {stable:g} s")

    def reset(self, hive: str, worker: str) -> None:
        """The hive clears a worker's restart count and starts the worker."""
        reply = self.stack.hives[hive].reset_worker(worker)
        assert reply.status == 202, f"expected: {hive} resets {worker}\nactual: {reply.sentence()}"

    def stop(self, hive: str, worker: str) -> None:
        """A hive stops a worker without a drain; returns at once. Raises InconclusiveError unless the worker is a process group."""
        processes = self.stack.nodes[hive].processes()
        pids = [process.pid for process in processes if f"name={worker}" in process.command.split()]
        if len(pids) < 2:
            raise InconclusiveError(
                f"expected: a wrapper and a server of {worker}\nactual: {'; '.join(process.command for process in processes)}"
            )
        self.stopping[worker] = hive, pids
        self.workers.acted(worker, "asked to stop")
        request = threading.Thread(target=self._stop, args=(worker, hive), name=f"stop {worker}", daemon=True)
        self.requests.append(request)
        request.start()

    def must_have_waited(self, hive: str, policy: str, count: int, worker: str) -> None:
        """The hive's log shows so many restarts of a worker, each after the wait of that policy."""
        restarts = (self.stack.hives[hive].worker(worker) or {}).get("restarts")
        assert restarts == count, f"expected: restarts of {worker}: {count}\nactual: {restarts}"
        backoff = Backoff(**{key: POLICIES[policy][key] for key in BACKOFF_KEYS})
        span = LogSpan(hive, ("worker", worker), begin="worker_exited", end="worker_started")
        self.checker.must(growing_waits, span=span, backoff=backoff, count=count, lag_seconds=self.stack.timeouts.restart_lag)

    def must_have_retried_registration(self, hive: str, worker: str) -> None:
        """The hive's log shows failed attempts to register a worker, each after a longer wait. An attempt itself may take time, too."""

        def failures() -> int:
            return len(self._logged(hive, event="registry_call_failed", id=worker))

        expected, within = REGISTRY_WAITS + 1, self.stack.timeouts.repeated_attempts
        what = f"attempts to register {worker}: {expected}"
        must_eventually(failures, within=within, what=what, until=lambda count: count >= expected)
        failure, lag = "registry_call_failed", self.stack.timeouts.restart_lag
        span = LogSpan(hive, ("id", worker), begin=failure, end=failure, spent="call_seconds")
        self.checker.must(growing_waits, span=span, backoff=REGISTRY_BACKOFF, count=REGISTRY_WAITS, lag_seconds=lag)

    def must_have_restarted(self, selector: str, hive: str, at_least: int, within: float) -> None:
        """The hive counts at least so many restarts of a worker."""
        worker = self.workers.called(selector)

        def restarts() -> int:
            return int((self.stack.hives[hive].worker(worker) or {}).get("restarts", 0))

        must_eventually(restarts, within=within, what=f"restarts of {worker}: {at_least}", until=lambda count: count >= at_least)

    def must_not_have_restarted(self, worker: str, hive: str) -> None:
        """The worker is alive, and the hive counts no restart and no exit of it."""
        view = self.stack.hives[hive].worker(worker) or {}
        actual = view.get("restarts"), view.get("state"), view.get("last_exit")
        assert actual == (0, "alive", None), (
            f"expected: {worker} alive and never restarted\nactual: restarts, state and last exit {listed(actual)}"
        )

    def must_report_exit(self, worker: str, hive: str, reason: str) -> None:
        """The hive reports this reason of the worker's last exit."""
        view = self.stack.hives[hive].worker(worker) or {}
        assert reason in str(view.get("last_exit")), f"expected: {hive} reports {reason!r} for {worker}\nactual: {figures(view)}"

    def must_run_one_process(self, hive: str, workers: str, *, is_new: bool) -> None:
        """Each of these workers is one process. A new one is not a process that served before, and its wrapper does not count."""
        if is_new:
            now, before = self._servers(workers, hive), self.serving[workers]
            assert len(now) == 1 and not set(now) & set(before), (
                f"expected: one new server process of {workers}\nactual: {listed(now)}, before {listed(before)}"
            )
            return
        names = self.stack.topology.managed(hive) if workers == EVERY_WORKER else [workers]
        commands = [process.command for process in self.stack.nodes[hive].processes()]
        counts = {worker: sum(f"name={worker}" in command.split() for command in commands) for worker in names}
        assert set(counts.values()) == {1}, (
            f"expected: one process of {workers} at {hive}\nactual: {figures(counts)} in {'; '.join(commands)}"
        )

    def must_be_killed(self, worker: str, hive: str, within: float) -> None:
        """The hive's log: SIGKILL ended the worker, and not before the grace time was over."""
        exited = must_eventually(lambda: self._logged(hive, event="worker_exited", worker=worker), within=within, what=f"exit of {worker}")[
            -1
        ]
        asked = [event.at for event in self.history.acts(worker) if event.data["what"] == "asked to stop"][-1]
        actual = exited.data.get("exit"), exited.at - asked >= GRACE_SECONDS
        assert actual == ("signal 9", True), (
            f"expected: exit of {worker} by signal 9, {GRACE_SECONDS:g} s after SIGTERM or later\n"
            f"actual: {exited.data.get('exit')} after {exited.at - asked:.2f} s"
        )

    def must_be_reaped(self, worker: str, within: float) -> None:
        """The kernel has no process of the worker that was asked to stop, not even a zombie."""
        hive, pids = self.stopping[worker]
        node = self.stack.nodes[hive]

        def left() -> list[int]:
            return [pid for pid in pids if node.run(["test", "-e", f"/proc/{pid}"]).exit_code == 0]

        must_eventually(left, within=within, what=f"processes {listed(pids)} of {worker} reaped", until=lambda found: not found)

    def leave(self) -> None:
        """For the end of a scenario: waits for stop requests, not for long, and releases ports."""
        for request in self.requests:
            request.join(STOP_SECONDS)
        for port in self.ports:
            port.release()

    def _admin_port(self, worker: str) -> str:
        self.ports.append(PortReservation())
        self.with_admin_port.append(worker)
        return f"admin_port={self.ports[-1].port}"

    def _remove_again(self, worker: str, hive: str) -> None:
        within = self.stack.timeouts.restart
        must_eventually(lambda: self.workers.is_routable(worker), within=within, what=f"{worker} routable")
        self.workers.remove(worker, hive)
        must_eventually(lambda: not self.workers.is_routable(worker), within=within, what=f"{worker} not routable")

    def _stop(self, worker: str, hive: str) -> None:
        with contextlib.suppress(ClientError):  # a hive that cannot end the worker does not answer, and its log is judged
            self.stack.hives[hive].remove_worker(worker, drain_seconds=0.0)

    def _servers(self, worker: str, hive: str) -> list[int]:
        commands = {process.pid: process.command.split() for process in self.stack.nodes[hive].processes()}
        return [pid for pid, command in commands.items() if f"name={worker}" in command and not command[0].endswith("sh")]

    def _logged(self, hive: str, **expected: str) -> list[Event]:
        self.checker.observe()
        return [line for line in self.history.events("log", hive) if {key: line.data.get(key) for key in expected} == expected]
