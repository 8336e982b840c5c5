"""A load whose rate nobody's slowness changes: each request is sent when its schedule says so, whatever became of those before it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import time
import uuid
from dataclasses import dataclass, field

from hivecheck.clients.openai_api import OpenAIClient, PendingRequest, Request
from hivecheck.errors import ConditionTimeoutError, InconclusiveError, UsageError
from hivecheck.history import Event, History
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import LEAST_BASELINE, LOAD, OBJECTIVE, measure
from hivecheck.stack.secrets import Secrets
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually
from hivecheck.world.requests.chats import BODIES, CHAT
from hivecheck.world.requests.credentials import credential

# Work that takes longer than anything this machine does besides: the baseline is the worker's time, not the processor's.
PACE = "ttft=0.08;itl=0.01"
TOKENS = 4
LONGEST_SECONDS = 60.0
MOST_UNDER_WAY = 500
BASELINE_WINDOWS, WHILE_WINDOWS = 1.0, 1.5  # of the recovery objective; a while has room for a whole window wherever it begins
LEAVING_SECONDS = 5.0
LOOK_SECONDS = 0.2  # a look reckons with the whole history


@dataclass
class Load:
    """Streamed and unary chats in turn, at one rate, until it is ended. `unsent` were due when too many were under way."""

    gateway: OpenAIClient
    secrets: Secrets
    history: History
    timeouts: Timeouts
    loop: LoopThread
    calls: list[PendingRequest] = field(default_factory=list)
    unsent: int = 0
    _model: str = ""
    _rate: float = 0.0
    _pace: str = PACE
    _is_over: bool = False
    _schedule: concurrent.futures.Future[None] | None = None

    def begin(self, model: str, rate_per_second: float, pace: str = PACE) -> None:
        """Returns when a baseline has been taken: so many were answered that what comes later can be compared with them.

        `pace` is what each request asks of the simulator; empty for the workers' own.
        """
        if self._schedule:
            raise UsageError("expected: one steady load in a scenario\nactual: a second one")
        self._model, self._rate, self._pace = model, rate_per_second, pace
        self._note("began", rate_per_second=rate_per_second)
        self._schedule = self.loop.start(self._keep_schedule())
        self._await_more(BASELINE_WINDOWS)

    def go_on(self) -> None:
        """Return when so many more, begun from now on, have come to their end that one can see how it goes."""
        self._await_more(WHILE_WINDOWS)

    def go_on_until_recovered(self) -> None:
        """Return when it is back to normal, or when that has taken longer than it may: a check says which."""
        within = self.timeouts.recovery + 2 * OBJECTIVE.window_seconds
        with contextlib.suppress(ConditionTimeoutError):
            eventually(self._is_recovered, within=within, what="the load is back to normal", every=LOOK_SECONDS)

    def end(self) -> None:
        """Nothing more is sent; what is under way comes to its end."""
        if self._is_over:
            return
        self._stop()
        eventually(self._have_ended, within=self.timeouts.request + 1, what="every request of the load ended")
        self._note("ended", scheduled=len(self.calls) + self.unsent, unsent=self.unsent)

    def leave(self) -> None:
        """For the end of a scenario: nothing more is sent, and whoever still waits goes away."""
        if self._is_over or not self._schedule:
            return
        self._stop()
        for call in self.calls:
            if not call.is_done:
                call.leave()
        with contextlib.suppress(ConditionTimeoutError):
            eventually(self._have_ended, within=LEAVING_SECONDS, what="every client of the load gone")
        self._note("ended", scheduled=len(self.calls) + self.unsent, unsent=self.unsent)

    def _is_recovered(self) -> bool:
        """By what is known so far: everything before the first request that is still under way."""
        open_since = [call.operation.intended_at or 0.0 for call in self.calls if not call.is_done]
        try:
            return measure(self.history, until=min(open_since, default=time.monotonic())).recover is not None
        except InconclusiveError:
            return False

    def _await_more(self, windows: float) -> None:
        """That many windows of the load, and no fewer requests than a baseline takes."""
        before, more = len(self.calls), max(math.ceil(self._rate * windows * OBJECTIVE.window_seconds), LEAST_BASELINE)
        within = self.timeouts.request + more / self._rate

        def have_ended() -> bool:
            fresh = self.calls[before : before + more]
            return len(fresh) == more and all(call.is_done for call in fresh)

        eventually(have_ended, within=within, what=f"{more} more requests of the load ended")

    def _have_ended(self) -> bool:
        return all(call.is_done for call in self.calls)

    def _stop(self) -> None:
        self._is_over = True
        if self._schedule:
            self._schedule.result(LEAVING_SECONDS)

    async def _keep_schedule(self) -> None:
        """Each is sent when it is due; one that is late is sent at once, and its time counts from when it was due."""
        begun, number = time.monotonic(), 0
        while not self._is_over and (due := begun + number / self._rate) < begun + LONGEST_SECONDS:
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            if self._under_way() < MOST_UNDER_WAY:
                self.calls.append(self.gateway.start(self._request(number, due)))
            else:
                self.unsent += 1
            number += 1

    def _under_way(self) -> int:
        """Those of the last moments only: whoever is older is hardly under way, and the schedule must not wait for a long count."""
        return sum(not call.is_done for call in self.calls[-2 * MOST_UNDER_WAY :])

    def _request(self, number: int, due: float) -> Request:
        body = {"model": self._model, "messages": BODIES[CHAT]["messages"], "max_tokens": TOKENS}
        return Request(
            path=CHAT,
            model=self._model,
            body=body | ({"stream": True} if number % 2 else {}),
            key=credential("a valid key", self.secrets),
            headers={"X-Request-Id": f"{LOAD}-{uuid.uuid4().hex[:12]}", **({"X-Simulate": self._pace} if self._pace else {})},
            purpose=LOAD,
            intended_at=due,
        )

    def _note(self, what: str, **data: float) -> None:
        self.history.record(Event(time.monotonic(), "load", self._model, {"what": what, **data}))
