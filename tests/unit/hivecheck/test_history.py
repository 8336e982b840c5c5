"""History: append-only, in memory and on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.history import FORMAT, Event, History, Operation, Token, journal_pairs

CHAT = Operation("r1", "/v1/chat/completions", "model-a", False, 1.0, status=200, ended_at=2.5)


def line(entry: str, n: int, worker: str = "worker-1", pid: int = 1) -> Event:
    return Event(float(n), "journal", worker, {"event": entry, "n": n, "pid": pid, "request_id": f"r{n}"})


def test_record_is_on_disk(tmp_path: Path) -> None:
    """Each record is on disk at once, as one line of JSON."""
    history = History(tmp_path / "history.jsonl")
    history.record(replace(CHAT, tokens=(Token(1.5, "t0 "),), error="ü\u2028"))
    history.act("worker-1", "killed", is_worker=True, path=tmp_path)
    lines = [json.loads(text) for text in (tmp_path / "history.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    history.close()
    assert [item["type"] for item in lines] == ["history", "operation", "event"]
    assert lines[0]["format"] == FORMAT
    assert (lines[1]["id"], lines[1]["tokens"], lines[1]["error"]) == ("r1", [{"at": 1.5, "text": "t0 "}], "ü\u2028")
    assert lines[2]["data"] == {"what": "killed", "is_worker": True, "path": str(tmp_path)}


def test_second_history_appends(tmp_path: Path) -> None:
    """A second history on the same file appends to it."""
    for _ in range(2):
        history = History(tmp_path / "history.jsonl")
        history.record(CHAT)
        history.close()
    assert len((tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_threads_do_not_mix(tmp_path: Path) -> None:
    """Lines of several threads do not mix."""
    history = History(tmp_path / "history.jsonl")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: history.record(replace(CHAT, id=f"r{number}")), range(200)))
    history.close()
    written = [json.loads(text)["id"] for text in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()[1:]]
    assert written == [operation.id for operation in history.operations()]
    assert len(set(written)) == 200


def test_operations_by_purpose() -> None:
    """Operations are selected by their purpose."""
    history = History()
    history.record(CHAT)
    history.record(replace(CHAT, id="r2", purpose="probe"))
    assert [operation.id for operation in history.operations()] == ["r1"]
    assert [operation.id for operation in history.operations("probe")] == ["r2"]
    assert len(history.operations(None)) == 2


def test_events_by_kind_and_node() -> None:
    """Events are selected by kind and node, in their order."""
    history = History()
    for event in (Event(2.0, "log", "hive-1", {}), Event(1.0, "log", "hive-2", {}), Event(3.0, "state", "hive-1", {})):
        history.record(event)
    assert [event.at for event in history.events("log")] == [2.0, 1.0]
    assert [event.at for event in history.events(node="hive-1")] == [2.0, 3.0]
    assert len(history.events()) == 3


def test_journal_by_request() -> None:
    """Journal lines are selected by entry and request."""
    history = History()
    for event in (line("arrival", 1), line("arrival", 2), line("end", 1)):
        history.record(event)
    assert [event.data["n"] for event in history.journal("arrival")] == [1, 2]
    assert history.journal("arrival", "r2") == history.arrivals(replace(CHAT, id="r2"))


def test_arrival_pairs() -> None:
    """An arrival is paired with its own end, or with none."""
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
def test_is_answered(operation: Operation, is_answered: bool) -> None:
    """Answered means a 2xx response with its proper end."""
    assert operation.is_answered is is_answered


def test_header_ignores_case() -> None:
    """The name of a header ignores case."""
    operation = replace(CHAT, headers=(("X-Worker-ID", "worker-1"),))
    assert (operation.header("x-worker-id"), operation.header("x-other")) == ("worker-1", None)


def test_header_repeated() -> None:
    """A header that came twice equals neither of its values."""
    operation = replace(CHAT, headers=(("X-Worker-ID", "worker-1"), ("x-worker-id", "worker-1")))
    assert operation.header("X-Worker-Id") == "worker-1, worker-1"


@pytest.mark.parametrize("body", [None, [], "no", {"error": "no"}, {"other": {}}])
def test_error_object_empty(body: object) -> None:
    """A body that is not an OpenAI error has an empty error object."""
    assert replace(CHAT, body=body).error_object() == {}


def test_sentence_of_operation() -> None:
    """The sentence of an operation has its status, tokens and errors."""
    torn = replace(CHAT, is_stream=True, tokens=(Token(1.0, "t0"),), error="cut", stream_error={"code": "upstream_error"})
    assert torn.sentence() == (
        "r1: /v1/chat/completions model-a, status 200, 1 token, finish_reason None, no [DONE], error event upstream_error, cut"
    )
    refused = replace(CHAT, status=404, body={"error": {"code": "model_not_found", "message": "No model-a."}})
    assert refused.sentence() == "r1: /v1/chat/completions model-a, status 404, error model_not_found: No model-a."
    assert replace(CHAT, status=None, error="refused").sentence() == "r1: /v1/chat/completions model-a, no status, refused"


def test_acts_include_injections() -> None:
    """An injection is one event, and counts as an act from the moment of the harm."""
    history = History()
    history.record(Event(1.0, "act", "worker-1", {"what": "started"}))
    injected = {"what": "injected", "fault": "a SIGKILL", "act": "killed", "injected_at": 2.0, "is_worker": True, "epoch": 7}
    history.record(Event(4.0, "act", "worker-2", {"what": "started"}))
    history.record(Event(3.0, "fault", "worker-1", injected))
    history.record(Event(5.0, "fault", "worker-1", {"what": "removed", "fault": "a SIGKILL"}))
    assert [(event.at, event.node, event.data["what"]) for event in history.acts()] == [
        (1.0, "worker-1", "started"),
        (2.0, "worker-1", "killed"),
        (4.0, "worker-2", "started"),
    ]
    assert [event.data.get("epoch") for event in history.acts("worker-1")] == [None, 7]


def test_between_takes_a_span_of_time() -> None:
    """A part of a history has what began or happened in its span, and leaves the whole as it is."""
    history = History()
    for at in (1.0, 2.0, 3.0):
        history.record(Event(at, "act", "worker-1", {"what": "killed"}))
        history.record(Operation(f"r{at:g}", "/v1/chat/completions", "model-a", False, at))
    part = history.between(2.0, 3.0)
    assert ([event.at for event in part.events()], [one.id for one in part.operations()]) == ([2.0], ["r2"])
    assert len(history.events()) == 3
