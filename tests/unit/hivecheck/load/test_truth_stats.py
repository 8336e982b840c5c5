"""What the truth server tells about all requests, and what clients ask before a load."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    command = [sys.executable, "-m", "hivecheck.load.truth_server", "--truth", "ttft=0.01;defect=end;at=2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        opened = http.client.HTTPConnection("127.0.0.1", int(server.stdout.readline()), timeout=60)
        yield opened
        opened.close()
        server.stdin.close()


def get(connection: http.client.HTTPConnection, path: str) -> dict[str, object]:
    connection.request("GET", path)
    answer: dict[str, object] = json.loads(connection.getresponse().read())
    return answer


def test_stats(connection: http.client.HTTPConnection) -> None:
    """The statistics count chats and no questions about them. The server's own lateness is apart."""
    body = json.dumps({"stream": True, "max_completion_tokens": 4})
    connection.request("POST", "/v1/chat/completions", body)
    assert connection.getresponse().read().count(b"data: ") == 2
    stats = get(connection, "/stats")
    assert stats == {"received": 1, "answered": 1}
    late = get(connection, "/lateness")
    assert 0 <= float(str(late["late_p50"])) <= float(str(late["late_p99"]))


def test_models(connection: http.client.HTTPConnection) -> None:
    """Clients that ask for the models get one."""
    assert [model["id"] for model in get(connection, "/v1/models")["data"]] == ["truth"]  # type: ignore[attr-defined]
