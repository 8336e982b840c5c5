"""The client of the gateway's OpenAI API, against real connections."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from scripted_gateway import DONE, STOP, ScriptedGateway, event, token

from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.history import CLIENT_LEFT, History, Operation
from hivecheck.loop_thread import LoopThread
from hivecheck.platforms.ports import PortReservation
from hivecheck.waiting import eventually

STREAM = Request(model="model-a", body={"model": "model-a", "stream": True}, key="sk-secret")
UNARY = Request(model="model-a", body={"model": "model-a"}, key="sk-secret")
WHOLE = [token("t0 "), token("t1 "), STOP, DONE]


def operation_of(client: OpenAIClient, request: Request) -> Operation:
    call = client.start(request)
    eventually(lambda: call.is_done, within=10, what="the call ended")
    return call.operation


def texts(operation: Operation) -> list[str]:
    return [piece.text for piece in operation.tokens]


def test_whole_stream(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """A whole stream is recorded as whole."""
    gateway.pieces = WHOLE
    operation = operation_of(client, STREAM)
    assert (texts(operation), operation.finish_reason, operation.saw_done) == (["t0 ", "t1 "], "stop", True)
    assert (operation.status, operation.error, operation.stream_error, operation.is_answered) == (200, None, None, True)
    assert operation.header("x-worker-id") == "worker-1"


def test_times_in_order(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """The times grow from start over headers and tokens to the end."""
    gateway.pieces = WHOLE
    operation = operation_of(client, STREAM)
    times = [operation.started_at, operation.headers_at, *(piece.at for piece in operation.tokens), operation.ended_at]
    assert times == sorted(time for time in times if time is not None)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_any_chunk_boundaries(client: OpenAIClient, gateway: ScriptedGateway, size: int, newline: bytes) -> None:
    """The tokens are the same whatever the chunk boundaries are."""
    data = b"".join([b": a comment\n\n", token("tü0 "), b"event: x\nid: 1\n" + token("t1 "), STOP, DONE]).replace(b"\n", newline)
    gateway.pieces = [data[start : start + size] for start in range(0, len(data), size)]
    operation = operation_of(client, STREAM)
    assert (texts(operation), operation.saw_done, operation.stream_error) == (["tü0 ", "t1 "], True, None)


def test_cut_body(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """A cut body is an error, and earlier tokens are kept."""
    gateway.pieces, gateway.is_cut = [token("t0 "), token("t1 ")], True
    operation = operation_of(client, STREAM)
    assert (texts(operation), operation.saw_done, operation.is_answered) == (["t0 ", "t1 "], False, False)
    assert operation.error is not None and operation.ended_at is not None


def test_missing_end_marker(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """A body without its end marker is not answered."""
    gateway.pieces = [token("t0 "), STOP]
    operation = operation_of(client, STREAM)
    assert (operation.error, operation.finish_reason, operation.saw_done, operation.is_answered) == (None, "stop", False, False)


@pytest.mark.parametrize("unfinished", [b"data: [DONE]", b"data: [DONE]\n", token("t9")[:-1]])
def test_incomplete_event(client: OpenAIClient, gateway: ScriptedGateway, unfinished: bytes) -> None:
    """An event without its blank line does not count."""
    gateway.pieces = [token("t0 "), unfinished]
    operation = operation_of(client, STREAM)
    assert (texts(operation), operation.saw_done) == (["t0 "], False)


@pytest.mark.parametrize(
    ("text", "code"),
    [('{"error": {"code": "upstream_error", "message": "died"}}', "upstream_error"), ('{"error": "died"}', None)],
)
def test_error_event(client: OpenAIClient, gateway: ScriptedGateway, text: str, code: str | None) -> None:
    """An error event is recorded as one."""
    gateway.pieces = [token("t0 "), event(text)]
    operation = operation_of(client, STREAM)
    assert operation.stream_error == {"code": code, "message": "died"}
    assert "error event" in operation.sentence()


@pytest.mark.parametrize("text", ["{", "5", "null", "[]", '"error"', "[DONE"])
def test_bad_chunk(client: OpenAIClient, gateway: ScriptedGateway, text: str) -> None:
    """A chunk that is not a JSON object is a stream error."""
    gateway.pieces = [event(text), DONE]
    operation = operation_of(client, STREAM)
    assert operation.stream_error == {"code": "unparsable_chunk", "message": text}
    assert not operation.is_answered


def test_usage_chunk(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """The usage chunk is recorded and is not a token."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    gateway.pieces = [token("t0 "), STOP, event(json.dumps({"choices": [], "usage": usage})), DONE]
    operation = operation_of(client, STREAM)
    assert (texts(operation), operation.usage) == (["t0 "], usage)


