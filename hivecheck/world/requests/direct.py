"""Requests with special features: timing headers, unknown fields, large bodies, and requests past the gateway."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.streams.added_first_token import DIRECT
from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import ConditionTimeoutError
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import counted, listed
from hivecheck.world.requests.chats import BODIES, CHAT, REPEATED_HEADER, UNKNOWN_FIELDS, Chats
from hivecheck.world.requests.credentials import credential

# A gateway that decodes and encodes this body again would change it: escapes, spaces, order, numbers.
ODD_FIELDS = {"z_last": 1e-07, "a_first": 12345678901234567890, "x_escaped": "ü/\u2028", "user": "somebody"}
TRACE_HEADERS = {
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Tracestate": "vendor=t61rcWkgMzE,other=1",
    "Baggage": "userId=alice,isProduction=false",
    "X-Unknown": "one, two",
    "User-Agent": "example/1.0",
} | REPEATED_HEADER
RETURNED = {"X-Odd-Answer": "one, two", "x-odd-answer": "three"}  # one header that comes twice
UNREADABLE = "fault=wrong_type"
PADDING_BYTES = 64 * 1024
AT_ONCE = 8
FEW_TOKENS = 3
OCCUPYING = "occupying"  # the purpose of requests that fill a worker
# Long enough that all but the first still wait when the gateway knows of them. A chat that queues behind them still ends in time.
OCCUPYING_WORK = "ttft=2"
LEAVING_SECONDS = 5.0


@dataclass
class Direct:
    """The requests share connections and history with all other clients. `occupying` are those that fill a worker."""

    clients: Chats
    stack: Stack
    random: random.Random
    occupying: list[PendingRequest] = field(default_factory=list)

    @property
    def returned(self) -> dict[str, str]:
        """The headers that workers add to their responses."""
        return RETURNED

    def time(self, model: str, count: int, simulate: str, *, stream: bool) -> None:
        """Sequential chats that ask for timing headers."""
        for _ in range(count):
            body = self._chat(model, 4) | ({"stream": True} if stream else {})
            self._wait(self._send(CHAT, model, body, {"X-Timing": "1", "X-Simulate": simulate}))

    def send_verbatim(self, path: str, model: str, *, stream: bool = False) -> None:
        """One request that must arrive byte for byte. The worker adds a header to its response."""
        body = {"model": model} | BODIES[path] | UNKNOWN_FIELDS | ODD_FIELDS | ({"stream": True} if stream else {})
        simulate = ";".join(f"header={name}: {value}" for name, value in RETURNED.items())
        self._wait(self._send(path, model, body, TRACE_HEADERS | {"X-Simulate": simulate}))

    def ask_unknown_models(self, count: int) -> None:
        """Sequential chats, each for another model that does not exist."""
        for _ in range(count):
            model = f"model-made-up-{self.random.getrandbits(64):x}"
            self._wait(self._send(CHAT, model, self._chat(model, 4), {"X-Session-ID": f"session-{model}"}))

    def ask_mixed(self, models: list[str], count: int) -> None:
        """Concurrent chats. Every second one is a stream, and each has a token limit of its own."""
        calls = []
        for number in range(count):
            model = models[number % len(models)]
            body = self._chat(model, number + 2) | ({"stream": True} if number % 2 else {})
            calls.append(self._send(CHAT, model, body, {"X-Simulate": "ttft=0.1;itl=0.01"}))
        self._wait(*calls)

    def compare(self, model: str, worker: str, simulate: str) -> None:
        """A stream with usage, mostly one without, and a chat, each sent to the gateway and to the worker itself."""
        with_usage, without = {"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}
        # The gateway hides usage that the client did not request. It cannot in an answer that claims to be no event stream.
        for options in (with_usage, {}) if UNREADABLE in simulate else (with_usage, without, {}):
            body = self._chat(model, 4) | options
            self._wait(self._send(CHAT, model, body, {"X-Simulate": simulate}))
            self._wait(self._send_directly(worker, model, body, {"X-Simulate": simulate}))

    def alternate(self, model: str, worker: str, count: int, simulate: str) -> None:
        """Sequential streams: one through the gateway, one from the worker itself, and so on. Each way keeps one connection."""
        body = self._chat(model, FEW_TOKENS) | {"stream": True}
        headers = {"X-Simulate": f"{simulate};itl=0.005"}
        for _ in range(count):
            self._wait(self._send(CHAT, model, body, headers))
            self._wait(self._send_directly(worker, model, body, headers))

    def ask_large(self, model: str, count: int) -> list[PendingRequest]:
        """Chats with a large request and a large response, no two alike. Returns when all have ended."""
        calls: list[PendingRequest] = []
        for _ in range(count):
            content = f"{self.random.getrandbits(64):x} " + "x" * PADDING_BYTES
            body = {"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 2}
            simulate = f"oversized_chunk:{PADDING_BYTES // 1024}"
            calls.append(self._send(CHAT, model, body, {"X-Simulate": simulate}))
            self._wait(*calls[-AT_ONCE - 1 : -AT_ONCE])
        self._wait(*calls)
        return calls

    def occupy(self, worker: str, count: int, waiting: int) -> None:
        """Requests at one worker, past the gateway. Returns when heartbeats have reported `waiting` queued ones to the gateway."""
        hive = self.stack.hive_of(worker)
        model = hive.workers()[worker]["models"][0]
        for _ in range(count):
            request = Request(
                CHAT,
                model,
                {"model": model} | BODIES[CHAT],
                headers={"X-Simulate": OCCUPYING_WORK},
                purpose=OCCUPYING,
                base_url=f"{hive.url}/workers/{worker}",
                token=self.stack.secrets.token,
            )
            self.occupying.append(self.clients.gateway.start(request))
        # The queue of other clients, because the report can also contain requests that the gateway itself sent a moment ago.
        self._await_queue([worker], waiting, lambda view: float(view["waiting_of_others"]))

    def occupy_by_session(self, model: str, count: int, waiting: int) -> None:
        """Requests of one new session through the gateway. Returns when heartbeats have reported `waiting` queued ones to the gateway."""
        session = {"session_id": f"{self.random.getrandbits(64):x}"}
        key = credential("a valid key", self.clients.secrets)
        for _ in range(count):
            body = {"model": model} | BODIES[CHAT] | session
            request = Request(CHAT, model, body, key, {"X-Simulate": OCCUPYING_WORK}, purpose=OCCUPYING)
            self.occupying.append(self.clients.gateway.start(request))
        self._await_queue(self.stack.topology.workers(), waiting, lambda view: float(view["metrics"].get("waiting", 0)))

    def leave(self) -> None:
        """The clients of the requests that fill a worker disconnect."""
        for call in self.occupying:
            call.leave()
        with contextlib.suppress(ConditionTimeoutError):
            eventually(lambda: all(call.is_done for call in self.occupying), within=LEAVING_SECONDS, what="every direct request ended")

    def _await_queue(self, workers: Collection[str], waiting: int, queue: Callable[[Mapping[str, Any]], float]) -> None:
        """Wait until the gateway's status shows so many queued requests at one of the workers."""

        def reported() -> float:
            views = self.stack.orchestrator.workers()
            return max((queue(views[name]) for name in workers if name in views), default=0.0)

        what = f"{counted(waiting, 'queued request')} of {listed(workers)} in the gateway's status"
        must_eventually(reported, within=self.stack.timeouts.convergence, what=what, until=lambda count: count >= waiting)

    def _send(self, path: str, model: str, body: dict[str, Any], headers: dict[str, str]) -> PendingRequest:
        return self.clients.send(Request(path, model, body, credential("a valid key", self.clients.secrets), headers))

    def _send_directly(self, worker: str, model: str, body: dict[str, Any], headers: dict[str, str]) -> PendingRequest:
        """To a worker that is a node of its own, past the gateway."""
        url, token = self.stack.nodes[worker].url, self.stack.secrets.token
        return self.clients.send(Request(CHAT, model, body, headers=headers, purpose=DIRECT, base_url=url, token=token))

    def _wait(self, *calls: PendingRequest) -> None:
        self.clients.wait(calls)

    def _chat(self, model: str, tokens: int) -> dict[str, Any]:
        return {"model": model, "messages": BODIES[CHAT]["messages"], "max_tokens": tokens}
