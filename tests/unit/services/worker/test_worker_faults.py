"""Injected faults on real connections, and the admin API that queues them."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from held_ports import free_port
from worker_process import TOKEN, WorkerFactory, WorkerProcess, eventually, read_until, spawn


@pytest.mark.parametrize(("status", "retry_after"), [(500, None), (400, None), (429, "1"), (503, "1")])
def test_status_answers_with_that_status_in_openais_error_shape(worker: WorkerProcess, status: int, retry_after: str | None) -> None:
    answer = worker.chat(simulate=f"fault=status:{status}", request_id=f"status-{status}")
    assert (answer.status, answer.error["code"], answer.headers.get("retry-after")) == (status, "simulated_fault", retry_after)
    end = worker.end_of(f"status-{status}")
    assert (end["outcome"], end["status"], end["reason"]) == ("failed", status, f"fault status:{status}")


@pytest.mark.parametrize("stream", [True, False])
def test_reset_aborts_the_connection_before_any_header(worker: WorkerProcess, stream: bool) -> None:
    with worker.open_chat(simulate="fault=reset", stream=stream, request_id="reset") as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert worker.end_of("reset")["outcome"] == "failed"


def test_reset_after_sends_so_many_tokens_and_then_aborts(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="fault=reset_after:3", request_id="cut") as connection:
        data = read_until(connection, b"t2 ")
        with pytest.raises(ConnectionResetError):
            while more := connection.recv(65536):
                data += more
    assert b"t3 " not in data
    assert b"[DONE]" not in data
    assert (worker.end_of("cut")["outcome"], worker.end_of("cut")["output_tokens"]) == ("failed", 3)


def test_cut_at_sends_exactly_so_many_bytes_of_the_body_and_then_aborts(worker: WorkerProcess) -> None:
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


def test_reset_after_cuts_a_unary_answer_without_a_byte(worker: WorkerProcess) -> None:
    with pytest.raises(ConnectionResetError):
        worker.chat(simulate="fault=reset_after:3")


def test_no_done_after_ends_the_body_cleanly_without_finish_reason_and_done(worker: WorkerProcess) -> None:
    answer = worker.chat(stream=True, simulate="fault=no_done_after:2", request_id="undone")
    assert answer.text == "t0 t1 "
    assert answer.events[-1] != "[DONE]"
    assert {chunk["choices"][0]["finish_reason"] for chunk in answer.chunks} == {None}
    assert worker.end_of("undone")["outcome"] == "failed"


def test_no_done_after_gives_a_unary_answer_half_a_body(worker: WorkerProcess) -> None:
    answer = worker.chat(simulate="fault=no_done_after:2")
    assert answer.status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = answer.json


def test_stall_after_sends_so_many_tokens_and_then_nothing(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="fault=stall_after:2", request_id="stall") as connection:
        assert b"t2 " not in read_until(connection, b"t1 ")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
    assert worker.end_of("stall")["outcome"] == "cancelled"


def test_hang_never_answers(worker: WorkerProcess) -> None:
    with worker.open_chat(simulate="fault=hang", request_id="hang", stream=False) as connection:
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert worker.end_of("hang")["outcome"] == "cancelled"


def test_exit_ends_the_process_and_the_journal_has_the_request(start_worker: WorkerFactory) -> None:
    worker = start_worker(simulate_header=True)
    with pytest.raises(ConnectionError):
        worker.chat(simulate="fault=exit:7", request_id="last")
    assert worker.process.wait(5) == 7
    assert [line["event"] for line in worker.journal("last")] == ["arrival"]


def test_a_bad_header_is_refused_with_what_is_accepted(worker: WorkerProcess) -> None:
    answer = worker.chat(simulate="fault=explode")
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_request", "X-Simulate")
    assert "stall_after:<n>" in answer.error["message"]


@pytest.fixture
def queue(worker: WorkerProcess) -> Iterator[WorkerProcess]:
    """The shared worker. Its one-shot queue is empty before and after the test."""
    yield worker
    worker.call("POST", "/admin/reset", admin=True)


def test_a_one_shot_strikes_as_often_as_asked_and_then_no_more(queue: WorkerProcess) -> None:
    queue.call("POST", "/admin/faults", {"fault": "status:500", "count": 2}, admin=True)
    assert [queue.chat().status for _ in range(3)] == [500, 500, 200]


def test_a_request_with_a_behaviour_of_its_own_leaves_the_one_shot_to_the_next(queue: WorkerProcess) -> None:
    queue.call("POST", "/admin/faults", {"fault": "fault=status:500"}, admin=True)
    assert [queue.chat(simulate="tokens=1").status, queue.chat().status] == [200, 500]


def test_a_refused_request_does_not_use_a_one_shot_up(queue: WorkerProcess) -> None:
    queue.call("POST", "/admin/faults", {"fault": "status:500"}, admin=True)
    assert [queue.chat(model="other").status, queue.chat().status] == [404, 500]


def test_reset_drops_what_is_queued(queue: WorkerProcess) -> None:
    queue.call("POST", "/admin/faults", {"fault": "status:500", "count": 3}, admin=True)
    assert queue.call("POST", "/admin/reset", admin=True).json == {"dropped": 3}
    assert queue.chat().status == 200


@pytest.mark.parametrize("body", [{"fault": "explode"}, {"fault": "reset", "times": 2}, {"fault": "reset", "count": 0}, {}, b"["])
def test_a_wrong_admin_request_queues_nothing(queue: WorkerProcess, body: object) -> None:
    assert queue.call("POST", "/admin/faults", body, admin=True).status == 400
    assert queue.call("GET", "/admin/state", admin=True).json["one_shots"] == []


def test_the_journal_can_be_read_on_from_a_line(worker: WorkerProcess) -> None:
    since = worker.call("GET", "/admin/journal", admin=True).json["next"]
    worker.chat(request_id="read-on")
    page = worker.call("GET", f"/admin/journal?since={since}", admin=True).json
    assert [line["event"] for line in page["lines"]] == ["arrival", "end"]
    assert page["next"] == since + 2
    assert worker.call("GET", "/admin/journal?since=x", admin=True).status == 400


def test_the_admin_listener_wants_the_token_for_everything(worker: WorkerProcess) -> None:
    paths = ("/admin/state", "/admin/journal", "/health", "/ready", "/info", "/metrics")
    assert {worker.call("GET", path, admin=True, X_Cluster_Token="").status for path in paths} == {401}
    assert {worker.call("GET", path, admin=True).status for path in paths} == {200}


def test_the_serving_port_has_no_admin_routes(worker: WorkerProcess) -> None:
    assert worker.call("POST", "/admin/faults", {"fault": "reset"}).status == 404


def test_without_the_setting_the_header_is_ignored_and_there_is_no_admin_listener(start_worker: WorkerFactory) -> None:
    worker = start_worker(admin_port=0)
    assert worker.chat(simulate="fault=status:500").status == 200
    assert worker.chat(simulate="nonsense").status == 200
    listening = [
        connection.laddr.port for connection in psutil.Process(worker.process.pid).net_connections() if connection.status == "LISTEN"
    ]
    assert listening == [worker.port]


def test_faults_leave_no_slot_behind(worker: WorkerProcess) -> None:
    for fault in ("reset", "reset_after:1", "no_done_after:1", "status:503"):
        with worker.open_chat(simulate=f"fault={fault}", request_id=f"slot-{fault.replace(':', '-')}"):
            worker.end_of(f"slot-{fault.replace(':', '-')}")
    eventually(worker.is_idle)
    assert worker.metric("vllm:num_requests_running") == 0


def test_an_admin_listener_without_a_token_is_refused_at_start() -> None:
    process = spawn({"name": "w", "port": free_port(), "admin_port": free_port()}, token="")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert b"admin_port" in errors
    assert TOKEN.encode() not in errors
