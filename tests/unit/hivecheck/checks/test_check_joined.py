"""Check: joined."""

from __future__ import annotations

from typing import Any

import pytest
from measurements import noted, series
from stories import FAILED, INCONCLUSIVE, PASSED, chat, log, must_say, refused, served, tell

from hivecheck.checks.observability.joined import INFERENCE, REQUEST, ROUTING, joined
from hivecheck.history import Event, History
from hivecheck.verdict import Verdict

ASKED = {"model": "model-a", "path": "/v1/chat/completions", "status": 200, "outcome": "ok", "seconds": 1.0}
ROUTED = {"worker": "worker-1", "attempts": 1, "choose_seconds": 0.1, "proxy_seconds": 0.5}
INFERRED = {"outcome": "finished", "prompt_tokens": 2, "output_tokens": 4, "queue_seconds": 0.0, "ttft_seconds": 0.1}
GROWN = [
    series("gateway_requests_total", 1, model="model-a", status="200"),
    series("gateway_phase_seconds_count", 1, phase="choose"),
]
WORKED = [series("vllm:e2e_request_latency_seconds_count", 1, model_name="model-a"), series("vllm:generation_tokens_total", 4)]


def story(gateway: dict[str, Any] | None = None, worker: dict[str, Any] | None = None, notes: list[Event] | None = None) -> History:
    told = chat()
    lines = [
        log(told, "orchestrator", event="request", **(ASKED | ROUTED | (gateway or {}))),
        log(told, "worker-1", event="request", **(INFERRED | (worker or {}))),
    ]
    journal = served(told, outcome="finished", prompt_tokens=2, output_tokens=4)
    shown = [noted({"orchestrator": [], "worker-1": []}), noted({"orchestrator": GROWN, "worker-1": WORKED})]
    return tell(told, journal, lines, shown if notes is None else notes)


def judged(history: History) -> Verdict:
    return joined(history, orchestrator="orchestrator")


def test_lines_that_agree_and_metrics_that_grew_by_as_much_pass() -> None:
    must_say(judged(story()), PASSED)


@pytest.mark.parametrize("name", [*REQUEST, *ROUTING])
def test_a_gateway_line_without_a_part_fails(name: str) -> None:
    must_say(judged(story(gateway={name: None})), FAILED, name)


@pytest.mark.parametrize("name", INFERENCE)
def test_a_worker_line_without_a_part_fails(name: str) -> None:
    must_say(judged(story(worker={name: None})), FAILED, f"worker-1's {name}")


@pytest.mark.parametrize(("gateway", "worker"), [({"worker": "worker-2"}, {}), ({"attempts": 2}, {}), ({}, {"output_tokens": 5})])
def test_lines_that_contradict_the_journal_fail(gateway: dict[str, Any], worker: dict[str, Any]) -> None:
    must_say(judged(story(gateway, worker)), FAILED, "expected: r1")


def test_an_id_in_a_label_fails() -> None:
    leaked = noted({"orchestrator": [*GROWN, series("gateway_requests_total", 1, request="r1")], "worker-1": WORKED})
    must_say(judged(story(notes=[noted({}), leaked])), FAILED, "no request id in any metric's label")


def test_metrics_that_missed_the_request_fail() -> None:
    must_say(judged(story(notes=[noted({}), noted({"orchestrator": GROWN})])), FAILED, "'tokens': 0")


def test_without_an_answer_a_journal_or_two_notes_it_is_inconclusive() -> None:
    must_say(judged(tell(refused())), INCONCLUSIVE, "answered request")
    must_say(judged(tell(chat())), INCONCLUSIVE, "journal")
    must_say(judged(story(notes=[])), INCONCLUSIVE, "0 notes")
