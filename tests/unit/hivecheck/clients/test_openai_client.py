"""The client of the gateway's OpenAI API, against real connections."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scripted_gateway import DONE, STOP, ScriptedGateway, event, token

from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.history import History, Operation
from hivecheck.loop_thread import LoopThread
from hivecheck.platforms.ports import PortReservation
from hivecheck.waiting import eventually

STREAM = Request(model="model-a", body={"model": "model-a", "stream": True}, key="sk-secret")
UNARY = Request(model="model-a", body={"model": "model-a"}, key="sk-secret")
WHOLE = [token("t0 "), token("t1 "), STOP, DONE]


def seen_by(client: OpenAIClient, request: Request) -> Operation:
    call = client.start(request)
    eventually(lambda: call.is_done, within=10, what="the call ended")
    return call.operation


def texts(operation: Operation) -> list[str]:
    return [piece.text for piece in operation.tokens]


def test_a_whole_stream_is_seen_as_one(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.pieces = WHOLE
    seen = seen_by(client, STREAM)
    assert (texts(seen), seen.finish_reason, seen.saw_done) == (["t0 ", "t1 "], "stop", True)
    assert (seen.status, seen.error, seen.stream_error, seen.is_answered) == (200, None, None, True)
    assert seen.header("x-worker-id") == "worker-1"


def test_times_grow_from_the_start_over_headers_and_tokens_to_the_end(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.pieces = WHOLE
    seen = seen_by(client, STREAM)
    times = [seen.started_at, seen.headers_at, *(piece.at for piece in seen.tokens), seen.ended_at]
    assert times == sorted(time for time in times if time is not None)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_however_the_bytes_are_cut_the_same_tokens_are_seen(
    client: OpenAIClient, gateway: ScriptedGateway, size: int, newline: bytes
) -> None:
    data = b"".join([b": a comment\n\n", token("tü0 "), b"event: x\nid: 1\n" + token("t1 "), STOP, DONE]).replace(b"\n", newline)
    gateway.pieces = [data[start : start + size] for start in range(0, len(data), size)]
    seen = seen_by(client, STREAM)
    assert (texts(seen), seen.saw_done, seen.stream_error) == (["tü0 ", "t1 "], True, None)


def test_a_cut_body_is_an_error_and_what_came_before_is_kept(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.pieces, gateway.is_cut = [token("t0 "), token("t1 ")], True
    seen = seen_by(client, STREAM)
    assert (texts(seen), seen.saw_done, seen.is_answered) == (["t0 ", "t1 "], False, False)
    assert seen.error is not None and seen.ended_at is not None


def test_a_body_that_ends_without_its_end_marker_is_no_answer(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.pieces = [token("t0 "), STOP]
    seen = seen_by(client, STREAM)
    assert (seen.error, seen.finish_reason, seen.saw_done, seen.is_answered) == (None, "stop", False, False)


@pytest.mark.parametrize("unfinished", [b"data: [DONE]", b"data: [DONE]\n", token("t9")[:-1]])
def test_an_event_without_its_closing_blank_line_does_not_count(client: OpenAIClient, gateway: ScriptedGateway, unfinished: bytes) -> None:
    gateway.pieces = [token("t0 "), unfinished]
    seen = seen_by(client, STREAM)
    assert (texts(seen), seen.saw_done) == (["t0 "], False)


@pytest.mark.parametrize(
    ("text", "code"),
    [('{"error": {"code": "upstream_error", "message": "died"}}', "upstream_error"), ('{"error": "died"}', None)],
)
def test_an_error_event_is_kept_as_such(client: OpenAIClient, gateway: ScriptedGateway, text: str, code: str | None) -> None:
    gateway.pieces = [token("t0 "), event(text)]
    seen = seen_by(client, STREAM)
    assert seen.stream_error == {"code": code, "message": "died"}
    assert "error event" in seen.sentence()


@pytest.mark.parametrize("text", ["{", "5", "null", "[]", '"error"', "[DONE"])
def test_a_chunk_that_is_no_json_object_is_a_stream_error(client: OpenAIClient, gateway: ScriptedGateway, text: str) -> None:
    gateway.pieces = [event(text), DONE]
    seen = seen_by(client, STREAM)
    assert seen.stream_error == {"code": "unparsable_chunk", "message": text}
    assert not seen.is_answered


def test_the_usage_chunk_is_kept_and_is_no_token(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    gateway.pieces = [token("t0 "), STOP, event(json.dumps({"choices": [], "usage": usage})), DONE]
    seen = seen_by(client, STREAM)
    assert (texts(seen), seen.usage) == (["t0 "], usage)


def test_completions_stream_their_text_in_another_place(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.pieces = [event('{"choices": [{"text": "t0 "}]}'), event('{"choices": [{"text": "", "finish_reason": "length"}]}'), DONE]
    seen = seen_by(client, STREAM)
    assert (texts(seen), seen.finish_reason) == (["t0 "], "length")


def test_an_unary_answer_is_parsed(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.content_type, gateway.pieces = "application/json", [b'{"id": "c1", "usa', b'ge": {"total_tokens": 2}}']
    seen = seen_by(client, UNARY)
    assert (seen.body["id"], seen.usage, seen.is_answered) == ("c1", {"total_tokens": 2}, True)


def test_a_body_that_is_no_json_is_kept_as_text(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.status, gateway.content_type, gateway.pieces = 502, "text/html", [b"<html>\xff"]
    seen = seen_by(client, UNARY)
    assert (seen.status, seen.body, seen.raw, seen.is_answered) == (502, None, "<html>\ufffd", False)


def test_the_key_is_sent_and_reaches_no_history(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    gateway.pieces = WHOLE
    seen_by(client, STREAM)
    assert gateway.seen[0][1]["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(history.operations())


def test_without_a_key_no_authorization_is_sent_and_an_empty_key_is_sent_empty(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    seen_by(client, replace(UNARY, key=None))
    seen_by(client, replace(UNARY, key=""))
    assert [headers.get("Authorization", "none").strip() for _, headers, _ in gateway.seen] == ["none", "Bearer"]


def test_body_path_and_headers_are_sent_as_given_and_noted(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    request = Request("/v1/rerank", "model-a", {"query": "ü"}, None, {"X-Request-Id": "mine", "X-More": "1"})
    seen = seen_by(client, request)
    path, headers, body = gateway.seen[0]
    assert (path, json.loads(body)) == ("/v1/rerank", {"query": "ü"})
    assert (headers["X-Request-Id"], headers["X-More"], seen.id) == ("mine", "1", "mine")
    assert seen.sent_headers == {"X-Request-Id": "mine", "Content-Type": "application/json", "X-More": "1"}


def test_raw_bytes_go_out_as_they_are(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    seen_by(client, replace(UNARY, raw_body=b"{not json"))
    assert gateway.seen[0][2] == b"{not json"


def test_every_request_has_an_id_of_its_own(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    assert seen_by(client, UNARY).id != seen_by(client, UNARY).id


def test_nobody_listening_is_an_error_without_a_status(loop: LoopThread) -> None:
    held = PortReservation()
    client = OpenAIClient(held.url, loop, History(), 5)
    seen = seen_by(client, UNARY)
    client.close()
    held.release()
    assert seen.status is None
    assert "Connect" in (seen.error or "")


def test_an_answer_that_never_ends_is_given_up_after_the_timeout(loop: LoopThread, gateway: ScriptedGateway) -> None:
    gateway.pieces, gateway.hangs = [token("t0 ")], True
    client = OpenAIClient(gateway.url, loop, History(), 0.2)
    seen = seen_by(client, STREAM)
    client.close()
    assert (seen.error, texts(seen)) == ("no end within 0.2 s", ["t0 "])


def test_a_client_that_leaves_is_recorded_with_what_it_saw(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    gateway.pieces, gateway.hangs = [token("t0 ")], True
    call = client.start(STREAM)
    eventually(lambda: call.operation.tokens, within=5, what="the first token")
    call.leave()
    eventually(lambda: call.is_done, within=5, what="the client gone")
    assert [(seen.error, texts(seen)) for seen in history.operations()] == [("the client left", ["t0 "])]


def test_a_client_that_leaves_at_once_is_recorded_too(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    gateway.hangs = True
    for _ in range(20):
        call = client.start(STREAM)
        call.leave()
        eventually(lambda call=call: call.is_done, within=5, what="the client gone")
    assert [seen.error for seen in history.operations()] == ["the client left"] * 20


def test_a_call_is_done_only_when_it_is_recorded(client: OpenAIClient, gateway: ScriptedGateway, history: History) -> None:
    gateway.pieces = WHOLE
    for count in range(1, 11):
        seen_by(client, STREAM)
        assert len(history.operations()) == count


def test_a_get_returns_status_and_json(client: OpenAIClient, gateway: ScriptedGateway) -> None:
    gateway.status, gateway.pieces = 401, [b'{"error": {}}']
    assert client.get("/v1/models", None) == (401, {"error": {}})
    assert gateway.seen[0][0] == "/v1/models"
