"""The operator who reads the gateway's usage ledger: single requests and totals, as states in history. Judges nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.requests.chats import CHAT, SLOW_PACE, SLOW_TOKENS, Chats
from hivecheck.world.requests.credentials import credential

GROUPS = ("worker", "model", "key")
TENANTS = {"acme": "a key of acme", "globex": "a key of globex", "hivecheck": "a valid key"}
ASKED = {"stream_options": {"include_usage": True}}
SOME_TOKENS = 3
MOST_TRIES = 4


@dataclass
class Usage:
    """`began_at` and `mark` are times of the clock on the wall, which the ledger goes by: seconds since 1970."""

    stack: Stack
    history: History
    clients: Chats
    began_at: float = field(default_factory=time.time)
    mark: float = 0.0

    def ask(self, model: str, pace: str) -> None:
        """One unary chat at a pace of its own, waited for to its end."""
        self.clients.ask(model, pace=pace)

    def ask_past(self, model: str, worker: str) -> None:
        """Chats until one was tried at that worker, which resets its connection, and was answered by another one."""
        for _ in range(MOST_TRIES):
            call = self.clients.ask(model, pace=f"at={worker};fault=reset")
            if call.operation.header("X-Attempts") == "2":
                return
        raise InconclusiveError(f"{MOST_TRIES} chats for {model}, and none of them was tried at {worker} first")

    def stream(self, model: str, tokens: int, *, with_usage: bool, pace: str = "") -> PendingRequest:
        """One stream, waited for to its end; its client asks for the usage at its end, or does not."""
        call = self._start(model, tokens, with_usage=with_usage, pace=pace)
        self.clients.wait([call])
        return call

    def abort(self, model: str, *, with_usage: bool = False) -> None:
        """A client that leaves in the middle of a stream."""
        call = self._start(model, SLOW_TOKENS, with_usage=with_usage, pace=SLOW_PACE)
        self._await(call, lambda: len(call.operation.tokens) >= SOME_TOKENS, "the first tokens of a stream")
        call.leave()
        self.clients.wait([call])

    def stream_on(self, model: str, seconds: float) -> None:
        """A long stream, under way for so long already."""
        call = self._start(model, 10_000, with_usage=False, pace=SLOW_PACE)
        begun = time.monotonic()
        self._await(call, lambda: bool(call.operation.tokens) and time.monotonic() - begun >= seconds, "a stream under way")

    def mark_time(self) -> None:
        """Everything from now on is later. The ledger's time is the gateway's clock, which is this machine's."""
        self.mark = time.time()

    def read(self, within: float) -> None:
        """The single requests since the scenario began, once none of them is under way any more."""

        def rows() -> list[dict[str, Any]]:
            return self.stack.orchestrator.booked(self.began_at)

        def is_settled(booked: list[dict[str, Any]]) -> bool:
            return all(row["outcome"] is not None for row in booked)

        booked = must_eventually(rows, within=within, what="every request in the ledger settled", until=is_settled)
        self._note(ledger=booked)

    def read_own(self) -> None:
        """What clients of several tenants are shown of their own usage since the scenario began."""
        for tenant, who in TENANTS.items():
            status, told = self.clients.gateway.get(f"/v1/usage?by=key&since={self.began_at:.6f}", credential(who, self.stack.secrets))
            if status != 200:
                raise ClientError(f"GET /v1/usage as {who}: expected 200, got {status} {told}")
            self._note(own_usage={"tenant": tenant, "totals": told["totals"]})

    def read_totals(self) -> None:
        """The totals of each group from the scenario's beginning, from the mark, and between the two."""
        for group in GROUPS:
            for since, until in ((self.began_at, None), (self.mark, None), (self.began_at, self.mark)):
                told = self.stack.orchestrator.usage(group, since, until)
                self._note(usage={"by": group, "since": since, "until": until or told["until"], "totals": told["totals"]})

    def _start(self, model: str, tokens: int, *, with_usage: bool, pace: str) -> PendingRequest:
        body = {"model": model, "messages": [{"role": "user", "content": "hello there"}], "max_tokens": tokens, "stream": True}
        headers = {"X-Simulate": pace} if pace else {}
        key = credential("a valid key", self.stack.secrets)
        return self.clients.send(Request(CHAT, model, body | (ASKED if with_usage else {}), key, headers))

    def _await(self, call: PendingRequest, condition: Callable[[], bool], what: str) -> None:
        def gone() -> str | None:
            return call.operation.sentence() if call.is_done else None

        eventually(condition, within=self.stack.timeouts.request, what=what, gone=gone, every=0.005)

    def _note(self, **facts: Any) -> None:
        self.history.record(Event(time.monotonic(), "state", "orchestrator", facts))
