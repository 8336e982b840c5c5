"""Calls of the gateway through the unmodified `openai` package. What the package returned or raised goes into history."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.openai_sdk import SdkClient
from hivecheck.history import History
from hivecheck.stack.secrets import Secrets
from hivecheck.wording import figures, listed
from hivecheck.world.requests.chats import BODIES, CHAT
from hivecheck.world.requests.credentials import credential
from hivecheck.world.requests.model_lists import names_of
from hivecheck.world.requests.worker_behaviours import FOREIGN_RESPONSES, simulation

MESSAGES = BODIES[CHAT]["messages"]
MEGABYTE = 2**20
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
TOOL_CHOICE = {"type": "function", "function": {"name": TOOL["function"]["name"]}}
# A conversation after a tool call: an assistant's message without content, and the tool's result.
TOOL_TURNS = [
    {"role": "user", "content": "the weather in Rome?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
]
ENDLESS = "60 seconds of work"
STREAM_TOKENS = 20
LEAVE_AFTER_TOKENS = 3
# Path, body, and the number of tokens after which the client closes the stream.
SDK_CALLS: dict[str, tuple[str, dict[str, Any], int | None]] = {
    "a chat": (CHAT, BODIES[CHAT], None),
    "a completion": ("/v1/completions", BODIES["/v1/completions"], None),
    "an embedding": ("/v1/embeddings", BODIES["/v1/embeddings"], None),
    "a stream": (CHAT, {"messages": MESSAGES, "max_tokens": STREAM_TOKENS, "stream": True}, None),
    "a stream that it closes early": (CHAT, {"messages": MESSAGES, "max_tokens": 1000, "stream": True}, LEAVE_AFTER_TOKENS),
    "a chat with a tool result": (CHAT, {"messages": TOOL_TURNS, "tools": [TOOL], "tool_choice": "auto", "max_tokens": 4}, None),
    "a chat that requires a tool": (
        CHAT,
        {"messages": TOOL_TURNS[:1], "tools": [TOOL], "tool_choice": TOOL_CHOICE, "max_tokens": 4},
        None,
    ),
}


@dataclass(frozen=True)
class SdkErrorCase:
    """What makes a call fail. `retries` and `timeout_seconds` are arguments of the package, None for its default."""

    body: dict[str, Any] = field(default_factory=dict)
    identity: str = "a valid key"
    behaviour: str = ""
    retries: int | None = None
    timeout_seconds: float | None = None


SDK_ERRORS: dict[str, SdkErrorCase] = {
    "with a temperature of 2.1": SdkErrorCase({"temperature": 2.1}),
    "with a key in upper case": SdkErrorCase(identity="a valid key in upper case"),
    "with a malformed claim in its token": SdkErrorCase(identity="a token with a text in place of a list"),
    "with a key for other models": SdkErrorCase(identity="a key for other models"),
    "with a prompt of 17 MiB": SdkErrorCase({"messages": [{"role": "user", "content": "x" * 17 * MEGABYTE}]}),
    "with a prompt of 15 MiB": SdkErrorCase({"messages": [{"role": "user", "content": "x" * 15 * MEGABYTE}]}),
    "simulating a 429 response": SdkErrorCase(behaviour="a 429 response"),
    "simulating a 429 response, with one retry": SdkErrorCase(behaviour="a 429 response", retries=1),
    "simulating a connection reset": SdkErrorCase(behaviour="a connection reset"),
    "simulating a 503 response": SdkErrorCase(behaviour="a 503 response"),
    "without a retry": SdkErrorCase(retries=0),
    "simulating a hang": SdkErrorCase(behaviour="a hang"),
    "simulating a 408 response": SdkErrorCase(behaviour="a 408 response"),
    "simulating a 409 response": SdkErrorCase(behaviour="a 409 response"),
    **{f"simulating {words}": SdkErrorCase(behaviour=words) for words in FOREIGN_RESPONSES},
    "with a timeout of 0.3 seconds and one retry": SdkErrorCase(behaviour=ENDLESS, retries=1, timeout_seconds=0.3),
}


@dataclass
class Sdk:
    """`url` is the gateway's. Each call has a client of its own, with the package's defaults for everything that no case sets."""

    url: str
    secrets: Secrets
    history: History

    def call(self, words: str, model: str) -> None:
        """One call of `SDK_CALLS`."""
        path, body, leave_after = SDK_CALLS[words]
        headers = {} if leave_after is None else {"X-Simulate": "itl=0.02"}
        with self._client() as client:
            client.ask(path, {"model": model, **body}, headers, leave_after=leave_after)

    def call_with_error(self, words: str, model: str) -> None:
        """One chat of a case of `SDK_ERRORS`."""
        case = SDK_ERRORS[words]
        headers = {"X-Simulate": simulation(case.behaviour)} if case.behaviour else {}
        with self._client(case) as client:
            client.ask(CHAT, {"model": model, **BODIES[CHAT], **case.body}, headers)

    def must_find(self, model: str) -> None:
        """The package lists the model and retrieves it by name."""
        with self._client() as client:
            models, found = client.models(), client.model(model)
        names = names_of({"object": "list", "data": models})
        assert model in names, f"expected: {model} in the list of models\nactual: {listed(names)}"
        entry = models[names.index(model)]
        assert found == entry, f"expected: {model} by name as in the list, {figures(entry)}\nactual: {figures(found)}"

    @contextlib.contextmanager
    def _client(self, case: SdkErrorCase = SdkErrorCase()) -> Iterator[SdkClient]:
        key = credential(case.identity, self.secrets) or ""
        client = SdkClient(self.url, key, self.history, retries=case.retries, timeout_seconds=case.timeout_seconds)
        with contextlib.closing(client):
            yield client
