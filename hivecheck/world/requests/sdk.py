"""People who reach the gateway through the `openai` package, unmodified. What the package gave or raised goes into history."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.openai_sdk import SdkClient
from hivecheck.errors import UsageError
from hivecheck.history import History
from hivecheck.stack.secrets import Secrets
from hivecheck.world.requests.credentials import credential

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "hello there"}]
BODIES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": MESSAGES, "max_tokens": 4},
    "/v1/completions": {"prompt": "hello there", "max_tokens": 4},
    "/v1/embeddings": {"input": "hello there"},
}
MEGABYTE = 2**20
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
# What a conversation looks like after a tool was called: an assistant's message without content, and the tool's answer.
TOOL_TURNS = [
    {"role": "user", "content": "the weather in Rome?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
]
ENDLESS = "ttft=60"
LEAVE_AFTER_TOKENS = 3


@dataclass(frozen=True)
class SdkErrorCase:
    """What makes a call fail. `retries` and `timeout_seconds` are what its developer gives the package; None gives nothing."""

    body: dict[str, Any] = field(default_factory=dict)
    who: str = "a valid key"
    behaviour: str = ""
    retries: int | None = None
    timeout_seconds: float | None = None


SDK_ERRORS: dict[str, SdkErrorCase] = {
    "a temperature of 3": SdkErrorCase({"temperature": 3}),
    "a wrong key": SdkErrorCase(who="a wrong key"),
    "a key for other models": SdkErrorCase(who="a key for other models"),
    "a prompt of 17 megabytes": SdkErrorCase({"messages": [{"role": "user", "content": "x" * 17 * MEGABYTE}]}),
    "workers that are full": SdkErrorCase(behaviour="fault=status:429"),
    "one worker that is full, and one retry": SdkErrorCase(behaviour="fault=status:429", retries=1),
    "workers that reset the connection": SdkErrorCase(behaviour="fault=reset"),
    "workers that answer 503": SdkErrorCase(behaviour="fault=status:503"),
    "no worker, and no retry": SdkErrorCase(retries=0),
    "a worker that hangs": SdkErrorCase(behaviour="fault=hang"),
    "workers that answer 408": SdkErrorCase(behaviour="fault=status:408"),
    "workers that answer 409": SdkErrorCase(behaviour="fault=status:409"),
    "a patience of 0.3 seconds, and one retry": SdkErrorCase(behaviour=ENDLESS, retries=1, timeout_seconds=0.3),
}


@dataclass
class Sdk:
    """`url` is the gateway's. Each call has a client of its own, with the package's defaults where nothing is said."""

    url: str
    secrets: Secrets
    history: History

    def ask(self, path: str, model: str) -> None:
        with self._client() as client:
            client.ask(path, {"model": model, **BODIES[path]}, {})

    def stream(self, model: str, tokens: int) -> None:
        with self._client() as client:
            client.ask(CHAT, {"model": model, "messages": MESSAGES, "max_tokens": tokens, "stream": True}, {})

    def bring_tools(self, model: str) -> None:
        """A conversation in which a tool was called, with the tools that may be."""
        body = {"model": model, "messages": TOOL_TURNS, "tools": [TOOL], "tool_choice": "auto", "max_tokens": 4}
        with self._client() as client:
            client.ask(CHAT, body, {})

    def require_tool(self, model: str) -> None:
        """A question that only the tool can answer."""
        choice = {"type": "function", "function": {"name": TOOL["function"]["name"]}}
        body = {"model": model, "messages": TOOL_TURNS[:1], "tools": [TOOL], "tool_choice": choice, "max_tokens": 4}
        with self._client() as client:
            client.ask(CHAT, body, {})

    def leave_stream(self, model: str) -> None:
        """A long stream, closed after its first tokens."""
        body = {"model": model, "messages": MESSAGES, "max_tokens": 1000, "stream": True}
        with self._client() as client:
            client.ask(CHAT, body, {"X-Simulate": "itl=0.02"}, leave_after=LEAVE_AFTER_TOKENS)

    def meet(self, words: str, model: str) -> None:
        """One call that meets trouble. Raises UsageError for trouble that is not in the table."""
        if words not in SDK_ERRORS:
            raise UsageError(f"There is no trouble {words!r}. Known: {', '.join(SDK_ERRORS)}.")
        trouble = SDK_ERRORS[words]
        headers = {"X-Simulate": trouble.behaviour} if trouble.behaviour else {}
        with self._client(trouble) as client:
            client.ask(CHAT, {"model": model, **BODIES[CHAT], **trouble.body}, headers)

    def must_find(self, model: str) -> None:
        """The package lists the model, and finds it by name."""
        with self._client() as client:
            listed, found = client.models(), client.model(model)
        assert model in listed, f"expected: {model} in the list of models\nactual: {listed}"
        assert found == model, f"expected: {model} by name\nactual: {found}"

    @contextlib.contextmanager
    def _client(self, trouble: SdkErrorCase = SdkErrorCase()) -> Iterator[SdkClient]:
        key = credential(trouble.who, self.secrets) or ""
        client = SdkClient(self.url, key, self.history, retries=trouble.retries, timeout_seconds=trouble.timeout_seconds)
        with contextlib.closing(client):
            yield client
