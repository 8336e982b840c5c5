"""Cycles of load, drain and idle. After each one the resources of every process are read, and history gets the facts."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from hivecheck.checks.leaks.no_leak import no_leak
from hivecheck.errors import ConditionTimeoutError
from hivecheck.history import Event, History
from hivecheck.measurement.floors import CYCLES
from hivecheck.stack.stack import Stack
from hivecheck.verdict import Answer, Verdict
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.observations.resources import Resources
from hivecheck.world.requests.chats import Chats
from hivecheck.world.requests.endings import LARGE_BYTES, SLOWLY_READ_BYTES, Endings

# Streams that are in their middle when the worker is killed. The others end soon after.
TOKENS, PACE = 30, "itl=0.02"


@dataclass
class Cycles:
    """One scenario's cycles. `held_before` is what ran before them: requests in flight, and those running at workers.

    `last_killed` is the worker of the last kill.
    """

    stack: Stack
    history: History
    chats: Chats
    endings: Endings
    resources: Resources
    held_before: tuple[str | None, str | None] = (None, None)
    last_killed: str = ""

    def run(self, least: int, most: int, count: int, model: str, ending: str) -> None:
        """Cycles of `count` requests that end as one of the `ENDINGS`: `least` of them, then more up to an acquittal."""
        self.begin()
        for number in range(1, most + 1):
            if not self._cycle(number, count, model, ENDINGS[ending]):
                return
            # Growth may still end, so only an acquittal ends the load early. Lists and caches with a limit fill up for a thousand requests.
            if number >= least and self.verdict().answer is Answer.PASSED:
                return

    def begin(self) -> None:
        """Note what is in flight before the cycles."""
        self.held_before = self.stack.work_in_hand(), self.resources.read(None)

    def end_cycle(self, number: int, requests: int, intended: int) -> str | None:
        """After the load of a cycle: drain, read the idle processes and record. Returns what was not released."""
        held = self._held(number)
        self._record(number, held, requests=requests, relayed_bytes=0, intended=intended)
        return held

    def verdict(self) -> Verdict:
        """The verdict of the cycles so far."""
        return no_leak(self.history, nodes=list(self.stack.nodes))

    def must_leave_nothing(self) -> None:
        """No process of the stack leaks."""
        # Not through the checker, which waits for calls that still run. Each cycle has recorded its facts.
        self.verdict().enforce()

    def kill_worker(self, model: str, count: int) -> int:
        """Concurrent streams, and a SIGKILL of a worker that serves some of them. Returns `count` if those broke off, and only those."""
        calls = [self.chats.start(model, tokens=TOKENS, simulate=PACE, stream=True) for _ in range(count)]
        within = self.stack.timeouts.idle_chat
        what = "the first token of each stream"
        must_eventually(lambda: all(call.operation.tokens for call in calls), within=within, what=what, every=0.005)
        serving = sorted({str(call.operation.header("X-Worker-Id")) for call in calls})
        # In turn: a worker then lives through the restart of another one. Restart policies count only crashes in a row, and after each
        # of those they wait for longer.
        worker = self.last_killed = next((other for other in serving if other != self.last_killed), serving[0])
        node, pid = self.stack.node_of(worker)
        node.signal(signal.SIGKILL, pid)
        self.history.act(worker, "killed", is_worker=True)
        self.chats.wait(calls)
        within = self.stack.timeouts.restart + self.stack.timeouts.convergence
        must_eventually(
            self.stack.not_at_baseline, within=within, what=f"{worker} serves again", until=lambda difference: difference is None
        )
        self.endings.forget_failures()
        return sum(call.operation.is_answered is (call.operation.header("X-Worker-Id") != worker) for call in calls)

    def _cycle(self, number: int, count: int, model: str, ending: Ending) -> bool:
        """One cycle. Returns whether everything was released; if not, a further cycle would prove nothing."""
        intended, stuck = 0, None
        try:
            intended = ending.send(self, model, count)
        except ConditionTimeoutError as error:
            # Requests that wait for a slot that an earlier one did not release are a finding, not a lack of facts.
            stuck = error
            self.chats.leave()
        held = self._held(number)
        if stuck and not held:
            raise stuck
        self._record(number, held, requests=count, relayed_bytes=count * ending.bytes_each, intended=intended)
        return held is None

    def _held(self, number: int) -> str | None:
        """What is in flight after the drain and was not before the cycles. Reads the idle processes."""
        left = self._drain(), self.resources.read(number)
        return next((now for now, before in zip(left, self.held_before, strict=True) if now != before), None)

    def _record(self, number: int, held: str | None, **size: int) -> None:
        self.history.record(Event(time.monotonic(), "state", CYCLES, {"cycle": {"number": number, "held": held} | size}))

    def _drain(self) -> str | None:
        """Wait until no more is in flight than before the cycles. Returns what is, after the budget at the latest."""
        within, before = self.stack.timeouts.slot_release, self.held_before[0]
        with contextlib.suppress(ConditionTimeoutError):
            eventually(self.stack.work_in_hand, within=within, what="nothing more in flight", until=lambda work: work == before)
        return self.stack.work_in_hand()


@dataclass(frozen=True)
class Ending:
    """How the requests of each cycle end. `send` returns how many ended so. `bytes_each` is the size of large bodies."""

    send: Callable[[Cycles, str, int], int]
    bytes_each: int = 0


# Words in Gherkin -> the ending.
ENDINGS: dict[str, Ending] = {
    "": Ending(lambda cycles, model, count: cycles.endings.complete(model, count)),
    ", with large bodies": Ending(lambda cycles, model, count: cycles.endings.large(model, count), LARGE_BYTES),
    ", and disconnect at the response headers": Ending(lambda cycles, model, count: cycles.endings.left_at_headers(model, count)),
    ", and disconnect in mid-stream": Ending(lambda cycles, model, count: cycles.endings.left_in_mid_stream(model, count)),
    ", and read slowly": Ending(lambda cycles, model, count: cycles.endings.read_slowly(model, count), SLOWLY_READ_BYTES),
    ", which workers reset in mid-stream": Ending(lambda cycles, model, count: cycles.endings.reset_in_mid_stream(model, count)),
    ", during which a worker is killed": Ending(Cycles.kill_worker),
}
