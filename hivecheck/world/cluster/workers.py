"""The workers of a stack: started, removed, and their state in the hives, the registry and the gateway's routing."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.control import ControlClient, Reply
from hivecheck.clients.exposition import parse
from hivecheck.errors import InconclusiveError
from hivecheck.history import History
from hivecheck.measurement.recovery import LOAD
from hivecheck.stack.stack import Stack
from hivecheck.waiting import consistently, eventually, eventually_all, must_eventually
from hivecheck.wording import figures, listed
from hivecheck.world.checker import Checker
from hivecheck.world.requests.chats import CLIENT

SERVING = "the worker serving the request"
THAT = "that worker"
EVERY_WORKER_OF = "every worker of "
REGISTRY_VIEW, STATUS_VIEW = "the registry", "the status API"
OFFLINE = "offline"
NEW_WORKERS = re.compile(r"(\d+) of the new workers")
LOOKS = 3
# Gauges that are 0 in an idle stack.
BUSY_GAUGES = frozenset(
    (
        "gateway_in_flight",
        "gateway_pool_in_use",
        "gateway_pool_waiting",
        "hive_in_flight",
        "vllm:num_requests_running",
        "vllm:num_requests_waiting",
    )
)
CLOCK_SKEW_SECONDS = 5.0  # A node may run on another machine.


@dataclass
class Workers:
    """A selector is a worker's id, `SERVING` (of the last client that a step named) or `THAT` (the last worker that a step changed).

    `joined` are the workers that `start_many` started, oldest first, without those that were removed again (`left`).
    """

    stack: Stack
    history: History
    checker: Checker
    noted_epochs: dict[str, int] = field(default_factory=dict)
    registered_at: dict[str, float] = field(default_factory=dict)
    noted_views: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def called(self, selector: str) -> str:
        """The worker's id. Raises InconclusiveError when nothing fits the selector."""
        if selector == THAT:
            acts = [event for event in self.history.acts() if event.data.get("is_worker")]
            if not acts:
                raise InconclusiveError("expected: an earlier step that changes a worker, for 'that worker'\nactual: none")
            return acts[-1].node
        return self._serving() if selector == SERVING else selector

    def start(self, worker: str, models: Sequence[str], hive: str, *, load_seconds: float = 0.0, settings: Sequence[str] = ()) -> None:
        """A hive starts a worker. Returns before the worker is ready."""
        own = [*settings, *([f"startup_seconds={load_seconds}"] if load_seconds else [])]
        args = [word for setting in own for word in ("--set", setting)]
        self.stack.hives[hive].start_worker(worker, list(models), args)
        self.acted(worker, "started")

    def start_many(self, count: int, model: str, hive: str) -> None:
        """A hive starts workers at the same time. Returns when each one is routable."""
        first = len(self.joined) + len(self.left) + 1
        # A name is never used twice in a scenario: a worker that left stays in `left` and must not appear again.
        fresh = [f"worker-new-{number}" for number in range(first, first + count)]
        _at_once(lambda name: self.start(name, [model], hive), fresh)
        self.joined += fresh
        what = "every new worker routable"
        eventually_all(fresh, self.is_routable, within=self.stack.timeouts.restart, what=what, otherwise=AssertionError)

    def remove(self, workers: str, hive: str) -> None:
        """A hive drains and stops a worker, or at the same time as many of the oldest `joined` ones as `NEW_WORKERS` counts."""
        if new := NEW_WORKERS.fullmatch(workers):
            count = int(new[1])
            removed, self.joined = self.joined[:count], self.joined[count:]
            _at_once(lambda name: self.remove(name, hive), removed)
            self.left += removed
            return
        reply = self.stack.hives[hive].remove_worker(workers)
        assert reply.status == 200, f"expected: {hive} removes {workers}\nactual: {reply.sentence()}"
        self.acted(workers, "removed")

    def note_epoch(self, worker: str) -> None:
        """The worker's epoch in the registry now, and the time of its registration."""
        entry = self.stack.registry.workers()[worker]
        self.noted_epochs[worker], self.registered_at[worker] = entry["epoch"], entry["registered_at"]

    def note_workers(self, hive: str) -> None:
        """The workers of a hive as it reports them now, with their epochs."""
        registered, views = self.stack.registry.workers(), self.stack.hives[hive].workers()
        self.noted_epochs |= {name: registered[name]["epoch"] for name in views}
        self.noted_views[hive] = views

    def is_routable(self, worker: str) -> bool:
        """Whether the gateway sends requests to the worker now."""
        return self.stack.orchestrator.is_routable(worker)

    def must_be_routable(self, selector: str, within: float) -> None:
        """The gateway sends requests to the worker."""
        worker = self.called(selector)
        must_eventually(lambda: self.is_routable(worker), within=within, what=f"{worker} routable")

    def must_leave_routing(self, selector: str, within: float) -> None:
        """The incarnation that was acted on last is not routable. The budget counts from that act."""
        worker = self.called(selector)
        epoch = self._last_act(worker).get("epoch") or None
        left = self._left(worker, within)
        must_eventually(
            lambda: self.stack.orchestrator.is_routable(worker, epoch),
            within=left,
            what=f"{worker} (epoch {epoch}) not routable",
            until=lambda routable: not routable,
        )

    def must_leave_registry(self, selector: str, within: float) -> None:
        """The registry does not list the incarnation that was acted on last. The budget counts from that act."""
        worker = self.called(selector)
        epoch = self._last_act(worker).get("epoch")
        must_eventually(
            self.stack.registry.workers,
            within=self._left(worker, within),
            what=f"the registry without {worker} (epoch {epoch})",
            until=lambda listed: worker not in listed or (epoch is not None and listed[worker]["epoch"] != epoch),
        )

    def must_stay_routable(self, selector: str, until: Callable[[], bool], longer_than: float) -> None:
        """Routable at every look until then. Inconclusive when that took too little time to prove anything."""
        worker, start = self.called(selector), time.monotonic()

        def look() -> bool:
            seconds = time.monotonic() - start
            assert self.is_routable(worker), f"expected: {worker} routable all the time\nactual: not routable after {seconds:.2f} s"
            return until()

        eventually(look, within=self.stack.timeouts.request, what="the end of every stream")
        # A stream shorter than the detection time ends before a false ejection could show.
        if (took := time.monotonic() - start) <= longer_than:
            raise InconclusiveError(f"expected: streams that run for more than {longer_than:g} s\nactual: {took:.2f} s")

    def must_have_status(self, selector: str, status: str, view: str, within: float) -> None:
        """A view reports this status of the worker. The budget of `OFFLINE` counts from the last act on the worker."""
        worker = self.called(selector)
        # Detection time counts from the harm, and a step may look later than that.
        left = self._left(worker, within) if status == OFFLINE else within
        looks: dict[str, Callable[[], Any]] = {
            REGISTRY_VIEW: lambda: self.stack.registry.services("worker", status="all").get(worker),
            STATUS_VIEW: lambda: self.stack.orchestrator.worker(worker),
        }

        def reported() -> Any:
            return (looks[view]() or {}).get("status")

        must_eventually(reported, within=left, what=f"{worker} {status} in {view}", until=lambda value: value == status)

    def must_be_in_state(self, hive: str, worker: str, state: str, within: float) -> None:
        """The hive's health report shows this worker in that state."""

        def reported() -> Any:
            return self.stack.hives[hive].health()["workers"].get(worker, {}).get("state")

        must_eventually(reported, within=within, what=f"{hive} reports {worker} as {state}", until=lambda value: value == state)

    def must_be_registered_with(self, worker: str, models: Sequence[str]) -> None:
        """The registry shows the worker online, with exactly these models and an epoch that no other worker has."""
        registered = self.stack.registry.workers()
        entry = registered.get(worker)
        assert entry, f"expected: {worker} in the registry\nactual: {listed(sorted(registered))}"
        actual = entry["status"], entry["models"]
        assert actual == ("online", list(models)), f"expected: {worker} online with models {listed(models)}\nactual: {figures(entry)}"
        # A deregistered worker is back with its next heartbeat, under the same epoch.
        if entry["epoch"] == self.noted_epochs.get(worker):
            noted = self.registered_at.get(worker, entry["registered_at"])
            assert entry["registered_at"] == noted, f"expected: {worker} registered since {noted}\nactual: {figures(entry)}"
        epochs = [other["epoch"] for name, other in registered.items() if name != worker]
        assert entry["epoch"] > 0 and entry["epoch"] not in epochs, (
            f"expected: an epoch of its own for {worker}\nactual: {entry['epoch']}; the others have {listed(epochs)}"
        )

    def must_send_heartbeats(self, worker: str, times: int, within: float) -> None:
        """So many heartbeats in a row arrive at the registry, each within the budget."""

        def last_heartbeat() -> float:
            return float(self.stack.registry.workers()[worker]["last_heartbeat_at"])

        for _ in range(times):
            last, since = last_heartbeat(), time.time()
            must_eventually(last_heartbeat, within=within, what=f"a heartbeat of {worker} after {last}", until=last.__lt__)
        # In a wrong unit or on another clock the time would grow as well.
        latest = last_heartbeat()
        assert since - CLOCK_SKEW_SECONDS <= latest <= time.time() + CLOCK_SKEW_SECONDS, (
            f"expected: a heartbeat of {worker} in seconds since 1970, {since:.1f} or later\nactual: {latest}"
        )

    def must_run(self, worker: str, requests: int, within: float) -> None:
        """The metrics of the last heartbeats count so many running requests of the worker, and of its hive those of all its workers."""

        def running() -> dict[str, Any]:
            services, view = self.stack.registry.services(), self.stack.orchestrator.worker(worker) or {"metrics": {}}
            own, hive = services[worker], services[services[worker]["hive"]]
            rest = sum(one["metrics"]["running"] for one in services.values() if one["hive"] == hive["id"] and one["id"] != worker)
            found = {REGISTRY_VIEW: own, STATUS_VIEW: view}
            return {name: one["metrics"].get("running") for name, one in found.items()} | {hive["id"]: hive["metrics"]["running"] - rest}

        what = f"requests running at {worker}: {requests}, in each view and in the sum of its hive"
        must_eventually(running, within=within, what=what, until=lambda views: set(views.values()) == {requests})

    def must_have_newer_epoch(self, workers: str, within: float) -> None:
        """Each of these workers is registered as a later incarnation than the noted one."""
        names = self.noted_views[workers.removeprefix(EVERY_WORKER_OF)] if workers.startswith(EVERY_WORKER_OF) else [workers]

        def old() -> list[str]:
            registered = self.stack.registry.workers()
            return [name for name in names if int(registered.get(name, {}).get("epoch", 0)) <= self.noted_epochs[name]]

        must_eventually(old, within=within, what=f"a newer epoch of {workers}", until=lambda found: not found)

    def must_run_on(self, names: Sequence[str]) -> None:
        """The journals of these nodes show no start since the scenario began."""
        self.checker.observe()
        started = [line.node for line in self.history.journal("started")]
        assert not set(started) & set(names), f"expected: {' and '.join(names)} run on\nactual: started again: {listed(started)}"

    def must_be_untouched(self, hive: str) -> None:
        """Every noted worker of the hive has the same process, state, restart count and epoch."""
        keys = ("pid", "restarts", "state")
        registered = self.stack.registry.workers()
        for name, before in self.noted_views[hive].items():
            now = self.stack.hives[hive].worker(name) or {}
            actual = {key: now.get(key) for key in keys} | {"epoch": registered.get(name, {}).get("epoch")}
            expected = {key: before[key] for key in keys} | {"epoch": self.noted_epochs[name]}
            assert actual == expected, f"expected: {name} unchanged, {figures(expected)}\nactual: {figures(actual)}"

    def must_refuse_old(self, call: str, worker: str) -> None:
        """The registry refuses a call with the noted epoch, and the worker stays registered."""
        registry, epoch = self.stack.registry, self.noted_epochs[worker]
        entry = registry.workers()[worker]
        again = {key: entry[key] for key in ("id", "kind", "url", "hive", "models")} | {"epoch": epoch}
        calls: dict[str, Callable[[], Reply]] = {
            "heartbeat": lambda: registry.heartbeat(worker, epoch),
            "registration": lambda: registry.register(again),
            "deregistration": lambda: registry.deregister(worker, epoch),
        }
        reply = calls[call]()
        assert reply.status == 409, f"expected: 409 for a {call} with the old epoch\nactual: {reply.sentence()}"
        consistently(lambda: worker in self.stack.registry.workers(), times=LOOKS, what=f"{worker} still registered")

    def must_be_idle(self, within: float) -> None:
        """The gateway and the hives count no request in flight, and no worker reports a running or a waiting request."""
        must_eventually(self._work_anywhere, within=within, what="no request in flight", until=lambda busy: busy is None)

    def must_agree(self, within: float) -> None:
        """Each declared or new worker is one process, and hives, registry and routing list exactly these workers."""
        expected = Counter([*self.stack.topology.workers(), *self.joined])
        known = [*expected, *self.left]
        places: dict[str, Callable[[], Counter[str]]] = {
            "as a process": self._processes,
            "at its hive": lambda: Counter(name for hive in self.stack.hives.values() for name in hive.workers()),
            "in the registry": lambda: Counter(list(self.stack.registry.workers())),
            "in routing": lambda: Counter(name for name in known if self.is_routable(name)),
        }
        for place, look in places.items():
            must_eventually(
                look, within=within, what=f"{listed(sorted(expected))} once each {place}", until=lambda found: found == expected
            )

    def acted(self, worker: str, what: str, **data: Any) -> None:
        """Record what a step did to a worker."""
        self.history.act(worker, what, is_worker=True, **data)

    def _serving(self) -> str:
        self.checker.observe()
        # With the pid, because a restarted worker numbers its requests from 1 again in the same journal.
        ended = {(line.node, line.data["n"], line.data["pid"]) for line in self.history.journal("end")}
        arrivals = self.history.journal("arrival")
        # The journal of a killed worker never ends a request that the gateway has meanwhile sent to another worker.
        newest = {line.data["request_id"]: line for line in arrivals}
        arrivals = [line for line in arrivals if newest[line.data["request_id"]] is line]
        open_now = [line for line in arrivals if (line.node, line.data["n"], line.data["pid"]) not in ended]
        # Some request of a steady load always runs somewhere. A scenario means the request that it sent itself.
        open_now = [line for line in open_now if not str(line.data.get("request_id")).startswith(LOAD)]
        if not open_now:
            raise InconclusiveError("expected: a worker that serves a request\nactual: no journal shows an arrival without an end")
        # Background requests are not meant where a step named a client that waits or streams.
        named = [event.data["request_id"] for event in self.history.acts(CLIENT)]
        return max(reversed(open_now), key=lambda line: _place(line.data["request_id"], named)).node

    def _work_anywhere(self) -> str | None:
        metrics = {name: entry["metrics"] for name, entry in self.stack.registry.workers().items()}
        running = {name: own.get("running", 0) + own.get("waiting", 0) for name, own in metrics.items()}
        busy = {name: count for name, count in running.items() if count}
        return self.stack.work_in_hand() or (f"running or waiting at workers: {figures(busy)}" if busy else None) or self._busy_gauges()

    def _busy_gauges(self) -> str | None:
        """The gauges of requests and connections in use that are not 0, by node. Each node counts for itself."""
        # A foreign gateway has metrics of its own.
        is_reference = self.stack.clients is not None and self.stack.clients.reference is not None
        services = ("hive", "worker", "orchestrator") if is_reference else ("hive", "worker")
        busy: dict[str, float] = {}
        for node in [node for node in self.stack.nodes.values() if node.service in services and node.is_running()]:
            with contextlib.closing(ControlClient(node.url, self.stack.secrets.token)) as client:
                page = parse(client.text("/metrics"))
            busy |= {f"{series.name} of {node.name}": series.value for series in page if series.name in BUSY_GAUGES and series.value}
        return f"gauges: {figures(busy)}" if busy else None

    def _processes(self) -> Counter[str]:
        """Processes by the worker that they serve as, on the nodes of all hives."""
        commands = [process.command for hive in self.stack.hives for process in self.stack.nodes[hive].processes()]
        names = [word.removeprefix("name=") for command in commands for word in command.split() if word.startswith("name=")]
        return Counter(names)

    def _last_act(self, worker: str) -> dict[str, Any]:
        acts = [event for event in self.history.acts(worker) if event.data.get("is_worker")]
        return dict(acts[-1].data) if acts else {}

    def _left(self, worker: str, within: float) -> float:
        """The rest of a budget that began with the last act on the worker."""
        acts = self.history.acts(worker)
        waited = time.monotonic() - acts[-1].at if acts else 0.0
        # A first look after the budget cannot tell an early change from a late one.
        if waited > within:
            raise InconclusiveError(
                f"expected: a look at {worker} within {within:g} s of the last act on it\nactual: the first look came after {waited:.2f} s"
            )
        return within - waited


def _at_once(act: Callable[[str], None], names: Sequence[str]) -> None:
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(act, names))


def _place(request_id: str, named: list[str]) -> int:
    return named.index(request_id) if request_id in named else -1
