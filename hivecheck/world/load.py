"""Steady load: one engine sends chats on an open-loop or a closed-loop schedule until the load ends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import ConditionTimeoutError, InconclusiveError, UsageError
from hivecheck.history import Event, History
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import LEAST_BASELINE, LOAD, OBJECTIVE, STRICT, measure
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually
from hivecheck.world.requests.chats import BODIES, CHAT, Chats
from hivecheck.world.requests.credentials import credential

# Longer than any other work on this machine takes, so the baseline measures the worker and not the processor.
PACE = "ttft=0.08;itl=0.01"
TOKENS = 4
LONGEST_SECONDS = 60.0
# A bound on the harness itself. A target that hangs would otherwise fill memory and descriptors of the load's own process.
MAX_IN_FLIGHT = 500
# In windows of the recovery objective. "A while" of 1.5 windows holds a whole window wherever it begins.
BASELINE_WINDOWS, WHILE_WINDOWS = 1.0, 1.5
LEAVING_SECONDS = 5.0
POLL_SECONDS = 0.2  # each poll evaluates the whole history
CLOSED_LOOP_REQUESTS = 10  # that a closed loop completes in "a while"
CLOSED_LOOP_PAUSE_SECONDS = 0.01


class Schedule(Protocol):
    """When the load sends its requests."""

    async def send_all(self, load: Load) -> None:
        """Send requests until the load is over."""

    def batch(self, windows: float) -> tuple[int, float]:
        """How many requests make up so many windows, and how many seconds it takes to send them."""


@dataclass(frozen=True)
class OpenLoop:
    """Requests at a fixed rate, independent of earlier responses. Streamed and unary chats alternate. Checks call them load requests."""

    rate_per_second: float
    longest_seconds: float = LONGEST_SECONDS

    async def send_all(self, load: Load) -> None:
        """Send each request when it is due. A late request is sent at once, and its time counts from when it was due."""
        # Due times come from the start, not from the last send. So one late request does not shift all later ones.
        begun, number = time.monotonic(), 0
        while not load.is_over and (due := begun + number / self.rate_per_second) < begun + self.longest_seconds:
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            load.send(number, due)
            number += 1

    def batch(self, windows: float) -> tuple[int, float]:
        count = max(math.ceil(self.rate_per_second * windows * OBJECTIVE.window_seconds), LEAST_BASELINE)
        return count, count / self.rate_per_second


@dataclass(frozen=True)
class ClosedLoop:
    """A fixed number of clients. Each sends its next chat after the response to its last one. Checks treat them as ordinary requests."""

    clients: int

    async def send_all(self, load: Load) -> None:
        """Keep one chat of each client in flight."""
        while not load.is_over:
            if load.in_flight() < self.clients:
                load.send_chat()
            await asyncio.sleep(CLOSED_LOOP_PAUSE_SECONDS)

    def batch(self, windows: float) -> tuple[int, float]:
        return CLOSED_LOOP_REQUESTS, 0.0


@dataclass
class Load:
    """The steady load of one scenario. `unsent` counts requests that were due while too many were in flight."""

    chats: Chats
    loop: LoopThread
    calls: list[PendingRequest] = field(default_factory=list)
    unsent: int = 0
    is_over: bool = False
    _model: str = ""
    _pace: str = PACE
    _schedule: Schedule | None = None
    _sending: concurrent.futures.Future[None] | None = None
    _recovery_deadline: float = 0.0  # of the monotonic clock; 0 as long as no step asks for a load that is back to normal

    @property
    def history(self) -> History:
        """The history of the scenario."""
        return self.chats.history

    @property
    def timeouts(self) -> Timeouts:
        """The time budgets of the run."""
        return self.chats.timeouts

    def begin(self, model: str, schedule: Schedule, pace: str = PACE) -> None:
        """Returns when a baseline exists: enough requests were answered to compare later ones with them.

        `pace` is the simulated work of each open-loop request. An empty pace leaves it to the workers' own settings.
        """
        if self._schedule:
            raise UsageError("expected: one steady load in a scenario\nactual: a second one")
        self._model, self._schedule, self._pace = model, schedule, pace
        self._begin()

    def begin_again(self) -> None:
        """After its end the load runs once more, on the same schedule. Returns when a new baseline exists."""
        if not self.is_over:
            raise UsageError("expected: a steady load that has ended\nactual: it runs, or none has begun")
        # A new list: everything that looks at the calls would take longer and longer in a load of hours.
        self.calls, self.unsent, self.is_over = [], 0, False
        self._begin()

    def go_on(self, until: str) -> None:
        """Returns when the named condition of `CONTINUATIONS` holds."""
        CONTINUATIONS[until](self)

    def go_on_for_a_while(self) -> None:
        """Returns when enough requests that are sent from now on have ended to show the effect of a change."""
        self._await_more(WHILE_WINDOWS)

    def go_on_until_recovered(self) -> None:
        """Returns when the load is back to normal, or when the time for it is over. A check tells the two apart."""
        self._recovery_deadline = time.monotonic() + self.timeouts.recovery + 2 * OBJECTIVE.window_seconds
        self._await_recovery()

    def end_once_recovered(self) -> None:
        """Ends when the load is back to normal, or when the time for it is over. A load that has ended stays as it is."""
        if not self.is_over:
            self.go_on_until_recovered()
        self.end()

    def end(self) -> None:
        """Sends nothing more and waits until every request in flight has ended.

        After `go_on_until_recovered` these last requests count too. If they are not back to normal, the load goes on within its time.
        """
        if self.is_over:
            return
        self._stop()
        # Only the end of the last requests tells whether the last window is good. A hiccup there needs later requests for a verdict.
        while time.monotonic() < self._recovery_deadline and not self._is_recovered_to_the_end():
            self._note("resumed")
            self.is_over = False
            self._start_sending()
            self._await_recovery(after=[call for call in self.calls if not call.is_done])
            self._stop()
        eventually(self._have_ended, within=self.timeouts.request + 1, what="every request of the load ended", every=0.002)
        self._note_end()

    def leave(self) -> None:
        """For the end of a scenario: sends nothing more and disconnects every request in flight."""
        if self.is_over or not self._schedule:
            return
        self._stop()
        for call in self.calls:
            if not call.is_done:
                call.leave()
        with contextlib.suppress(ConditionTimeoutError):
            eventually(self._have_ended, within=LEAVING_SECONDS, what="every request of the load disconnected")
        self._note_end()

    def send(self, number: int, due: float) -> None:
        """Send one load request of an open loop, or count it as unsent when too many are in flight."""
        if self.in_flight() < MAX_IN_FLIGHT:
            self.calls.append(self.chats.gateway.start(self._request(number, due)))
        else:
            self.unsent += 1

    def send_chat(self) -> None:
        """Send one ordinary chat of a closed loop."""
        self.calls.append(self.chats.start(self._model))

    def in_flight(self) -> int:
        """How many of the latest requests have not ended."""
        # The latest only: the schedule waits for this count, and a list of the whole scenario would make it later and later.
        return sum(not call.is_done for call in self.calls[-2 * MAX_IN_FLIGHT :])

    def answered(self) -> int:
        """How many load requests were answered in full so far."""
        return sum(operation.is_answered for operation in self.history.operations(LOAD))

    def end_of_schedule(self) -> str | None:
        """Why the load sends nothing more; None while it does."""
        return "the load has come to the end of its schedule" if self._sending is None or self._sending.done() else None

    def _is_recovered(self) -> bool:
        """Judges history up to the first request that is still in flight."""
        # Strictly: a load that ends after windows that are good only because the load itself was late gives no verdict.
        # A request in flight may still fail. A window that contains it has no verdict yet.
        open_since = [call.operation.intended_at or 0.0 for call in self.calls if not call.is_done]
        try:
            return measure(self.history, STRICT, until=min(open_since, default=time.monotonic())).recover is not None
        except InconclusiveError:
            return False

    def _await_recovery(self, after: Sequence[PendingRequest] = ()) -> None:
        """Wait until these requests have ended and the load is back to normal, or until its time is over."""
        left = max(0.0, self._recovery_deadline - time.monotonic())
        with contextlib.suppress(ConditionTimeoutError):
            eventually(
                lambda: all(call.is_done for call in after) and self._is_recovered(),
                within=left,
                what="the load is back to normal",
                every=POLL_SECONDS,
            )

    def _is_recovered_to_the_end(self) -> bool:
        """Judges the stopped load with its last requests. One that takes longer than a window is not back to normal."""
        with contextlib.suppress(ConditionTimeoutError):
            eventually(self._have_ended, within=OBJECTIVE.window_seconds, what="every request of the load ended", every=0.002)
        return self._have_ended() and self._is_recovered()

    def _await_more(self, windows: float) -> None:
        """Wait until the requests of that many windows, all sent from now on, have ended."""
        if self._schedule is None:
            raise UsageError("expected: a steady load that runs\nactual: none has begun\nnext: begin it in a Given")
        before, (more, seconds) = len(self.calls), self._schedule.batch(windows)

        def have_ended() -> bool:
            fresh = self.calls[before : before + more]
            return len(fresh) == more and all(call.is_done for call in fresh)

        eventually(have_ended, within=self.timeouts.request + seconds, what=f"{more} more requests of the load ended")

    def _have_ended(self) -> bool:
        return all(call.is_done for call in self.calls)

    def _begin(self) -> None:
        if isinstance(self._schedule, OpenLoop):
            self._note("began", rate_per_second=self._schedule.rate_per_second)
        self._start_sending()
        self._await_more(BASELINE_WINDOWS)

    def _start_sending(self) -> None:
        if self._schedule:
            self._sending = self.loop.start(self._schedule.send_all(self))

    def _stop(self) -> None:
        self.is_over = True
        if self._sending:
            self._sending.result(LEAVING_SECONDS)

    def _request(self, number: int, due: float) -> Request:
        body = {"model": self._model, "messages": BODIES[CHAT]["messages"], "max_tokens": TOKENS}
        return Request(
            path=CHAT,
            model=self._model,
            # Both kinds, because a fault can spare one: unary requests have no byte before their end and can all be retried.
            body=body | ({"stream": True} if number % 2 else {}),
            key=credential("a valid key", self.chats.secrets),
            headers={"X-Request-Id": f"{LOAD}-{uuid.uuid4().hex[:12]}", **({"X-Simulate": self._pace} if self._pace else {})},
            purpose=LOAD,
            intended_at=due,
        )

    def _note_end(self) -> None:
        if isinstance(self._schedule, OpenLoop):
            self._note("ended", scheduled=len(self.calls) + self.unsent, unsent=self.unsent)

    def _note(self, what: str, **data: float) -> None:
        self.history.record(Event(time.monotonic(), "load", self._model, {"what": what, **data}))


# Words in Gherkin -> how the load continues.
CONTINUATIONS: dict[str, Callable[[Load], None]] = {
    "for a while": Load.go_on_for_a_while,
    "until it is back to normal": Load.go_on_until_recovered,
}