def test_completions_stream(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """Completions stream their text in another field."""
    gateway.pieces = [event('{"choices": [{"text": "t0 "}]}'), event('{"choices": [{"text": "", "finish_reason": "length"}]}'), DONE]
    operation = operation_of(client, STREAM)
    assert (texts(operation), operation.finish_reason) == (["t0 "], "length")


def test_unary_answer(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """A unary response is parsed."""
    gateway.content_type, gateway.pieces = "application/json", [b'{"id": "c1", "usa', b'ge": {"total_tokens": 2}}']
    operation = operation_of(client, UNARY)
    assert (operation.body["id"], operation.usage, operation.is_answered) == ("c1", {"total_tokens": 2}, True)


def test_plain_text_body(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """A body that is not JSON is kept as text."""
    gateway.status, gateway.content_type, gateway.pieces = 502, "text/html", [b"<html>\xff"]
    operation = operation_of(client, UNARY)
    assert (operation.status, operation.body, operation.raw, operation.is_answered) == (502, None, "<html>\ufffd", False)


def test_key_not_in_history(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    """The key is sent and does not reach the history."""
    gateway.pieces = WHOLE
    operation_of(client, STREAM)
    assert gateway.received[0][1]["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(history.operations())


def test_missing_and_empty_key(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """Without a key no header is sent, and an empty key is sent as empty."""
    operation_of(client, replace(UNARY, key=None))
    operation_of(client, replace(UNARY, key=""))
    assert [headers.get("Authorization", "none").strip() for _, headers, _ in gateway.received] == ["none", "Bearer"]


def test_request_sent_as_given(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """Body, path and headers are sent as given and recorded."""
    request = Request("/v1/rerank", "model-a", {"query": "ü"}, None, {"X-Request-Id": "mine", "X-More": "1"})
    operation = operation_of(client, request)
    path, headers, body = gateway.received[0]
    assert (path, json.loads(body)) == ("/v1/rerank", {"query": "ü"})
    assert (headers["X-Request-Id"], headers["X-More"], operation.id) == ("mine", "1", "mine")
    assert operation.sent_headers == {"X-Request-Id": "mine", "Content-Type": "application/json", "X-More": "1"}


def test_raw_bytes(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """Raw bytes are sent unchanged."""
    operation_of(client, replace(UNARY, raw_body=b"{not json"))
    assert gateway.received[0][2] == b"{not json"


def test_unique_request_ids(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """Every request has its own ID."""
    assert operation_of(client, UNARY).id != operation_of(client, UNARY).id


def test_connection_refused(loop: LoopThread) -> None:
    """A refused connection is an error without a status."""
    held = PortReservation()
    client = OpenAIClient(held.url, loop, History(), 5)
    operation = operation_of(client, UNARY)
    client.close()
    held.release()
    assert operation.status is None
    assert "connection refused" in (operation.error or "")


def test_endless_answer(loop: LoopThread, gateway: ScriptedGateway) -> None:
    """A response without an end is given up after the timeout."""
    gateway.pieces, gateway.hangs = [token("t0 ")], True
    client = OpenAIClient(gateway.url, loop, History(), 0.2)
    operation = operation_of(client, STREAM)
    client.close()
    assert (operation.error, texts(operation)) == ("no end within 0.2 s", ["t0 "])


def test_cancelled_request(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    """A cancelled request is recorded with its tokens."""
    gateway.pieces, gateway.hangs = [token("t0 ")], True
    call = client.start(STREAM)
    eventually(lambda: call.operation.tokens, within=5, what="the first token")
    call.leave()
    eventually(lambda: call.is_done, within=5, what="the client gone")
    assert [(operation.error, texts(operation)) for operation in history.operations()] == [(CLIENT_LEFT, ["t0 "])]


def test_cancelled_at_once(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    """A request that is cancelled at once is recorded as well."""
    gateway.hangs = True
    for _ in range(20):
        call = client.start(STREAM)
        call.leave()
        eventually(lambda call=call: call.is_done, within=5, what="the client gone")
    assert [operation.error for operation in history.operations()] == [CLIENT_LEFT] * 20


def test_done_after_record(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    """A request is done only after its record."""
    gateway.pieces = WHOLE
    for count in range(1, 11):
        operation_of(client, STREAM)
        assert len(history.operations()) == count


def test_get(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    """A GET returns status and JSON."""
    gateway.status, gateway.pieces = 401, [b'{"error": {}}']
    assert client.get("/v1/models", None) == (401, {"error": {}})
    assert gateway.received[0][0] == "/v1/models"


@pytest.mark.parametrize("is_packed", [True, False])
def test_compressed_answer(client: OpenAIClient, gateway: ScriptedGateway, is_packed: bool) -> None:
    """A body in gzip is unpacked, and one that only claims to be in gzip is an error."""
    plain = json.dumps({"model": "model-a"}).encode()
    gateway.pieces, gateway.content_type = [gzip.compress(plain) if is_packed else plain], "application/json"
    gateway.headers = (("Content-Encoding", "gzip"),)
    operation = operation_of(client, UNARY)
    assert operation.body == {"model": "model-a"}
    assert operation.is_answered is is_packed
    assert is_packed or "coding" in (operation.error or "")
