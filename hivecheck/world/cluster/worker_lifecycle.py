"""Workers that crash, hang or hide behind wrappers, on a hive that joins for it: what their hive makes of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.recovery.backoff import Backoff, LogSpan, growing_waits
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.nodes import Nodes
from hivecheck.world.cluster.workers import Workers

# Short waits, and far apart: what a hive waited can be told from how long a start takes.
QUICK = {"base_seconds": 0.1, "factor": 3.0, "cap_seconds": 0.6, "jitter_fraction": 0.1, "stable_seconds": 0.3, "max_restarts": 4}
STEEP = QUICK | {"base_seconds": 0.2, "factor": 15.0, "cap_seconds": 10.0}
# The server runs in a session of its own behind a shell, and has no pipe to its hive.
WRAPPER = 'setsid "$@" </dev/null & wait'
# Neither the shell nor the server it leads heeds a SIGTERM to their group.
DEAF_WRAPPER = 'trap "" TERM; "$@" </dev/null & wait'
GRACE_SECONDS = 1.0
WORKER = ("{python}", "-m", "services.worker")
SETS = ("name={id}", "host={host}", "port={port}", "models={models}", "data_dir={data_dir}", "simulate_header=true")
ARGS = [part for each in SETS for part in ("--set", each)]

KINDS: dict[str, dict[str, Any]] = {
    "that crash at once": {"restart": QUICK, "backend": {"command": ["sh", "-c", "exit 3"], "args": []}},
    "that never answer": {
        "restart": QUICK | {"max_restarts": 1},
        "start_deadline_seconds": 0.4,
        "stop_grace_seconds": 1.0,
        "backend": {"command": ["sleep", "60"], "args": []},
    },
    "that can be killed": {"restart": STEEP},
    "that must not stand still": {
        "restart": QUICK,
        "hang_restart_seconds": 0.5,
        "probe_interval_seconds": 0.2,
        "probe_timeout_seconds": 0.3,
        "stop_grace_seconds": 0.3,
        "backend": {"env": {"WORKER_TOKEN": "{token}", "WORKER_SIMULATE_HEADER": "true", "WORKER_MAX_NUM_SEQS": "1"}},
    },
    "that ignore SIGTERM": {
        "restart": QUICK,
        "stop_grace_seconds": GRACE_SECONDS,
        "backend": {"command": ["sh", "-c", DEAF_WRAPPER, "sh", *WORKER], "args": [*ARGS, "--set", "ignore_sigterm=true"]},
    },
    "behind a wrapper": {"restart": QUICK, "backend": {"command": ["sh", "-c", WRAPPER, "sh", *WORKER], "args": ARGS}},
}


@dataclass
class Restarts:
    """Rows of `KINDS` say in words what a hive's workers are like; `serving` are the processes that served as a worker at first."""

    stack: Stack
    history: History
    nodes: Nodes
    workers: Workers
    checker: Checker
    serving: dict[str, list[int]] = field(default_factory=dict)

    def join_hive(self, hive: str, kind: str) -> None:
        """A hive joins whose workers are of this kind."""
        self.history.act(hive, "joined")  # its log may begin with the lines of an earlier guest of this name
        self.nodes.join_hive(hive, KINDS[kind])

    def serve(self, worker: str, model: str | None, hive: str) -> None:
        """A worker was started on a hive and is registered; without a model it has none."""
        if model:
            self.workers.start(worker, model, hive)
        else:
            self.stack.hives[hive].start_worker(worker, [])
        self.await_alive(worker, hive)
        self.serving[worker] = self._serving(worker, hive)

    def await_alive(self, worker: str, hive: str) -> None:
        """Return when a worker is alive and registered."""
        within = self.stack.timeouts.restart
        state: Callable[[], Any] = lambda: self.stack.hives[hive].health()["workers"].get(worker, {}).get("state")  # noqa: E731
        eventually(state, within=within, what=f"{worker} alive at {hive}", until=lambda seen: seen == "alive")
        eventually(lambda: worker in self.stack.registry.workers(), within=within, what=f"{worker} registered")

    def outlast(self, worker: str, hive: str) -> None:
        """Return when the incarnation after the one last acted on has been alive for longer than its hive's stable time."""
        old = max((event.data.get("epoch") or 0 for event in self.history.acts(worker)), default=0)
        within = self.stack.timeouts.restart
        epoch: Callable[[], int] = lambda: int(self.stack.registry.workers().get(worker, {}).get("epoch", 0))  # noqa: E731
        eventually(epoch, within=within, what=f"{worker} registered with an epoch above {old}", until=lambda seen: seen > old)
        self.await_alive(worker, hive)
        alive_at = time.monotonic()
        stable = float(STEEP["stable_seconds"])
        eventually(lambda: time.monotonic() - alive_at > stable, within=stable + 1, what=f"{worker} alive for {stable:g} s")

    def reset(self, worker: str, hive: str) -> None:
        reply = self.stack.hives[hive].reset_worker(worker)
        assert reply.status == 202, f"expected: {hive} resets {worker}\nactual: {reply.status} {reply.body}"

    def must_have_backed_off(self, worker: str, hive: str, count: int) -> None:
        """The hive's log shows `count` restarts of a worker, each after a longer wait, up to the cap."""
        self._must_have_waited(worker, hive, QUICK, count)

    def must_have_started_over(self, worker: str, hive: str, count: int) -> None:
        """The hive's log shows `count` restarts of a worker, each after the shortest wait: none counted as the second in a row."""
        self._must_have_waited(worker, hive, STEEP | {"factor": 1.0}, count)

    def must_have_restarted(self, selector: str, hive: str, at_least: int, within: float) -> None:
        """The hive counts so many restarts of a worker, or more."""
        worker = self.workers.called(selector)

        def restarts() -> int:
            return int((self.stack.hives[hive].worker(worker) or {}).get("restarts", 0))

        must_eventually(restarts, within=within, what=f"{at_least} restarts of {worker}", until=lambda seen: seen >= at_least)

    def must_not_have_restarted(self, worker: str, hive: str) -> None:
        view = self.stack.hives[hive].worker(worker) or {}
        actual = view.get("restarts"), view.get("state"), view.get("last_exit")
        assert actual == (0, "alive", None), f"expected: {worker} alive and never restarted\nactual: {actual}"

    def must_have_no_models(self, worker: str) -> None:
        entry = self.stack.registry.workers().get(worker, {})
        actual = entry.get("status"), entry.get("models")
        assert actual == ("online", []), f"expected: {worker} online without models\nactual: {actual}"

    def must_run_once(self, worker: str, hive: str) -> None:
        """One process serves as this worker, its wrapper not counted, and it is not the one that served before."""
        now, before = self._serving(worker, hive), self.serving[worker]
        assert len(now) == 1 and not set(now) & set(before), (
            f"expected: one new process that serves as {worker}\nactual: {now}, before {before}"
        )

    def must_tell(self, worker: str, hive: str, words: str) -> None:
        """The hive says why the worker ended, in words a person can act on."""
        view = self.stack.hives[hive].worker(worker) or {}
        assert words in str(view.get("last_exit")), f"expected: {hive} says {words!r} of {worker}\nactual: {view}"

    def _serving(self, worker: str, hive: str) -> list[int]:
        commands = {process.pid: process.command.split() for process in self.stack.nodes[hive].processes()}
        return [pid for pid, command in commands.items() if f"name={worker}" in command and not command[0].endswith("sh")]

    def _must_have_waited(self, worker: str, hive: str, policy: dict[str, Any], count: int) -> None:
        numbers = {field: policy[field] for field in ("base_seconds", "factor", "cap_seconds", "jitter_fraction")}
        span = LogSpan(hive, ("worker", worker), begin="worker_exited", end="worker_started")
        lag = self.stack.timeouts.restart_lag
        self.checker.must(growing_waits, span=span, backoff=Backoff(**numbers), count=count, lag_seconds=lag)
