"""What is kept of a scenario that did not pass, taken from a real stack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.history import Event, History
from hivecheck.loop_thread import LoopThread
from hivecheck.reports import evidence
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually


@dataclass(frozen=True)
class Evidence:
    """The folder, and the stack it tells of."""

    folder: Path
    stack: Stack

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def taken(small_stack: Stack, loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Evidence of one chat and of a log with every secret."""
    history = History()
    gateway = OpenAIClient(small_stack.orchestrator.url, loop, history, 10)
    body = {"model": "model-a", "messages": [{"role": "user", "content": "it's me; $HOME"}], "max_tokens": 2}
    call = gateway.start(Request(model="model-a", body=body, key=small_stack.secrets.keys["tester"], headers={"X-Note": "a 'b'"}))
    eventually(lambda: call.is_done, within=10, what="an answer")
    gateway.close()
    for place, secret in enumerate(small_stack.secrets.all()):
        history.record(Event(float(place), "log", "hive-1", {"text": secret}))
    folder = tmp_path_factory.mktemp("evidence")
    evidence.collect(small_stack, history, small_stack.orchestrator.url, folder, f"story with {small_stack.secrets.token}")
    yield Evidence(folder, small_stack)


def test_no_secret_in_evidence(taken: Evidence) -> None:
    """No file of the evidence contains a secret."""
    files = [path for path in taken.folder.rglob("*") if path.is_file()]
    assert len(files) > 8
    holding = [path.name for path in files for secret in taken.stack.secrets.all() if secret in path.read_text(encoding="utf-8")]
    assert holding == []


def test_redaction_leaves_mark(taken: Evidence) -> None:
    """A redacted secret leaves a mark in its place."""
    assert taken.text("story.txt") == "story with ***\n"
    assert taken.text("events.txt").count('"text": "***"') == len(taken.stack.secrets.all())


def test_logs_and_journals_kept(taken: Evidence) -> None:
    """The evidence has every node's log and every worker's journal."""
    kept = sorted(path.name for path in (taken.folder / "logs").iterdir())
    assert {"registry.jsonl", "orchestrator.jsonl", "hive-1.jsonl"} <= set(kept)
    assert {f"hive-1-workers-worker-{n}-journal.jsonl" for n in (1, 2)} <= set(kept)


def test_states_kept(taken: Evidence) -> None:
    """The evidence has the states of nodes, registrations and workers."""
    states = json.loads(taken.text("states.json"))
    assert states["nodes"]["hive-1"]["running"] is True
    assert sorted(states["registrations"]) == ["hive-1", "worker-1", "worker-2"]
    assert states["orchestrator health"]["status"] == "healthy"


def test_curl_line_works(taken: Evidence) -> None:
    """A person can send a recorded request again with its curl line."""
    assert "model-a, status 200" in taken.text("operations.txt")
    script = f"KEY={taken.stack.secrets.keys['tester']}\n{taken.text('requests.sh')}"
    answer = subprocess.run(["sh", "-c", script], capture_output=True, timeout=20, check=True)
    assert json.loads(answer.stdout)["object"] == "chat.completion"
