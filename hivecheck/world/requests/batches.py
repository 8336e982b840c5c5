"""Requests sent in waves - so many at once, or one after the other - and judged a wave at a time: whole scenarios mix good and bad ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import InconclusiveError
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.verdict import Verdict
from hivecheck.waiting import eventually
from hivecheck.world.checker import Checker
from hivecheck.world.requests.chats import CHAT, Chats
from hivecheck.world.requests.credentials import credential
from hivecheck.world.requests.worker_behaviours import behaviour

MESSAGES = [{"role": "user", "content": "hello there"}]
LEAVING_SECONDS = 5.0


@dataclass
class Batches:
    """Each wave has a purpose of its own, so that checks of the plain chats do not see it. `purposes` in the order of sending."""

    clients: Chats
    stack: Stack
    history: History
    checker: Checker
    purposes: list[str] = field(default_factory=list)
    last: list[PendingRequest] = field(default_factory=list)

    def send(self, model: str, count: int, mishap: str, *, at_once: bool = False, stream: bool = False) -> None:
        """A wave, waited for to its end."""
        self.start(model, 0, mishap)
        for _ in range(count):
            self._add(model, mishap, stream)
            if not at_once:
                self.clients.wait(self.last)
        self.clients.wait(self.last)

    def start(self, model: str, count: int, mishap: str, *, stream: bool = False) -> None:
        """A wave, under way."""
        self.purposes.append(f"wave {len(self.purposes) + 1}")
        self.last = []
        for _ in range(count):
            self._add(model, mishap, stream)

    def await_arrival(self) -> None:
        """Return when a worker has each request of the wave."""
        expected = {call.operation.id for call in self.last}

        def missing() -> set[str]:
            self.checker.observe()
            return expected - {str(line.data.get("request_id")) for line in self.history.journal("arrival")}

        eventually(missing, within=self.stack.timeouts.request, what="every request of the wave at a worker", until=lambda left: not left)

    def await_tokens(self, count: int) -> None:
        """Return when each stream of the wave has so many tokens."""
        within = self.stack.timeouts.request
        eventually(lambda: all(len(call.operation.tokens) >= count for call in self.last), within=within, what=f"{count} tokens of each")

    def leave(self) -> None:
        """The clients of the last wave go away."""
        for call in self.last:
            if call.is_done:
                raise InconclusiveError(f"expected: a client that leaves before its answer is whole\nactual: {call.operation.sentence()}")
            call.leave()
        eventually(lambda: all(call.is_done for call in self.last), within=LEAVING_SECONDS, what="the clients gone", every=0.002)

    def must(self, check: Callable[..., Verdict], **limits: Any) -> None:
        """Judge the last batch by a check. Raises InconclusiveError when none was sent."""
        if not self.purposes:
            raise InconclusiveError("expected: a batch that was sent before it is judged\nactual: none")
        self.checker.must(check, purpose=self.purposes[-1], **limits)

    def promised_seconds(self) -> float:
        """How long a client may have to wait for its first byte, by what the gateway says."""
        return float(self.stack.orchestrator.get("/info")["first_byte_promised_seconds"])

    def _add(self, model: str, mishap: str, stream: bool) -> None:
        body: dict[str, Any] = {"model": model, "messages": MESSAGES, "max_tokens": 8} | ({"stream": True} if stream else {})
        headers = {"X-Simulate": behaviour(mishap)} if behaviour(mishap) else {}
        key = credential("a valid key", self.clients.secrets)
        self.last.append(self.clients.send(Request(CHAT, model, body, key, headers, purpose=self.purposes[-1])))
