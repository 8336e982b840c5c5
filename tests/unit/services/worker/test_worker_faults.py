"""Injected faults on real connections, and the admin API that queues them."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from held_ports import free_port
from worker_process import TOKEN, WorkerFactory, WorkerProcess, eventually, read_until, spawn


@pytest.mark.parametrize(("status", "retry_after"), [(500, None), (400, None), (429, "1"), (503, "1")])
def test_status(worker: WorkerProcess, status: int, retry_after: str | None) -> None:
    """`status` answers with this status and an OpenAI error object."""
    answer = worker.chat(simulate=f"fault=status:{status}", request_id=f"status-{status}")
    assert (answer.status, answer.error["code"], answer.headers.get("retry-after")) == (status, "simulated_fault", retry_after)
    end = worker.end_of(f"status-{status}")
    assert (end["outcome"], end["status"], end["reason"]) == ("failed", status, f"fault status:{status}")


@pytest.mark.parametrize("stream", [True, False])
def test_reset(worker: WorkerProcess, stream: bool) -> None:
    """`reset` aborts the connection before any header."""
    with worker.open_chat(simulate="fault=reset", stream=stream, request_id="reset") as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert worker.end_of("reset")["outcome"] == "failed"


def test_reset_after(worker: WorkerProcess) -> None:
    """`reset_after` sends that many tokens and then aborts."""
    with worker.open_chat(simulate="fault=reset_after:3", request_id="cut") as connection:
        data = read_until(connection, b"t2 ")
        with pytest.raises(ConnectionResetError):
            while more := connection.recv(65536):
                data += more
    assert b"t3 " not in data
    assert b"[DONE]" not in data
    assert (worker.end_of("cut")["outcome"], worker.end_of("cut")["output_tokens"]) == ("failed", 3)


def test_reset_after_done(worker: WorkerProcess) -> None:
    """`reset_after_done` sends a whole stream and then aborts."""
    with worker.open_chat(simulate="fault=reset_after_done", request_id="late") as connection:
        data = read_until(connection, b"[DONE]\n\n")
        with pytest.raises(ConnectionResetError):
            while more := connection.recv(65536):
                data += more
    assert not data.endswith(b"0\r\n\r\n")
    assert worker.end_of("late")["outcome"] == "finished"


def test_cut_at(worker: WorkerProcess) -> None:
    """`cut_at` sends exactly that many bytes of the body and then aborts."""
    whole = worker.chat(stream=True, max_tokens=6, request_id="measured").body
    event = len(whole.split(b"\n\n")[0]) + 2
    size = 3 * event + event // 2
    with worker.open_chat(simulate=f"fault=cut_at:{size}", request_id="exact") as connection:
        data = b""
        with pytest.raises(ConnectionResetError):
            while True:
                data += connection.recv(65536)
    assert len(unchunked(data)) == size
    assert worker.end_of("exact")["outcome"] == "failed"


def unchunked(answer: bytes) -> bytes:
    """The body of a chunked answer that was cut between two chunks (RFC 9112, 7.1)."""
    rest, body = answer.partition(b"\r\n\r\n")[2], b""
    while rest:
        length, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(length, 16)], rest[int(length, 16) + 2 :]
    return body


def test_reset_after_unary(worker: WorkerProcess) -> None:
    """`reset_after` aborts a unary answer before its first byte."""
    with pytest.raises(ConnectionResetError):
        worker.chat(simulate="fault=reset_after:3")


def test_no_done_after(worker: WorkerProcess) -> None:
    """`no_done_after` ends the body cleanly, without finish reason and end marker."""
    answer = worker.chat(stream=True, simulate="fault=no_done_after:2", request_id="undone")
    assert answer.text == "t0 t1 "
    assert answer.events[-1] != "[DONE]"
    assert {chunk["choices"][0]["finish_reason"] for chunk in answer.chunks} == {None}
    assert worker.end_of("undone")["outcome"] == "failed"


def test_no_done_after_unary(worker: WorkerProcess) -> None:
    """`no_done_after` halves the body of a unary answer."""
    answer = worker.chat(simulate="fault=no_done_after:2")
    assert answer.status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = answer.json


def test_stall_after(worker: WorkerProcess) -> None:
    """`stall_after` sends that many tokens and then nothing."""
    with worker.open_chat(simulate="fault=stall_after:2", request_id="stall") as connection:
        assert b"t2 " not in read_until(connection, b"t1 ")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
    assert worker.end_of("stall")["outcome"] == "cancelled"


def test_hang(worker: WorkerProcess) -> None:
    """`hang` never answers."""
    with worker.open_chat(simulate="fault=hang", request_id="hang", stream=False) as connection:
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert worker.end_of("hang")["outcome"] == "cancelled"


def test_exit(start_worker: WorkerFactory) -> None:
    """`exit` ends the process, and the journal contains the request."""
    worker = start_worker(simulate_header=True)
    with pytest.raises(ConnectionError):
        worker.chat(simulate="fault=exit:7", request_id="last")
    assert worker.process.wait(5) == 7
    assert [line["event"] for line in worker.journal("last")] == ["arrival"]


def test_invalid_fault(worker: WorkerProcess) -> None:
    """An invalid fault in X-Simulate gives 400 with the accepted faults."""
    answer = worker.chat(simulate="fault=explode")
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_request", "X-Simulate")
    assert "stall_after:<n>" in answer.error["message"]


@pytest.fixture
def queue(worker: WorkerProcess) -> Iterator[WorkerProcess]:
    """The shared worker. Its one-shot queue is empty before and after the test."""
    yield worker
    worker.call("POST", "/admin/reset", admin=True)


def test_one_shot_count(queue: WorkerProcess) -> None:
    """A one-shot applies as often as requested."""
    queue.call("POST", "/admin/faults", {"fault": "status:500", "count": 2}, admin=True)
    assert [queue.chat().status for _ in range(3)] == [500, 500, 200]


def test_own_behaviour_keeps_one_shot(queue: WorkerProcess) -> None:
    """A request with its own behaviour leaves the one-shot to the next request."""
    queue.call("POST", "/admin/faults", {"fault": "fault=status:500"}, admin=True)
    assert [queue.chat(simulate="tokens=1").status, queue.chat().status] == [200, 500]


def test_rejected_request_keeps_one_shot(queue: WorkerProcess) -> None:
    """A rejected request does not use up a one-shot."""
    queue.call("POST", "/admin/faults", {"fault": "status:500"}, admin=True)
    assert [queue.chat(model="other").status, queue.chat().status] == [404, 500]


def test_reset_clears_queue(queue: WorkerProcess) -> None:
    """A reset drops all queued one-shots."""
    queue.call("POST", "/admin/faults", {"fault": "status:500", "count": 3}, admin=True)
    assert queue.call("POST", "/admin/reset", admin=True).json == {"dropped": 3}
    assert queue.chat().status == 200


@pytest.mark.parametrize("body", [{"fault": "explode"}, {"fault": "reset", "times": 2}, {"fault": "reset", "count": 0}, {}, b"["])
def test_invalid_admin_request(queue: WorkerProcess, body: object) -> None:
    """An invalid admin request queues nothing."""
    assert queue.call("POST", "/admin/faults", body, admin=True).status == 400
    assert queue.call("GET", "/admin/state", admin=True).json["one_shots"] == []


def test_journal_paging(worker: WorkerProcess) -> None:
    """The journal can be read from a given line on."""
    since = worker.call("GET", "/admin/journal", admin=True).json["next"]
    worker.chat(request_id="read-on")
    page = worker.call("GET", f"/admin/journal?since={since}", admin=True).json
    assert [line["event"] for line in page["lines"]] == ["arrival", "end"]
    assert page["next"] == since + 2
    assert worker.call("GET", "/admin/journal?since=x", admin=True).status == 400


def test_admin_token_required(worker: WorkerProcess) -> None:
    """Every path of the admin port needs the token."""
    paths = ("/admin/state", "/admin/journal", "/health", "/ready", "/info", "/metrics")
    assert {worker.call("GET", path, admin=True, X_Cluster_Token="").status for path in paths} == {401}
    assert {worker.call("GET", path, admin=True).status for path in paths} == {200}


def test_no_admin_on_serving_port(worker: WorkerProcess) -> None:
    """The serving port has no admin routes."""
    assert worker.call("POST", "/admin/faults", {"fault": "reset"}).status == 404


def test_simulation_is_off_by_default(start_worker: WorkerFactory) -> None:
    """By default X-Simulate has no effect and the admin port is closed."""
    worker = start_worker(admin_port=0)
    assert worker.chat(simulate="fault=status:500").status == 200
    assert worker.chat(simulate="nonsense").status == 200
    listening = [
        connection.laddr.port for connection in psutil.Process(worker.process.pid).net_connections() if connection.status == "LISTEN"
    ]
    assert listening == [worker.port]


def test_faults_release_slots(worker: WorkerProcess) -> None:
    """After a fault its slot is free."""
    for fault in ("reset", "reset_after:1", "no_done_after:1", "status:503"):
        with worker.open_chat(simulate=f"fault={fault}", request_id=f"slot-{fault.replace(':', '-')}"):
            worker.end_of(f"slot-{fault.replace(':', '-')}")
    eventually(worker.is_idle)
    assert worker.metric("vllm:num_requests_running") == 0


def test_admin_port_needs_token() -> None:
    """An admin port without a token is rejected at the start."""
    process = spawn({"name": "w", "port": free_port(), "admin_port": free_port()}, token="")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert b"admin_port" in errors
    assert TOKEN.encode() not in errors
