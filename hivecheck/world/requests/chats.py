"""Chats and streams of ordinary clients of the gateway. Each request and its response go into history."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.balancing import pairs_needed
from hivecheck.clients.openai_api import OpenAIClient, PendingRequest, Request
from hivecheck.errors import ConditionTimeoutError, InconclusiveError
from hivecheck.history import History
from hivecheck.stack.secrets import Secrets
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import counted, listed
from hivecheck.world.requests.credentials import EXPIRED, RESIGNED, TOKEN, credential, resigned
from hivecheck.world.requests.malformed import malformed
from hivecheck.world.requests.model_lists import names_of
from hivecheck.world.requests.worker_behaviours import Pattern

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
PROMPT = "hello there"
BODIES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 4},
    COMPLETIONS: {"prompt": PROMPT, "max_tokens": 4},
    "/v1/embeddings": {"input": PROMPT},
    "/v1/rerank": {"query": "hello", "documents": [PROMPT, "good bye"]},
}
# No gateway knows these fields and headers, so they must arrive as they were sent.
UNKNOWN_FIELDS = {"x_unknown": {"nested": [1, 2.5, None, "ü"]}, "guided_choice": ["yes", "no"]}
# The traceparent is the example of the W3C recommendation, so every parser of trace contexts accepts it.
QUERY = "?api-version=2%2F1&flag="
# Two names that differ in case only make one repeated header.
REPEATED_HEADER = {"X-Repeated": "one", "x-repeated": "two"}
UNKNOWN_HEADERS = REPEATED_HEADER | {"X-Unknown": "one, two", "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
CONCURRENT_CHATS = 4
CLIENT = "client"  # in history: the node of events about a client
# A gateway that chooses between two workers at random avoids one of them for so many chats in fewer than 1 of 10,000 runs.
MOST_TRIES = pairs_needed(2)
COMPLETE, RUNNING = "complete", "still running"
MODEL_LISTS = ("/v1/models", "/models")
# A client with a token of its own tries to be another one. Only the gateway may set these headers.
FORGED_IDENTITY = {"X-Auth-Subject": "root", "X-Auth-Tenant": "acme"}
TOKEN_LIFETIMES_SECONDS = (1.5, 3.0, 6.0, 12.0)


@dataclass
class Chats:
    """`calls` are the requests that run or ended, in the order of their start. `simulate` is the header X-Simulate."""

    gateway: OpenAIClient
    secrets: Secrets
    history: History
    timeouts: Timeouts
    models_paths: tuple[str, ...] = MODEL_LISTS
    calls: list[PendingRequest] = field(default_factory=list)

    def ask(self, model: str, *, identity: str = "a valid key", simulate: str = "") -> PendingRequest:
        """One unary chat. Returns when it has ended."""
        call = self.start(model, identity=identity, simulate=simulate)
        self.wait([call])
        return call

    def stream(self, model: str, tokens: int, simulate: str = "", *, with_usage: bool | None = None) -> PendingRequest:
        """One streamed chat. Returns when it has ended."""
        call = self.start(model, tokens=tokens, simulate=simulate, stream=True, with_usage=with_usage)
        self.wait([call])
        return call

    def ask_many(self, model: str, count: int, at_once: int = CONCURRENT_CHATS, simulate: str = "") -> None:
        """`count` unary chats, of which at most `at_once` run at the same time. Each prompt begins with a word of its own."""
        # A gateway that balances by prefix sends equal prompts to one worker, and rightly so.
        calls: list[PendingRequest] = []
        for number in range(count):
            if number >= at_once:
                self.wait([calls[number - at_once]])
            calls.append(self.start(model, simulate=simulate, prompt=f"{len(self.calls)}-hello there"))
        self.wait(calls)

    def stream_many(self, model: str, count: int, tokens: int, simulate: str = "") -> None:
        """`count` streams, one after the other."""
        for _ in range(count):
            self.stream(model, tokens, simulate)

    def must_become_answered(self, model: str, within: float) -> None:
        """Sequential chats until one is answered."""
        must_eventually(lambda: self.ask(model).operation.is_answered, within=within, what=f"a chat for {model} answered")

    def ask_until_reset(self, model: str, resetting_worker: str) -> None:
        """Sequential chats until the gateway reroutes one from a worker that resets its connection."""
        for _ in range(MOST_TRIES):
            call = self.ask(model, simulate=f"at={resetting_worker};fault=reset")
            if call.operation.header("X-Attempts") == "2":
                return
        raise InconclusiveError(
            f"expected: one of {MOST_TRIES} chats for {model} is sent to {resetting_worker} first\nactual: none took a second attempt"
        )

    def send_malformed(self, words: str) -> None:
        """One request with the defect of those words."""
        defect = malformed(words)
        body = defect.body or {}
        key = credential("a valid key", self.secrets)
        self.wait([self.send(Request(CHAT, str(body.get("model", "")), body, key, raw_body=defect.raw))])

    def send_unknown_fields(self, path: str, model: str) -> None:
        """One request on `path` with a query, fields and headers that no gateway knows."""
        body = {"model": model} | BODIES[path] | UNKNOWN_FIELDS
        self.wait([self.send(Request(path + QUERY, model, body, credential("a valid key", self.secrets), UNKNOWN_HEADERS))])

    def begin(self, model: str, pattern: Pattern, has_arrived: Callable[[str], bool]) -> PendingRequest:
        """A request that runs when this returns: a worker has it (`has_arrived` takes its id) or, of a stream, the first tokens arrived."""
        began = time.monotonic()
        call = self.start(
            model, tokens=pattern.tokens, simulate=pattern.simulate, stream=pattern.is_stream, timeout_seconds=pattern.timeout_seconds
        )

        def runs() -> bool:
            if time.monotonic() - began < pattern.seconds:
                return False
            return len(call.operation.tokens) >= pattern.first_tokens if pattern.is_stream else has_arrived(call.operation.id)

        def end() -> str | None:
            return call.operation.sentence() if call.is_done and not runs() else None

        what = "the first tokens of a stream" if pattern.is_stream else "a request at a worker"
        eventually(runs, within=self.timeouts.request, what=what, gone=end, every=0.005)
        self.history.act(CLIENT, "has its request under way", request_id=call.operation.id)
        return call

    def abort(self, model: str, count: int, pattern: Pattern, *, with_usage: bool | None = None) -> None:
        """Concurrent streams that their clients disconnect from once the first tokens have arrived."""
        calls = [
            self.start(model, tokens=pattern.tokens, simulate=pattern.simulate, stream=True, with_usage=with_usage) for _ in range(count)
        ]

        def tokens() -> dict[str, int]:
            return {call.operation.id: len(call.operation.tokens) for call in calls}

        first = pattern.first_tokens
        what = f"{counted(first, 'token')} of each stream"
        eventually(
            tokens, within=self.timeouts.request, what=what, until=lambda have: all(each >= first for each in have.values()), every=0.005
        )
        for call in calls:
            call.leave()
        self.wait(calls)

    def start(
        self,
        model: str,
        *,
        identity: str = "a valid key",
        simulate: str = "",
        tokens: int = 4,
        stream: bool = False,
        with_usage: bool | None = None,
        timeout_seconds: float | None = None,
        prompt: str = PROMPT,
    ) -> PendingRequest:
        """Send one chat and return at once. `with_usage` is the option `include_usage`, None leaves it out."""
        messages = [{"role": "user", "content": prompt}]
        body = {"model": model, "messages": messages, "max_tokens": tokens} | ({"stream": True} if stream else {})
        headers = {"X-Simulate": simulate} if simulate else {}
        headers |= FORGED_IDENTITY if TOKEN.fullmatch(identity) else {}
        body |= {} if with_usage is None else {"stream_options": {"include_usage": with_usage}}
        return self.send(Request(CHAT, model, body, self._bearer(identity), headers, timeout_seconds=timeout_seconds))

    def have_ended(self) -> bool:
        """Whether no request runs any more."""
        return all(call.is_done for call in self.calls)

    def must_be(self, state: str) -> None:
        """`complete` waits for the end of every request. `still running` demands one that has not ended."""
        if state == COMPLETE:
            self.wait_for_all()
        elif self.have_ended():
            # Nothing is known about the system then: the observations before this step may have come after the end.
            ended = counted(len(self.calls), "request has ended", "requests have ended")
            raise InconclusiveError(f"expected: a request that still runs\nactual: {ended}, none runs")

    def wait_for_all(self, purpose: str | None = None) -> None:
        """Waits for the end of every request, or of every one with that purpose."""
        self.wait([call for call in self.calls if purpose in (None, call.operation.purpose)])

    def wait(self, calls: Sequence[PendingRequest]) -> None:
        """Waits for the end of these requests."""
        # Each ends at its own budget at the latest. It may have begun long ago.
        within = max((call.timeout_seconds for call in calls), default=0) + 1
        eventually(lambda: all(call.is_done for call in calls), within=within, what="the end of every request", every=0.002)

    def must_be_offered_exactly(self, models: Sequence[str], identity: str = "a valid key") -> None:
        """The gateway lists each of them once and nothing else, at each of its addresses."""
        for path in self.models_paths:
            offered = self.offered_models(path, identity)
            assert sorted(offered) == sorted(models), f"expected: {listed(sorted(models))} at {path}, each once\nactual: {listed(offered)}"

    def offered_models(self, path: str = MODEL_LISTS[0], identity: str = "a valid key") -> list[str]:
        """The models that the gateway lists for a client, in their order."""
        status, body = self.gateway.get(path, credential(identity, self.secrets))
        if status != 200:
            return [f"status {status}"]
        return names_of(body)

    def must_be_offered(self, model: str, *, is_offered: bool, within: float) -> None:
        """The gateway lists the model and describes it, or answers 404 for its name, within so many seconds; 0 asks once."""
        status = 200 if is_offered else 404
        expected = f"{model} {'in' if is_offered else 'absent from'} the gateway's list of models, and {status} for its name"

        def listed_and_described() -> tuple[list[str], int]:
            return self.offered_models(), self.gateway.get(f"{self.models_paths[0]}/{model}", credential("a valid key", self.secrets))[0]

        def is_so(found: tuple[list[str], int]) -> bool:
            return (model in found[0]) is is_offered and found[1] == status

        must_eventually(listed_and_described, within=within, what=expected, until=is_so)

    def leave(self) -> None:
        """Every client disconnects, at the end of a scenario."""
        for call in self.calls:
            if not call.is_done:
                call.leave()
        with contextlib.suppress(ConditionTimeoutError):
            eventually(lambda: all(call.is_done for call in self.calls), within=5, what="the end of every request")

    def _bearer(self, identity: str) -> str | None:
        """The credential for those words. The gateway has accepted some of them a moment before it must reject them."""
        if identity == EXPIRED:
            return self._expired()
        if identity == RESIGNED:
            token = self.secrets.mint("ada", "engines")
            if not self._is_accepted(token):
                raise InconclusiveError("expected: the gateway accepts a token before its signature is replaced\nactual: it rejects it")
            return resigned(token, self.secrets)
        return credential(identity, self.secrets)

    def _expired(self) -> str:
        # On a slow machine a short lifetime is over before the first use.
        for lifetime in TOKEN_LIFETIMES_SECONDS:
            token = self.secrets.mint("ada", "engines", lifetime_seconds=lifetime)
            expires_at = time.time() + lifetime  # or a moment earlier, because the token was minted before
            if self._is_accepted(token):
                break
        else:
            raise InconclusiveError("expected: the gateway accepts a token before it expires\nactual: it rejects each of them")
        eventually(lambda: time.time() >= expires_at, within=2 * lifetime, what="the token has expired")
        return token

    def _is_accepted(self, token: str) -> bool:
        return self.gateway.get(MODEL_LISTS[0], token)[0] == 200

    def send(self, request: Request) -> PendingRequest:
        """Send a request as it is and return at once."""
        call = self.gateway.start(request)
        self.calls.append(call)
        return call
