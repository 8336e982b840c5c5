"""The hive's record of one worker: its state, models, load and relayed requests. It starts no action by itself."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from yarl import URL

from services import logs, wire

log = logging.getLogger("services.hive.worker")


@dataclass(frozen=True)
class Load:
    """The load that a worker reports: running requests and queued requests. `measured_at` is monotonic, in seconds."""

    running: float = 0.0
    waiting: float = 0.0
    measured_at: float | None = None

    def age_seconds(self, now: float) -> float:
        """The time since the measurement. A load that was never measured is 0 now."""
        return 0.0 if self.measured_at is None else now - self.measured_at


@dataclass
class Worker:
    """`base` is the hive's URL of the worker, and `url` the URL for others. `declared` are the configured models."""

    id: str
    base: URL
    url: str
    is_managed: bool
    on_change: Callable[[], None]
    declared: tuple[str, ...] = ()
    state: wire.WorkerState = "starting"
    models: tuple[str, ...] = ()
    epoch: int = 0
    pid: int | None = None
    restarts: int = 0
    last_exit: str | None = None
    load: Load = Load()
    in_flight: int = 0
    last_used: float = 0.0
    last_byte: float = 0.0
    first_alive: float | None = None
    origin: str = field(init=False)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.origin = str(self.base.origin())  # A string, because every relayed request appends its path to it.

    def become(self, state: wire.WorkerState, reason: str = "") -> None:
        """Change the state and notify the hive. `draining` is final."""
        if state == self.state or self.state == "draining":  # A probe that ends during the drain must not revive the worker.
            return
        level = logging.WARNING if state in ("dead", "hung", "fatal") else logging.INFO
        logs.event(log, "worker_state", level=level, worker=self.id, state=state, before=self.state, reason=reason, pid=self.pid)
        self.state = state
        self.on_change()

    @property
    def is_draining(self) -> bool:
        return self.state == "draining"

    def begin(self) -> None:
        """Begin a new incarnation with a new epoch and without models."""
        self.epoch = time.time_ns()
        self.models = ()
        self.load = Load()
        self.become("starting")

    def answer(self, models: tuple[str, ...]) -> None:
        """Record the models that the worker reported. It is alive now."""
        self.models = models
        self.first_alive = self.first_alive or time.time()
        self.become("alive")

    @contextmanager
    def relaying(self) -> Iterator[None]:
        """Counts one relayed request until it ends in any way."""
        self.in_flight += 1
        self.last_used = time.monotonic()
        try:
            yield
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def wait_idle(self, seconds: float) -> None:
        """Return when no relayed request is in flight, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while self.in_flight:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            logs.event(log, "drain_deadline", level=logging.WARNING, worker=self.id, in_flight=self.in_flight)

    def serves(self, model: str) -> bool:
        return model in self.models

    def view(self) -> wire.WorkerView:
        return wire.WorkerView(
            id=self.id,
            url=self.url,
            managed=self.is_managed,
            state=self.state,
            models=self.models or self.declared,
            pid=self.pid,
            port=self.base.port or 0,
            restarts=self.restarts,
            in_flight=self.in_flight,
            last_exit=self.last_exit,
        )
