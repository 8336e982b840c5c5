"""Clients with wishes of their own: to know where the time went, to be told apart, to send what nobody knows, to go away."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from hivecheck.checks.streams.added_first_token import DIRECT
from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually
from hivecheck.world.requests.chats import BODIES, CHAT, SLOW_PACE, SLOW_TOKENS, UNKNOWN_FIELDS, Chats
from hivecheck.world.requests.credentials import credential

# A body that any gateway that decodes and encodes it again would change: escapes, spaces, order, numbers.
ODD_FIELDS = {"z_last": 1e-07, "a_first": 12345678901234567890, "x_escaped": "ü/\u2028", "user": "somebody"}
TRACE_HEADERS = {
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Tracestate": "vendor=t61rcWkgMzE,other=1",
    "Baggage": "userId=alice,isProduction=false",
    "X-Unknown": "one, two",
    "User-Agent": "somebody/1.0",
}
RETURNED = {"X-Odd-Answer": "as it was, said"}
# How a worker may send a stream that is whole all the same, by the words Gherkin uses.
QUIRKS = {
    "drips its bytes": "slow_drip:1",
    "is slow with its headers": "slow_headers:100",
    "leaves out the usage": "no_usage",
    "ends the stream twice": "double_done",
}
# What a worker may do that is odd, and still no reason for the gateway to step in.
ODDITIES = {
    "nothing odd": "tokens=4",
    "a chunk that is no JSON": "bad_json_after:2",
    "an error event": "error_event_after:2",
    "a wrong content type": "wrong_type",
    "no usage": "no_usage",
    "two end markers": "double_done",
    "a chunk of 2 megabytes": "oversized_chunk:2048",
    "a refusal of the request": "status:422",
}
PADDING_BYTES = 64 * 1024
AT_ONCE = 8
STALL_AFTER = 2
FEW_TOKENS = 3


@dataclass
class Direct:
    """They share connections and history with all other clients."""

    clients: Chats
    stack: Stack
    random: random.Random
    large_bytes: int = 0

    @property
    def returned(self) -> dict[str, str]:
        """The headers that workers were told to put on their answers."""
        return RETURNED

    def warm_up(self, model: str, count: int) -> None:
        """Large chats that count for nothing: what the gateway keeps for good, it has after them."""
        self.ask_large(model, count)
        self.large_bytes = 0

    def time(self, model: str, pace: str, *, stream: bool, times: int = 1) -> None:
        """Chats, one after the other, of clients that want to know where the time went."""
        for _ in range(times):
            body = self._chat(model, 4) | ({"stream": True} if stream else {})
            self._wait(self._send(CHAT, model, body, {"X-Timing": "1", "X-Simulate": pace}))

    def send_verbatim(self, path: str, model: str, *, stream: bool = False) -> None:
        """One request that must arrive as it is; the worker says something of its own on its answer."""
        body = {"model": model} | BODIES[path] | UNKNOWN_FIELDS | ODD_FIELDS | ({"stream": True} if stream else {})
        said = "".join(f";header={name}: {value}" for name, value in RETURNED.items())
        self._wait(self._send(path, model, body, TRACE_HEADERS | {"X-Simulate": said.lstrip(";")}))

    def stream_quirky(self, model: str, tokens: int, words: str) -> None:
        """One stream from a worker that sends it in an odd way, waited for to its end."""
        self.clients.stream(model, tokens, pace=QUIRKS[words])

    def ask_made_up(self, count: int) -> None:
        """Chats for models that do not exist, each another one."""
        for _ in range(count):
            model = f"model-made-up-{self.random.getrandbits(64):x}"
            self._wait(self._send(CHAT, model, self._chat(model, 4), {"X-Session-ID": f"session-{model}"}))

    def ask_at_once(self, models: list[str], count: int) -> None:
        """`count` chats at the same time, every other one streamed, each with a token limit of its own."""
        calls = []
        for number in range(count):
            model = models[number % len(models)]
            body = self._chat(model, number + 2) | ({"stream": True} if number % 2 else {})
            calls.append(self._send(CHAT, model, body, {"X-Simulate": "ttft=0.1;itl=0.01"}))
        self._wait(*calls)

    def compare(self, model: str, worker: str, words: str) -> None:
        """A stream and a chat through the gateway, and the same from the worker itself, which does something odd with each."""
        for stream in (True, False):
            body = self._chat(model, 4) | ({"stream": True, "stream_options": {"include_usage": True}} if stream else {})
            self._wait(self._send(CHAT, model, body, {"X-Simulate": ODDITIES[words]}))
            self._wait(self._send_directly(worker, model, body, {"X-Simulate": ODDITIES[words]}))

    def stream_by_turns(self, model: str, worker: str, count: int, first_seconds: float) -> None:
        """Streams, one after the other: through the gateway, from the worker itself, and so on, each way on one connection."""
        body = self._chat(model, FEW_TOKENS) | {"stream": True}
        headers = {"X-Simulate": f"ttft={first_seconds:g};itl=0.005"}
        for _ in range(count):
            self._wait(self._send(CHAT, model, body, headers))
            self._wait(self._send_directly(worker, model, body, headers))

    def ask_large(self, model: str, count: int) -> None:
        """Chats with much to carry in both directions, no two alike."""
        remaining: list[PendingRequest] = []
        for _ in range(count):
            content = f"{self.random.getrandbits(64):x} " + "x" * PADDING_BYTES
            body = {"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 2}
            pace = f"oversized_chunk:{PADDING_BYTES // 1024}"
            remaining.append(self._send(CHAT, model, body, {"X-Simulate": pace}))
            self.large_bytes += 2 * PADDING_BYTES
            self._wait(*remaining[:-AT_ONCE])
            remaining = remaining[-AT_ONCE:]
        self._wait(*remaining)

    def leave_in_mid_stream(self, model: str, count: int, *, is_stalled: bool) -> None:
        """Streams under way at the same time, whose clients all go away."""
        pace = f"stall_after:{STALL_AFTER}" if is_stalled else SLOW_PACE
        body = self._chat(model, SLOW_TOKENS) | {"stream": True}
        calls = [self._send(CHAT, model, body, {"X-Simulate": pace}) for _ in range(count)]

        def flows() -> bool:
            return all(len(call.operation.tokens) >= STALL_AFTER for call in calls)

        eventually(flows, within=self.clients.timeouts.request, what="the first tokens of every stream", every=0.005)
        for call in calls:
            call.leave()
        self._wait(*calls)

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
