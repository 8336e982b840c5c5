"""The `openai` package as the harness drives it, against real connections."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from scripted_gateway import DONE, STOP, ScriptedGateway, token

from hivecheck.clients.openai_sdk import SdkClient
from hivecheck.history import CLIENT_LEFT, History, Operation

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "hello"}]
COMPLETION = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "model-a",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}
ERROR = {"error": {"message": "No.", "type": "t", "param": None, "code": "c"}}


@pytest.fixture
def sdk(gateway: ScriptedGateway, history: History) -> Iterator[SdkClient]:
    with contextlib.closing(SdkClient(gateway.url, "sk-secret", history, retries=0, timeout_seconds=1.0)) as client:
        yield client


def ask(client: SdkClient, leave_after: int | None = None, **more: Any) -> Operation:
    return client.ask(CHAT, {"model": "model-a", "messages": MESSAGES, **more}, {"X-Simulate": "ttft=0"}, leave_after=leave_after)


def script(gateway: ScriptedGateway, body: object, status: int = 200, content_type: str = "application/json") -> None:
    gateway.pieces, gateway.status, gateway.content_type = [json.dumps(body).encode()], status, content_type


def test_sdk_answer(sdk: SdkClient, gateway: ScriptedGateway, history: History) -> None:
    """A response is what the SDK parsed."""
    script(gateway, COMPLETION)
    received = ask(sdk)
    assert (received.status, received.is_answered, received.body) == (200, True, COMPLETION)
    assert history.operations() == [received]
    path, headers, _ = gateway.received[0]
    assert (path, headers["X-Request-Id"], headers["X-Simulate"]) == (CHAT, received.id, "ttft=0")
    assert "sk-secret" not in repr(received)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_sdk_no_json(sdk: SdkClient, gateway: ScriptedGateway, content_type: str) -> None:
    """A response that is not JSON has no body."""
    gateway.pieces, gateway.content_type = [b'{"id": "c1", '], content_type
    assert not ask(sdk).is_answered


@pytest.mark.parametrize(("status", "name"), [(400, "BadRequestError"), (413, "APIStatusError"), (429, "RateLimitError")])
def test_sdk_error(sdk: SdkClient, gateway: ScriptedGateway, status: int, name: str) -> None:
    """An error has the content of its exception."""
    script(gateway, ERROR, status)
    received = ask(sdk)
    assert (received.status, received.raised, received.error_object()) == (status, name, ERROR["error"])


def test_sdk_stream(sdk: SdkClient, gateway: ScriptedGateway) -> None:
    """A stream is read to its end, or cancelled."""
    gateway.pieces = [token("t0 "), token("t1 "), STOP, DONE]
    received = ask(sdk, stream=True)
    assert ([piece.text for piece in received.tokens], received.finish_reason, received.is_answered) == (["t0 ", "t1 "], "stop", True)
    left = ask(sdk, stream=True, leave_after=1)
    assert (len(left.tokens), left.error, left.is_answered) == (1, CLIENT_LEFT, False)


def test_sdk_cut_stream(sdk: SdkClient, gateway: ScriptedGateway) -> None:
    """A cut stream raises an exception."""
    gateway.pieces, gateway.is_cut = [token("t0 ")], True
    received = ask(sdk, stream=True)
    assert (len(received.tokens), received.raised, received.saw_done) == (1, "APIConnectionError", False)


def test_sdk_timeout(sdk: SdkClient, gateway: ScriptedGateway) -> None:
    """A missing response raises an exception."""
    gateway.hangs = True
    assert ask(sdk).raised == "APITimeoutError"


def test_large_prompt_in_history(sdk: SdkClient, gateway: ScriptedGateway) -> None:
    """The history records a very large prompt by its length."""
    script(gateway, COMPLETION)
    assert "characters" in str(ask(sdk, messages=[{"role": "user", "content": "x" * 2**20}]).request["messages"])


def test_sdk_models(sdk: SdkClient, gateway: ScriptedGateway) -> None:
    """Models are listed and found, or the error is recorded."""
    model = {"id": "model-a", "object": "model", "created": 1, "owned_by": "x"}
    script(gateway, {"object": "list", "data": [model]})
    assert sdk.models() == [model]
    script(gateway, model)
    assert sdk.model("model-a") == model
    script(gateway, ERROR, 404)
    assert sdk.model("model-a")["error"].startswith("NotFoundError")
