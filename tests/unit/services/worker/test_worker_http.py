"""The worker over HTTP: OpenAI's shapes, streams, errors, slots, journal and metrics."""

from __future__ import annotations

import socket
import time

import pytest
from worker_process import CHAT, WorkerFactory, WorkerProcess, chat_body, eventually, read_until

FREED_WITHIN_SECONDS = 0.1


def test_a_chat_answer_has_the_whole_openai_shape(worker: WorkerProcess) -> None:
    body = worker.chat(max_tokens=3).json
    assert body.pop("id").startswith("chatcmpl-")
    assert body.pop("created") == pytest.approx(time.time(), abs=5)
    choice = {"index": 0, "message": {"role": "assistant", "content": "t0 t1 t2 "}, "logprobs": None, "finish_reason": "length"}
    usage = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    rest = {"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage, "system_fingerprint": "fp_simulator"}
    assert body == rest


def test_an_answer_that_ends_by_itself_says_stop(worker: WorkerProcess) -> None:
    body = worker.chat().json
    assert (body["choices"][0]["finish_reason"], body["usage"]["completion_tokens"]) == ("stop", 16)


def test_max_completion_tokens_goes_before_max_tokens(worker: WorkerProcess) -> None:
    assert worker.chat(max_tokens=9, max_completion_tokens=2).json["usage"]["completion_tokens"] == 2


def test_prompt_tokens_are_the_words_of_all_messages_and_text_parts(worker: WorkerProcess) -> None:
    parts = [{"type": "text", "text": "a b"}, {"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "c"}]
    messages = [{"role": "system", "content": "d e"}, {"role": "user", "content": parts}, {"role": "assistant", "content": None}]
    assert worker.chat(messages=messages).json["usage"]["prompt_tokens"] == 5


def test_a_stream_brings_role_then_tokens_in_order_then_finish_reason_then_done(worker: WorkerProcess) -> None:
    answer = worker.chat(stream=True, max_tokens=3)
    choices = [chunk["choices"][0] for chunk in answer.chunks]
    assert answer.headers["content-type"] == "text/event-stream"
    contents = [{"role": "assistant", "content": ""}, {"content": "t0 "}, {"content": "t1 "}, {"content": "t2 "}, {}]
    assert [choice["delta"] for choice in choices] == contents
    assert [choice["finish_reason"] for choice in choices] == [None, None, None, None, "length"]
    assert answer.events[-1] == "[DONE]"
    assert {chunk["object"] for chunk in answer.chunks} == {"chat.completion.chunk"}
    assert not any("usage" in chunk for chunk in answer.chunks)


def test_a_stream_brings_its_usage_last_if_asked(worker: WorkerProcess) -> None:
    *pieces, last = worker.chat(stream=True, max_tokens=2, stream_options={"include_usage": True}).chunks
    assert (last["choices"], last["usage"]) == ([], {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
    assert {piece["usage"] for piece in pieces} == {None}


def test_a_stream_of_many_tokens_is_whole(worker: WorkerProcess) -> None:
    assert worker.chat(stream=True, max_tokens=1500).text == "".join(f"t{index} " for index in range(1500))


def test_tokens_come_at_their_times_and_never_early(worker: WorkerProcess) -> None:
    worker.chat(stream=True, simulate="ttft=0.1;itl=0.02;tokens=10", request_id="paced")
    end = worker.end_of("paced")
    lateness = [at - (end["slot_at"] + 0.1 + 0.02 * place) for place, at in enumerate(end["emitted"])]
    assert len(lateness) == 10
    assert min(lateness) >= 0
    # A busy machine may delay some tokens, but not every one of them.
    assert min(lateness) < 0.015


def test_a_unary_answer_takes_the_time_of_all_its_tokens(worker: WorkerProcess) -> None:
    def duration() -> float:
        started = time.monotonic()
        worker.chat(simulate="ttft=0.1;itl=0.02;tokens=6")
        return time.monotonic() - started

    # The minimum of several runs: a busy machine can only make a run slower.
    assert 0.2 <= min(duration() for _ in range(5)) < 0.3


def test_a_text_completion_can_be_had_whole_and_streamed(worker: WorkerProcess) -> None:
    asked = {"model": "m", "prompt": ["one two", "three"], "max_tokens": 2}
    whole = worker.call("POST", "/v1/completions", asked).json
    streamed = worker.call("POST", "/v1/completions", asked | {"stream": True})
    assert (whole["object"], whole["choices"][0]["text"], whole["usage"]["prompt_tokens"]) == ("text_completion", "t0 t1 ", 3)
    assert [chunk["choices"][0]["text"] for chunk in streamed.chunks] == ["t0 ", "t1 ", ""]
    assert streamed.events[-1] == "[DONE]"


def test_equal_texts_have_equal_embeddings_and_others_do_not(worker: WorkerProcess) -> None:
    body = worker.call("POST", "/v1/embeddings", {"model": "m", "input": ["a", "b", "a"]}).json
    vectors = [item["embedding"] for item in body["data"]]
    assert vectors[0] == vectors[2] != vectors[1]
    assert sum(number**2 for number in vectors[0]) == pytest.approx(1)


def test_documents_are_ranked_best_first_and_the_same_way_each_time(worker: WorkerProcess) -> None:
    asked = {"model": "m", "query": "q", "documents": ["a", "b", "c"], "top_n": 2}
    results = [worker.call("POST", "/v1/rerank", asked).json["results"] for _ in range(2)]
    scores = [result["relevance_score"] for result in results[0]]
    assert results[0] == results[1]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


def test_it_lists_its_models_and_shows_one_by_name(worker: WorkerProcess) -> None:
    assert [model["id"] for model in worker.call("GET", "/v1/models").json["data"]] == ["m", "org/n"]
    assert worker.call("GET", "/v1/models/org/n").json["id"] == "org/n"
    assert worker.call("GET", "/v1/models/other").error["code"] == "model_not_found"


def test_health_and_info_say_what_it_serves_and_does(worker: WorkerProcess) -> None:
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
def test_a_wrong_request_is_refused_in_openais_error_shape(
    worker: WorkerProcess, method: str, path: str, body: object, status: int, code: str, param: str | None
) -> None:
    answer = worker.call(method, path, body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param)
    assert answer.error["message"]


def test_without_the_token_nothing_below_v1_answers(worker: WorkerProcess) -> None:
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


def test_a_refused_request_is_journaled_with_its_reason(worker: WorkerProcess) -> None:
    worker.call("POST", CHAT, chat_body(), X_Request_Id="stranger", X_Cluster_Token="wrong")
    worker.call("POST", CHAT, chat_body(model="other"), X_Request_Id="lost")
    stranger, lost = worker.journal("stranger"), worker.journal("lost")
    assert [line["event"] for line in stranger] == [line["event"] for line in lost] == ["arrival", "end"]
    assert (lost[0]["model"], stranger[0]["headers"]["x-cluster-token"]) == ("other", "***")
    assert [(end["outcome"], end["status"], end["reason"]) for end in (stranger[1], lost[1])] == [
        ("rejected", 401, "invalid_cluster_token"),
        ("rejected", 404, "model_not_found"),
    ]


def test_a_stream_is_journaled_with_session_body_and_token_times(worker: WorkerProcess) -> None:
    body = b'{"model":"m","stream":true,"max_tokens":2,"messages":[{"role":"user","content":"a b"}]}'
    worker.call("POST", CHAT, body, X_Request_Id="whole", X_Session_ID="s1")
    arrival, first, end = worker.journal("whole")
    assert (arrival["session"], arrival["stream"], arrival["body"]) == ("s1", True, body.decode())
    assert first["event"] == "first_token"
    assert (end["outcome"], end["status"], end["output_tokens"], end["prompt_tokens"]) == ("finished", 200, 2, 2)
    assert first["monotonic"] <= end["emitted"][0] <= end["emitted"][1] <= end["monotonic"]


def test_when_slots_and_queue_are_full_it_answers_429_before_any_header_of_a_stream(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="hang"), worker.open_chat(simulate="hang"):
        eventually(lambda: worker.call("GET", "/get_load").json["load"] == 2)
        answer = worker.chat(stream=True)
        assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (429, "queue_full", "1")
        assert worker.metric("vllm:num_requests_running") == worker.metric("vllm:num_requests_waiting") == 1
    eventually(worker.is_idle)
    assert worker.metric("vllm:num_requests_running") == worker.metric("vllm:num_requests_waiting") == 0


def test_a_client_that_leaves_the_queue_frees_its_place_at_once(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="hang", request_id="holder"):
        eventually(lambda: worker.health()["running"] == 1)
        with worker.open_chat(request_id="queued") as connection:
            eventually(lambda: worker.health()["waiting"] == 1)
            must_free(worker, connection, "queued")
        assert worker.health()["waiting"] == 0


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_before_the_headers_frees_its_slot_at_once(worker: WorkerProcess, stream: bool) -> None:
    request_id = f"early-{stream}"
    with worker.open_chat(simulate="ttft=30", stream=stream, request_id=request_id) as connection:
        eventually(lambda: worker.health()["running"] == 1)
        must_free(worker, connection, request_id)


def test_a_client_that_leaves_a_stream_frees_its_slot_at_once(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="itl=0.01;tokens=8000", request_id="mid") as connection:
        read_until(connection, b"t3 ")
        must_free(worker, connection, "mid")
    assert 4 <= worker.end_of("mid")["output_tokens"] < 1000


def test_a_client_that_leaves_a_stalled_stream_frees_its_slot_at_once(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="stall_after:2", request_id="stalled") as connection:
        read_until(connection, b"t1 ")
        must_free(worker, connection, "stalled")


def test_a_client_that_leaves_is_counted(worker: WorkerProcess) -> None:
    before = worker.metric("worker_requests_cancelled_total")
    with worker.open_chat(simulate="hang"):
        eventually(lambda: worker.health()["running"] == 1)
    eventually(lambda: worker.metric("worker_requests_cancelled_total") == before + 1)


def test_finished_work_is_counted_under_vllms_names(worker: WorkerProcess) -> None:
    names = ["prompt_tokens_total", "generation_tokens_total", "request_success_total", "time_to_first_token_seconds_count"]
    names += ["time_per_output_token_seconds_count", "e2e_request_latency_seconds_count", "request_queue_time_seconds_count"]
    before = [worker.metric(f"vllm:{name}") for name in names]
    worker.chat(max_tokens=4)
    after = [worker.metric(f"vllm:{name}") for name in names]
    assert [new - old for new, old in zip(after, before, strict=True)] == [3, 4, 1, 1, 1, 1, 1]


def test_each_gap_of_a_stream_is_observed_and_how_late_its_tokens_were(worker: WorkerProcess) -> None:
    gaps, late = worker.metric("vllm:inter_token_latency_seconds_count"), worker.metric("worker_lateness_seconds_count")
    worker.chat(stream=True, simulate="itl=0.002;tokens=5")
    assert worker.metric("vllm:inter_token_latency_seconds_count") - gaps == 4
    assert worker.metric("worker_lateness_seconds_count") - late == 1


@pytest.mark.parametrize(("simulate", "reason"), [("", "stop"), ("fault=status:500", "error"), ("fault=no_done_after:1", "error")])
def test_every_request_is_counted_by_how_it_ended(worker: WorkerProcess, simulate: str, reason: str) -> None:
    name = f'vllm:request_success_total{{finished_reason="{reason}",model_name="m"}}'
    before = worker.sample(name)
    worker.chat(simulate=simulate)
    assert worker.sample(name) == before + 1


def test_a_client_that_leaves_counts_as_aborted(worker: WorkerProcess) -> None:
    name = 'vllm:request_success_total{finished_reason="abort",model_name="m"}'
    before = worker.sample(name)
    with worker.open_chat(simulate="hang"):
        eventually(lambda: worker.health()["running"] == 1)
    eventually(lambda: worker.sample(name) == before + 1)


def test_routers_of_other_projects_get_their_questions_answered(worker: WorkerProcess) -> None:
    for path in ("/get_model_info", "/model_info"):
        info = worker.call("GET", path).json
        assert (info["served_model_name"], info["is_generation"]) == ("m", True)
        assert info["model_path"].startswith("/")
    for path in ("/get_server_info", "/server_info"):
        info = worker.call("GET", path).json
        assert (info["model_id"], info["max_running_requests"], info["internal_states"][0]["load"]) == ("m", 1, 0)


def test_a_client_that_asks_learns_where_the_time_went(worker: WorkerProcess) -> None:
    answer = worker.call("POST", CHAT, chat_body(), X_Timing="1", X_Simulate="ttft=0.05")
    parts = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert set(parts) == {"worker_queue", "worker_first_token"}
    assert float(parts["worker_first_token"]) >= 50
    assert "server-timing" not in worker.chat().headers


def test_unknown_model_names_never_become_labels(worker: WorkerProcess) -> None:
    worker.chat(model="model-unknown")
    assert b"model-unknown" not in worker.call("GET", "/metrics").body


def test_while_the_model_loads_nothing_is_served_and_it_says_when_to_come_back(start_worker: WorkerFactory) -> None:
    worker = start_worker(startup_seconds=0.6)
    answers = [worker.call("GET", "/ready"), worker.call("GET", "/v1/models"), worker.chat()]
    assert [(answer.status, answer.error["code"], answer.headers.get("retry-after")) for answer in answers] == [(503, "not_ready", "1")] * 3
    eventually(lambda: worker.call("GET", "/ready").status == 200)
    assert worker.chat().status == 200
    assert [line["event"] for line in worker.journal()] == ["started", "arrival", "end", "ready", "arrival", "end"]


def test_a_worker_without_models_is_ready_and_serves_none(start_worker: WorkerFactory) -> None:
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
