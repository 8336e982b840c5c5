"""The worker over HTTP: OpenAI's shapes, streams, errors, slots, journal and metrics."""

from __future__ import annotations

import socket
import time

import pytest
from chat_bodies import chat_body
from worker_process import CHAT, WorkerFactory, WorkerProcess, eventually, read_until

FREED_WITHIN_SECONDS = 0.1


def test_chat_shape(worker: WorkerProcess) -> None:
    """A chat answer has the complete OpenAI shape."""
    body = worker.chat(max_tokens=3).json
    assert body.pop("id").startswith("chatcmpl-")
    assert body.pop("created") == pytest.approx(time.time(), abs=5)
    choice = {"index": 0, "message": {"role": "assistant", "content": "t0 t1 t2 "}, "logprobs": None, "finish_reason": "length"}
    usage = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    rest = {"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage, "system_fingerprint": "fp_simulator"}
    assert body == rest


def test_finish_reason_stop(worker: WorkerProcess) -> None:
    """An answer below the limit has the finish reason `stop`."""
    body = worker.chat().json
    assert (body["choices"][0]["finish_reason"], body["usage"]["completion_tokens"]) == ("stop", 16)


def test_max_completion_tokens_wins(worker: WorkerProcess) -> None:
    """`max_completion_tokens` takes precedence over `max_tokens`."""
    assert worker.chat(max_tokens=9, max_completion_tokens=2).json["usage"]["completion_tokens"] == 2


def test_prompt_tokens(worker: WorkerProcess) -> None:
    """Prompt tokens are the words of all messages and text parts."""
    parts = [{"type": "text", "text": "a b"}, {"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "c"}]
    messages = [{"role": "system", "content": "d e"}, {"role": "user", "content": parts}, {"role": "assistant", "content": None}]
    assert worker.chat(messages=messages).json["usage"]["prompt_tokens"] == 5


def test_stream_order(worker: WorkerProcess) -> None:
    """A stream sends role, tokens in order, finish reason and end marker."""
    answer = worker.chat(stream=True, max_tokens=3)
    choices = [chunk["choices"][0] for chunk in answer.chunks]
    assert answer.headers["content-type"] == "text/event-stream"
    contents = [{"role": "assistant", "content": ""}, {"content": "t0 "}, {"content": "t1 "}, {"content": "t2 "}, {}]
    assert [choice["delta"] for choice in choices] == contents
    assert [choice["finish_reason"] for choice in choices] == [None, None, None, None, "length"]
    assert answer.events[-1] == "[DONE]"
    assert {chunk["object"] for chunk in answer.chunks} == {"chat.completion.chunk"}
    assert not any("usage" in chunk for chunk in answer.chunks)


def test_stream_usage(worker: WorkerProcess) -> None:
    """A stream sends its usage last, on request."""
    *pieces, last = worker.chat(stream=True, max_tokens=2, stream_options={"include_usage": True}).chunks
    assert (last["choices"], last["usage"]) == ([], {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
    assert {piece["usage"] for piece in pieces} == {None}


def test_long_stream(worker: WorkerProcess) -> None:
    """A stream of many tokens is complete."""
    assert worker.chat(stream=True, max_tokens=1500).text == "".join(f"t{index} " for index in range(1500))


def test_token_times(worker: WorkerProcess) -> None:
    """Tokens are never sent before their deadline."""
    worker.chat(stream=True, simulate="ttft=0.1;itl=0.02;tokens=10", request_id="paced")
    end = worker.end_of("paced")
    lateness = [at - (end["slot_at"] + 0.1 + 0.02 * place) for place, at in enumerate(end["emitted"])]
    assert len(lateness) == 10
    assert min(lateness) >= 0
    # A busy machine may delay some tokens, but not every one of them.
    assert min(lateness) < 0.015


def test_unary_duration(worker: WorkerProcess) -> None:
    """A unary answer takes the time of all its tokens."""

    def duration() -> float:
        started = time.monotonic()
        worker.chat(simulate="ttft=0.1;itl=0.02;tokens=6")
        return time.monotonic() - started

    # The minimum of several runs: a busy machine can only make a run slower.
    assert 0.2 <= min(duration() for _ in range(5)) < 0.3


def test_text_completion(worker: WorkerProcess) -> None:
    """A text completion can be unary or streamed."""
    asked = {"model": "m", "prompt": ["one two", "three"], "max_tokens": 2}
    whole = worker.call("POST", "/v1/completions", asked).json
    streamed = worker.call("POST", "/v1/completions", asked | {"stream": True})
    assert (whole["object"], whole["choices"][0]["text"], whole["usage"]["prompt_tokens"]) == ("text_completion", "t0 t1 ", 3)
    assert [chunk["choices"][0]["text"] for chunk in streamed.chunks] == ["t0 ", "t1 ", ""]
    assert streamed.events[-1] == "[DONE]"


def test_embeddings(worker: WorkerProcess) -> None:
    """Equal texts have equal embeddings, and different texts have different ones."""
    body = worker.call("POST", "/v1/embeddings", {"model": "m", "input": ["a", "b", "a"]}).json
    vectors = [item["embedding"] for item in body["data"]]
    assert vectors[0] == vectors[2] != vectors[1]
    assert sum(number**2 for number in vectors[0]) == pytest.approx(1)


def test_rerank(worker: WorkerProcess) -> None:
    """Documents are ranked best first, and the same way each time."""
    asked = {"model": "m", "query": "q", "documents": ["a", "b", "c"], "top_n": 2}
    results = [worker.call("POST", "/v1/rerank", asked).json["results"] for _ in range(2)]
    scores = [result["relevance_score"] for result in results[0]]
    assert results[0] == results[1]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


def test_models(worker: WorkerProcess) -> None:
    """The worker lists its models and shows one by name."""
    assert [model["id"] for model in worker.call("GET", "/v1/models").json["data"]] == ["m", "org/n"]
    assert worker.call("GET", "/v1/models/org/n").json["id"] == "org/n"
    assert worker.call("GET", "/v1/models/other").error["code"] == "model_not_found"


def test_health_and_info(worker: WorkerProcess) -> None:
    """Health and info report the models and the load."""
    health, info = worker.health(), worker.call("GET", "/info").json
    assert [health[key] for key in ("status", "running", "waiting", "models")] == ["healthy", 0, 0, ["m", "org/n"]]
    assert (info["models"], info["slots"], info["pid"]) == (["m", "org/n"], 1, worker.process.pid)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "param"),
    [
        ("POST", CHAT, b"{", 400, "invalid_json", None),
        ("POST", CHAT, b"\xff", 400, "invalid_json", None),
        ("POST", CHAT, {"model": "m"}, 400, "invalid_request", "messages"),
        ("POST", CHAT, chat_body(max_tokens="many"), 400, "invalid_request", "max_tokens"),
        ("POST", CHAT, chat_body(model="other"), 404, "model_not_found", "model"),
        ("POST", "/v1/audio", {}, 404, "not_found", None),
        ("DELETE", CHAT, None, 405, "method_not_allowed", None),
        ("GET", CHAT, None, 405, "method_not_allowed", None),
        ("GET", "/v1/other", None, 404, "not_found", None),
    ],
)
def test_invalid_request(worker: WorkerProcess, method: str, path: str, body: object, status: int, code: str, param: str | None) -> None:
    """An invalid request gets an OpenAI error object."""
    answer = worker.call(method, path, body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param)
    assert answer.error["message"]


def test_token_required(worker: WorkerProcess) -> None:
    """Without the token only the common routes answer."""
    for method, path in (
        ("POST", CHAT),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/m"),
        ("GET", "/v1/x"),
        ("GET", "/get_load"),
        ("GET", "/model_info"),
    ):
        assert worker.call(method, path, X_Cluster_Token="wrong").status == 401
    for path in ("/health", "/ready", "/info", "/metrics"):
        assert worker.call("GET", path, X_Cluster_Token="").status == 200


def test_rejected_request_journaled(worker: WorkerProcess) -> None:
    """A rejected request is journaled with its reason."""
    worker.call("POST", CHAT, chat_body(), X_Request_Id="stranger", X_Cluster_Token="wrong")
    worker.call("POST", CHAT, chat_body(model="other"), X_Request_Id="lost")
    stranger, lost = worker.journal("stranger"), worker.journal("lost")
    assert [line["event"] for line in stranger] == [line["event"] for line in lost] == ["arrival", "end"]
    assert (lost[0]["model"], stranger[0]["headers"]["x-cluster-token"]) == ("other", "***")
    assert [(end["outcome"], end["status"], end["reason"]) for end in (stranger[1], lost[1])] == [
        ("rejected", 401, "invalid_cluster_token"),
        ("rejected", 404, "model_not_found"),
    ]


def test_stream_journaled(worker: WorkerProcess) -> None:
    """A stream is journaled with session, body and token times."""
    body = b'{"model":"m","stream":true,"max_tokens":2,"messages":[{"role":"user","content":"a b"}]}'
    worker.call("POST", CHAT, body, X_Request_Id="whole", X_Session_ID="s1")
    arrival, first, end = worker.journal("whole")
    assert (arrival["session"], arrival["stream"], arrival["body"]) == ("s1", True, body.decode())
    assert first["event"] == "first_token"
    assert (end["outcome"], end["status"], end["output_tokens"], end["prompt_tokens"]) == ("finished", 200, 2, 2)
    assert first["monotonic"] <= end["emitted"][0] <= end["emitted"][1] <= end["monotonic"]


def test_queue_full(worker: WorkerProcess) -> None:
    """With full slots and queue the worker answers 429 before any stream header."""
    with worker.open_chat(simulate="hang"), worker.open_chat(simulate="hang"):
        eventually(lambda: worker.call("GET", "/get_load").json["load"] == 2)
        answer = worker.chat(stream=True)
        assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (429, "queue_full", "1")
        assert worker.metric("vllm:num_requests_running") == worker.metric("vllm:num_requests_waiting") == 1
    eventually(worker.is_idle)
    assert worker.metric("vllm:num_requests_running") == worker.metric("vllm:num_requests_waiting") == 0


def test_disconnect_in_queue(worker: WorkerProcess) -> None:
    """A client disconnect in the queue frees its place at once."""
    with worker.open_chat(simulate="hang", request_id="holder"):
        eventually(lambda: worker.health()["running"] == 1)
        with worker.open_chat(request_id="queued") as connection:
            eventually(lambda: worker.health()["waiting"] == 1)
            must_free(worker, connection, "queued")
        assert worker.health()["waiting"] == 0


@pytest.mark.parametrize("stream", [True, False])
def test_disconnect_before_headers(worker: WorkerProcess, stream: bool) -> None:
    """A client disconnect before the headers frees the slot at once."""
    request_id = f"early-{stream}"
    with worker.open_chat(simulate="ttft=30", stream=stream, request_id=request_id) as connection:
        eventually(lambda: worker.health()["running"] == 1)
        must_free(worker, connection, request_id)


def test_disconnect_in_stream(worker: WorkerProcess) -> None:
    """A client disconnect in a stream frees the slot at once."""
    with worker.open_chat(simulate="itl=0.01;tokens=8000", request_id="mid") as connection:
        read_until(connection, b"t3 ")
        must_free(worker, connection, "mid")
    assert 4 <= worker.end_of("mid")["output_tokens"] < 1000


def test_disconnect_in_stalled_stream(worker: WorkerProcess) -> None:
    """A client disconnect in a stalled stream frees the slot at once."""
    with worker.open_chat(simulate="stall_after:2", request_id="stalled") as connection:
        read_until(connection, b"t1 ")
        must_free(worker, connection, "stalled")


def test_disconnect_counted(worker: WorkerProcess) -> None:
    """A client disconnect increments its counter."""
    before = worker.metric("worker_requests_cancelled_total")
    with worker.open_chat(simulate="hang"):
        eventually(lambda: worker.health()["running"] == 1)
    eventually(lambda: worker.metric("worker_requests_cancelled_total") == before + 1)


def test_metrics_of_finished_request(worker: WorkerProcess) -> None:
    """A finished request is counted under vLLM's metric names."""
    names = ["prompt_tokens_total", "generation_tokens_total", "request_success_total", "time_to_first_token_seconds_count"]
    names += ["time_per_output_token_seconds_count", "e2e_request_latency_seconds_count", "request_queue_time_seconds_count"]
    before = [worker.metric(f"vllm:{name}") for name in names]
    worker.chat(max_tokens=4)
    after = [worker.metric(f"vllm:{name}") for name in names]
    assert [new - old for new, old in zip(after, before, strict=True)] == [3, 4, 1, 1, 1, 1, 1]


def test_itl_and_lateness_metrics(worker: WorkerProcess) -> None:
    """Each gap of a stream and the lateness of its tokens are observed."""
    gaps, late = worker.metric("vllm:inter_token_latency_seconds_count"), worker.metric("worker_lateness_seconds_count")
    worker.chat(stream=True, simulate="itl=0.002;tokens=5")
    assert worker.metric("vllm:inter_token_latency_seconds_count") - gaps == 4
    assert worker.metric("worker_lateness_seconds_count") - late == 1


@pytest.mark.parametrize(("simulate", "reason"), [("", "stop"), ("fault=status:500", "error"), ("fault=no_done_after:1", "error")])
def test_finish_reason_metrics(worker: WorkerProcess, simulate: str, reason: str) -> None:
    """Every request is counted by its finish reason."""
    name = f'vllm:request_success_total{{finished_reason="{reason}",model_name="m"}}'
    before = worker.sample(name)
    worker.chat(simulate=simulate)
    assert worker.sample(name) == before + 1


def test_abort_metric(worker: WorkerProcess) -> None:
    """A client disconnect is counted as `abort`."""
    name = 'vllm:request_success_total{finished_reason="abort",model_name="m"}'
    before = worker.sample(name)
    with worker.open_chat(simulate="hang"):
        eventually(lambda: worker.health()["running"] == 1)
    eventually(lambda: worker.sample(name) == before + 1)


def test_vendor_endpoints(worker: WorkerProcess) -> None:
    """The status endpoints of other projects' routers answer."""
    for path in ("/get_model_info", "/model_info"):
        info = worker.call("GET", path).json
        assert (info["served_model_name"], info["is_generation"]) == ("m", True)
        assert info["model_path"].startswith("/")
    for path in ("/get_server_info", "/server_info"):
        info = worker.call("GET", path).json
        assert (info["model_id"], info["max_running_requests"], info["internal_states"][0]["load"]) == ("m", 1, 0)


def test_server_timing(worker: WorkerProcess) -> None:
    """A client can request a Server-Timing header."""
    answer = worker.call("POST", CHAT, chat_body(), X_Timing="1", X_Simulate="ttft=0.05")
    parts = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert set(parts) == {"worker_queue", "worker_first_token"}
    assert float(parts["worker_first_token"]) >= 50
    assert "server-timing" not in worker.chat().headers


def test_unknown_model_is_no_label(worker: WorkerProcess) -> None:
    """Unknown model names never become metric labels."""
    worker.chat(model="model-unknown")
    assert b"model-unknown" not in worker.call("GET", "/metrics").body


def test_not_ready_while_loading(start_worker: WorkerFactory) -> None:
    """While the model loads every request gets 503 with Retry-After."""
    worker = start_worker(startup_seconds=0.6)
    answers = [worker.call("GET", "/ready"), worker.call("GET", "/v1/models"), worker.chat()]
    assert [(answer.status, answer.error["code"], answer.headers.get("retry-after")) for answer in answers] == [(503, "not_ready", "1")] * 3
    eventually(lambda: worker.call("GET", "/ready").status == 200)
    assert worker.chat().status == 200
    assert [line["event"] for line in worker.journal()] == ["started", "arrival", "end", "ready", "arrival", "end"]


def test_no_models(start_worker: WorkerFactory) -> None:
    """A worker without models is ready and serves none."""
    worker = start_worker(models=[])
    assert worker.call("GET", "/ready").status == 200
    assert worker.call("GET", "/v1/models").json["data"] == []
    assert worker.chat().error["code"] == "model_not_found"
    assert worker.chat(simulate="status:500", model="m").status == 404


def must_free(worker: WorkerProcess, connection: socket.socket, request_id: str) -> None:
    """Disconnect, and compare this time with the journal's. All processes of a machine share the monotonic clock."""
    left = time.monotonic()
    connection.close()
    end = worker.end_of(request_id)
    assert (end["outcome"], end["reason"]) == ("cancelled", "client disconnected")
    assert end["monotonic"] - left < FREED_WITHIN_SECONDS
