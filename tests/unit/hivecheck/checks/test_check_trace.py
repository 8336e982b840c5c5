"""Checks: correlation, relayed, claims, joined."""

from __future__ import annotations

from typing import Any

import pytest
from measurements import noted, series
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, log, must_say, refused, served, tell

from hivecheck.checks.observability.trace import INFERENCE, REQUEST, ROUTING, claims, correlation, joined, relayed
from hivecheck.history import Event, History
from hivecheck.verdict import Verdict

TIERS = ("orchestrator", "hive-1", "worker-1")


def judged_correlation(history: History) -> Verdict:
    return correlation(history, orchestrator="orchestrator", hives={"worker-1": "hive-1"})


def test_every_tier_passes() -> None:
    """A line of every tier under the same id passes."""
    request = chat()
    must_say(judged_correlation(tell(request, [log(request, tier) for tier in TIERS])), PASSED, *TIERS)


@pytest.mark.parametrize("silent", TIERS)
def test_silent_tier_fails(silent: str) -> None:
    """A tier without a line fails by name."""
    request = chat()
    must_say(
        judged_correlation(tell(request, [log(request, tier) for tier in TIERS if tier != silent])),
        FAILED,
        f"without a log line: {silent};",
    )


def test_other_id_fails() -> None:
    """Lines under another id do not count."""
    request, other = chat(1), chat(2)
    must_say(judged_correlation(tell(request, [log(other, tier) for tier in TIERS])), FAILED, "r1")


def test_answer_with_other_id_fails() -> None:
    """An answer with another request id fails."""
    request = chat(headers={"X-Worker-Id": "worker-1", "X-Request-Id": "r9"})
    must_say(judged_correlation(tell(request, [log(request, tier) for tier in TIERS])), FAILED, "r9")


@pytest.mark.parametrize("headers", [{}, {"X-Worker-Id": "worker-9"}])
def test_unknown_worker_is_inconclusive(headers: dict[str, str]) -> None:
    """An answer that names no known worker gives no verdict."""
    must_say(judged_correlation(tell(chat(headers=headers))), INCONCLUSIVE, "names its worker")


HIVES = {"worker-1": "hive-1", "worker-2": "hive-2"}
RELAYED = chat()
WHOLE = {"event": "relayed", "worker": "worker-1", "status": 200, "outcome": "finished"}


def test_relay_of_own_hive_passes() -> None:
    """A relay in the log of the worker's hive passes."""
    must_say(relayed(tell(RELAYED, arrival(RELAYED), log(RELAYED, "hive-1", **WHOLE)), hives=HIVES), PASSED, "hive-1")


@pytest.mark.parametrize("changes", [{"worker": "worker-2"}, {"status": 499}, {"outcome": "cancelled"}])
def test_relay_with_another_end_fails(changes: dict[str, Any]) -> None:
    """A whole response that the hive logged with another worker, status or outcome fails."""
    line = log(RELAYED, "hive-1", **WHOLE | changes)
    must_say(relayed(tell(RELAYED, arrival(RELAYED), line), hives=HIVES), FAILED, "worker, status and outcome")


def test_broken_relay_needs_no_outcome() -> None:
    """A response that broke off has no outcome that its client knows."""
    broken = chat(status=200, error="cut")
    must_say(relayed(tell(broken, arrival(broken), log(broken, "hive-1", event="relayed")), hives=HIVES), PASSED)


@pytest.mark.parametrize(
    "line",
    [log(RELAYED, "hive-2", event="relayed"), log(RELAYED, "hive-1", event="refused"), log(chat(2), "hive-1", event="relayed")],
)
def test_other_relay_fails(line: Event) -> None:
    """Another hive, another event or another request fails."""
    must_say(relayed(tell(RELAYED, arrival(RELAYED), line), hives=HIVES), FAILED, "hive-1 relays r1")


@pytest.mark.parametrize("arrivals", [[], [arrival(RELAYED), arrival(RELAYED, "worker-2")], [arrival(RELAYED, "worker-9")]])
def test_relay_without_arrival_is_inconclusive(arrivals: list[Event]) -> None:
    """Any number of arrivals at managed workers but one gives no verdict."""
    must_say(relayed(tell(RELAYED, arrivals, log(RELAYED, "hive-1", event="relayed")), hives=HIVES), INCONCLUSIVE, "one arrival")


HEADERS = {"X-Auth-Subject": "alice", "x-auth-tenant": "acme"}
AT_HIVE = {"subject": "alice", "tenant": "acme"}


def judged_claims(history: History) -> Verdict:
    return claims(history, subject="alice", tenant="acme", hives={"worker-1": "hive-1"})


def test_claims_at_hive_and_worker_pass() -> None:
    """Subject and tenant at hive and worker pass."""
    request = chat()
    must_say(judged_claims(tell(request, arrival(request, headers=HEADERS), log(request, "hive-1", **AT_HIVE))), PASSED, "alice", "acme")


@pytest.mark.parametrize(
    ("headers", "at_hive"),
    [
        ({}, AT_HIVE),
        (HEADERS | {"x-auth-tenant": "other"}, AT_HIVE),
        (HEADERS, AT_HIVE | {"subject": "bob"}),
        (HEADERS, {"event": "relayed"}),
    ],
)
def test_claims_of_another_caller_fail(headers: dict[str, str], at_hive: dict[str, Any]) -> None:
    """A tier with another subject or tenant, or with none, fails."""
    request = chat()
    must_say(
        judged_claims(tell(request, arrival(request, headers=headers), log(request, "hive-1", **at_hive))), FAILED, "hive-1", "worker-1"
    )


