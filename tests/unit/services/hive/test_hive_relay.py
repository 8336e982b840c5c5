"""Requests through the hive to its workers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from hive_stage import HEADERS, AddWorker, Running, StartHive, eventually

ONE = '[[workers]]\nid = "{id}"\nmodels = ["m"]\n'


def test_models_are_union(shared: Running) -> None:
    """The model list contains each model of all workers once."""
    for path in ("/models", "/v1/models"):
        body = shared.get(path)
        assert body["object"] == "list"
        assert [model["id"] for model in body["data"]] == ["model-a", "model-b", "model-shared"]
        assert {model["object"] for model in body["data"]} == {"model"}


def test_routed_by_model(shared: Running) -> None:
    """A request goes unchanged to a worker of its model."""
    for model, worker in (("model-a", "sh1"), ("model-b", "sh2")):
        answer = shared.call("POST", "/v1/anything/new?x=%2F", {"model": model, "unknown": [1]}, X_Custom="kept", X_Request_Id="r-1")
        received = answer.json()
        assert (answer.headers["X-Worker-Id"], answer.headers["X-Request-Id"]) == (worker, "r-1")
        assert (received["path"], received["body"]) == ("/v1/anything/new?x=%2F", f'{{"model": "{model}", "unknown": [1]}}')
        assert (received["headers"]["X-Custom"], received["headers"]["X-Request-Id"]) == ("kept", "r-1")
        assert received["headers"]["X-Cluster-Token"] == HEADERS["X-Cluster-Token"]


def test_shared_model_balanced(shared: Running) -> None:
    """Workers with the same model get equally many requests."""
    used = [shared.call("POST", "/v1/x", {"model": "model-shared"}).headers["X-Worker-Id"] for _ in range(10)]
    assert used.count("sh1") == used.count("sh2") == 5


def test_worker_in_path(shared: Running) -> None:
    """A request can name its worker in the path."""
    answer = shared.call("POST", "/workers/sh2/v1/embeddings", {"model": "whatever"})
    assert (answer.headers["X-Worker-Id"], answer.json()["path"]) == ("sh2", "/v1/embeddings")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/x", {"model": "model-unknown"}, 404, "model_not_found"),
        ("/v1/x", {"prompt": "no model"}, 400, "invalid_request"),
        ("/workers/gone/v1/x", {"model": "model-a"}, 503, "no_available_workers"),
    ],
)
def test_unroutable_request(shared: Running, path: str, body: object, status: int, code: str) -> None:
    """A request without a suitable worker gets the matching error."""
    answer = shared.call("POST", path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_worker_error_passed_on(shared: Running) -> None:
    """An error response of the worker is passed on unchanged."""
    answer = shared.call("POST", "/workers/sh1/v1/refuse", {})
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["error"]["message"]) == (429, "3", "full")


def test_token_required(shared: Running) -> None:
    """Relayed requests need the cluster token."""
    assert shared.call("POST", "/workers/sh1/v1/x", {}, token="wrong").status_code == 401


def test_chunks_not_buffered(shared: Running) -> None:
    """Each chunk is relayed when it arrives."""
    url = f"{shared.url}/workers/sh1/v1/stream"
    with requests.post(url, json={"chunks": 5, "gap": 0.2}, headers=HEADERS, stream=True, timeout=5) as answer:
        arrived = [(time.monotonic(), chunk) for chunk in answer.iter_content(None)]
    assert [chunk for _, chunk in arrived] == [b"data: %d\n\n" % number for number in range(5)]
    assert arrived[-1][0] - arrived[0][0] > 0.2  # nominally 0.8; a busy machine may delay the first chunk


def test_worker_exits_before_response(add_worker: AddWorker) -> None:
    """A worker that exits before its response gives 502."""
    worker = add_worker("dies").must_become("alive")
    answer = worker.post("/v1/die", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_disconnected")
    assert eventually(lambda: worker.last_exit) == "exit code 7"


def test_worker_exits_in_stream(add_worker: AddWorker) -> None:
    """A worker that exits in mid-stream breaks the client's body."""
    worker = add_worker("breaks").must_become("alive")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        worker.post("/v1/stream", {"chunks": 9, "gap": 0.02, "die_after": 3})
    eventually(lambda: 'hive_relayed_requests_total{outcome="disconnect"}' in worker.hive.call("GET", "/metrics").text)
    assert worker.in_flight == 0


def test_client_disconnect_cancels_upstream(shared: Running, tmp_path: Path) -> None:
    """A client disconnect cancels the request at the worker."""
    note = tmp_path / "note"
    asked = {"chunks": 500, "gap": 0.02, "note": str(note)}
    answer = requests.post(f"{shared.url}/workers/sh1/v1/stream", json=asked, headers=HEADERS, stream=True, timeout=5)
    chunks = answer.iter_content(None)
    next(chunks)
    assert shared.get("/workers/sh1")["in_flight"] == 1
    answer.close()
    eventually(lambda: shared.get("/workers/sh1")["in_flight"] == 0, 0.5)
    eventually(note.exists, 1.0)
    line = eventually(lambda: [line for line in shared.events("relayed") if line["outcome"] == "cancelled"])[-1]
    assert (line["worker"], line["path"]) == ("sh1", "/v1/stream")


def test_drain_finishes_streams(start_hive: StartHive, registry: Running) -> None:
    """A draining hive finishes its streams and rejects new requests."""
    hive = start_hive(ONE.format(id="drained"))
    eventually(lambda: registry.services().get("drained"))
    url = f"{hive.url}/v1/stream"
    asked = {"model": "m", "chunks": 30, "gap": 0.03}
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(requests.post, url, json=asked, headers=HEADERS, timeout=5)
        eventually(lambda: hive.get("/workers/drained")["in_flight"])
        assert hive.call("POST", "/stop").status_code == 202
        refused = eventually(lambda: [answer for answer in [hive.call("POST", "/v1/x", {"model": "m"})] if answer.status_code == 503])
        assert refused[0].json()["error"]["code"] in ("draining", "no_available_workers")
        assert hive.call("GET", "/ready").status_code == 503
        assert eventually(lambda: registry.services()["drained"]["state"] == "draining")
        assert streaming.result(5).text.count("data:") == 30
    assert hive.process.wait(5) == 0
    assert hive.data_dir.name not in registry.services("?status=all")
