"""The people in front of the gateway: they send chats, wait, stream and leave. What they saw goes into history."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.openai_api import OpenAIClient, PendingRequest, Request
from hivecheck.errors import ConditionTimeoutError, InconclusiveError
from hivecheck.history import History
from hivecheck.stack.secrets import Secrets
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.requests.credentials import credential
from hivecheck.world.requests.malformed import flaw

CHAT = "/v1/chat/completions"
BODIES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": "hello there"}], "max_tokens": 4},
    "/v1/completions": {"prompt": "hello there", "max_tokens": 4},
    "/v1/embeddings": {"input": "hello there"},
    "/v1/rerank": {"query": "hello", "documents": ["hello there", "good bye"]},
}
# A long answer that is under way: slow enough to strike in its middle, short enough to wait for its end.
SLOW_TOKENS, SLOW_PACE = 30, "itl=0.05"
PENDING_PACE = "ttft=1.0"
# Even where everything takes seconds there is a middle to strike in; it ends long before a request may take.
ENDLESS_TOKENS, PATIENT_PACE = 240, "ttft=4.0"
# Longer than the `wedge detection` budget, and its worker's health check fails all the while.
LONG_TOKENS, FEIGNING_PACE, LONG_WAIT_PACE = 45, "itl=0.08;fault=sick", "ttft=10;fault=sick"
# No field or header that any gateway knows: they must arrive as they were sent.
UNKNOWN_FIELDS = {"x_unknown": {"nested": [1, 2.5, None, "ü"]}, "guided_choice": ["yes", "no"]}
UNKNOWN_HEADERS = {"X-Unknown": "one, two", "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
CONCURRENT_CHATS = 4
CLIENT = "client"  # in history: a client that a scenario speaks of
MODEL_LISTS = ("/v1/models", "/models")


@dataclass
class Chats:
    """`calls` are those under way or done, in the order they were started."""

    gateway: OpenAIClient
    secrets: Secrets
    history: History
    timeouts: Timeouts
    calls: list[PendingRequest] = field(default_factory=list)

    def ask(self, model: str, *, who: str = "a valid key", pace: str = "", tokens: int = 4, **more: Any) -> PendingRequest:
        """One unary chat, waited for to its end."""
        call = self.start(model, who=who, pace=pace, tokens=tokens, **more)
        self.wait([call])
        return call

    def stream(self, model: str, tokens: int, pace: str = "") -> PendingRequest:
        """One streamed chat, waited for to its end."""
        call = self.start(model, tokens=tokens, pace=pace, stream=True)
        self.wait([call])
        return call

    def ask_many(self, model: str, count: int, at_once: int = CONCURRENT_CHATS, pace: str = "") -> None:
        """`count` unary chats, at most `at_once` of them under way."""
        remaining = [self.start(model, pace=pace) for _ in range(min(count, at_once))]
        while len(remaining) < count:
            self.wait([remaining[len(remaining) - at_once]])
            remaining.append(self.start(model, pace=pace))
        self.wait(remaining)

    def stream_many(self, model: str, count: int, tokens: int) -> None:
        for _ in range(count):
            self.stream(model, tokens)

    def ask_until_answered(self, model: str, within: float) -> None:
        """One unary chat after the other, until one is answered."""
        eventually(lambda: self.ask(model).operation.is_answered, within=within, what=f"a chat for {model} answered")

    def claim(self, subject: str, tenant: str, model: str) -> None:
        """One chat with a token that names subject and tenant."""
        self.wait([self.send(Request(CHAT, model, self._chat(model, 4), self.secrets.mint(subject, tenant)))])

    def send_flawed(self, words: str) -> None:
        """One request that is wrong in the way those words say."""
        wrong = flaw(words)
        body = wrong.body or {}
        key = credential("a valid key", self.secrets)
        self.wait([self.send(Request(CHAT, str(body.get("model", "")), body, key, raw_body=wrong.raw))])

    def send_unknown_things(self, path: str, model: str) -> None:
        """One request on `path` with fields and headers no gateway knows."""
        body = {"model": model} | BODIES[path] | UNKNOWN_FIELDS
        self.wait([self.send(Request(path, model, body, credential("a valid key", self.secrets), UNKNOWN_HEADERS))])

    def begin_stream(self, model: str) -> PendingRequest:
        """A long stream, under way: its first tokens have arrived."""
        call = self.start(model, tokens=SLOW_TOKENS, pace=SLOW_PACE, stream=True)
        self._await(lambda: len(call.operation.tokens) >= 3, call, "the first tokens of a stream")
        return self._spoken_of(call)

    def begin_long_stream(self, model: str) -> PendingRequest:
        """A stream that is under way for so long that even a slow machine can strike in its middle."""
        call = self.start(model, tokens=ENDLESS_TOKENS, pace=SLOW_PACE, stream=True)
        self._await(lambda: len(call.operation.tokens) >= 3, call, "the first tokens of a stream")
        return self._spoken_of(call)

    def begin_stream_of_the_sick(self, model: str) -> PendingRequest:
        """A stream longer than it takes to find a wedge, under way, whose worker fails its health checks meanwhile."""
        call = self.start(model, tokens=LONG_TOKENS, pace=FEIGNING_PACE, stream=True)
        self._await(lambda: len(call.operation.tokens) >= 3, call, "the first tokens of a stream")
        return self._spoken_of(call)

    def start_waiting_for_the_sick(self, model: str) -> PendingRequest:
        """A long unary chat, whose worker fails its health checks meanwhile."""
        return self.start(model, pace=LONG_WAIT_PACE)

    def begin_waiting(self, model: str, has_arrived: Callable[[str], bool], pace: str = PENDING_PACE) -> PendingRequest:
        """A chat a worker has taken up (`has_arrived` asks for its request id) and whose first token is not there yet."""
        call = self.start(model, pace=pace)
        self._await(lambda: has_arrived(call.operation.id), call, "a worker takes the request up")
        return self._spoken_of(call)

    def begin_waiting_patiently(self, model: str, has_arrived: Callable[[str], bool]) -> PendingRequest:
        """The same, for so long that even a slow machine can strike meanwhile."""
        return self.begin_waiting(model, has_arrived, PATIENT_PACE)

    def start(self, model: str, *, who: str = "a valid key", pace: str = "", tokens: int = 4, stream: bool = False) -> PendingRequest:
        """Send one chat and return at once. `pace` is the simulator's, e.g. `ttft=0.5;itl=0.05`."""
        body = self._chat(model, tokens) | ({"stream": True} if stream else {})
        headers = {"X-Simulate": pace} if pace else {}
        return self.send(Request(CHAT, model, body, credential(who, self.secrets), headers))

    def have_ended(self) -> bool:
        """Whether no call is under way any more."""
        return all(call.is_done for call in self.calls)

    def must_be_under_way(self) -> None:
        """Somebody's request goes on; what was seen since it began was seen meanwhile. Raises InconclusiveError."""
        if self.have_ended():
            raise InconclusiveError(f"expected: a request still under way\nactual: all {len(self.calls)} have ended")

    def wait_for_all(self, purpose: str | None = None) -> None:
        """Every call that is under way comes to its end; of one purpose, if that is named."""
        self.wait([call for call in self.calls if purpose in (None, call.operation.purpose)])

    def wait(self, calls: Sequence[PendingRequest]) -> None:
        eventually(lambda: all(call.is_done for call in calls), within=self.timeouts.request + 1, what="every call ended", every=0.002)

    def must_be_offered_exactly(self, models: Sequence[str], who: str = "a valid key") -> None:
        """Each of them once and nothing else, at both addresses a client may use."""
        for path in MODEL_LISTS:
            offered = self.offered_models(path, who)
            assert sorted(offered) == sorted(models), f"expected: {sorted(models)} at {path}, each once\nactual: {offered}"

    def offered_models(self, path: str = MODEL_LISTS[0], who: str = "a valid key") -> list[str]:
        """The models that a client is shown, in their order."""
        status, body = self.gateway.get(path, credential(who, self.secrets))
        if status != 200:
            return [f"status {status}"]
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            return [f"no list of models, but {body!r}"]
        return [model["id"] for model in body["data"]]

    def must_be_offered(self, model: str, *, is_offered: bool, within: float) -> None:
        expected = f"{model} {'offered' if is_offered else 'no longer offered'} to clients"
        must_eventually(self.offered_models, within=within, what=expected, until=lambda models: (model in models) is is_offered)

    def leave(self) -> None:
        """Whoever still waits goes away; for the end of a scenario."""
        for call in self.calls:
            if not call.is_done:
                call.leave()
        with contextlib.suppress(ConditionTimeoutError):
            eventually(lambda: all(call.is_done for call in self.calls), within=5, what="every client gone")

    def send(self, request: Request) -> PendingRequest:
        """Send a request as it is and return at once."""
        call = self.gateway.start(request)
        self.calls.append(call)
        return call

    def _spoken_of(self, call: PendingRequest) -> PendingRequest:
        self.history.act(CLIENT, "has its request under way", request_id=call.operation.id)
        return call

    def _await(self, condition: Callable[[], bool], call: PendingRequest, what: str) -> None:
        def gone() -> str | None:
            return call.operation.sentence() if call.is_done and not condition() else None

        eventually(condition, within=self.timeouts.request, what=what, gone=gone, every=0.005)

    def _chat(self, model: str, tokens: int) -> dict[str, Any]:
        return {"model": model, "messages": BODIES[CHAT]["messages"], "max_tokens": tokens}
