"""The fault types that change an answer or the whole worker, on real connections."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_bodies import chat_body
from held_ports import free_port
from worker_process import CHAT, WorkerFactory, WorkerProcess, eventually, read_until, spawn

from services.worker.fault_types import FAULT_TYPES
from services.worker.faults import HEAD_PIECES

TIMER_SECONDS = 0.001  # uvloop rounds a delay to whole milliseconds


def test_status_with_headers(worker: WorkerProcess) -> None:
    """`status` adds the given headers."""
    answer = worker.chat(simulate="fault=status:429;header=Retry-After: 7;header=X-Odd: yes")
    assert (answer.status, answer.headers["retry-after"], answer.headers["x-odd"]) == (429, "7", "yes")


def test_foreign_status(worker: WorkerProcess) -> None:
    """`foreign_status` sends an error object of another API."""
    answer = worker.chat(simulate="foreign_status:429", request_id="foreign")
    assert (answer.status, answer.json) == (429, {"detail": "Simulated status 429."})
    assert worker.end_of("foreign")["outcome"] == "failed"


@pytest.mark.parametrize("stream", [True, False])
def test_header_on_normal_answer(worker: WorkerProcess, stream: bool) -> None:
    """A given header overrides those of a normal answer."""
    answer = worker.chat(stream=stream, simulate="header=X-Odd: yes")
    assert (answer.status, answer.headers["x-odd"]) == (200, "yes")


def test_behaviour_of_other_worker(worker: WorkerProcess) -> None:
    """A behaviour for another worker has no effect."""
    assert worker.chat(simulate="at=w2;fault=status:500").status == 200
    assert worker.chat(simulate="at=w1;fault=status:500").status == 500


@pytest.mark.parametrize("stream", [True, False])
def test_wrong_type(worker: WorkerProcess, stream: bool) -> None:
    """`wrong_type` sends the correct body as HTML."""
    answer = worker.chat(stream=stream, simulate="wrong_type", max_tokens=2, request_id=f"html-{stream}")
    assert answer.headers["content-type"].startswith("text/html")
    assert (answer.text if stream else answer.json["choices"][0]["message"]["content"]) == "t0 t1 "
    end = worker.end_of(f"html-{stream}")
    assert (end["outcome"], end["reason"]) == ("finished", "fault wrong_type")


def test_no_usage(worker: WorkerProcess) -> None:
    """`no_usage` omits the usage from streams and unary answers."""
    streamed = worker.chat(stream=True, simulate="no_usage", stream_options={"include_usage": True})
    assert not any(chunk.get("usage") for chunk in streamed.chunks)
    assert streamed.events[-1] == "[DONE]"
    assert "usage" not in worker.chat(simulate="no_usage").json


def test_double_done(worker: WorkerProcess) -> None:
    """`double_done` ends a stream with two end markers."""
    events = worker.chat(stream=True, simulate="double_done").events
    assert events[-2:] == ["[DONE]", "[DONE]"]
    assert events.count("[DONE]") == 2


def test_no_done(worker: WorkerProcess) -> None:
    """`no_done` omits only the end marker of a stream."""
    events = worker.chat(stream=True, simulate="no_done", max_tokens=2).events
    assert "[DONE]" not in events
    assert '"finish_reason":"length"' in events[-1]


@pytest.mark.parametrize(("fault", "text"), [("repeat_token:1", "t0 t1 t1 t2 t3 "), ("swap_tokens:1", "t0 t2 t1 t3 ")])
def test_token_order(worker: WorkerProcess, fault: str, text: str) -> None:
    """`repeat_token` sends one token of a stream twice, and `swap_tokens` exchanges two of them."""
    answer = worker.chat(stream=True, simulate=fault, max_tokens=4)
    assert (answer.text, answer.events[-1]) == (text, "[DONE]")


@pytest.mark.parametrize("stream", [True, False])
def test_oversized_chunk(worker: WorkerProcess, stream: bool) -> None:
    """`oversized_chunk` pads the first token."""
    answer = worker.chat(stream=stream, simulate="oversized_chunk:100", max_tokens=2)
    text = answer.text if stream else answer.json["choices"][0]["message"]["content"]
    assert len(text) == 100 * 1024 + len("t1 ")
    assert (text[:3], text[-4:]) == ("t0 ", " t1 ")


def test_bad_json_after(worker: WorkerProcess) -> None:
    """`bad_json_after` sends one invalid chunk in a stream with the usual end."""
    events = worker.chat(stream=True, simulate="bad_json_after:2", request_id="broken").events
    with pytest.raises(ValueError, match="Expecting value"):
        _ = worker.chat(stream=True, simulate="bad_json_after:2").chunks
    assert ["t1 " in event for event in events].count(True) == 1
    assert events[-1] == "[DONE]"
    assert worker.end_of("broken")["outcome"] == "failed"


def test_error_event_after(worker: WorkerProcess) -> None:
    """`error_event_after` sends an error event in a stream, and status 500 otherwise."""
    answer = worker.chat(stream=True, simulate="error_event_after:2", request_id="failed")
    assert [chunk["error"]["code"] for chunk in answer.chunks if "error" in chunk] == ["simulated_fault"]
    assert answer.events[-1] == "[DONE]"
    assert worker.end_of("failed")["output_tokens"] == 2
    assert worker.chat(simulate="error_event_after:2").status == 500


@pytest.mark.parametrize("stream", [True, False])
def test_slow_drip(worker: WorkerProcess, stream: bool) -> None:
    """`slow_drip` sends the body in small pieces."""
    started = time.monotonic()
    answer = worker.chat(stream=stream, simulate="slow_drip:4", max_tokens=2)
    assert time.monotonic() - started >= (0.004 - TIMER_SECONDS) * (len(answer.body) // 16)
    assert (answer.text if stream else answer.json["choices"][0]["message"]["content"]) == "t0 t1 "


@pytest.mark.parametrize("stream", [True, False])
def test_slow_headers(worker: WorkerProcess, stream: bool) -> None:
    """`slow_headers` sends the head in pieces, and the whole answer after it."""
    with worker.open_chat(stream=stream, simulate="slow_headers:200;tokens=2", request_id=f"slow-{stream}") as connection:
        head = read_until(connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        body = head.partition(b"\r\n\r\n")[2]
        while more := connection.recv(65536):
            body += more
    assert b"t1 " in body
    assert body.endswith(b"data: [DONE]\n\n" if stream else b"}")
    first, end = time.monotonic(), worker.end_of(f"slow-{stream}")
    assert end["outcome"] == "finished"
    assert first - end["monotonic"] >= 0.2 - HEAD_PIECES * TIMER_SECONDS


def test_refuse(start_worker: WorkerFactory) -> None:
    """`refuse` resets the request and closes the port for its time."""
    worker = start_worker(simulate_header=True)
    idle = http.client.HTTPConnection("127.0.0.1", worker.port)
    idle.request("GET", "/health")
    idle.getresponse().read()
    with pytest.raises(ConnectionError):
        worker.chat(simulate="refuse:1500", request_id="refused")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", worker.port)).close()
    assert idle.sock is not None
    assert idle.sock.recv(1) == b""
    idle.close()
    ended = worker.end_of("refused")["monotonic"]
    eventually(lambda: listens(worker.port))
    assert time.monotonic() - ended >= 1.5
    assert worker.chat().status == 200


def test_allocate(start_worker: WorkerFactory) -> None:
    """`allocate` takes memory, and a reset releases it."""
    worker = start_worker(simulate_header=True)
    before = resident_mib(worker)
    assert worker.chat(simulate="allocate:64").status == 200
    assert resident_mib(worker) - before >= 60
    worker.call("POST", "/admin/reset", admin=True)
    assert resident_mib(worker) - before < 20


def test_false_health(start_worker: WorkerFactory) -> None:
    """False health overrides the health checks in both directions."""
    worker = start_worker(startup_seconds=30)
    statuses = {}
    for health in ("honest", "well", "sick"):
        worker.call("POST", "/admin/faults", {"health": health}, admin=True)
        statuses[health] = tuple(worker.call("GET", path).status for path in ("/health", "/ready", "/v1/models"))
    assert statuses == {"honest": (200, 503, 503), "well": (200, 200, 503), "sick": (503, 503, 503)}


def test_sick_worker_serves(start_worker: WorkerFactory) -> None:
    """A worker with failing health checks still serves requests."""
    worker = start_worker(health="sick")
    assert (worker.call("GET", "/health").status, worker.chat().status) == (503, 200)


def test_sick_for_one_request(worker: WorkerProcess) -> None:
    """`sick` lasts for one request."""
    with worker.open_chat(simulate="sick;itl=0.02;tokens=5000"):
        eventually(lambda: worker.call("GET", "/health").status == 503)
    eventually(lambda: worker.call("GET", "/health").status == 200)
    assert worker.chat(simulate="sick").status == 200
    assert worker.call("GET", "/health").status == 200


def test_ignored_sigterm(start_worker: WorkerFactory) -> None:
    """SIGTERM has no effect until a reset."""
    worker = start_worker(ignore_sigterm=True)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.has_logged("sigterm_ignored")
    assert worker.chat().status == 200
    worker.call("POST", "/admin/reset", admin=True)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(5) == 0


def test_fault_share_setting(start_worker: WorkerFactory) -> None:
    """A setting injects a fault into a share of the requests."""
    worker = start_worker(fault="status:502", fault_share=0.5, seed=3)
    statuses = [worker.chat().status for _ in range(40)]
    assert {200, 502} == set(statuses)
    assert 8 <= statuses.count(502) <= 32


def test_invalid_fault_setting() -> None:
    """An invalid fault setting is rejected with the accepted faults."""
    process = spawn({"name": "w", "port": free_port(), "fault": "explode"})
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert b"accepted faults: status:<n>" in errors


@pytest.fixture
def ordered(worker: WorkerProcess) -> Iterator[WorkerProcess]:
    """The shared worker, without injected faults before and after the test."""
    yield worker
    worker.call("POST", "/admin/reset", admin=True)


def test_combined_change(ordered: WorkerProcess) -> None:
    """One call can change all kinds of faults."""
    change = {
        "one_shots": [{"fault": "status:500", "count": 2}, {"fault": "tokens=3"}],
        "rates": [{"fault": "status:502", "share": 1.0}],
        "health": "sick",
        "ignore_sigterm": True,
        "allocate_mib": 1,
    }
    assert ordered.call("POST", "/admin/faults", change, admin=True).json == {"queued": 3}
    state = ordered.call("GET", "/admin/state", admin=True).json
    assert (state["health"], state["ignores_sigterm"], state["allocated_mib"], len(state["rates"])) == ("sick", True, 1, 1)
    assert [ordered.chat().status for _ in range(4)] == [500, 500, 200, 502]


@pytest.mark.parametrize(
    "invalid",
    [
        {"rates": [{"fault": "status:502", "share": 0.7}, {"fault": "hang", "share": 0.7}]},
        {"one_shots": [{"fault": "explode"}]},
        {"rates": [{"fault": "hang", "share": 2}]},
        {"health": "so-so"},
        {"allocate_mib": -1},
        {"surprise": True},
    ],
)
def test_invalid_change_is_atomic(ordered: WorkerProcess, invalid: dict[str, object]) -> None:
    """A change with one invalid field has no effect."""
    before = ordered.call("GET", "/admin/state", admin=True).json
    change = {"fault": "status:500", "ignore_sigterm": True} | invalid
    answer = ordered.call("POST", "/admin/faults", change, admin=True)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert ordered.call("GET", "/admin/state", admin=True).json == before


def test_refuse_by_admin_api(start_worker: WorkerFactory) -> None:
    """The admin API can close the port without a request."""
    worker = start_worker()
    worker.call("POST", "/admin/faults", {"refuse_ms": 200}, admin=True)
    assert not listens(worker.port)
    eventually(lambda: listens(worker.port))


def test_each_fault_type_is_tested() -> None:
    """Each fault of the table is used in this file or in the faults' tests."""
    folder = Path(__file__).parent
    tried = "".join((folder / name).read_text() for name in ("test_worker_fault_types.py", "test_worker_faults.py"))
    assert [kind for kind in FAULT_TYPES if f'"{kind}' not in tried and f"={kind}" not in tried] == []


def test_invalid_header(worker: WorkerProcess) -> None:
    """A malformed header in X-Simulate gives 400."""
    answer = worker.call("POST", CHAT, chat_body(), X_Simulate="header=Broken")
    assert (answer.status, answer.error["param"]) == (400, "X-Simulate")


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def resident_mib(worker: WorkerProcess) -> float:
    text = Path(f"/proc/{worker.process.pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024
