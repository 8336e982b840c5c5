"""The worker's journal: its lines and what it omits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
from multidict import CIMultiDict

from services.worker.journal import MAX_BODY_BYTES, MAX_EMITTED, Journal, Record, without_secrets


def lines_of(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


def record_in(directory: Path, *, body: bytes = b"{}", headers: dict[str, str] | None = None) -> tuple[Journal, Record]:
    journal = Journal(directory, "w1")
    record = Record(journal, 7, "r-7")
    record.arrival("POST", "/v1/chat/completions", headers or {}, body, "m", stream=True)
    return journal, record


def test_lines_joined_by_number(tmp_path: Path) -> None:
    """The lines of a request have the same number."""
    journal, record = record_in(tmp_path)
    record.first_token()
    record.emit()
    record.end("finished", 200)
    lines = lines_of(journal)
    assert [line["event"] for line in lines] == ["arrival", "first_token", "end"]
    assert {(line["n"], line["request_id"], line["worker"]) for line in lines} == {(7, "r-7", "w1")}
    assert [line["monotonic"] for line in lines] == sorted(line["monotonic"] for line in lines)


def test_line_written_at_once(tmp_path: Path) -> None:
    """A line is in the file as soon as it is written."""
    journal, _ = record_in(tmp_path)
    assert lines_of(journal)[-1]["event"] == "arrival"


def test_credentials_masked(tmp_path: Path) -> None:
    """Credentials are not written."""
    journal, _ = record_in(tmp_path, headers={"Authorization": "Bearer k1", "X-Cluster-Token": "k2", "Cookie": "k3", "X-Other": "v"})
    assert lines_of(journal)[0]["headers"] == {"authorization": "***", "x-cluster-token": "***", "cookie": "***", "x-other": "v"}


def test_journal_repeated_header() -> None:
    """The journal joins the values of a header that came twice, and hides each secret of them."""
    headers = CIMultiDict([("X-Other", "v"), ("x-other", "v"), ("Cookie", "k1"), ("Cookie", "k2")])
    assert without_secrets(headers) == {"x-other": "v, v", "cookie": "***, ***"}


def test_long_body_hashed(tmp_path: Path) -> None:
    """A long body is written only as its hash."""
    body = b"x" * (MAX_BODY_BYTES + 1)
    journal, _ = record_in(tmp_path, body=body)
    line = lines_of(journal)[0]
    assert (line["body"], line["body_sha256"]) == (None, hashlib.sha256(body).hexdigest())


def test_binary_body(tmp_path: Path) -> None:
    """A body that is no text is written with replacement characters."""
    journal, _ = record_in(tmp_path, body=b"\xff\x00")
    assert lines_of(journal)[0]["body"] == "�\x00"


def test_token_times(tmp_path: Path) -> None:
    """The journal has the time of each token of a stream."""
    journal, record = record_in(tmp_path)
    for _ in range(MAX_EMITTED):
        record.emit()
    record.end("finished", 200)
    line = lines_of(journal)[-1]
    assert line["output_tokens"] == len(line["emitted"]) == MAX_EMITTED


def test_long_stream_without_times(tmp_path: Path) -> None:
    """A stream beyond the limit has no token times."""
    journal, record = record_in(tmp_path)
    for _ in range(MAX_EMITTED + 2):
        record.emit()
    record.end("finished", 200)
    line = lines_of(journal)[-1]
    assert (line["output_tokens"], line["emitted"]) == (MAX_EMITTED + 2, None)


def test_first_end_counts(tmp_path: Path) -> None:
    """Only the first end counts."""
    journal, record = record_in(tmp_path)
    record.end("failed", None, "fault reset")
    record.end("cancelled", None)
    assert [line["outcome"] for line in lines_of(journal) if line["event"] == "end"] == ["failed"]


def test_appends_to_existing_file(tmp_path: Path) -> None:
    """A new incarnation appends to the existing file."""
    Journal(tmp_path, "w1").started()
    journal = Journal(tmp_path, "w1")
    journal.started()
    assert len(lines_of(journal)) == 2


def test_read_since(tmp_path: Path) -> None:
    """`read` returns the lines after a given one."""
    journal = Journal(tmp_path, "w1")
    for model in ("a", "b", "c"):
        journal.ready((model,))
    assert [msgspec.json.decode(line)["models"] for line in journal.read(1)] == [["b"], ["c"]]
