"""History: append-only, in memory and on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.history import Event, History, Operation, Token, journal_pairs

CHAT = Operation("r1", "/v1/chat/completions", "model-a", False, 1.0, status=200, ended_at=2.5)


def line(entry: str, n: int, worker: str = "worker-1", pid: int = 1) -> Event:
    return Event(float(n), "journal", worker, {"event": entry, "n": n, "pid": pid, "request_id": f"r{n}"})


def test_everything_recorded_is_on_disk_as_one_line_of_json_at_once(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.record(replace(CHAT, tokens=(Token(1.5, "t0 "),), error="ü\u2028"))
    history.act("worker-1", "killed", is_worker=True, path=tmp_path)
    lines = [json.loads(text) for text in (tmp_path / "history.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    history.close()
    assert [item["type"] for item in lines] == ["operation", "event"]
    assert (lines[0]["id"], lines[0]["tokens"], lines[0]["error"]) == ("r1", [{"at": 1.5, "text": "t0 "}], "ü\u2028")
    assert lines[1]["data"] == {"what": "killed", "is_worker": True, "path": str(tmp_path)}


def test_a_second_history_on_the_same_file_adds_to_it(tmp_path: Path) -> None:
    for _ in range(2):
        history = History(tmp_path / "history.jsonl")
        history.record(CHAT)
        history.close()
    assert len((tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: history.record(replace(CHAT, id=f"r{number}")), range(200)))
    history.close()
    written = [json.loads(text)["id"] for text in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert written == [operation.id for operation in history.operations()]
    assert len(set(written)) == 200


def test_operations_are_told_apart_by_their_purpose() -> None:
    history = History()
    history.record(CHAT)
    history.record(replace(CHAT, id="r2", purpose="probe"))
    assert [operation.id for operation in history.operations()] == ["r1"]
    assert [operation.id for operation in history.operations("probe")] == ["r2"]
    assert len(history.operations(None)) == 2


def test_events_are_found_by_kind_and_node_in_their_order() -> None:
    history = History()
    for event in (Event(2.0, "log", "hive-1", {}), Event(1.0, "log", "hive-2", {}), Event(3.0, "state", "hive-1", {})):
        history.record(event)
    assert [event.at for event in history.events("log")] == [2.0, 1.0]
    assert [event.at for event in history.events(node="hive-1")] == [2.0, 3.0]
    assert len(history.events()) == 3


def test_journal_lines_are_found_by_entry_and_request() -> None:
    history = History()
    for event in (line("arrival", 1), line("arrival", 2), line("end", 1)):
        history.record(event)
    assert [event.data["n"] for event in history.journal("arrival")] == [1, 2]
    assert history.journal("arrival", "r2") == history.arrivals(replace(CHAT, id="r2"))


def test_an_arrival_is_paired_with_its_own_end_or_with_none() -> None:
    history = History()
    lines = [line("arrival", 1), line("arrival", 2), line("arrival", 1, "worker-2"), line("arrival", 1, pid=2), line("end", 1)]
    for event in lines:
        history.record(event)
    assert list(journal_pairs(history)) == [(lines[0], lines[4]), (lines[1], None), (lines[2], None), (lines[3], None)]


@pytest.mark.parametrize(
    ("operation", "is_answered"),
    [
        (CHAT, True),
        (replace(CHAT, status=204), True),
        (replace(CHAT, status=300), False),
        (replace(CHAT, status=None), False),
        (replace(CHAT, ended_at=None), False),
        (replace(CHAT, error="cut"), False),
        (replace(CHAT, is_stream=True), False),
        (replace(CHAT, is_stream=True, saw_done=True), True),
        (replace(CHAT, is_stream=True, saw_done=True, stream_error={"code": "x"}), False),
    ],
)
def test_answered_means_a_2xx_answer_that_came_to_its_proper_end(operation: Operation, is_answered: bool) -> None:
    assert operation.is_answered is is_answered


def test_a_header_is_found_in_any_case() -> None:
    told = replace(CHAT, headers={"X-Worker-ID": "worker-1"})
    assert (told.header("x-worker-id"), told.header("x-other")) == ("worker-1", None)


@pytest.mark.parametrize("body", [None, [], "no", {"error": "no"}, {"other": {}}])
def test_a_body_that_is_no_openai_error_has_an_empty_error_object(body: object) -> None:
    assert replace(CHAT, body=body).error_object() == {}


def test_the_sentence_of_an_operation_says_how_it_went() -> None:
    torn = replace(CHAT, is_stream=True, tokens=(Token(1.0, "t0"),), error="cut", stream_error={"code": "upstream_error"})
    assert torn.sentence() == (
        "r1: /v1/chat/completions model-a, status 200, 1 tokens, finish_reason None, no [DONE], error event upstream_error, cut"
    )
    refused = replace(CHAT, status=404, body={"error": {"code": "model_not_found", "message": "No model-a."}})
    assert refused.sentence() == "r1: /v1/chat/completions model-a, status 404, error model_not_found: No model-a."
    assert replace(CHAT, status=None, error="refused").sentence() == "r1: /v1/chat/completions model-a, no status, refused"
