"""Batches of requests with a purpose of their own, so that each is judged apart from the plain chats of the scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.answers.batch_outcome import batch_outcome
from hivecheck.checks.streams.cancelled_upstream import freed
from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import InconclusiveError, UsageError
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.verdict import Verdict
from hivecheck.waiting import eventually
from hivecheck.wording import counted
from hivecheck.world.checker import Checker
from hivecheck.world.requests.chats import BODIES, CHAT, COMPLETIONS, Chats
from hivecheck.world.requests.credentials import credential
from hivecheck.world.requests.worker_behaviours import PHASES, QUEUED, QUEUED_REQUEST

TOKENS = 8
LEAVING_SECONDS = 5.0
KINDS = ("sequential chat", "concurrent chat", "concurrent stream", "concurrent completion stream")


@dataclass
class Batches:
    """`purposes` in the order of sending. `last` are the requests of the last batch. `is_queued` says that none of them has a slot."""

    clients: Chats
    stack: Stack
    history: History
    checker: Checker
    purposes: list[str] = field(default_factory=list)
    last: list[PendingRequest] = field(default_factory=list)
    is_queued: bool = False

    def send(self, model: str, count: int, kind: str = KINDS[0], simulate: str = "") -> None:
        """A batch of one kind. Returns when all of its requests have ended."""
        if kind not in KINDS:
            raise UsageError(f"A batch has no {kind}s. Known: {', '.join(KINDS)}.")
        self._open()
        for _ in range(count):
            self._add(model, simulate, stream="stream" in kind, path=COMPLETIONS if "completion" in kind else CHAT)
            if kind == "sequential chat":
                self.clients.wait(self.last)
        self.clients.wait(self.last)

    def begin(self, model: str, count: int, phase: str) -> None:
        """A batch that is in a phase of `PHASES` when this returns. A queued batch waits behind other requests, which fill every slot."""
        queued = QUEUED.fullmatch(phase)
        if not queued and phase not in PHASES:
            raise UsageError(f"There is no phase {phase!r}. Known: {', '.join(PHASES)}, {QUEUED.pattern}.")
        if queued:
            # These first fill every slot of the workers. Requests that follow can then only wait in a queue.
            self._start(model, int(queued[1]))
        self._start(model, count, phase)
        self.is_queued = bool(queued)

    def leave(self) -> None:
        """The clients of the last batch disconnect."""
        for call in self.last:
            # A client that disconnects after the end cancels nothing, and the check would pass without proof.
            if call.is_done:
                raise InconclusiveError(
                    f"expected: a client that disconnects before its response ends\nactual: {call.operation.sentence()}"
                )
            call.leave()
        eventually(lambda: all(call.is_done for call in self.last), within=LEAVING_SECONDS, what="the clients disconnected", every=0.002)

    def must(self, check: Callable[..., Verdict], **limits: Any) -> None:
        """Judge the last batch by a check. Raises InconclusiveError when none was sent."""
        if not self.purposes:
            raise InconclusiveError("expected: a batch that was sent before it is judged\nactual: none")
        self.checker.must(check, purpose=self.purposes[-1], **limits)

    def must_be_answered(self, answered: int | None = None, status: int | None = None, code: str | None = None) -> None:
        """So many, None for all, were answered, each by one upstream request. The others were refused with status and code before that."""
        count = len(self.last) if answered is None else answered
        self.must(batch_outcome, answered=count, status=status, code=code, hits=(count, count), workers=self.stack.models_by_worker())

    def must_be_refused(self, status: int, code: str, hits: tuple[int, int] | None) -> None:
        """All were refused. `hits` is the least and the greatest number of upstream requests, None for one a request."""
        upstream = (len(self.last), len(self.last)) if hits is None else hits
        self.must(batch_outcome, answered=0, status=status, code=code, hits=upstream, workers=self.stack.models_by_worker())

    def must_be_cancelled(self, seconds: float) -> None:
        """The workers stopped the work for the last batch within so many seconds after its clients disconnected."""
        self.must(freed, seconds=seconds, is_queued=self.is_queued)

    def seconds_of(self, budget: str | None) -> float:
        """The seconds of a time budget, None for the time to the first byte that the gateway promises."""
        if budget is not None:
            return self.stack.timeouts.named(budget)
        return float(self.stack.orchestrator.get("/info")["first_byte_promised_seconds"])

    def _open(self) -> None:
        self.purposes.append(f"batch {len(self.purposes) + 1}")
        self.last = []
        self.is_queued = False

    def _start(self, model: str, count: int, phase: str = "") -> None:
        pattern = PHASES.get(phase, QUEUED_REQUEST)
        self._open()
        for _ in range(count):
            self._add(model, pattern.simulate, stream=pattern.is_stream)
        self._await_arrival()
        within, first = self.stack.timeouts.request, pattern.first_tokens
        what = f"{counted(first, 'token')} of each stream"
        eventually(self._tokens, within=within, what=what, until=lambda tokens: all(count >= first for count in tokens.values()))

    def _tokens(self) -> dict[str, int]:
        """The tokens that each request of the batch has received."""
        return {call.operation.id: len(call.operation.tokens) for call in self.last}

    # The journal, not a pause: a worker writes the arrival before any effect of the request.
    def _await_arrival(self) -> None:
        expected = {call.operation.id for call in self.last}

        def missing() -> set[str]:
            self.checker.observe()
            return expected - {str(line.data.get("request_id")) for line in self.history.journal("arrival")}

        eventually(missing, within=self.stack.timeouts.request, what="every request of the batch at a worker", until=lambda left: not left)

    def _add(self, model: str, simulate: str, *, stream: bool, path: str = CHAT) -> None:
        body = {"model": model} | BODIES[path] | {"max_tokens": TOKENS} | ({"stream": True} if stream else {})
        headers = {"X-Simulate": simulate} if simulate else {}
        key = credential("a valid key", self.clients.secrets)
        self.last.append(self.clients.send(Request(path, model, body, key, headers, purpose=self.purposes[-1])))
