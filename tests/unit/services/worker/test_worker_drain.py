"""The end of a worker: SIGTERM, the drain deadline, the parent's exit, SIGKILL."""

from __future__ import annotations

import signal

from held_ports import free_port
from worker_process import WorkerFactory, eventually, read_until, spawn


def test_sigterm_drains(start_worker: WorkerFactory) -> None:
    """On SIGTERM a worker finishes its requests, rejects new ones and exits with 0."""
    worker = start_worker(simulate_header=True, max_num_seqs=1)
    pace = "itl=0.02;tokens=10"
    with worker.open_chat(simulate=pace, request_id="running") as running, worker.open_chat(simulate=pace, request_id="queued") as queued:
        read_until(running, b"t0 ")
        eventually(lambda: worker.health()["waiting"] == 1)
        worker.process.send_signal(signal.SIGTERM)
        eventually(lambda: worker.call("GET", "/ready").status == 503)
        late = worker.chat(request_id="late")
        assert (late.status, late.error["code"], late.headers["retry-after"]) == (503, "draining", "1")
        read_until(running, b"[DONE]")
        read_until(queued, b"[DONE]")
    assert worker.process.wait(5) == 0
    assert [worker.end_of(name)["outcome"] for name in ("running", "queued", "late")] == ["finished", "finished", "rejected"]


def test_drain_deadline(start_worker: WorkerFactory) -> None:
    """Requests that still run at the drain deadline are cancelled and journaled."""
    worker = start_worker(simulate_header=True, drain_seconds=0.1)
    with worker.open_chat(simulate="stall_after:1", request_id="stuck") as connection:
        read_until(connection, b"t0 ")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(5) == 0
    end = worker.end_of("stuck")
    assert (end["outcome"], end["reason"], end["output_tokens"]) == ("cancelled", "worker stopped", 1)


def test_ends_with_parent(start_worker: WorkerFactory) -> None:
    """A worker ends when its parent exits."""
    worker = start_worker(exit_with_parent=True)
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(1) == 0


def test_parent_without_pipe() -> None:
    """`exit_with_parent` without a pipe is rejected at the start."""
    process = spawn({"name": "w", "port": free_port(), "exit_with_parent": True}, has_pipe=False)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert b"exit_with_parent" in errors


def test_journal_survives_sigkill(start_worker: WorkerFactory) -> None:
    """After SIGKILL the journal contains everything that the client received."""
    worker = start_worker(simulate_header=True)
    with worker.open_chat(simulate="stall_after:1", request_id="killed") as connection:
        read_until(connection, b"t0 ")
        worker.process.kill()
        worker.process.wait(5)
    assert [line["event"] for line in worker.journal("killed")] == ["arrival", "first_token"]
