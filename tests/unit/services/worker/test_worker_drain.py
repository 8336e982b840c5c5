"""The end of a worker: SIGTERM, the drain deadline, the parent's exit, SIGKILL."""

from __future__ import annotations

import signal

from held_ports import free_port
from worker_process import WorkerFactory, eventually, read_until, spawn


def test_on_sigterm_it_finishes_what_it_has_takes_nothing_new_and_ends_with_0(start_worker: WorkerFactory) -> None:
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


def test_what_is_not_finished_by_the_drain_deadline_is_cut_and_journaled(start_worker: WorkerFactory) -> None:
    worker = start_worker(simulate_header=True, drain_seconds=0.1)
    with worker.open_chat(simulate="stall_after:1", request_id="stuck") as connection:
        read_until(connection, b"t0 ")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(5) == 0
    end = worker.end_of("stuck")
    assert (end["outcome"], end["reason"], end["output_tokens"]) == ("cancelled", "worker stopped", 1)


def test_it_ends_when_its_parent_goes(start_worker: WorkerFactory) -> None:
    worker = start_worker(exit_with_parent=True)
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(1) == 0


def test_it_refuses_to_watch_a_parent_that_holds_no_pipe() -> None:
    process = spawn({"name": "w", "port": free_port(), "exit_with_parent": True}, has_pipe=False)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert b"exit_with_parent" in errors


def test_the_journal_outlives_sigkill_and_has_what_the_client_saw(start_worker: WorkerFactory) -> None:
    worker = start_worker(simulate_header=True)
    with worker.open_chat(simulate="stall_after:1", request_id="killed") as connection:
        read_until(connection, b"t0 ")
        worker.process.kill()
        worker.process.wait(5)
    assert [line["event"] for line in worker.journal("killed")] == ["arrival", "first_token"]