def test_contradicting_claims_fail() -> None:
    """A hive that logs two tenants fails."""
    request = chat()
    lines = [log(request, "hive-1", **AT_HIVE), log(request, "hive-1", **AT_HIVE | {"tenant": "other"})]
    must_say(judged_claims(tell(request, arrival(request, headers=HEADERS), lines)), FAILED, "other")


def test_claims_without_arrival_are_inconclusive() -> None:
    """A request without an arrival gives no verdict."""
    must_say(judged_claims(tell(chat())), INCONCLUSIVE, "arrival")


def test_claims_without_request_are_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(judged_claims(tell()), INCONCLUSIVE)


REQUEST_LINE = {"model": "model-a", "path": "/v1/chat/completions", "status": 200, "outcome": "ok", "seconds": 1.0}
ROUTED = {"worker": "worker-1", "attempts": 1, "choose_seconds": 0.1, "proxy_seconds": 0.5}
INFERRED = {"outcome": "finished", "prompt_tokens": 2, "output_tokens": 4, "queue_seconds": 0.0, "ttft_seconds": 0.1}
GROWN = [
    series("gateway_requests_total", 1, model="model-a", status="200"),
    series("gateway_phase_seconds_count", 1, phase="choose"),
    series("gateway_request_seconds_count", 1, model="model-a"),
    series("gateway_ttft_seconds_count", 1),
]
WORKED = [
    series("vllm:e2e_request_latency_seconds_count", 1, model_name="model-a"),
    series("vllm:time_to_first_token_seconds_count", 1, model_name="model-a"),
    series("vllm:request_success_total", 1, model_name="model-a", finished_reason="length"),
    series("vllm:prompt_tokens_total", 2),
    series("vllm:generation_tokens_total", 4),
]


def story(gateway: dict[str, Any] | None = None, worker: dict[str, Any] | None = None, notes: list[Event] | None = None) -> History:
    request = chat()
    lines = [
        log(request, "orchestrator", event="request", **(REQUEST_LINE | ROUTED | (gateway or {}))),
        log(request, "worker-1", event="request", **(INFERRED | (worker or {}))),
    ]
    journal = served(request, outcome="finished", prompt_tokens=2, output_tokens=4)
    pages = [noted({"orchestrator": [], "worker-1": []}), noted({"orchestrator": GROWN, "worker-1": WORKED})]
    return tell(request, journal, lines, pages if notes is None else notes)


def judged_joined(history: History) -> Verdict:
    return joined(history, orchestrator="orchestrator")


def test_joined_passes() -> None:
    """Lines that agree, and metrics that grew by the same numbers, pass."""
    must_say(judged_joined(story()), PASSED)


@pytest.mark.parametrize("name", [*REQUEST, *ROUTING])
def test_missing_gateway_field_fails(name: str) -> None:
    """A gateway line without one of its fields fails."""
    must_say(judged_joined(story(gateway={name: None})), FAILED, name)


@pytest.mark.parametrize("name", INFERENCE)
def test_missing_worker_field_fails(name: str) -> None:
    """A worker line without one of its fields fails."""
    must_say(judged_joined(story(worker={name: None})), FAILED, f"worker-1's {name}")


@pytest.mark.parametrize(("gateway", "worker"), [({"worker": "worker-2"}, {}), ({"attempts": 2}, {}), ({}, {"output_tokens": 5})])
def test_contradicting_line_fails(gateway: dict[str, Any], worker: dict[str, Any]) -> None:
    """A line that contradicts the journal fails."""
    must_say(judged_joined(story(gateway, worker)), FAILED, "expected: r1")


def test_id_in_label_fails() -> None:
    """A request id in a metric label fails."""
    leaked = noted({"orchestrator": [*GROWN, series("gateway_requests_total", 1, request="r1")], "worker-1": WORKED})
    must_say(judged_joined(story(notes=[noted({}), leaked])), FAILED, "no metric label has a request id")


@pytest.mark.parametrize("missed", [*GROWN, *WORKED], ids=lambda missed: missed[0])
def test_missed_metric_fails(missed: tuple[str, dict[str, str], float]) -> None:
    """A metric that did not count the request fails."""
    page = {node: [one for one in own if one != missed] for node, own in {"orchestrator": GROWN, "worker-1": WORKED}.items()}
    must_say(judged_joined(story(notes=[noted({}), noted(page)])), FAILED, "the metrics grow by")


def test_metric_of_another_model_fails() -> None:
    """A request that is counted under another model fails, and so does a retry that the journals do not show."""
    for wrong in (series("gateway_requests_total", 1, model="model-b", status="200"), series("gateway_retries_total", 1)):
        others = [one for one in GROWN if one[0] != wrong[0]]
        must_say(judged_joined(story(notes=[noted({}), noted({"orchestrator": [*others, wrong], "worker-1": WORKED})])), FAILED)


def test_joined_without_data_is_inconclusive() -> None:
    """No answer, no journal, or fewer than two notes give no verdict."""
    must_say(judged_joined(tell(refused())), INCONCLUSIVE, "answered request")
    must_say(judged_joined(tell(chat())), INCONCLUSIVE, "journal")
    must_say(judged_joined(story(notes=[])), INCONCLUSIVE, "0 notes")
