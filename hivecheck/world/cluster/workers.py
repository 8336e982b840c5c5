"""The workers, as somebody sees them who can look into hives, registry and processes, and who can hurt them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import ConditionTimeoutError, InconclusiveError, Reason
from hivecheck.history import History
from hivecheck.measurement.recovery import LOAD
from hivecheck.stack.stack import Stack
from hivecheck.waiting import consistently, eventually, must_eventually
from hivecheck.world.checker import Checker
from hivecheck.world.requests.chats import CLIENT

SERVING = "the worker serving the request"
THAT = "that worker"


@dataclass
class Workers:
    """Selectors: a worker's id, `the worker serving the request` (of the client spoken of last), `that worker` (the one last acted on)."""

    stack: Stack
    history: History
    checker: Checker
    noted_epochs: dict[str, int] = field(default_factory=dict)

    def called(self, selector: str) -> str:
        """The worker's id. Raises InconclusiveError when nothing fits the selector."""
        if selector == THAT:
            acts = [event for event in self.history.acts() if event.data.get("is_worker")]
            if not acts:
                raise InconclusiveError("'that worker' was said before anything was done to a worker")
            return acts[-1].node
        if selector == SERVING:
            self.checker.observe()
            ended = {(line.node, line.data["n"], line.data["pid"]) for line in self.history.journal("end")}
            open_now = [line for line in self.history.journal("arrival") if (line.node, line.data["n"], line.data["pid"]) not in ended]
            # Of a steady load there is always some request somewhere: a scenario means the one that it sent itself.
            open_now = [line for line in open_now if not str(line.data.get("request_id")).startswith(LOAD)]
            if not open_now:
                raise InconclusiveError("No worker is serving a request: its journal shows no arrival without an end.")
            # Traffic in the background is not meant where a client was said to wait or to stream.
            named = [event.data["request_id"] for event in self.history.acts(CLIENT)]
            return max(reversed(open_now), key=lambda line: _place(line.data["request_id"], named)).node
        return selector

    def start(self, worker: str, model: str, hive: str, load_seconds: float = 0.0) -> None:
        """Have a hive start a worker; returns before it is ready."""
        args = ["--set", f"startup_seconds={load_seconds}"] if load_seconds else []
        self.stack.hives[hive].start_worker(worker, [model], args)
        self._acted(worker, "started")

    def remove(self, worker: str, hive: str) -> None:
        reply = self.stack.hives[hive].remove_worker(worker)
        assert reply.status == 200, f"expected: {hive} removes {worker}\nactual: {reply.status} {reply.body}"
        self._acted(worker, "removed")

    def serve_and_leave(self, worker: str, model: str, hive: str) -> None:
        """A worker was there, could be routed to, and is gone."""
        within = self.stack.timeouts.restart
        self.start(worker, model, hive)
        eventually(lambda: self._is_routable(worker), within=within, what=f"{worker} routable")
        self.stack.hives[hive].remove_worker(worker)
        eventually(lambda: not self._is_routable(worker), within=within, what=f"{worker} out of routing")

    def kill(self, selector: str) -> None:
        """SIGKILL, and proof that it bit: the process is gone."""
        self._inject(selector, signal.SIGKILL, "killed", lambda states, pid: pid not in states or states[pid] == "Z")

    def pause(self, selector: str) -> None:
        """SIGSTOP, and proof that it bit: the kernel shows the process as stopped."""
        self._inject(selector, signal.SIGSTOP, "paused", lambda states, pid: states.get(pid) == "T")

    def resume(self, selector: str) -> None:
        """SIGCONT, and proof: the process is stopped no longer."""
        self._inject(selector, signal.SIGCONT, "resumed", lambda states, pid: states.get(pid, "T") != "T")

    def note_epoch(self, worker: str) -> None:
        self.noted_epochs[worker] = self.stack.registry.workers()[worker]["epoch"]

    def must_be_listed(self, selector: str, within: float) -> None:
        worker = self.called(selector)
        must_eventually(
            self.stack.registry.workers, within=within, what=f"the registry lists {worker}", until=lambda listed: worker in listed
        )

    def must_be_routable(self, selector: str, within: float) -> None:
        worker = self.called(selector)
        must_eventually(lambda: self._is_routable(worker), within=within, what=f"{worker} routable at the orchestrator")

    def must_leave_registry(self, selector: str, within: float) -> None:
        """Out of the registry's list, counted from when it was acted on; a later incarnation is another one."""
        worker = self.called(selector)
        epoch = self._last_act(worker).get("epoch")
        must_eventually(
            self.stack.registry.workers,
            within=self._left(worker, within),
            what=f"the registry lists {worker} (epoch {epoch}) no longer",
            until=lambda listed: worker not in listed or (epoch is not None and listed[worker]["epoch"] != epoch),
        )

    def must_leave_routing(self, selector: str, within: float) -> None:
        """Out of the orchestrator's routable workers, counted from when it was acted on."""
        worker = self.called(selector)
        epoch = self._last_act(worker).get("epoch")

        def routed() -> list[int]:
            shown = self.stack.orchestrator.worker(worker)
            return [shown["epoch"]] if shown and shown["status"] == "online" and shown["state"] == "ready" else []

        must_eventually(
            routed,
            within=self._left(worker, within),
            what=f"{worker} (epoch {epoch}) is out of routing",
            until=lambda seen: epoch not in seen,
        )

    def must_stay_in_routing(self, selector: str, until: Callable[[], bool], longer_than: float) -> None:
        """Among the orchestrator's routable workers at every look until then. Proves nothing if that did not take long enough."""
        worker, start = self.called(selector), time.monotonic()

        def look() -> bool:
            seconds = time.monotonic() - start
            assert self._is_routable(worker), f"expected: {worker} in routing all the while\nactual: out of it after {seconds:.2f} s"
            return until()

        eventually(look, within=self.stack.timeouts.request, what="the end of what goes on")
        if (took := time.monotonic() - start) <= longer_than:
            raise InconclusiveError(f"expected: something that goes on for more than {longer_than:g} s\nactual: {took:.2f} s")

    def must_be_in_state(self, hive: str, worker: str, state: str, within: float = 0.0) -> None:
        """The hive's health shows this worker in that state."""

        def seen() -> Any:
            return self.stack.hives[hive].health()["workers"].get(worker, {}).get("state")

        must_eventually(seen, within=within, what=f"{hive} reports {worker} as {state}", until=lambda shown: shown == state)

    def must_show(self, worker: str, model: str) -> None:
        """The registry shows it online, with this one model and an epoch nobody else has."""
        listed = self.stack.registry.workers()
        entry = listed.get(worker)
        assert entry, f"expected: {worker} in the registry\nactual: {sorted(listed)}"
        assert (entry["status"], entry["models"]) == ("online", [model]), f"expected: {worker} online with {model}\nactual: {entry}"
        epochs = [other["epoch"] for name, other in listed.items() if name != worker]
        assert entry["epoch"] > 0 and entry["epoch"] not in epochs, (
            f"expected: an epoch of its own for {worker}\nactual: {entry['epoch']} of {epochs}"
        )

    def must_beat(self, worker: str, times: int, within: float) -> None:
        """`times` heartbeats in a row move its time forward, each within the budget."""

        def beat() -> float:
            return float(self.stack.registry.workers()[worker]["last_heartbeat_at"])

        for _ in range(times):
            last = beat()
            must_eventually(beat, within=within, what=f"a heartbeat of {worker} after {last}", until=last.__lt__)

    def must_run(self, worker: str, requests: int, within: float) -> None:
        """The registry's metrics of a worker, as they came with its heartbeat, show so many requests running."""

        def running() -> Any:
            return self.stack.registry.workers()[worker]["metrics"].get("running")

        must_eventually(
            running, within=within, what=f"the registry shows {requests} running at {worker}", until=lambda value: value == requests
        )

    def must_be_offline(self, worker: str, within: float) -> None:
        """The registry still knows the worker, as offline."""

        def status() -> Any:
            return self.stack.registry.services("worker", status="all").get(worker, {}).get("status")

        must_eventually(
            status, within=self._left(worker, within), what=f"{worker} offline in the registry", until=lambda value: value == "offline"
        )

    def must_be_offline_in_status(self, worker: str, within: float) -> None:
        def status() -> Any:
            return (self.stack.orchestrator.worker(worker) or {}).get("status")

        left = self._left(worker, within)
        must_eventually(status, within=left, what=f"{worker} offline in the status API", until=lambda value: value == "offline")

    def must_have_newer_epoch(self, worker: str, within: float) -> None:
        """The worker is registered again, as a later incarnation than the noted one."""
        noted = self.noted_epochs[worker]

        def epoch() -> int:
            return int(self.stack.registry.workers().get(worker, {}).get("epoch", 0))

        must_eventually(epoch, within=within, what=f"{worker} registered with an epoch above {noted}", until=lambda value: value > noted)

    def must_refuse_old_heartbeat(self, worker: str) -> None:
        reply = self.stack.registry.heartbeat(worker, self.noted_epochs[worker])
        assert reply.status == 409, f"expected: 409 for a heartbeat of the old epoch\nactual: {reply.status} {reply.body}"

    def must_refuse_old_removal(self, worker: str) -> None:
        """Refused, and without effect: the new incarnation is still there, several looks in a row."""
        reply = self.stack.registry.deregister(worker, self.noted_epochs[worker])
        assert reply.status == 409, f"expected: 409 for a removal by the old epoch\nactual: {reply.status} {reply.body}"
        consistently(lambda: worker in self.stack.registry.workers(), times=3, what=f"{worker} still registered")

    def must_be_idle(self, within: float) -> None:
        """Neither the orchestrator nor any hive counts a request as under way, and no worker works."""
        must_eventually(self._work_anywhere, within=within, what="no work in hand", until=lambda busy: busy is None)

    def _work_anywhere(self) -> str | None:
        running = {name: entry["metrics"].get("running", 0) for name, entry in self.stack.registry.workers().items()}
        busy = {name: count for name, count in running.items() if count}
        return self.stack.work_in_hand() or (f"running at workers: {busy}" if busy else None)

    def _is_routable(self, worker: str) -> bool:
        shown = self.stack.orchestrator.worker(worker)
        return bool(shown and shown["status"] == "online")

    def _inject(self, selector: str, number: signal.Signals, what: str, has_effect: Callable[[dict[int, str], int], bool]) -> None:
        worker = self.called(selector)
        node, pid = self.stack.node_of(worker)
        epoch = self.stack.registry.services("worker", status="all").get(worker, {}).get("epoch")
        node.signal(number, pid)
        self._acted(worker, what, epoch=epoch)
        try:
            eventually(lambda: has_effect({view.pid: view.state for view in node.processes()}, pid), within=1.0, what=f"{worker} {what}")
        except ConditionTimeoutError as error:
            raise InconclusiveError(f"{number.name} to {worker} had no effect: {error}", reason=Reason.NO_EFFECT) from None

    def _acted(self, worker: str, what: str, **data: Any) -> None:
        self.history.act(worker, what, is_worker=True, **data)

    def _last_act(self, worker: str) -> dict[str, Any]:
        acts = [event for event in self.history.acts(worker) if event.data.get("is_worker")]
        return dict(acts[-1].data) if acts else {}

    def _left(self, worker: str, within: float) -> float:
        """What is left of a budget that began when the worker was last acted on."""
        acts = self.history.acts(worker)
        waited = time.monotonic() - acts[-1].at if acts else 0.0
        if waited > within:
            raise InconclusiveError(
                f"expected: a look at {worker} within {within:g} s of what was done to it\nactual: the first look came after {waited:.2f} s"
            )
        return within - waited


def _place(request_id: str, named: list[str]) -> int:
    return named.index(request_id) if request_id in named else -1
