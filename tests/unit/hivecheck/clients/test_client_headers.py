"""Headers of responses keep their number and order in history, whichever client received them."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_gateway import ScriptedGateway

from hivecheck import clients
from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.clients.openai_sdk import SdkClient
from hivecheck.clients.raw_http import RawClient, RawRequest
from hivecheck.history import History, Operation
from hivecheck.loop_thread import LoopThread
from hivecheck.waiting import eventually

REPEATED = (("X-Twice", "a"), ("X-Other", "b"), ("x-twice", "a"))
ERROR = {"error": {"message": "No.", "type": "t", "param": None, "code": "c"}}
BODY = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}
CHAT = "/v1/chat/completions"
CLIENTS = (OpenAIClient, SdkClient, RawClient)


def by_openai_client(url: str, history: History, loop: LoopThread) -> Operation:
    client = OpenAIClient(url, loop, history, timeout_seconds=5)
    call = client.start(Request(CHAT, "model-a", BODY, "sk-x"))
    eventually(lambda: call.is_done, within=5, what="a response")
    client.close()
    return call.operation


def by_sdk(url: str, history: History, _: LoopThread) -> Operation:
    client = SdkClient(url, "sk-x", history, retries=0, timeout_seconds=5.0)
    operation = client.ask(CHAT, BODY, {})
    client.close()
    return operation


def by_raw_client(url: str, history: History, _: LoopThread) -> Operation:
    return RawClient(url, history, 5.0).send("r1", "some words", RawRequest(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))


@pytest.mark.parametrize("ask", [by_openai_client, by_sdk, by_raw_client], ids=[client.__name__ for client in CLIENTS])
def test_client_keeps_headers(
    ask: Callable[[str, History, LoopThread], Operation], gateway: ScriptedGateway, history: History, loop: LoopThread
) -> None:
    """Each client records a repeated header as often as it came, in order."""
    gateway.pieces, gateway.status, gateway.content_type = [json.dumps(ERROR).encode()], 400, "application/json"
    gateway.headers = REPEATED
    operation = ask(gateway.url, history, loop)
    kept = [(name.lower(), value) for name, value in operation.headers if name.lower().startswith(("x-twice", "x-other"))]
    assert kept == [("x-twice", "a"), ("x-other", "b"), ("x-twice", "a")]
    assert operation.header("X-Twice") == "a, a"


def test_every_recording_client() -> None:
    """Each client that makes an operation of a response has a row here."""
    files = Path(clients.__file__).parent.glob("*.py")
    recording = {f"hivecheck.clients.{path.stem}" for path in files if makes_operations(path.read_text(encoding="utf-8"))}
    assert recording == {client.__module__ for client in CLIENTS}


def makes_operations(text: str) -> bool:
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == "Operation" for call in calls)
